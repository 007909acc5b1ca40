#include "agent/config/series.h"

#include "agent/config/series_auto.h"
#include "agent/config/series_expression.h"

namespace agent {

std::string without_digits(std::string_view key) {
  std::string out;
  out.reserve(key.size());
  bool in_run = false;
  for (const char c : key) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && !in_run) out += '#';
    in_run = digit;
  }
  return out;
}

Result<Series> Series::parse(const std::string& value) {
  Series series;
  series.spec_ = value;
  if (value == "auto" || value == "source") return series;
  auto expression = SeriesExpression::compile(value);
  if (!expression) return std::move(expression).error();
  series.expression_ = *std::move(expression);
  return series;
}

std::string Series::of(std::string_view key) const {
  if (expression_) return expression_->groups(key);
  return spec_ == "auto" ? backup_name(key).stream : std::string();
}

store::Belonging Series::place(std::string_view key) const {
  auto name = backup_name(key);
  if (expression_) name.stream = expression_->groups(key);
  if (spec_ == "source") name.stream.clear();
  return {std::move(name.stream), name.set_bytes, name.has_time};
}

std::string Series::shape_of(std::string_view key) const {
  return spec_ == "auto" ? without_digits(key) : of(key);
}

}  // namespace agent

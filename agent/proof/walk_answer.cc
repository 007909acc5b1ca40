#include "agent/proof/walk_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "agent/base/units.h"

namespace agent {
namespace {

constexpr std::string_view kFirstLine = "walked 1";
constexpr std::string_view kLastLine = "end";
constexpr std::size_t kMaxTextBytes = 200;
constexpr auto kMaxNumber = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

std::string plain(std::string_view text) {
  std::string out(text.substr(0, kMaxTextBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_plain(c); }, '?');
  return out;
}

std::string number_line(std::string_view name, std::uint64_t number) {
  return fmt::format("{} {}\n", name, std::min(number, kMaxNumber));
}

class AnswerReader {
 public:
  explicit AnswerReader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view line) {
    if (!rest_.starts_with(line) || rest_.substr(line.size(), 1) != "\n") return false;
    rest_.remove_prefix(line.size() + 1);
    return true;
  }

  std::optional<std::string_view> text(std::string_view name) {
    if (!rest_.starts_with(name) || rest_.substr(name.size(), 1) != " ") return std::nullopt;
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto value = rest_.substr(name.size() + 1, end - name.size() - 1);
    if (value.empty() || value.size() > kMaxTextBytes) return std::nullopt;
    if (!std::all_of(value.begin(), value.end(), is_plain)) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most = kMaxNumber) {
    // A line that is not understood stays, and stands in the way of the next one.
    const auto before = rest_;
    const auto value = text(name);
    auto parsed = value ? parse_number(*value, 0, most) : std::nullopt;
    if (!parsed) rest_ = before;
    return parsed;
  }

  std::optional<ContentForm> form(std::string_view name) {
    const auto value = number(name, 255);
    if (!value) return std::nullopt;
    const auto form = static_cast<ContentForm>(*value);
    const bool is_known =
        form == ContentForm::kUnknown || name_of(form) != name_of(ContentForm::kUnknown);
    return is_known ? std::optional(form) : std::nullopt;
  }

  bool over() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool fits(const WalkAnswer& answer) {
  using Verdict = WalkAnswer::Verdict;
  const bool is_decided = answer.verdict != Verdict::kUndecided;
  return is_decided == (answer.cause == WalkAnswer::Cause::kNone) &&
         (answer.verdict == Verdict::kUnsound || !answer.is_inner) &&
         (answer.verdict == Verdict::kSound) == answer.why.empty();
}

}  // namespace

std::string text_of(const WalkAnswer& answer) {
  auto text = fmt::format("{}\n", kFirstLine);
  text += number_line("verdict", static_cast<std::uint64_t>(answer.verdict));
  text += number_line("cause", static_cast<std::uint64_t>(answer.cause));
  text += number_line("form", static_cast<std::uint64_t>(answer.form));
  text += number_line("inner", static_cast<std::uint64_t>(answer.inner));
  text += number_line("bytes", answer.unpacked_bytes);
  if (answer.members) text += number_line("members", *answer.members);
  if (answer.tables) text += number_line("tables", *answer.tables);
  if (answer.is_inner) text += number_line("inner_only", 1);
  if (!answer.proved.empty()) text += fmt::format("proved {}\n", plain(answer.proved));
  if (!answer.why.empty()) text += fmt::format("why {}\n", plain(answer.why));
  return text + fmt::format("{}\n", kLastLine);
}

std::optional<WalkAnswer> parse_answer(std::string_view text) {
  AnswerReader reader(text);
  if (text.size() > kMaxAnswerBytes || !reader.literal(kFirstLine)) return std::nullopt;
  const auto verdict = reader.number("verdict", 2);
  const auto cause = reader.number("cause", 4);
  const auto form = reader.form("form");
  const auto inner = reader.form("inner");
  const auto bytes = reader.number("bytes");
  if (!verdict || !cause || !form || !inner || !bytes) return std::nullopt;
  WalkAnswer answer;
  answer.verdict = static_cast<WalkAnswer::Verdict>(*verdict);
  answer.cause = static_cast<WalkAnswer::Cause>(*cause);
  answer.form = *form;
  answer.inner = *inner;
  answer.unpacked_bytes = *bytes;
  answer.members = reader.number("members");
  answer.tables = reader.number("tables");
  answer.is_inner = reader.number("inner_only", 1).value_or(0) == 1;
  answer.proved = reader.text("proved").value_or(std::string_view());
  answer.why = reader.text("why").value_or(std::string_view());
  if (!reader.literal(kLastLine) || !reader.over() || !fits(answer)) return std::nullopt;
  return answer;
}

}  // namespace agent

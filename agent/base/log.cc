#include "agent/base/log.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/json_line.h"

namespace agent {
namespace {

constexpr std::size_t kErrorsKept = 20;

}  // namespace

Log::Log(Format format, Verbosity verbosity, Writer writer)
    : format_(format), verbosity_(verbosity), writer_(std::move(writer)) {}

void Log::error(const Problem& problem) {
  {
    const std::lock_guard lock(mutex_);
    if (errors_.size() < kErrorsKept) errors_.push_back(problem);
  }
  write("error", problem);
}

void Log::warning(const Problem& problem) {
  if (verbosity_ != Verbosity::kQuiet) write("warning", problem);
}

void Log::info(const Problem& problem) {
  if (verbosity_ == Verbosity::kVerbose) write("info", problem);
}

std::vector<Problem> Log::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

void Log::write(std::string_view level, const Problem& problem) {
  std::string line;
  if (format_ == Format::kJson) {
    std::vector<JsonMember> members = {{"level", level}};
    if (!problem.source.empty()) members.emplace_back("source", problem.source);
    if (!problem.key.empty()) members.emplace_back("key", JsonValue::of_key(problem.key));
    members.emplace_back("message", printable(problem.message));
    line = json_line(members);
  } else {
    line = fmt::format("holdfast: {}: ", level);
    if (!problem.source.empty()) line += problem.source + ": ";
    if (!problem.key.empty()) line += printable_name(problem.key) + ": ";
    line += printable(problem.message);
  }
  const std::lock_guard lock(mutex_);
  writer_(line);
}

}  // namespace agent

#include "agent/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/json_line.h"

namespace agent {
namespace {

constexpr std::size_t kErrorsKept = 20;

// The length of the valid UTF-8 character that `bytes` begins with; 0 when it begins with none.
std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  const bool beyond = (first == 0xED && at(1) > 0x9F) || (first == 0xF4 && at(1) > 0x8F);
  return overlong || beyond ? 0 : length;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto length = utf8_length(bytes);
    const auto first = static_cast<unsigned char>(bytes.front());
    // C1 control characters steer a terminal as well as C0 do.
    const bool c1 = length == 2 && first == 0xC2 && static_cast<unsigned char>(bytes[1]) < 0xA0;
    if (length == 0 || first < 0x20 || first == 0x7F || c1) {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", first);
      bytes.remove_prefix(1);
    } else {
      out.append(bytes.substr(0, length));
      bytes.remove_prefix(length);
    }
  }
  return out;
}

std::string one_line(std::string text) {
  const auto is_gap = [](char c) { return c == '\n' || c == '\r' || c == '\t'; };
  std::replace_if(text.begin(), text.end(), is_gap, ' ');
  return printable(text);
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
  const auto word = printable(text);
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

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
    if (!problem.key.empty()) members.emplace_back("key", printable(problem.key));
    members.emplace_back("message", printable(problem.message));
    line = json_line(members);
  } else {
    line = fmt::format("holdfast: {}: ", level);
    if (!problem.source.empty()) line += problem.source + ": ";
    if (!problem.key.empty()) line += printable(problem.key) + ": ";
    line += printable(problem.message);
  }
  const std::lock_guard lock(mutex_);
  writer_(line);
}

}  // namespace agent

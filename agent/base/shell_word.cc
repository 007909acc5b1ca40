#include "agent/base/shell_word.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/printable.h"

namespace agent {
namespace {

constexpr std::string_view kPlain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";

// Whether it is nothing but words as shell_word() writes them: plain, '...' or $'...'.
bool is_command_line(std::string_view text) {
  while (!text.empty()) {
    const bool escapes = text.starts_with("$'");
    if (!escapes && text.front() != '\'') {
      if (text.front() != ' ' && kPlain.find(text.front()) == std::string_view::npos) return false;
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(escapes ? 2 : 1);
    while (!text.empty() && text.front() != '\'') {
      text.remove_prefix(escapes && text.front() == '\\' ? std::min<std::size_t>(2, text.size())
                                                         : 1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return true;
}

}  // namespace

std::string shell_word(std::string_view text) {
  if (!text.empty() && text.front() != '=' &&
      text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  // A '!' means history to an interactive shell, and a quote in quotes would end them.
  const bool seen = printable(text) == text;
  if (seen && text.find_first_of("'!") == std::string_view::npos) return fmt::format("'{}'", text);
  std::string quoted;
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    if (c == '!') {
      quoted += "\\x21";
    } else {
      quoted += c;
    }
  }
  // Two digits each; what follows is no part of them.
  return fmt::format("$'{}'", printable(quoted));
}

std::string shell_arguments(std::string_view source, std::string_view key) {
  return fmt::format("{} {}{}", source, key.starts_with('-') ? "-- " : "", shell_word(key));
}

std::size_t find_command(std::string_view message) {
  constexpr std::string_view kStart = ": holdfast ";
  constexpr std::size_t kColon = 2;
  // From the last one on: an earlier one stands in the name of something.
  for (auto at = message.rfind(kStart); at != std::string_view::npos && at > 0;
       at = message.rfind(kStart, at - 1)) {
    if (is_command_line(message.substr(at + kColon))) return at + kColon;
  }
  return message.size();
}

}  // namespace agent

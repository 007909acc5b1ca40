#pragma once

#include <regex.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace agent {

/// A regular expression over keys, which an attacker writes: up to 1024 bytes of anything.
///
/// POSIX extended, by glibc's regexec: it simulates an automaton, where engines that backtrack take
/// exponential time or a stack frame for each byte. What would make it backtrack, grow large or
/// mean something else than in the dialect that people know is refused by compile: back-references,
/// repetitions that come to more than 256 characters when written out, endless ones of what may be
/// nothing, Perl's additions. With what
/// is left the worst key takes milliseconds, or microseconds where the expression begins with '^'.
class SeriesExpression {
 public:
  /// The error says what is wrong with the expression.
  static Result<std::shared_ptr<SeriesExpression>> compile(const std::string& pattern);
  ~SeriesExpression();
  SeriesExpression(const SeriesExpression&) = delete;
  SeriesExpression& operator=(const SeriesExpression&) = delete;

  /// The groups of the leftmost longest match, but for those within another, joined by '/'; empty
  /// when there is no match, or nothing in them. Thread-safe.
  std::string groups(std::string_view key);

 private:
  SeriesExpression(std::string pattern, const regex_t& compiled);
  void forget_states();

  const std::string pattern_;
  std::mutex mutex_;
  regex_t compiled_;
  std::size_t matched_bytes_ = 0;  ///< by compiled_
};

}  // namespace agent

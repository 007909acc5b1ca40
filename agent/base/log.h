#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/printable.h"

namespace agent {

/// What happened, to which source and key (each may be empty), and what to do: one line.
struct Problem {
  std::string source;
  std::string key;
  std::string message;
};

/// Lines on stderr. Off a terminal a clean run prints nothing. Thread-safe.
class Log {
 public:
  enum class Format { kText, kJson };
  enum class Verbosity { kQuiet, kNormal, kVerbose };
  using Writer = std::function<void(const std::string& line)>;

  Log(Format format, Verbosity verbosity, Writer writer);

  /// Something could not be done. Printed always, and kept for the status file.
  void error(const Problem& problem);
  /// Nothing is lost, but somebody should know. Not printed with -q.
  void warning(const Problem& problem);
  /// Only with -v.
  void info(const Problem& problem);

  /// The first 20 errors.
  std::vector<Problem> errors() const;

 private:
  void write(std::string_view level, const Problem& problem);

  const Format format_;
  const Verbosity verbosity_;
  const Writer writer_;
  mutable std::mutex mutex_;
  std::vector<Problem> errors_;
};

}  // namespace agent

#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace test {

struct Command {
  std::vector<std::string> words;             ///< the program's path first
  std::vector<std::string> environment = {};  ///< "NAME=value"; nothing is inherited but PATH
};

struct Finished {
  int status = -1;  ///< what it exited with; -1: a signal ended it
  int signal = 0;   ///< which one; 0: none
  std::string out;
  std::string err;
};

/// A running program, whose stdout and stderr are no terminal. One that is still there at the end
/// of this object is killed.
class Program {
 public:
  explicit Program(const Command& command);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const;
  /// nullopt: it runs on.
  std::optional<Finished> wait_for(std::chrono::milliseconds timeout);
  /// A program that takes longer than a minute is killed, which shows as signal 9.
  Finished wait();
  /// SIGKILL, unless it has ended by itself.
  Finished kill();

 private:
  Finished reap();

  int out_fd_ = -1;
  int err_fd_ = -1;
  int process_fd_ = -1;
  pid_t pid_ = -1;
  std::optional<Finished> finished_;
};

Finished run_program(const Command& command);

}  // namespace test

#include "tests/support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace test {
namespace {

std::string content_of(int fd) {
  std::string content;
  std::array<char, 4096> piece{};
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;) {
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
  return content;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (auto& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(Command command, int out_fd, int err_fd) {
  const char* path = std::getenv("PATH");
  command.environment.push_back(std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path));
  const auto words = pointers_to(command.words);
  const auto environment = pointers_to(command.environment);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
  pid_t pid = -1;
  const int failed =
      ::posix_spawnp(&pid, words.front(), &actions, nullptr, words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + command.words.front());
  return pid;
}

}  // namespace

// Files in memory, not pipes: a program that prints much never waits for us to read it.
Program::Program(const Command& command)
    : out_fd_(::memfd_create("stdout", MFD_CLOEXEC)),
      err_fd_(::memfd_create("stderr", MFD_CLOEXEC)),
      pid_(spawn(command, out_fd_, err_fd_)) {
  // glibc has a wrapper for this only since 2.36.
  process_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (process_fd_ < 0) throw std::runtime_error("pidfd_open is not to be had");
}

Program::~Program() {
  kill();
  ::close(process_fd_);
  ::close(err_fd_);
  ::close(out_fd_);
}

void Program::send(int signal) const {
  if (!finished_) ::kill(pid_, signal);
}

std::optional<Finished> Program::wait_for(std::chrono::milliseconds timeout) {
  if (finished_) return finished_;
  pollfd ended = {process_fd_, POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(timeout.count())) != 1) return std::nullopt;
  return reap();
}

Finished Program::wait() {
  if (auto finished = wait_for(std::chrono::minutes(1))) return *finished;
  return kill();
}

Finished Program::kill() {
  send(SIGKILL);
  return reap();
}

Finished Program::reap() {
  if (finished_) return *finished_;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  finished_.emplace();
  if (WIFEXITED(status)) finished_->status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished_->signal = WTERMSIG(status);
  finished_->out = content_of(out_fd_);
  finished_->err = content_of(err_fd_);
  return *finished_;
}

Finished run_program(const Command& command) { return Program(command).wait(); }

}  // namespace test

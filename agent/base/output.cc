#include "agent/base/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string_view>

#include "agent/base/printable.h"

namespace agent {
namespace {

// Of the first failure.
int stdout_errno = 0;

void note_stdout_failure() {
  if (stdout_errno == 0) stdout_errno = errno == 0 ? EIO : errno;
}

}  // namespace

void print_line(const std::string& text) {
  std::string_view rest = text;
  do {
    const auto line = printable(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), rest.find('\n')));
    if (!rest.empty()) rest.remove_prefix(1);
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() ||
        std::fputc('\n', stdout) == EOF) {
      note_stdout_failure();
    }
  } while (!rest.empty());
}

void print_coloured(const std::string& text) {
  if (std::fputs((text + "\n").c_str(), stdout) == EOF) note_stdout_failure();
}

ExitStatus with_stdout_written(ExitStatus status) {
  std::cout.flush();
  if (!std::cout) note_stdout_failure();
  if (std::fflush(stdout) != 0) note_stdout_failure();
  if (stdout_errno == 0 || stdout_errno == EPIPE) return status;
  std::fprintf(stderr, "holdfast: error: the output could not be written: %s\n",
               std::strerror(stdout_errno));
  return graver(status, ExitStatus::kDiskFailed);
}

}  // namespace agent

#include "tests/support/temporary_place.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string_view>

namespace test {
namespace {

// SQLite calls without a context.
struct Place {
  std::set<int> open;
  int write_error = 0;
  int open_error = 0;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};
Place& place() {
  static Place one;
  return one;
}

// As store/ledger/database_vfs.cc names them.
bool is_temporary(std::string_view path) { return path.find("/sqlite.") != std::string_view::npos; }

int open_file(const char* path, int flags, int mode) {
  if (is_temporary(path) && place().open_error != 0) {
    // What is not there cannot be opened without being made either.
    errno = (flags & O_CREAT) != 0 ? place().open_error : ENOENT;
    return -1;
  }
  const int file = ::open(path, flags, mode);
  if (file < 0) return file;
  place().open.erase(file);
  if (!is_temporary(path)) return file;
  place().open.insert(file);
  ++place().files;
  return file;
}

bool is_refused(int file, std::size_t size) {
  if (!place().open.contains(file)) return false;
  errno = place().write_error;
  if (errno != 0) return true;
  place().bytes += size;
  return false;
}

ssize_t write_file(int file, const void* data, std::size_t size) {
  return is_refused(file, size) ? -1 : ::write(file, data, size);
}
ssize_t write_file_at(int file, const void* data, std::size_t size, off_t offset) {
  return is_refused(file, size) ? -1 : ::pwrite(file, data, size, offset);
}

using Call = sqlite3_syscall_ptr;

// Which of them it uses depends on how it was built.
void replace_calls(bool replaced) {
  sqlite3_initialize();
  auto* const vfs = sqlite3_vfs_find(nullptr);
  const auto set = [&](const char* name, Call call) {
    vfs->xSetSystemCall(vfs, name, replaced ? call : nullptr);
  };
  set("open", reinterpret_cast<Call>(open_file));
  set("write", reinterpret_cast<Call>(write_file));
  set("pwrite", reinterpret_cast<Call>(write_file_at));
  set("pwrite64", reinterpret_cast<Call>(write_file_at));
}

}  // namespace

TemporaryPlace::TemporaryPlace() {
  place() = {};
  replace_calls(true);
}
TemporaryPlace::~TemporaryPlace() { replace_calls(false); }

void TemporaryPlace::fail_writes(int error_number) { place().write_error = error_number; }
void TemporaryPlace::fail_opening(int error_number) { place().open_error = error_number; }
std::size_t TemporaryPlace::files() const { return place().files; }
std::uint64_t TemporaryPlace::bytes() const { return place().bytes; }

}  // namespace test

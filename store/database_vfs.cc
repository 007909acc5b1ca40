#include "store/database_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

namespace store {
namespace {

struct VerbatimVfs : sqlite3_vfs {
  std::string name;
  std::string temporary_path;  // of one file at a time
  std::mutex opening;
};

sqlite3_vfs* standard_vfs() {
  static sqlite3_vfs* const standard = sqlite3_vfs_find(nullptr);
  return standard;
}

int keep_path(sqlite3_vfs*, const char* path, int size, char* out) {
  const auto length = std::char_traits<char>::length(path);
  if (length + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::copy_n(path, length + 1, out);
  return SQLITE_OK;
}

// A file without a name is a temporary one. Its name is free again when this returns, for SQLite
// then removes it.
int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* const standard = standard_vfs();
  if (path != nullptr) return standard->xOpen(standard, path, file, flags, out_flags);
  auto& self = *static_cast<VerbatimVfs*>(vfs);
  const std::lock_guard lock(self.opening);
  return standard->xOpen(standard, self.temporary_path.c_str(), file, flags, out_flags);
}

std::unique_ptr<VerbatimVfs> make_vfs(const std::string& directory) {
  auto vfs = std::make_unique<VerbatimVfs>();
  static_cast<sqlite3_vfs&>(*vfs) = *standard_vfs();
  vfs->name = "holdfast:" + directory;
  vfs->temporary_path = fmt::format("{}/sqlite.{}", directory, ::getpid());
  vfs->pNext = nullptr;
  vfs->zName = vfs->name.c_str();
  vfs->xOpen = open_file;
  vfs->xFullPathname = keep_path;
  return vfs;
}

}  // namespace

// One for each directory, for good: a connection that is open uses it.
const char* verbatim_vfs(const std::string& directory) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<VerbatimVfs>> registered;
  const std::lock_guard lock(mutex);
  if (standard_vfs() == nullptr) return nullptr;
  auto& vfs = registered[directory];
  if (vfs == nullptr) {
    auto made = make_vfs(directory);
    if (sqlite3_vfs_register(made.get(), 0) != SQLITE_OK) return nullptr;
    vfs = std::move(made);
  }
  return vfs->zName;
}

bool can_write_to(const std::string& directory) {
  auto* const standard = standard_vfs();
  int can = 0;
  return standard != nullptr &&
         standard->xAccess(standard, directory.c_str(), SQLITE_ACCESS_READWRITE, &can) ==
             SQLITE_OK &&
         can != 0;
}

}  // namespace store

#include "store/ledger/database_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace store {
namespace {

struct VerbatimVfs : sqlite3_vfs {
  std::string name;
  std::string temporary_path;  // of one file at a time
  std::mutex opening;
  std::mutex bound;
  HasRoom has_room;
  bool refused = false;
};

// How much a temporary file asks for at a time.
constexpr std::int64_t kShareBytes = std::int64_t{1} << 20;

// The file of the standard VFS lies behind it. SQLite aligns them to 8 bytes and no more.
struct TemporaryFile : sqlite3_file {
  VerbatimVfs* vfs;
  std::int64_t granted_bytes;
};
static_assert(alignof(TemporaryFile) <= 8 && sizeof(TemporaryFile) % 8 == 0);

sqlite3_file* behind(sqlite3_file* file) {
  void* const end = static_cast<TemporaryFile*>(file) + 1;
  return static_cast<sqlite3_file*>(end);
}

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

bool may_grow(TemporaryFile& file, std::int64_t to_bytes) {
  if (to_bytes <= file.granted_bytes) return true;
  const auto more = std::max(to_bytes - file.granted_bytes, kShareBytes);
  const std::lock_guard lock(file.vfs->bound);
  if (file.vfs->has_room && !file.vfs->has_room(static_cast<std::uint64_t>(more))) {
    file.vfs->refused = true;
    return false;
  }
  file.granted_bytes += more;
  return true;
}

int write_temporary(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (!may_grow(*static_cast<TemporaryFile*>(file), offset + size)) return SQLITE_FULL;
  return behind(file)->pMethods->xWrite(behind(file), data, size, offset);
}

int truncate_temporary(sqlite3_file* file, sqlite3_int64 size) {
  auto& granted_bytes = static_cast<TemporaryFile*>(file)->granted_bytes;
  granted_bytes = std::min<std::int64_t>(granted_bytes, size);
  return behind(file)->pMethods->xTruncate(behind(file), size);
}

int close_temporary(sqlite3_file* file) { return behind(file)->pMethods->xClose(behind(file)); }
int read_temporary(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return behind(file)->pMethods->xRead(behind(file), data, size, offset);
}
int sync_temporary(sqlite3_file* file, int flags) {
  return behind(file)->pMethods->xSync(behind(file), flags);
}
int size_of_temporary(sqlite3_file* file, sqlite3_int64* size) {
  return behind(file)->pMethods->xFileSize(behind(file), size);
}
int lock_temporary(sqlite3_file* file, int level) {
  return behind(file)->pMethods->xLock(behind(file), level);
}
int unlock_temporary(sqlite3_file* file, int level) {
  return behind(file)->pMethods->xUnlock(behind(file), level);
}
int is_temporary_reserved(sqlite3_file* file, int* reserved) {
  return behind(file)->pMethods->xCheckReservedLock(behind(file), reserved);
}
// Among others that it is about to grow by much, which the standard one would do at once.
int control_temporary(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_of_temporary(sqlite3_file* file) {
  return behind(file)->pMethods->xSectorSize(behind(file));
}
int device_of_temporary(sqlite3_file* file) {
  return behind(file)->pMethods->xDeviceCharacteristics(behind(file));
}

const sqlite3_io_methods& temporary_methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods made{};
    made.iVersion = 1;
    made.xClose = close_temporary;
    made.xRead = read_temporary;
    made.xWrite = write_temporary;
    made.xTruncate = truncate_temporary;
    made.xSync = sync_temporary;
    made.xFileSize = size_of_temporary;
    made.xLock = lock_temporary;
    made.xUnlock = unlock_temporary;
    made.xCheckReservedLock = is_temporary_reserved;
    made.xFileControl = control_temporary;
    made.xSectorSize = sector_of_temporary;
    made.xDeviceCharacteristics = device_of_temporary;
    return made;
  }();
  return methods;
}

// Its name is free again when this returns, for SQLite then removes it.
int open_temporary(VerbatimVfs& vfs, sqlite3_file* file, int flags, int* out_flags) {
  auto* const standard = standard_vfs();
  file->pMethods = nullptr;
  const std::lock_guard lock(vfs.opening);
  const int code =
      standard->xOpen(standard, vfs.temporary_path.c_str(), behind(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  auto& temporary = *static_cast<TemporaryFile*>(file);
  temporary.vfs = &vfs;
  temporary.granted_bytes = 0;
  temporary.pMethods = &temporary_methods();
  return SQLITE_OK;
}

// A file without a name is a temporary one.
int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* const standard = standard_vfs();
  if (path != nullptr) return standard->xOpen(standard, path, file, flags, out_flags);
  return open_temporary(*static_cast<VerbatimVfs*>(vfs), file, flags, out_flags);
}

std::unique_ptr<VerbatimVfs> make_vfs(const std::string& directory) {
  auto vfs = std::make_unique<VerbatimVfs>();
  static_cast<sqlite3_vfs&>(*vfs) = *standard_vfs();
  vfs->name = "holdfast:" + directory;
  vfs->temporary_path = fmt::format("{}/sqlite.{}", directory, ::getpid());
  vfs->szOsFile += static_cast<int>(sizeof(TemporaryFile));
  vfs->pNext = nullptr;
  vfs->zName = vfs->name.c_str();
  vfs->xOpen = open_file;
  vfs->xFullPathname = keep_path;
  return vfs;
}

// One for each directory, for good: a connection that is open uses it.
VerbatimVfs* vfs_of(const std::string& directory) {
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
  return vfs.get();
}

}  // namespace

const char* verbatim_vfs(const std::string& directory) {
  const auto* const vfs = vfs_of(directory);
  return vfs != nullptr ? vfs->zName : nullptr;
}

void bound_temporary_files(const std::string& directory, HasRoom has_room) {
  auto* const vfs = vfs_of(directory);
  if (vfs == nullptr) return;
  const std::lock_guard lock(vfs->bound);
  vfs->has_room = std::move(has_room);
  vfs->refused = false;
}

bool had_no_room(const std::string& directory) {
  auto* const vfs = vfs_of(directory);
  if (vfs == nullptr) return false;
  const std::lock_guard lock(vfs->bound);
  return std::exchange(vfs->refused, false);
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

#include "tests/support/disk_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "store/content/key_path.h"

namespace test {

namespace {

constexpr int kSectorBytes = 4096;
constexpr int kLongestPathBytes = 512;

struct Vfs {
  sqlite3_vfs base{};
  store::Disk* disk = nullptr;
  std::string name;
  int last_errno = 0;
};

// SQLite hands us memory of szOsFile bytes and calls no destructor: xClose does.
struct VfsFile {
  sqlite3_file base{};
  Vfs* vfs = nullptr;
  std::unique_ptr<store::File> file;  // nullptr: a temporary file, which is not on the disk
  std::string memory;
  std::string directory_to_sync;  // of a journal that is new: its name must be durable, too
  bool name_is_new = false;
};

VfsFile& self(sqlite3_file* file) { return *reinterpret_cast<VfsFile*>(file); }
Vfs& self(sqlite3_vfs* vfs) { return *reinterpret_cast<Vfs*>(vfs); }

int failed(Vfs& vfs, const store::Error& error, int code) {
  vfs.last_errno = error.error_number;
  // As the VFS of Unix: it is only for a write that SQLite has a code of its own.
  return code == SQLITE_IOERR_WRITE && error.kind == store::ErrorKind::kNoSpace ? SQLITE_FULL
                                                                                : code;
}

// ---- one file -----------------------------------------------------------------------------------

int close_file(sqlite3_file* file) {
  self(file).~VfsFile();
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  VfsFile& opened = self(file);
  const auto size = static_cast<std::size_t>(count);
  const auto from = static_cast<std::size_t>(offset);
  std::size_t read = 0;
  if (opened.file == nullptr) {
    read = from < opened.memory.size() ? std::min(size, opened.memory.size() - from) : 0;
    if (read > 0) std::memcpy(into, opened.memory.data() + from, read);
  } else {
    const store::Result<std::size_t> got =
        opened.file->read_at(from, {static_cast<std::byte*>(into), size});
    if (!got) return failed(*opened.vfs, got.error(), SQLITE_IOERR_READ);
    read = *got;
  }
  if (read == size) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + read, 0, size - read);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  VfsFile& opened = self(file);
  const auto size = static_cast<std::size_t>(count);
  const auto to = static_cast<std::size_t>(offset);
  if (opened.file == nullptr) {
    opened.memory.resize(std::max(opened.memory.size(), to + size));
    std::memcpy(opened.memory.data() + to, bytes, size);
    return SQLITE_OK;
  }
  const store::Status done =
      opened.file->write_at(to, {static_cast<const std::byte*>(bytes), size});
  return done ? SQLITE_OK : failed(*opened.vfs, done.error(), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  VfsFile& opened = self(file);
  if (opened.file == nullptr) {
    opened.memory.resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  const store::Status done = opened.file->truncate(static_cast<std::uint64_t>(size));
  return done ? SQLITE_OK : failed(*opened.vfs, done.error(), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  VfsFile& opened = self(file);
  if (opened.file == nullptr) return SQLITE_OK;
  store::Status done = opened.file->sync();
  if (!done) return failed(*opened.vfs, done.error(), SQLITE_IOERR_FSYNC);
  if (!opened.name_is_new) return SQLITE_OK;
  done = opened.vfs->disk->sync_directory(opened.directory_to_sync);
  if (!done) return failed(*opened.vfs, done.error(), SQLITE_IOERR_DIR_FSYNC);
  opened.name_is_new = false;
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  VfsFile& opened = self(file);
  if (opened.file == nullptr) {
    *size = static_cast<sqlite3_int64>(opened.memory.size());
    return SQLITE_OK;
  }
  const store::Result<std::uint64_t> got = opened.file->size();
  if (!got) return failed(*opened.vfs, got.error(), SQLITE_IOERR_FSTAT);
  *size = static_cast<sqlite3_int64>(*got);
  return SQLITE_OK;
}

int no_lock(sqlite3_file*, int) { return SQLITE_OK; }

int no_reserved_lock(sqlite3_file*, int* taken) {
  *taken = 0;
  return SQLITE_OK;
}

int no_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSectorBytes; }
// What the VFS of Unix says as well; a block here is written whole or not at all.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods made{};
    made.iVersion = 1;
    made.xClose = close_file;
    made.xRead = read_file;
    made.xWrite = write_file;
    made.xTruncate = truncate_file;
    made.xSync = sync_file;
    made.xFileSize = size_of_file;
    made.xLock = no_lock;
    made.xUnlock = no_lock;
    made.xCheckReservedLock = no_reserved_lock;
    made.xFileControl = no_control;
    made.xSectorSize = sector_size;
    made.xDeviceCharacteristics = characteristics;
    return made;
  }();
  return table;
}

// ---- the disk -----------------------------------------------------------------------------------

using OpenResult = store::Result<std::unique_ptr<store::File>>;

OpenResult open_existing(Vfs& vfs, const char* path, int& flags) {
  if ((flags & SQLITE_OPEN_READWRITE) == 0) return vfs.disk->open(path, store::OpenMode::kRead);
  OpenResult opened = vfs.disk->open(path, store::OpenMode::kReadWrite);
  if (opened || opened.error().kind != store::ErrorKind::kReadOnly) return opened;
  flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
  return vfs.disk->open(path, store::OpenMode::kRead);
}

// SQLite tells by pMethods whether there is a file to close.
int open_file(sqlite3_vfs* base, const char* path, sqlite3_file* memory, int flags,
              int* out_flags) {
  memory->pMethods = nullptr;
  Vfs& vfs = self(base);
  OpenResult opened;
  bool name_is_new = false;
  if (path != nullptr && (flags & SQLITE_OPEN_CREATE) != 0) {
    opened = vfs.disk->open(path, store::OpenMode::kCreateNew);
    name_is_new = opened.has_value();
  }
  const bool taken = !opened && opened.error().kind == store::ErrorKind::kExists;
  if (path != nullptr && (taken || (flags & SQLITE_OPEN_CREATE) == 0)) {
    opened = open_existing(vfs, path, flags);
  }
  if (!opened) return failed(vfs, opened.error(), SQLITE_CANTOPEN);

  VfsFile& file = *new (memory) VfsFile;
  file.base.pMethods = &methods();
  file.vfs = &vfs;
  file.file = *std::move(opened);
  file.name_is_new = name_is_new;
  if (name_is_new) file.directory_to_sync = store::parent_of(path);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* base, const char* path, int sync_directory) {
  Vfs& vfs = self(base);
  store::Status done = vfs.disk->remove_file(path);
  if (!done) return failed(vfs, done.error(), SQLITE_IOERR_DELETE);
  if (sync_directory == 0) return SQLITE_OK;
  done = vfs.disk->sync_directory(store::parent_of(path));
  return done ? SQLITE_OK : failed(vfs, done.error(), SQLITE_IOERR_DIR_FSYNC);
}

int access_file(sqlite3_vfs* base, const char* path, int, int* result) {
  Vfs& vfs = self(base);
  const store::Result<std::optional<store::FileInfo>> info = vfs.disk->stat(path);
  if (!info) return failed(vfs, info.error(), SQLITE_IOERR_ACCESS);
  // An empty file is none: SQLite asks this of journals.
  *result = info->has_value() && (*info)->size_bytes > 0 ? 1 : 0;
  return SQLITE_OK;
}

int full_pathname(sqlite3_vfs*, const char* path, int size, char* into) {
  sqlite3_snprintf(size, into, "%s", path);
  return SQLITE_OK;
}

int fill_randomness(sqlite3_vfs*, int size, char* into) {
  std::random_device source;
  std::generate_n(into, size, [&] { return static_cast<char>(source()); });
  return size;
}

int sleep_for(sqlite3_vfs*, int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  return microseconds;
}

int current_time(sqlite3_vfs*, double* julian_day) {
  *julian_day = 2440587.5;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs* base, int, char*) { return self(base).last_errno; }

}  // namespace

struct DiskVfs::Registration {
  Vfs vfs;
};

DiskVfs::DiskVfs(store::Disk& disk) : registration_(std::make_unique<Registration>()) {
  Vfs& vfs = registration_->vfs;
  vfs.disk = &disk;
  vfs.name = fmt::format("disk-vfs-{}", fmt::ptr(registration_.get()));
  vfs.base.iVersion = 1;
  vfs.base.szOsFile = sizeof(VfsFile);
  vfs.base.mxPathname = kLongestPathBytes;
  vfs.base.zName = vfs.name.c_str();
  vfs.base.xOpen = open_file;
  vfs.base.xDelete = delete_file;
  vfs.base.xAccess = access_file;
  vfs.base.xFullPathname = full_pathname;
  vfs.base.xRandomness = fill_randomness;
  vfs.base.xSleep = sleep_for;
  vfs.base.xCurrentTime = current_time;
  vfs.base.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs.base, 0);
}

DiskVfs::~DiskVfs() { sqlite3_vfs_unregister(&registration_->vfs.base); }

std::string sqlite_version() { return sqlite3_libversion(); }

const char* DiskVfs::name() const { return registration_->vfs.name.c_str(); }

}  // namespace test

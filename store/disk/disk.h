#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/disk/error.h"

namespace store {

enum class OpenMode {
  kRead,       ///< must exist
  kReadBack,   ///< must exist; as kRead after File::drop_cache(), which is no further call then
  kReadWrite,  ///< must exist
  kCreate,     ///< read and write; created with 0640 when it is not there
  kCreateNew,  ///< kExists when it is there
};

enum class FileKind { kFile, kDirectory, kOther };

struct FileInfo {
  FileKind kind = FileKind::kFile;
  std::uint64_t size_bytes = 0;
  std::chrono::sys_seconds modified{};  ///< when it was last written, as people see it
  bool operator==(const FileInfo&) const = default;
};

struct Space {
  std::uint64_t total_bytes = 0;  ///< 0: the filesystem does not tell, and nothing is known
  std::uint64_t free_bytes = 0;   ///< to us, that is without what is reserved for root
  std::uint64_t total_files = 0;  ///< 0: the filesystem has no limit of its own
  std::uint64_t free_files = 0;   ///< how many more it takes, directories among them
};

/// What this filesystem cannot promise. Shown in the status as weaker durability.
struct Weakness {
  bool no_directory_sync = false;    ///< a new name may be lost in a power cut
  bool no_exclusive_rename = false;  ///< not replacing is checked before the rename, not in it
  bool no_permissions = false;       ///< files stay writable
  bool no_filesystem_sync = false;   ///< each file is synced on its own
};

/// What every device can read at once, and what it is asked for at a time past the cache.
inline constexpr std::size_t kDirectBytes = 4096;

/// One open file. Closing is the destructor's and says nothing about durability; only sync() does.
class File {
 public:
  virtual ~File() = default;

  /// Reads up to `into.size()` bytes; less only at the end of the file, 0 past it.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;

  /// Writes all of `bytes` or fails; after a failure the range holds anything.
  virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  virtual Status truncate(std::uint64_t size_bytes) = 0;
  virtual Result<std::uint64_t> size() = 0;

  /// On success the content and the size survive a power cut; the name may not, see
  /// Disk::sync_directory. A failed sync condemns the file: the kernel may have thrown the dirty
  /// pages away, so a second sync proves nothing. Never repeat it on the same file.
  virtual Status sync() = 0;

  /// Takes the write permission away, as Disk::set_finished() does; what is open can be written to.
  virtual Status finish() = 0;

  /// Asks the kernel to forget its cached copy of synced pages, so that reads from here on come
  /// from the device: into buffers aligned to kDirectBytes, at offsets and in sizes that are
  /// multiples of it, even past the cache. Filesystems that cannot, read as they always do.
  virtual void drop_cache() = 0;
};

/// An exclusive lock on a file; released by the destructor or by the end of the process.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

/// The disk that holds the mirror. All paths are relative to its root, separated by '/', and are
/// resolved beneath it: no "..", no symbolic link is ever followed. The root is held open, so that
/// a disk which is unmounted in mid-run cannot be mistaken for the empty directory below it.
///
/// Where a directory of a path is something else ("a/b", and `a` is a file): stat() gives nullopt,
/// the two remove calls succeed, every other call gives kExists. Where it is a symbolic link, or
/// the filesystem refuses the name: kRefusedName. A path that names a directory or a device where a
/// file is wanted: kExists.
///
/// Thread-safe.
///
/// This is what can be asked of it without changing it.
class ReadableDisk {
 public:
  virtual ~ReadableDisk() = default;

  /// As Disk::open() with kRead.
  virtual Result<std::unique_ptr<File>> open_to_read(std::string_view path) = 0;

  /// As Disk::open() with kReadBack.
  virtual Result<std::unique_ptr<File>> open_to_read_back(std::string_view path) = 0;

  /// nullopt when nothing has that name.
  virtual Result<std::optional<FileInfo>> stat(std::string_view path) = 0;

  /// Calls `visit` with the name and kind of each entry, in no order, until it returns false.
  virtual Status list_directory(std::string_view path,
                                const std::function<bool(std::string_view, FileKind)>& visit) = 0;

  virtual Result<Space> space() = 0;

  /// Where the root is: absolute, and without a symbolic link. To tell whether one disk lies in
  /// another; paths of ours are never made from it.
  virtual std::string root_path() const = 0;

  /// "ext4", "exfat", ...; "unknown" when the system does not say.
  virtual std::string filesystem_name() const = 0;

  /// What has been found missing so far; call it at the end of a run.
  virtual Weakness weakness() const = 0;
};

/// The same disk, to change it: for store/, and for what prepares a disk. This is the seam through
/// which tests inject faults and power cuts.
class Disk : public ReadableDisk {
 public:
  virtual Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
  Result<std::unique_ptr<File>> open_to_read(std::string_view path) final {
    return open(path, OpenMode::kRead);
  }
  Result<std::unique_ptr<File>> open_to_read_back(std::string_view path) final {
    return open(path, OpenMode::kReadBack);
  }

  /// 0750. An existing directory is success; any other existing thing is kExists.
  /// Not durable before sync_directory() of the parent.
  virtual Status make_directory(std::string_view path) = 0;

  /// Gives `from` the name `to`. kExists, with nothing changed, when `to` is taken. Where the
  /// filesystem has no such rename, link() and unlink(), and last a check followed by rename().
  /// Not durable before sync_directory() of both parents. Until the next call that syncs names the
  /// two directories may be kept open; that call fails where one of them was moved away meanwhile.
  virtual Status rename_no_replace(std::string_view from, std::string_view to) = 0;

  /// Gives the file `from` the second name `to`. kExists, with nothing changed, when `to` is taken;
  /// kNotSupported where files have one name each. Not durable before sync_directory() of `to`'s
  /// parent.
  virtual Status link(std::string_view from, std::string_view to) = 0;

  /// Gives an open file, of this disk or of another one, the name `to` here, beside those that it
  /// has. Otherwise as link(); kNotSupported also where it lies on another filesystem, or belongs
  /// to somebody whose files may not be linked.
  virtual Status link_file(File& file, std::string_view to) = 0;

  /// A file that was made elsewhere becomes as one that was made here and is finished: its owner,
  /// and 0440. kNotSupported where it cannot; then its mode is what it was.
  virtual Status make_ours(std::string_view path) = 0;

  /// Atomically replaces `to`. For our own small files, and for an archive that has a durable
  /// second name: see Placer::replace().
  virtual Status rename_replace(std::string_view from, std::string_view to) = 0;

  /// Removes a file; success when it is not there.
  virtual Status remove_file(std::string_view path) = 0;

  /// Removes an empty directory; success when it is not there; kExists when it is not empty.
  virtual Status remove_directory(std::string_view path) = 0;

  /// 0440 for what is finished, 0640 for what is not. Success where there are no permissions.
  virtual Status set_finished(std::string_view path, bool finished) = 0;

  /// When the file was last changed, as people see it; the next write makes it now. Durable with
  /// the next sync() of the file. Success, to the precision there is, where the filesystem cannot.
  virtual Status set_modified(std::string_view path, std::chrono::sys_seconds time) = 0;

  /// On success the names in this directory, removed ones too, survive a power cut. "" is the root.
  /// Success where the filesystem cannot (see weakness()).
  virtual Status sync_directory(std::string_view path) = 0;

  /// On success everything written to this filesystem so far is durable, names included. A failure
  /// condemns every file written since the last success. kNotSupported (FUSE, and kernels that do
  /// not report write errors here): sync each file and directory instead.
  virtual Status sync_filesystem() = 0;

  /// kBusy when another process has it. The file is created when it is not there.
  virtual Result<std::unique_ptr<DiskLock>> lock(std::string_view path) = 0;

  /// How SQLite reaches a file of this disk: the path to give it, and the name of the VFS to open
  /// it with (nullptr: SQLite's own).
  virtual std::string database_path(std::string_view path) const = 0;
  virtual const char* database_vfs() const = 0;

  /// So much of it stays free of what a ledger that is opened for writing from here on sorts on it
  /// for a moment; what that was sorted for fails with kKeptFree.
  void keep_free(std::uint64_t size_bytes) { kept_free_bytes_ = size_bytes; }
  std::optional<std::uint64_t> kept_free_bytes() const { return kept_free_bytes_; }

 private:
  std::optional<std::uint64_t> kept_free_bytes_;
};

}  // namespace store

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

/// How a file is opened. Only the two that create do so; the others are kNotFound when there is
/// none.
enum class OpenMode {
  kRead,       ///< to read
  kReadBack,   ///< to read from the device, past the cache, as after File::drop_cache()
  kReadWrite,  ///< to read and write
  kCreate,     ///< to read and write; made with mode 0640 when it is not there
  kCreateNew,  ///< likewise; kExists when it is there
};

enum class FileKind { kFile, kDirectory, kOther };

/// What stat() tells of a name.
struct FileInfo {
  FileKind kind = FileKind::kFile;
  std::uint64_t size_bytes = 0;
  std::chrono::sys_seconds modified{};  ///< when it was last written, as people see it
  bool operator==(const FileInfo&) const = default;
};

/// The room on the filesystem.
struct Space {
  std::uint64_t total_bytes = 0;  ///< 0: the filesystem does not tell, and nothing is known
  std::uint64_t free_bytes = 0;   ///< to us, that is without what is reserved for root
  std::uint64_t total_files = 0;  ///< 0: the filesystem has no limit of its own
  std::uint64_t free_files = 0;   ///< how many more it takes, directories among them
};

/// What this filesystem was found to be unable to promise. The status shows it as weaker
/// durability.
struct Weakness {
  bool no_directory_sync = false;    ///< a new name may be lost in a power cut
  bool no_exclusive_rename = false;  ///< not replacing is checked before the rename, not in it
  bool no_permissions = false;       ///< files stay writable
  bool no_filesystem_sync = false;   ///< each file is synced on its own
};

/// The unit, in bytes, of reads past the cache: every device can read as much at once.
inline constexpr std::size_t kDirectBytes = 4096;

/// One open file. The destructor closes it, which says nothing about durability: only sync() does.
/// It may outlive the disk that opened it. One thread at a time. Errors: kNoSpace, kReadOnly, kIo.
class File {
 public:
  virtual ~File() = default;

  /// Reads into `into` from `offset`, in bytes. Returns how many bytes were read: less than asked
  /// for only at the end of the file, 0 past it.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;

  /// Writes all of `bytes` at `offset`, or fails. After a failure the range may hold anything. Not
  /// durable before sync().
  virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// Cuts the file to `size_bytes`, or fills it up with zeros. Not durable before sync().
  virtual Status truncate(std::uint64_t size_bytes) = 0;
  /// Returns the size of the file in bytes.
  virtual Result<std::uint64_t> size() = 0;

  /// On success the content and the size survive a power cut. The name need not: see
  /// Disk::sync_directory(). A failed sync condemns the file, and must not be repeated on it: the
  /// kernel may have thrown the dirty pages away, so that a second sync would prove nothing.
  virtual Status sync() = 0;

  /// Takes the write permission away, as Disk::set_finished() does. Files that are open can still
  /// be written to.
  virtual Status finish() = 0;

  /// Asks the kernel to forget its cached copy of synced pages, so that reads from here on come
  /// from the device. Reads into buffers that are aligned to kDirectBytes, at offsets and in sizes
  /// that are multiples of it, go past the cache altogether. On a filesystem that has no such thing
  /// reads are as they always are.
  virtual void drop_cache() = 0;
};

/// An exclusive lock on a file. The destructor releases it, and so does the end of the process.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

/// The disk that holds the mirror, as far as it can be asked without being changed. Disk, below,
/// adds what changes it.
///
/// Paths are relative to the root of the disk and separated by '/'; "" is the root. They are
/// resolved beneath the root: no ".." and no symbolic link is ever followed. The root is held open,
/// so that a disk which is unmounted in the midst of a run is not mistaken for the empty directory
/// below it.
///
/// Durable means that it survives a power cut. A content is durable after File::sync(), a name
/// after sync_directory() of the directory that it is in, and anything after sync_filesystem(). No
/// other call makes anything durable.
///
/// Errors of every call: kNoSpace, kReadOnly and kIo, which end a run, and these about the path:
/// - kNotFound: nothing has that name, or a directory of the path is not there.
/// - kExists: the path names a directory or a device where a file is wanted, or a directory of it
///   is something else (`a` in "a/b" is a file). In the latter case stat() returns nullopt instead,
///   and remove_file() and remove_directory() succeed.
/// - kRefusedName: the filesystem refuses the name, or a directory of the path is a symbolic link.
///
/// Thread-safe.
class ReadableDisk {
 public:
  virtual ~ReadableDisk() = default;

  /// Opens a file to read it, as Disk::open() does with kRead.
  virtual Result<std::unique_ptr<File>> open_to_read(std::string_view path) = 0;

  /// Opens a file to read it from the device, as Disk::open() does with kReadBack.
  virtual Result<std::unique_ptr<File>> open_to_read_back(std::string_view path) = 0;

  /// Returns what has that name, or nullopt when nothing has.
  virtual Result<std::optional<FileInfo>> stat(std::string_view path) = 0;

  /// Calls `visit` with the name and the kind of each entry of a directory, in no order, until it
  /// returns false.
  virtual Status list_directory(std::string_view path,
                                const std::function<bool(std::string_view, FileKind)>& visit) = 0;

  /// Returns the room on the filesystem as it is now.
  virtual Result<Space> space() = 0;

  /// Returns where the root is, as an absolute path without symbolic links. It serves to tell
  /// whether one disk lies in another; no path that is opened is made from it.
  virtual std::string root_path() const = 0;

  /// Returns the name of the filesystem, as "ext4" or "exfat"; "unknown" when the system does not
  /// say.
  virtual std::string filesystem_name() const = 0;

  /// Returns what was found missing so far. Complete at the end of a run.
  virtual Weakness weakness() const = 0;
};

/// The same disk, to change it: for store/, and for what prepares a disk. Tests inject faults and
/// power cuts by implementing it.
class Disk : public ReadableDisk {
 public:
  /// Opens a file. A name that this makes is not durable before sync_directory() of its parent.
  virtual Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
  Result<std::unique_ptr<File>> open_to_read(std::string_view path) final {
    return open(path, OpenMode::kRead);
  }
  Result<std::unique_ptr<File>> open_to_read_back(std::string_view path) final {
    return open(path, OpenMode::kReadBack);
  }

  /// Makes a directory with mode 0750. Succeeds when it is there already; anything else of that
  /// name is kExists. Not durable before sync_directory() of the parent.
  virtual Status make_directory(std::string_view path) = 0;

  /// Gives `from` the name `to` in the stead of its own. When `to` is taken it is kExists, and
  /// nothing has changed. A filesystem that has no such rename gets a link() and an unlink(), or
  /// last a check followed by a rename(). Not durable before sync_directory() of both parents.
  /// Until the next call that syncs names the two directories may be kept open; that call fails
  /// when one of them was moved away meanwhile.
  virtual Status rename_no_replace(std::string_view from, std::string_view to) = 0;

  /// Gives the file `from` the second name `to`. When `to` is taken it is kExists, and nothing has
  /// changed. On a filesystem where a file has one name it is kNotSupported. Not durable before
  /// sync_directory() of the parent of `to`.
  virtual Status link(std::string_view from, std::string_view to) = 0;

  /// Gives an open file, of this disk or of another one, the name `to` here, beside those that it
  /// has. Otherwise as link(). kNotSupported also when it lies on another filesystem, or belongs to
  /// somebody whose files may not be linked.
  virtual Status link_file(File& file, std::string_view to) = 0;

  /// Gives a file that was made elsewhere the owner and the mode (0440) of one that was made here
  /// and is finished. When that cannot be done it is kNotSupported, and the mode is what it was.
  virtual Status make_ours(std::string_view path) = 0;

  /// Gives `from` the name `to` in the stead of its own, and atomically replaces what had that
  /// name. For our own small files, and for an archive that has a durable second name: see
  /// Placer::replace(). Not durable before sync_directory() of both parents.
  virtual Status rename_replace(std::string_view from, std::string_view to) = 0;

  /// Removes a file. Succeeds when it is not there. Not durable before sync_directory() of the
  /// parent.
  virtual Status remove_file(std::string_view path) = 0;

  /// Removes an empty directory. Succeeds when it is not there; kExists when it is not empty. Not
  /// durable before sync_directory() of the parent.
  virtual Status remove_directory(std::string_view path) = 0;

  /// Gives a file the mode 0440 when it is finished, else 0640. Succeeds on a filesystem that has
  /// no permissions.
  virtual Status set_finished(std::string_view path, bool finished) = 0;

  /// Sets when the file was last changed, as people see it. The next write sets it to now. Durable
  /// with the next sync() of the file. Succeeds, to the precision that there is, on a filesystem
  /// that cannot.
  virtual Status set_modified(std::string_view path, std::chrono::sys_seconds time) = 0;

  /// On success every name that was given or taken away in this directory so far is durable. "" is
  /// the root. Succeeds on a filesystem that cannot, which weakness() then says.
  virtual Status sync_directory(std::string_view path) = 0;

  /// On success everything that was written to this filesystem so far is durable, names included. A
  /// failure condemns every file that was written since the last success. kNotSupported on FUSE,
  /// and with kernels that do not report write errors here: then each file and directory has to be
  /// synced.
  virtual Status sync_filesystem() = 0;

  /// Takes an exclusive lock on a file, which is made when it is not there. kBusy when another
  /// process has the lock.
  virtual Result<std::unique_ptr<DiskLock>> lock(std::string_view path) = 0;

  /// Returns the path by which SQLite reaches a file of this disk.
  virtual std::string database_path(std::string_view path) const = 0;
  /// Returns the name of the VFS by which SQLite opens it; nullptr means SQLite's own.
  virtual const char* database_vfs() const = 0;

  /// Says how many bytes of the disk stay free of the temporary files of a ledger that is opened
  /// for writing from here on. What would make such a file grow into them fails with kKeptFree.
  void keep_free(std::uint64_t size_bytes) { kept_free_bytes_ = size_bytes; }
  std::optional<std::uint64_t> kept_free_bytes() const { return kept_free_bytes_; }

 private:
  std::optional<std::uint64_t> kept_free_bytes_;
};

}  // namespace store

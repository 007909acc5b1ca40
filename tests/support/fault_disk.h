#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/disk.h"
#include "store/disk/file_identity.h"

namespace test {

class DiskVfs;

enum class Fault {
  kIoError,     ///< once, or with `Lasting::kUntilHealed` from then on
  kNoSpace,     ///< until heal(): nothing can be written or created; reading and removing work
  kReadOnly,    ///< until heal(): nothing can be changed; reading works
  kShortWrite,  ///< once: half of a write is done before it fails; anything else is an I/O error
  kPowerCut,    ///< until restart(): everything fails; restart() then forgets what was not synced
};

enum class Lasting { kOnce, kUntilHealed };

/// A disk in memory that forgets, as pessimistically as POSIX allows.
///
/// What is written to a file is volatile until File::sync() or sync_filesystem(); a name (made,
/// given, removed) is volatile until sync_directory() of its directory or sync_filesystem(). A
/// rename between two directories is two changes, each durable with its own directory. A sync that
/// fails drops the dirty blocks: no later sync makes them durable, and drop_cache() shows that.
///
/// SQLite reaches the disk through database_vfs(), so that the ledger has the same faults; SQLite's
/// temporary files are not on the disk. Thread-safe.
class FaultDisk final : public store::Disk {
 public:
  FaultDisk();
  ~FaultDisk() override;
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;

  // ---- faults ------------------------------------------------------------------------------

  /// The k-th operation from now, 1 being the next, fails. Every call of Disk and File that can
  /// fail is one operation, also those made by SQLite; but only those count before which the fault
  /// makes a difference. kNoSpace counts what needs room, kReadOnly what may not be done then,
  /// kPowerCut what changes something; and without a seed what makes something durable, because all
  /// that lies between two of those is lost alike.
  void fail_at(std::uint64_t k, Fault fault, Lasting lasting = Lasting::kOnce);
  /// Asked before each operation with its name ("write", "sync", "rename", ...) and path; an error
  /// is what the operation returns. For faults of one file or kind. It must not use the disk.
  using Hook =
      std::function<std::optional<store::Error>(std::string_view operation, std::string_view path)>;
  void set_hook(Hook hook);
  /// Like a filesystem that refuses names: no path for which `refuses` holds can be made, given or
  /// renamed to, and where `also_to_look` neither looked for nor opened. Not ended by heal().
  void refuse_names(std::function<bool(std::string_view path)> refuses, int error_number,
                    bool also_to_look);
  /// Ends every fault but a power cut, also those that have not struck yet.
  void heal();
  /// True once the fault of fail_at() has struck.
  bool struck() const;
  /// The operations since fail_at() that counted: where none was to fail, how many there are.
  std::uint64_t steps() const;

  /// From now on everything fails, until restart().
  void power_cut();
  /// The next power cut does not lose all that was not synced: each block and each change of a name
  /// may have reached the disk, in any order, as the seed says. nullopt: all is lost.
  void set_power_cut_seed(std::optional<std::uint64_t> seed);
  /// A new process: open files are dead and locks are free. After a power cut also: what was not
  /// synced is gone, and the disk works again.
  void restart();

  /// A disk of its own with all that is on this one, durable and not, also while the power is off.
  /// Without faults to come, and nothing is open or locked there.
  std::unique_ptr<FaultDisk> clone() const;

  // ---- what the disk is --------------------------------------------------------------------

  void set_space(store::Space space);
  /// From now on it takes so many files and directories, and says so in space().
  void limit_files(std::uint64_t most);
  /// "faultfs" at first, which has the rules of POSIX.
  void set_filesystem_name(std::string name);
  /// "/faultfs" at first.
  void set_root_path(std::string path);
  /// Told by weakness(); with no_filesystem_sync, sync_filesystem() is kNotSupported.
  void set_weakness(store::Weakness weakness);
  /// Like FAT and exFAT: link() is kNotSupported.
  void set_has_links(bool has_links);
  /// Like a file of another user's: make_ours() is kNotSupported.
  void set_gives_files(bool gives_files);
  /// Names that differ only in the case of ASCII letters are the same name. Before the first file.
  void set_folds_case(bool folds_case);

  // ---- what happened -----------------------------------------------------------------------

  struct Counts {
    std::uint64_t operations = 0;
    std::uint64_t file_syncs = 0;
    std::uint64_t directory_syncs = 0;
    std::uint64_t filesystem_syncs = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t drop_caches = 0;
  };
  Counts counts() const;
  std::uint64_t operations() const;
  std::uint64_t bytes_read(std::string_view path) const;
  void reset_counts();

  /// Every file by its path, as a process sees it now.
  std::map<std::string, std::string> files() const;
  /// As they would be after a power cut now.
  std::map<std::string, std::string> durable_files() const;
  /// As set_finished() left it; nullopt when there is no such file.
  std::optional<bool> finished(std::string_view path) const;
  /// As set_modified() left it; nullopt when it was written to since, or there is no such file.
  std::optional<std::chrono::sys_seconds> modified(std::string_view path) const;
  /// What a filesystem would say that it is; nullopt when there is no such file or directory.
  std::optional<store::FileIdentity> identity(std::string_view path) const;
  /// Makes or replaces a file and its directories, durably, without being an operation. Also for
  /// damage: what an open file reads changes with it.
  void plant(std::string_view path, std::string_view content);

  // ---- store::Disk -------------------------------------------------------------------------

  store::Result<std::unique_ptr<store::File>> open(std::string_view path,
                                                   store::OpenMode mode) override;
  store::Result<std::optional<store::FileInfo>> stat(std::string_view path) override;
  store::Status make_directory(std::string_view path) override;
  store::Status rename_no_replace(std::string_view from, std::string_view to) override;
  store::Status link(std::string_view from, std::string_view to) override;
  store::Status link_file(store::File& file, std::string_view to) override;
  store::Status make_ours(std::string_view path) override;
  store::Status rename_replace(std::string_view from, std::string_view to) override;
  store::Status remove_file(std::string_view path) override;
  store::Status remove_directory(std::string_view path) override;
  store::Status set_finished(std::string_view path, bool finished) override;
  store::Status set_modified(std::string_view path, std::chrono::sys_seconds time) override;
  store::Status sync_directory(std::string_view path) override;
  store::Status sync_filesystem() override;
  store::Status list_directory(
      std::string_view path,
      const std::function<bool(std::string_view, store::FileKind)>& visit) override;
  store::Result<store::Space> space() override;
  store::Result<std::unique_ptr<store::DiskLock>> lock(std::string_view path) override;
  std::string root_path() const override;
  std::string filesystem_name() const override;
  store::Weakness weakness() const override;
  std::string database_path(std::string_view path) const override;
  const char* database_vfs() const override;

 private:
  struct State;
  class OpenFile;
  class HeldLock;

  explicit FaultDisk(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  std::unique_ptr<DiskVfs> vfs_;
};

}  // namespace test

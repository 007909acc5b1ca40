#include "agent/run/right_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/shell_word.h"
#include "agent/run/busy_disk.h"
#include "store/custody/rebuild.h"

namespace agent {
namespace {

template <typename T>
using Guarded = Result<T, MirrorError>;

MirrorError absent(std::string message, std::string fact = "the disk is absent") {
  MirrorError error{ExitStatus::kNotNow, std::move(message)};
  error.fact = std::move(fact);
  return error;
}

std::string fact_of(const store::Error& error) {
  if (error.kind == store::ErrorKind::kReadOnly) return "the disk is read-only";
  if (error.kind != store::ErrorKind::kCorrupt || error.path != store::kLedgerPath) {
    return "the disk cannot be used";
  }
  return error.detail.find("newer holdfast") != std::string::npos
             ? "the ledger is from a newer holdfast"
             : "the ledger is damaged";
}

Guarded<std::unique_ptr<store::Disk>> open_mounted(const Config& config,
                                                   const Environment& environment) {
  const auto& path = config.disk.path;
  if (config.disk.require_mount) {
    const auto mounted = environment.is_mount_point(path);
    if (!mounted && mounted.error().kind != store::ErrorKind::kNotFound) {
      return disk_failure(mounted.error());
    }
    if (!mounted)
      return absent(fmt::format("{} does not exist; plug in the disk and mount it", path));
    if (!*mounted) {
      return absent(
          fmt::format("no disk is mounted at {}; mount it (or write \"require_mount = no\" if "
                      "it is meant to be a plain directory)",
                      path));
    }
  }
  auto disk = environment.open_disk(path);
  if (!disk && disk.error().kind == store::ErrorKind::kNotFound) {
    return absent(fmt::format("{} does not exist; plug in the disk and mount it", path));
  }
  if (!disk) return disk_failure(disk.error());
  return std::move(*disk);
}

Guarded<store::Marker> check_marker(store::Disk& disk, const Config& config) {
  const auto marker = store::read_marker(disk);
  if (!marker) return disk_failure(marker.error());
  if (!*marker) {
    const auto carried = store::carried_sources(disk);
    if (carried && !carried->empty()) {
      return absent(fmt::format("{} holds archives ({}), but {} is missing. Write the marker again "
                                "with this, then run 'holdfast rebuild': holdfast init {}",
                                config.disk.path, fmt::join(*carried, ", "), store::kMarkerPath,
                                shell_word(config.disk.path)),
                    "the disk has lost its marker");
    }
    return absent(fmt::format("{} is not a holdfast disk; to make it one: holdfast init {}",
                              config.disk.path, shell_word(config.disk.path)),
                  "another disk is there");
  }
  const auto& ids = config.disk.ids;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), (*marker)->id) == ids.end()) {
    auto error =
        absent(fmt::format("the disk at {} has the id {}, but {} is wanted; plug in the right "
                           "one, or correct \"id\"",
                           config.disk.path, (*marker)->id, fmt::join(ids, " or ")),
               "another disk is there");
    error.disk_id = (*marker)->id;
    return error;
  }
  return **marker;
}

Guarded<std::unique_ptr<store::DiskLock>> lock_disk(store::Disk& disk,
                                                    const Environment& environment) {
  auto lock = disk.lock(store::kLockPath);
  if (lock) return std::move(*lock);
  if (lock.error().kind != store::ErrorKind::kBusy) return disk_failure(lock.error());
  std::optional<store::LockHolder> holder;
  if (environment.lock_holder) {
    holder = environment.lock_holder(fmt::format("{}/{}", disk.root_path(), store::kLockPath));
  }
  MirrorError busy{ExitStatus::kNotNow, describe_busy_disk(holder, environment.clock.now_s()),
                   true};
  busy.holder = holder;
  return busy;
}

}  // namespace

MirrorError on_the_right_disk(MirrorError error, store::Disk& disk, const store::Marker& marker) {
  error.found = FoundDisk{marker.id, disk.filesystem_name(), std::nullopt};
  if (const auto space = disk.space()) error.found->space = *space;
  return error;
}

MirrorError disk_failure(const store::Error& error) {
  MirrorError of{status_of(error), explain(error), false,
                 error.kind == store::ErrorKind::kReadOnly};
  of.fact = fact_of(error);
  of.forbidden = error.error_number == EACCES || error.error_number == EPERM;
  return of;
}

Result<GuardedDisk, MirrorError> open_guarded_disk(const Config& config,
                                                   const Environment& environment,
                                                   store::Access access) {
  auto disk = open_mounted(config, environment);
  if (!disk) return disk.error();
  auto marker = check_marker(**disk, config);
  if (!marker) return marker.error();
  std::unique_ptr<store::DiskLock> lock;
  if (access == store::Access::kReadWrite) {
    auto taken = lock_disk(**disk, environment);
    if (!taken) return on_the_right_disk(taken.error(), **disk, *marker);
    lock = std::move(*taken);
    // A mirror that is full goes on watching: what is sorted for that may take from what downloads
    // leave.
    (*disk)->keep_free(config.disk.min_free_bytes / 2);
  }
  return GuardedDisk{std::move(*disk), std::move(*marker), std::move(lock)};
}

}  // namespace agent

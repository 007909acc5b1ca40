#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "store/content/key_path.h"
#include "store/disk/disk.h"

namespace store {

/// The marker `.holdfast/disk.json`, which makes a directory a holdfast disk.
struct Marker {
  std::string id;          ///< a UUID, lower case
  std::string created_at;  ///< RFC 3339, UTC
  int format = 1;
  /// Of the names on this disk, wherever it was copied to since; nullopt: made before they were
  /// noted.
  std::optional<NameRules> names{};
};

/// nullopt when the disk has none; kCorrupt when it does not parse or has a newer format.
Result<std::optional<Marker>> read_marker(ReadableDisk& disk);

/// What could become the marker of this disk, with a random id. Writes nothing. The rules of its
/// names are those given, or else the filesystem's.
Result<Marker> new_marker(const Disk& disk, std::chrono::sys_seconds now,
                          std::optional<NameRules> names = std::nullopt);
/// Makes `.holdfast/` and this marker. kExists when there is a marker already. On success both are
/// durable.
Status place_marker(Disk& disk, const Marker& marker);
/// Both of these.
Result<Marker> write_marker(Disk& disk, std::chrono::sys_seconds now,
                            std::optional<NameRules> names = std::nullopt);
/// Writes the marker of a disk that has one anew.
Status replace_marker(Disk& disk, const Marker& marker);

}  // namespace store

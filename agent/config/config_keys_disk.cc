#include <array>
#include <utility>

#include "agent/config/config_keys.h"
#include "agent/config/config_setters.h"
#include "agent/config/disk_ids.h"

namespace agent {

std::span<const KeyRule<Config>> disk_rules() {
  static const std::array<KeyRule<Config>, 5> kRules = {{
      {"path",
       {"PATH", "required",
        "Where the mirror lies: the mount point of the USB disk, or a directory."},
       [](Config& c, const std::string& v) { return set_path(c.disk.path, v); }},
      {"require_mount",
       {"yes|no", "yes",
        "Refuse to run unless `path` is the mount point of a disk of its own, so that a disk that "
        "is not plugged in is never mistaken for an empty one."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.require_mount, parse_yes_no(v), v, kYesNoForm);
       }},
      {"id",
       {"ID[, ID]", "none",
        "The id that `holdfast init` wrote on the disk; when it is given, any other disk is "
        "refused. Two of them, with a comma between, are two disks that take turns at `path`."},
       [](Config& c, const std::string& v) -> Complaint {
         auto ids = parse_disk_ids(v);
         if (!ids) return ids.error();
         c.disk.ids = *std::move(ids);
         return std::nullopt;
       }},
      {"rotate_every",
       {"DURATION", "none",
        "Raise the alarm `rotation` when one of two disks that take turns was not here for this "
        "long."},
       [](Config& c, const std::string& v) { return set_period(c.disk.rotate_every, v); }},
      {"min_free",
       {"SIZE", "1G",
        "Never start a download that would leave less free space than this; a thousandth of the "
        "files that the filesystem can have stays free likewise."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.min_free_bytes, parse_size(v), v, kSizeForm);
       }},
  }};
  return kRules;
}

}  // namespace agent

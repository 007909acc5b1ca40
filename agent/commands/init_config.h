#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/config/config_file.h"

namespace agent {

/// What a configuration has to say of a disk.
struct DiskLines {
  std::string path;
  std::string id;
  bool require_mount = true;
};

/// The [disk] section, with an end of line.
std::string disk_section(const DiskLines& disk);

/// A path that a line of the configuration can hold: without line ends, blanks around it or what
/// would begin a comment.
bool fits_into_config(std::string_view path);

/// What has to be done so that a configuration names a disk.
struct ConfigChange {
  enum class Kind {
    kNothing,   ///< it names the disk already
    kCreate,    ///< there is none, or it is empty
    kAppend,    ///< it has no [disk] section
    kConflict,  ///< its [disk] section says otherwise, and is nobody's to change but its owner's
  };
  Kind kind = Kind::kNothing;
  std::string text;   ///< of the whole file, for kCreate and kAppend
  int disk_line = 0;  ///< where its [disk] section begins, for kConflict
};

/// Pure. `existing` is the text of the file; nullopt: there is none. The error is a mistake in it.
Result<ConfigChange, IniError> plan_config(const std::optional<std::string>& existing,
                                           const DiskLines& disk);

/// The [disk] section at the same path names one other disk: the line with which the two take
/// turns. Empty where there is nothing to say.
std::string turns_line(std::string_view existing, const DiskLines& disk);

/// The example that is installed with the program; its `path`, `id` and `bucket` are blank.
std::string_view example_config();

}  // namespace agent

#pragma once

#include <cstdio>
#include <string>

#include "agent/config/config_file.h"

namespace agent {

/// Whether the key holds a command line, which is run as us: `on_alarm`, `on_failure`, and the
/// `command` of a drill. Whoever can write the file could run what they like.
bool is_command(const IniSection& section, const IniKey& key);

/// Whether others than root and the user that runs this can write the open configuration file. Of a
/// pipe, as bash makes one, nothing can be said that helps: false.
bool others_can_write(std::FILE* file);

/// The first command in a file that others than root and this user can write: it must not be run.
/// nullptr where there is none. Belongs to `file`.
const IniKey* untrusted_command(const IniFile& file);

/// Why it is refused, and what to do.
std::string refusal_of_command(const IniKey& command);

}  // namespace agent

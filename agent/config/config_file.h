#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace agent {

/// An INI file as it stands: nothing is known here of what the names mean.
struct IniKey {
  std::string name;
  std::string value;
  int line = 0;
};

struct IniSection {
  std::string name;
  int line = 0;
  std::vector<IniKey> keys;
};

struct IniFile {
  std::vector<IniSection> sections;    ///< in file order, those without keys too
  bool is_writable_by_others = false;  ///< by others than root and the user that runs this
};

struct IniError {
  int line = 0;  ///< 0: the file as a whole
  std::string message;
  IniFile before = {};  ///< what could be read before it
};

/// ';' or '#' begins a comment at the beginning of a line, and after a blank; elsewhere it is part
/// of the value. Keys before the first section, unreadable files and lines that are neither are
/// errors. One line holds at most 4096 bytes.
Result<IniFile, IniError> read_ini(const std::string& path);
/// The same of a text that is no file; nobody else can write it.
Result<IniFile, IniError> parse_ini(const std::string& text);

}  // namespace agent

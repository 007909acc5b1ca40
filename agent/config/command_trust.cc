#include "agent/config/command_trust.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace agent {

bool is_command(const IniSection& section, const IniKey& key) {
  if (section.name == "agent") return key.name == "on_alarm" || key.name == "on_failure";
  return section.name.starts_with("drill ") && key.name == "command";
}

bool others_can_write(std::FILE* file) {
  struct stat status {};
  if (::fstat(::fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  return !is_ours || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

const IniKey* untrusted_command(const IniFile& file) {
  if (!file.is_writable_by_others) return nullptr;
  for (const auto& section : file.sections) {
    for (const auto& key : section.keys) {
      if (is_command(section, key) && !key.value.empty()) return &key;
    }
  }
  return nullptr;
}

std::string refusal_of_command(const IniKey& command) {
  return fmt::format(
      "{}: refused, because users other than root and this one can write this file; chown it to "
      "root and chmod go-w it, or remove the line",
      command.name);
}

}  // namespace agent

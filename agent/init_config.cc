#include "agent/init_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace agent {
namespace {

std::string value_of(const IniSection& section, std::string_view name) {
  const auto found = std::find_if(section.keys.begin(), section.keys.end(),
                                  [&](const IniKey& key) { return key.name == name; });
  return found == section.keys.end() ? "" : found->value;
}

void replace_line(std::string& text, std::string_view line, const std::string& by) {
  const auto at = text.find(fmt::format("\n{}\n", line));
  if (at != std::string::npos) text.replace(at + 1, line.size(), by);
}

std::string filled_example(const DiskLines& disk) {
  std::string text(example_config());
  replace_line(text, "path =", "path = " + disk.path);
  replace_line(text, "id =", "id = " + disk.id);
  if (!disk.require_mount) replace_line(text, "# require_mount = no", "require_mount = no");
  return text;
}

}  // namespace

std::string disk_section(const DiskLines& disk) {
  return fmt::format("[disk]\npath = {}\nid = {}\n{}", disk.path, disk.id,
                     disk.require_mount ? "" : "require_mount = no\n");
}

bool fits_into_config(std::string_view path) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (path.empty() || is_blank(path.back())) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\n' || path[i] == '\r') return false;
    if (i > 0 && is_blank(path[i - 1]) && (path[i] == '#' || path[i] == ';')) return false;
  }
  return true;
}

Result<ConfigChange, IniError> plan_config(const std::optional<std::string>& existing,
                                           const DiskLines& disk) {
  if (!existing || existing->find_first_not_of(" \t\r\n") == std::string::npos) {
    return ConfigChange{ConfigChange::Kind::kCreate, filled_example(disk), 0};
  }
  const auto file = parse_ini(*existing);
  if (!file) return file.error();
  const auto section = std::find_if(file->sections.begin(), file->sections.end(),
                                    [](const IniSection& s) { return s.name == "disk"; });
  if (section == file->sections.end()) {
    const auto* gap = existing->ends_with('\n') ? "\n" : "\n\n";
    return ConfigChange{ConfigChange::Kind::kAppend, *existing + gap + disk_section(disk), 0};
  }
  const auto id = value_of(*section, "id");
  if (value_of(*section, "path") == disk.path && (id.empty() || id == disk.id)) {
    return ConfigChange{};
  }
  return ConfigChange{ConfigChange::Kind::kConflict, "", section->line};
}

}  // namespace agent

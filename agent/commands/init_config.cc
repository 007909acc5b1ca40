#include "agent/commands/init_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/config/disk_ids.h"

namespace agent {
namespace {

std::string value_of(const IniSection& section, std::string_view name) {
  const auto found = std::find_if(section.keys.begin(), section.keys.end(),
                                  [&](const IniKey& key) { return key.name == name; });
  return found == section.keys.end() ? "" : found->value;
}

const IniSection* disk_section_of(const IniFile& file) {
  const auto section = std::find_if(file.sections.begin(), file.sections.end(),
                                    [](const IniSection& s) { return s.name == "disk"; });
  return section == file.sections.end() ? nullptr : &*section;
}

std::vector<std::string> ids_of(const IniSection& section) {
  return parse_disk_ids(value_of(section, "id")).value_or(std::vector<std::string>{});
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
  const auto* const section = disk_section_of(*file);
  if (section == nullptr) {
    const auto* gap = existing->ends_with('\n') ? "\n" : "\n\n";
    return ConfigChange{ConfigChange::Kind::kAppend, *existing + gap + disk_section(disk), 0};
  }
  const auto ids = ids_of(*section);
  const bool is_named = std::find(ids.begin(), ids.end(), disk.id) != ids.end();
  if (value_of(*section, "path") == disk.path && (ids.empty() || is_named)) {
    return ConfigChange{};
  }
  return ConfigChange{ConfigChange::Kind::kConflict, "", section->line};
}

std::string turns_line(std::string_view existing, const DiskLines& disk) {
  const auto file = parse_ini(std::string(existing));
  if (!file) return "";
  const auto* const section = disk_section_of(*file);
  if (section == nullptr || value_of(*section, "path") != disk.path) return "";
  const auto ids = ids_of(*section);
  if (ids.size() != 1 || ids.front() == disk.id) return "";
  return fmt::format("id = {}, {}", ids.front(), disk.id);
}

}  // namespace agent

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/commands.h"
#include "agent/failure.h"
#include "agent/glob.h"
#include "agent/mirror.h"
#include "agent/sources.h"
#include "agent/units.h"

namespace agent {
namespace {

std::string text_line(const store::Archive& archive) {
  return fmt::format("{:>12}  {}  {:<16}  {}", archive.upstream.size_bytes,
                     format_time(archive.held_since), archive.verified_by, printable(archive.key));
}

std::string json_line(const std::string& source, const store::Archive& archive,
                      store::NameRules rules) {
  const nlohmann::ordered_json json = {
      {"key", printable(archive.key)},
      {"path", store::archive_path(source, archive.key, rules, archive.variant)},
      {"state", "held"},
      {"size", archive.upstream.size_bytes},
      {"sha256", store::to_hex(archive.sha256)},
      {"etag", printable(archive.upstream.etag)},
      {"last_modified", format_time(archive.last_modified)},
      {"held_since", format_time(archive.held_since)},
      {"read_at", format_time(archive.read_at)},
      {"verified_by", archive.verified_by}};
  return json.dump();
}

}  // namespace

ExitStatus list_command(const Config& config, const ListOptions& options,
                        const Environment& environment, const Print& print) {
  if (!select_sources(config, {options.source}, environment.log)) return ExitStatus::kUsage;
  auto mirror = open_mirror(config, environment, store::Access::kReadOnly);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  const auto report = [&](const store::Error& error) {
    environment.log.error({options.source, "", explain(error)});
    return status_of(error);
  };
  const auto id = mirror->ledger.find_source(options.source);
  if (!id) return report(id.error());
  if (!*id) return ExitStatus::kOk;
  // Streamed as an array of one element a line: a million archives need no memory.
  bool first = true;
  if (options.json) print("[");
  const auto visited = mirror->ledger.visit_archives(**id, [&](const store::Archive& archive) {
    if (!options.glob.empty() && !glob_match(options.glob, archive.key)) return true;
    if (options.json) {
      print((first ? "  " : ", ") + json_line(options.source, archive, mirror->rules));
    } else {
      print(text_line(archive));
    }
    first = false;
    return !environment.stop.load();
  });
  if (options.json) print("]");
  return visited ? ExitStatus::kOk : report(visited.error());
}

}  // namespace agent

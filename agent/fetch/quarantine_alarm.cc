#include "agent/fetch/quarantine_alarm.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "agent/base/printable.h"
#include "agent/base/shell_word.h"
#include "agent/base/units.h"

namespace agent {
namespace {

// A name that has had so many contents is likely to rotate.
constexpr std::uint64_t kRotatingContents = 2;

std::string key_without_prefix(const SourceConfig& config, std::string_view key) {
  if (key.starts_with(config.prefix)) key.remove_prefix(config.prefix.size());
  return printable(key);
}

std::string advice_on_rotation(const SourceConfig& config, std::string_view key,
                               std::uint64_t contents) {
  std::string excludes;
  for (const auto& pattern : config.exclude) excludes += pattern + ", ";
  return fmt::format(
      ". This name has had {} versions since it was first held: if it is meant to rotate, write "
      "\"on_change = generations\" into [source {}], which keeps them all, or \"exclude = {}{}\"",
      contents, config.name, excludes, key_without_prefix(config, key));
}

}  // namespace

store::Result<QuarantineAlarm> quarantine_alarm(store::Ledger& ledger, const SourceRun& source,
                                                const Accepted& accepted, const std::string& path) {
  const auto& archive = accepted.archive;
  if (!accepted.quarantined_because.empty()) {
    return QuarantineAlarm{
        fmt::format("{}; it is in {}. Find out which of the two is right before you "
                    "remove either",
                    accepted.quarantined_because, path)};
  }
  const auto held = ledger.find(source.id, archive.key);
  if (!held) return held.error();
  const auto before = ledger.count_quarantined(source.id, archive.key);
  if (!before) return before.error();
  const auto size = archive.upstream.size_bytes;
  const auto held_size = *held ? (*held)->upstream.size_bytes : size;
  const auto sizes = size == held_size
                         ? fmt::format("the same size, {}", format_size(size))
                         : fmt::format("{}, was {}", format_size(size), format_size(held_size));
  auto message = fmt::format(
      "the bucket has different content under this key ({}, written {}). The copy held here stays "
      "as "
      "it is; the other one is in {}. Find out who replaced it",
      sizes, format_time(archive.last_modified), path);
  // With the held one and this one.
  if (*before + 1 >= kRotatingContents) {
    message += advice_on_rotation(*source.config, archive.key, *before + 2);
  }
  // No command line can carry a NUL.
  if (archive.key.find('\0') == std::string::npos) {
    message += fmt::format(". If it is right, take it: holdfast accept {}",
                           shell_arguments(source.config->name, archive.key));
  }
  const auto heard =
      ledger.heard(source.id, store::AlarmKind::kChanged, archive.key, archive.upstream);
  if (!heard) return heard.error();
  return QuarantineAlarm{std::move(message), *heard != store::Heard::kNo};
}

}  // namespace agent

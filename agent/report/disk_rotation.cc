#include "agent/report/disk_rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/printable.h"

namespace agent {
namespace {

constexpr auto kKind = store::AlarmKind::kRotation;

RotatedDisk* find(std::vector<RotatedDisk>& disks, std::string_view id) {
  const auto found =
      std::find_if(disks.begin(), disks.end(), [&](const RotatedDisk& d) { return d.id == id; });
  return found == disks.end() ? nullptr : &*found;
}

// From the ledger, as the figures of a source that this run was not asked for may be the other
// disk's.
void show_what_it_holds(store::Ledger& ledger, RotatedDisk& disk) {
  const auto all = ledger.sources();
  if (!all) return;
  disk.archives = 0;
  disk.size_bytes = 0;
  disk.newest.clear();
  for (const auto& [id, name] : *all) {
    const auto totals = ledger.totals(id);
    if (!totals) continue;
    disk.archives += totals->archives;
    disk.size_bytes += totals->size_bytes;
    if (!totals->newest) continue;
    disk.newest.push_back({name, totals->newest->key, totals->newest->last_modified});
  }
}

// Before the configuration named a second one, this one was alone.
RotatedDisk as_one_alone(const StatusReport& last, const std::string& id) {
  RotatedDisk disk;
  const bool was_here = last.disks.empty() && last.disk.present && last.disk.id == id;
  if (!was_here || !last.finished_at) return disk;
  disk.known_since = *last.finished_at;
  disk.last_seen_at = last.finished_at;
  disk.total_bytes = last.disk.total_bytes;
  disk.free_bytes = last.disk.free_bytes;
  for (const auto& source : last.sources) {
    disk.archives += source.archives;
    disk.size_bytes += source.size_bytes;
    if (!source.newest) continue;
    disk.newest.push_back({source.name, source.newest->key, source.newest->last_modified});
  }
  return disk;
}

std::string what_it_held(const RotatedDisk& disk) {
  return fmt::format("{} ({})", counted(disk.archives, "archive", "archives"),
                     format_size(disk.size_bytes));
}

// A clock that was set back makes no disk late.
std::chrono::seconds age_of(Time since, Time now) {
  return std::max(now - since, std::chrono::seconds{0});
}

std::string message_of(const RotatedDisk& disk, std::chrono::seconds rotate_every, Time now) {
  const auto limit = format_duration(rotate_every);
  const auto when =
      disk.last_seen_at
          ? fmt::format("was last here {} ago, with {}",
                        format_duration(age_of(*disk.last_seen_at, now)), what_it_held(disk))
          : fmt::format("has not been here since {}", format_time(disk.known_since));
  return fmt::format(
      "the disk {}, which takes turns with this one, {}; \"rotate_every\" is {}. Swap the two; "
      "where it is lost, give a new one its place with 'holdfast init', and its id in \"id\"",
      printable(disk.id), when, limit);
}

bool is_raised(const StatusReport& status) {
  return std::any_of(status.sources.begin(), status.sources.end(), [](const SourceStatus& source) {
    return source.alarm_kinds.contains(std::string(store::name_of(kKind)));
  });
}

store::Status end_everywhere(store::Ledger& ledger, Time now) {
  const auto all = ledger.sources();
  if (!all) return all.error();
  for (const auto& source : *all) {
    const auto open = ledger.is_open(source.first, kKind, "");
    if (!open) return open.error();
    if (!*open) continue;
    if (auto ended = ledger.end_alarm(source.first, kKind, "", now); !ended) return ended;
  }
  return {};
}

}  // namespace

std::vector<RotatedDisk> rotated_disks(const Config& config, const StatusReport& last, Time now) {
  std::vector<RotatedDisk> disks;
  if (!config.disk.rotates()) return disks;
  auto before = last.disks;
  for (const auto& id : config.disk.ids) {
    auto* const known = find(before, id);
    auto& disk = disks.emplace_back(known != nullptr ? std::move(*known) : as_one_alone(last, id));
    disk.id = id;
    if (disk.known_since == Time{} || disk.known_since > now) disk.known_since = now;
  }
  return disks;
}

void note_seen(Mirror& mirror, Time now, StatusReport& status) {
  auto* const disk = find(status.disks, mirror.marker.id);
  if (disk == nullptr) return;
  disk->last_seen_at = now;
  if (const auto space = mirror.disk().space()) {
    disk->total_bytes = space->total_bytes;
    disk->free_bytes = space->free_bytes;
  }
  show_what_it_holds(mirror.ledger, *disk);
}

void show_turn(RunContext& context) {
  context.board.update([&](StatusReport& status) {
    note_seen(context.mirror, context.environment.clock.now_s(), status);
  });
}

bool is_here(const RotatedDisk& disk, const StatusReport& status) {
  return status.disk.present && status.disk.id == disk.id;
}

const RotatedDisk* disk_away(const StatusReport& status) {
  const RotatedDisk* away = nullptr;
  for (const auto& disk : status.disks) {
    if (is_here(disk, status)) continue;
    if (away != nullptr) return nullptr;
    away = &disk;
  }
  return away;
}

std::string words_of(const RotatedDisk& disk, const StatusReport& status, Time now) {
  if (is_here(disk, status)) return fmt::format("is here now, with {}", what_it_held(disk));
  if (!disk.last_seen_at) {
    return fmt::format("has not been here since {}", format_time(disk.known_since));
  }
  return fmt::format("was last here {} ago, and held {}",
                     format_duration(age_of(*disk.last_seen_at, now)), what_it_held(disk));
}

store::Status raise_rotation_alarm(RunContext& context) {
  auto& ledger = context.mirror.ledger;
  const auto now = context.environment.clock.now_s();
  const auto every = context.config.disk.rotate_every;
  const auto status = context.board.snapshot();
  const auto* const away = disk_away(status);
  if (!every && !is_raised(status)) return {};
  if (!every || away == nullptr) return end_everywhere(ledger, now);
  const auto since = away->last_seen_at.value_or(away->known_since);
  if (age_of(since, now) < *every) return end_everywhere(ledger, now);
  // By a clock that is provably wrong nothing is late.
  if (is_provably_wrong(now, context.newest_recorded)) return {};
  const auto source = ledger.find_source(context.config.sources.front().name);
  if (!source) return source.error();
  if (!*source) return {};
  // One that was acknowledged is not raised again for the same absence.
  const auto told = ledger.was_raised(**source, kKind, "", since);
  if (!told) return told.error();
  if (*told) return {};
  const auto message = message_of(*away, *every, now);
  const auto raised = ledger.raise_alarm(**source, kKind, "", message, now);
  if (!raised) return raised.error();
  for (const auto& run : context.sources) {
    if (*raised && run.id == **source) context.report_one_of(run, kKind, "", message);
  }
  return {};
}

}  // namespace agent

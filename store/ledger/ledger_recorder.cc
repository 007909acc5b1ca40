#include "store/ledger/ledger_recorder.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <tuple>

#include "store/ledger/ledger_trusted_at.h"

// What is run for each archive avoids RETURNING and IN: for these SQLite builds a table of its own
// each time, which costs as much as all the rest.

namespace store {

Status Recorder::add(const Placed& placed, Time now) {
  Difference& difference = differences_[placed.source];
  const Archive& archive = placed.archive;
  Status done = reigns::note(database_, placed.source, archive, now);
  if (!done) return done;
  done =
      remove_row(placed.source, archive.key, archive.last_modified, archive.held_since, difference);
  if (!done) return done;
  done = insert(placed.source, archive);
  if (!done) return done;
  done = settle(placed.source, archive.key, {}, archive.held_since, difference);
  if (!done) return done;
  if (placed.watched) {
    done = note_arrival(placed.source, archive);
    if (!done) return done;
  }
  if (placed.vanished) {
    done = note_vanished(placed.source, archive);
    if (!done) return done;
  }

  ++difference.archives;
  difference.size_bytes += rows::signed_size(archive.upstream.size_bytes);
  ++difference.verified_by[archive.verified_by];
  const Archive* const newest = difference.newest;
  if (newest == nullptr || std::tie(newest->last_modified, newest->key) <=
                               std::tie(archive.last_modified, archive.key)) {
    difference.newest = &archive;
  }
  return {};
}

Status Recorder::add(const Batch::NewGeneration& added) {
  Difference& difference = differences_[added.source];
  const Generation& generation = added.generation;
  const Result<std::uint64_t> inserted = database_.run(
      "INSERT INTO generation (source_id, key, path, place, etag, size_bytes, version_id, "
      "last_modified, sha256, verified_by, held_since, read_at, placed_at, unsound) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO "
      "NOTHING",
      added.source, Bytes{generation.key}, generation.path, generation.place,
      generation.upstream.etag, rows::signed_size(generation.upstream.size_bytes),
      generation.upstream.version_id, rows::seconds(generation.last_modified),
      rows::digest(generation.sha256), name_of(generation.verified_by),
      rows::seconds(generation.held_since), rows::seconds(generation.read_at),
      rows::seconds(generation.placed_at), generation.unsound);
  if (!inserted) return inserted.error();
  count(generation.place, static_cast<std::int64_t>(*inserted), difference);
  if (!added.fetched_as) {
    // What was found damaged under archives/ is so here as well.
    const Status moved = database_.execute(
        "UPDATE OR REPLACE damage SET path=?3 WHERE source_id=?1 AND key=?2 AND path=''",
        added.source, Bytes{generation.key}, generation.path);
    if (!moved) return moved.error();
  }
  const Status sighted =
      sight(added.source, generation.key, generation.upstream, generation.sha256);
  if (!sighted || !added.fetched_as) return sighted;
  return settle(added.source, generation.key, rows::slot(*added.fetched_as, generation.upstream),
                generation.held_since, difference);
}

Status Recorder::add(const Batch::Same& same, Time now) {
  Status done = sight(same.source, same.key, same.upstream, same.sha256);
  if (!done) return done;
  return settle(same.source, same.key, rows::slot(same.role, same.upstream), now,
                differences_[same.source]);
}

Status Recorder::add(const Batch::Repaired& repaired, Time now) {
  const auto& path = repaired.generation_path;
  const std::string_view sql =
      path.empty() ? "UPDATE archive SET read_at=?3 WHERE source_id=?1 AND key=?2 AND ?4=''"
                   : "UPDATE generation SET read_at=?3 WHERE source_id=?1 AND key=?2 AND path=?4";
  const Status done =
      database_.execute(sql, repaired.source, Bytes{repaired.key}, rows::seconds(now), path);
  if (!done) return done.error();
  const Result<bool> forgotten =
      damage::forget(database_, repaired.source, repaired.key, path, now);
  if (!forgotten) return forgotten.error();
  return settle(repaired.source, repaired.key, rows::slot(repaired.role, repaired.upstream), now,
                differences_[repaired.source]);
}

Status Recorder::remove(const Batch::Removed& removed, Time now) {
  const Result<std::int64_t> place = database_.read_integer(
      "SELECT place FROM generation WHERE source_id=?1 AND key=?2 AND path=?3", removed.source,
      Bytes{removed.key}, removed.path);
  if (!place) return place.error();
  if (*place == 0) return {};
  const Status done =
      database_.execute("DELETE FROM generation WHERE source_id=?1 AND key=?2 AND path=?3",
                        removed.source, Bytes{removed.key}, removed.path);
  if (!done) return done.error();
  count(static_cast<Place>(*place), -1, differences_[removed.source]);
  const Result<bool> forgotten =
      damage::forget(database_, removed.source, removed.key, removed.path, now);
  return forgotten ? Status{} : forgotten.error();
}

// It is no longer held, and known for what it was.
Status Recorder::prune(SourceId source, const Removal& removal, Time now) {
  const std::string_view table = removal.trusted ? "archive" : "generation";
  const auto path = removal.trusted ? std::string_view() : std::string_view(removal.path);
  const Result<bool> held = removal.lost ? forget_content(source, removal, table, path)
                                         : remember_content(source, removal, table, path);
  if (!held) return held.error();
  if (!*held) return {};
  const Status intended = database_.execute(
      "INSERT OR REPLACE INTO removal (source_id, path, key, trusted, lost) VALUES (?1, ?2, ?3, "
      "?4, ?5)",
      source, removal.path, Bytes{removal.key}, removal.trusted, removal.lost);
  if (!intended) return intended.error();
  return removal.trusted ? remove_archive(source, removal.key, now)
                         : remove(Batch::Removed{source, removal.key, removal.path}, now);
}

// False where it is not held.
Result<bool> Recorder::remember_content(SourceId source, const Removal& removal,
                                        std::string_view table, std::string_view path) {
  for (const std::string_view into :
       {"sighting (source_id, key, etag, size_bytes, version_id, sha256) SELECT source_id, key, "
        "CASE etag WHEN '' THEN char(10) || last_modified ELSE etag END, size_bytes, version_id, "
        "sha256",
        "pruned (source_id, key, sha256) SELECT source_id, key, sha256"}) {
    const Result<std::uint64_t> noted = database_.run(
        fmt::format("INSERT OR REPLACE INTO {} FROM {} WHERE source_id=?1 AND key=?2 AND {}=?3",
                    into, table, removal.trusted ? "''" : "path"),
        source, Bytes{removal.key}, path);
    if (!noted) return noted.error();
    if (*noted == 0) return false;
  }
  return true;
}

// Likewise.
Result<bool> Recorder::forget_content(SourceId source, const Removal& removal,
                                      std::string_view table, std::string_view path) {
  const auto content =
      fmt::format("(SELECT sha256 FROM {} WHERE source_id=?1 AND key=?2 AND {}=?3)", table,
                  removal.trusted ? "''" : "path");
  const Result<bool> held =
      database_.is_true(fmt::format("SELECT EXISTS {}", content), source, Bytes{removal.key}, path);
  if (!held) return held.error();
  const Status done = database_.execute(
      fmt::format("DELETE FROM sighting WHERE source_id=?1 AND key=?2 AND sha256 IN {}", content),
      source, Bytes{removal.key}, path);
  if (!done) return done.error();
  return *held;
}

Status Recorder::write_sums() {
  for (const auto& [source, difference] : differences_) {
    Status done = write_sums_of(source, difference);
    if (!done) return done;
  }
  return {};
}

Status Recorder::remove_archive(SourceId source, const std::string& key, Time now) {
  Difference& difference = differences_[source];
  if (Status out = remove_row(source, key, UpstreamTime::max(), now, difference); !out) return out;
  difference.newest_may_be_gone = true;
  for (const std::string_view table : {"archive", "pending"}) {
    const Status done = database_.execute(
        fmt::format("DELETE FROM {} WHERE source_id=?1 AND key=?2", table), source, Bytes{key});
    if (!done) return done.error();
  }
  return {};
}

// A key that is recorded again (another content was accepted for it) counts once.
Status Recorder::remove_row(SourceId source, std::string_view key, UpstreamTime last_modified,
                            Time now, Difference& difference) {
  const auto held = database_
                        .select(
                            "SELECT size_bytes, verified_by, last_modified FROM archive WHERE "
                            "source_id=?1 AND key=?2",
                            source, Bytes{key})
                        .one([](const Query& row) {
                          return std::tuple(row.integer(0), proof_level_of(row.bytes(1)),
                                            rows::upstream_time(row.integer(2)));
                        });
  if (!held) return held.error();
  if (!*held) return {};
  const auto& [size_bytes, verified_by, modified] = **held;
  --difference.archives;
  difference.size_bytes -= size_bytes;
  --difference.verified_by[verified_by];
  if (modified > last_modified) difference.newest_may_have_aged = true;
  for (const std::string_view table : {"deviation", "supersession"}) {
    const Status done = database_.execute(
        fmt::format("DELETE FROM {} WHERE source_id=?1 AND key=?2", table), source, Bytes{key});
    if (!done) return done.error();
  }
  const Result<bool> forgotten = damage::forget(database_, source, key, "", now);
  return forgotten ? Status{} : forgotten.error();
}

Status Recorder::insert(SourceId source, const Archive& archive) {
  return database_.execute(
      "INSERT OR REPLACE INTO archive (source_id, key, variant, etag, size_bytes, version_id, "
      "last_modified, sha256, verified_by, held_since, read_at, unsound) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
      source, Bytes{archive.key}, archive.variant, archive.upstream.etag,
      rows::signed_size(archive.upstream.size_bytes), archive.upstream.version_id,
      rows::seconds(archive.last_modified), rows::digest(archive.sha256),
      name_of(archive.verified_by), rows::seconds(archive.held_since),
      rows::seconds(archive.read_at), archive.unsound);
}

void Recorder::count(Place place, std::int64_t change, Difference& difference) {
  (place == Place::kSuperseded ? difference.superseded : difference.quarantined) += change;
}

Status Recorder::sight(SourceId source, std::string_view key, const Identity& upstream,
                       const Sha256& sha256) {
  return database_.execute(
      "INSERT OR REPLACE INTO sighting (source_id, key, etag, size_bytes, version_id, sha256) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      source, Bytes{key}, rows::etag_column(upstream), rows::signed_size(upstream.size_bytes),
      upstream.version_id, rows::digest(sha256));
}

Status Recorder::note_arrival(SourceId source, const Archive& archive) {
  return database_.execute(
      "INSERT OR REPLACE INTO arrival (source_id, last_modified, key, size_bytes, held_since) "
      "VALUES (?1, ?2, ?3, ?4, ?5)",
      source, rows::seconds(archive.last_modified), Bytes{archive.key},
      rows::signed_size(archive.upstream.size_bytes), rows::seconds(archive.held_since));
}

Status Recorder::note_vanished(SourceId source, const Archive& archive) {
  return database_.execute(
      "INSERT OR REPLACE INTO deviation (source_id, key, kind, since, etag, size_bytes, "
      "version_id) VALUES (?1, ?2, ?3, ?4, '', 0, '')",
      source, Bytes{archive.key}, Deviation::kVanished, rows::seconds(archive.held_since));
}

// What was asked of the upstream is answered.
Status Recorder::settle(SourceId source, std::string_view key, std::string_view slot, Time now,
                        Difference& difference) {
  const Status done = database_.execute(
      "DELETE FROM pending WHERE source_id=?1 AND key=?2 AND slot=?3", source, Bytes{key}, slot);
  if (!done) return done.error();
  const Result<std::optional<std::int64_t>> refused =
      forget_refusal(database_, source, Bytes{key}, slot);
  if (!refused) return refused.error();
  if (*refused) --difference.refusals[**refused];
  return alarms::end_refusals(database_, source, key, now);
}

Status Recorder::write_sums_of(SourceId source, const Difference& difference) {
  for (const auto& [level, count] : difference.verified_by) {
    Status done = adjust_tally(database_, source, kTallyVerifiedBy, name_of(level), count);
    if (!done) return done;
  }
  for (const auto& [kind, count] : difference.refusals) {
    Status done = adjust_tally(database_, source, kTallyRefusal,
                               name_of(static_cast<RefusalKind>(kind)), count);
    if (!done) return done;
  }
  const bool only_looked_at = difference.newest == nullptr && difference.archives == 0 &&
                              difference.superseded == 0 && difference.quarantined == 0;
  if (only_looked_at) return {};
  Result<std::uint64_t> done = database_.run(
      "UPDATE source SET archives=archives+?2, size_bytes=size_bytes+?3, "
      "superseded=superseded+?4, quarantined=quarantined+?5, sums_stale=1, reviewed_by=NULL "
      "WHERE source_id=?1",
      source, difference.archives, difference.size_bytes, difference.superseded,
      difference.quarantined);
  if (!done) return done.error();
  if (difference.newest_may_be_gone) return replace_newest_if_gone(source);
  if (difference.newest == nullptr) return {};
  const Archive& newest = *difference.newest;
  done = database_.run(
      "UPDATE source SET newest_modified=?2, newest_key=?3 WHERE source_id=?1 AND "
      "(newest_modified IS NULL OR (newest_modified, newest_key) <= (?2, ?3))",
      source, rows::seconds(newest.last_modified), Bytes{newest.key});
  if (!done) return done.error();
  return difference.newest_may_have_aged ? find_newest(source) : Status{};
}

Status Recorder::replace_newest_if_gone(SourceId source) {
  const Result<bool> gone = database_.is_true(
      "SELECT NOT EXISTS (SELECT 1 FROM source s JOIN archive a ON a.source_id=s.source_id AND "
      "a.key=s.newest_key WHERE s.source_id=?1)",
      source);
  if (!gone) return gone.error();
  return *gone ? find_newest(source) : Status{};
}

// Without an index, because it hardly ever happens.
Status Recorder::find_newest(SourceId source) {
  return database_.execute(
      "UPDATE source SET (newest_modified, newest_key) = (SELECT last_modified, key FROM archive "
      "WHERE source_id=?1 ORDER BY last_modified DESC, key DESC LIMIT 1) WHERE source_id=?1",
      source);
}

Status adjust_tally(Database& database, SourceId source, std::string_view subject,
                    std::string_view value, std::int64_t difference) {
  if (difference == 0) return {};
  Status done = database.execute(
      "INSERT INTO tally (source_id, subject, value, count) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET count=count+excluded.count",
      source, subject, value, difference);
  if (!done) return done.error();
  if (difference > 0) return {};
  return database.execute(
      "DELETE FROM tally WHERE source_id=?1 AND subject=?2 AND value=?3 AND count=0", source,
      subject, value);
}

}  // namespace store

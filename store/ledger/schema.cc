#include "store/ledger/schema.h"

#include <fmt/format.h>

#include <array>

namespace store {

namespace {

// Keys are BLOBs: any byte may stand in them, and their order is that of the listing.
//
// `archive` is the big table and is only ever read by a plan; what a listing says of held keys goes
// to `deviation`, so that nothing is rewritten at a million keys when one has vanished.
//
// `pending` lies in the order in which it is fetched.
//
// `tally` and the columns of `source` are sums over the other tables, kept in the same
// transactions, so that the status need not read a million rows.
constexpr const char* kFirst = R"sql(
CREATE TABLE source (
  source_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  archives INTEGER NOT NULL DEFAULT 0,
  size_bytes INTEGER NOT NULL DEFAULT 0,
  newest_modified INTEGER,
  newest_key BLOB,
  sums_stale INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE archive (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  variant INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  last_modified INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  verified_by TEXT NOT NULL,
  held_since INTEGER NOT NULL,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX archive_by_read ON archive (source_id, read_at);

CREATE TABLE deviation (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  kind INTEGER NOT NULL,
  since INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending (
  source_id INTEGER NOT NULL REFERENCES source,
  last_modified INTEGER NOT NULL,
  key BLOB NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  PRIMARY KEY (source_id, last_modified DESC, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pending_by_key ON pending (source_id, key);

CREATE TABLE refusal (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  kind INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  asks INTEGER NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
  source_id INTEGER NOT NULL REFERENCES source,
  subject TEXT NOT NULL,
  value TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (source_id, subject, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
  alarm_id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL REFERENCES source,
  kind TEXT NOT NULL,
  key BLOB NOT NULL,
  since INTEGER NOT NULL,
  message TEXT NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (source_id, key, kind) WHERE ended_at IS NULL;

CREATE TABLE endpoint_fact (
  endpoint TEXT NOT NULL,
  fact TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (endpoint, fact)
) STRICT, WITHOUT ROWID;

CREATE TABLE endpoint_evidence (
  endpoint TEXT NOT NULL,
  fact TEXT NOT NULL,
  object BLOB NOT NULL,
  PRIMARY KEY (endpoint, fact, object)
) STRICT, WITHOUT ROWID;
)sql";

// `slot` tells the contents apart that one key can be waiting for: empty for the current one, the
// version id for a noncurrent one. What was pending is what the next listing says anew.
//
// `generation` is what is held beside the trusted content of a key; its `path` is as on the disk.
//
// `sighting` says which content an upstream identity turned out to be, so that the same content
// under another name is not fetched twice.
//
// `supersession` is an intent: written before a held file is moved aside, gone with the record of
// what took its place.
//
// `arrival` is what came since the series were last looked at, and only where they are watched.
constexpr const char* kGenerations = R"sql(
ALTER TABLE source ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN hold_since INTEGER;
ALTER TABLE source ADD COLUMN first_listed_at INTEGER;
ALTER TABLE source ADD COLUMN expiry_asked_at INTEGER;
ALTER TABLE source ADD COLUMN series_spec TEXT;
ALTER TABLE alarm ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
CREATE INDEX alarm_by_key ON alarm (source_id, key, kind, since);
CREATE INDEX alarm_unannounced ON alarm (alarm_id) WHERE announced=0;

CREATE TABLE generation (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  path TEXT NOT NULL,
  place INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  last_modified INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  verified_by TEXT NOT NULL,
  held_since INTEGER NOT NULL,
  read_at INTEGER NOT NULL,
  placed_at INTEGER NOT NULL,
  PRIMARY KEY (source_id, key, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE sighting (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key, etag, size_bytes, version_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE supersession (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE expiry_rule (
  source_id INTEGER NOT NULL REFERENCES source,
  rule TEXT NOT NULL,
  lifetime_days INTEGER NOT NULL,
  PRIMARY KEY (source_id, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE arrival (
  source_id INTEGER NOT NULL REFERENCES source,
  last_modified INTEGER NOT NULL,
  key BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  held_since INTEGER NOT NULL,
  PRIMARY KEY (source_id, last_modified, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
  source_id INTEGER NOT NULL REFERENCES source,
  name BLOB NOT NULL,
  archives INTEGER NOT NULL,
  newest_held_since INTEGER NOT NULL,
  recent_sizes TEXT NOT NULL,
  PRIMARY KEY (source_id, name)
) STRICT, WITHOUT ROWID;

DROP TABLE pending;
CREATE TABLE pending (
  source_id INTEGER NOT NULL REFERENCES source,
  last_modified INTEGER NOT NULL,
  key BLOB NOT NULL,
  slot TEXT NOT NULL,
  role INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  PRIMARY KEY (source_id, last_modified DESC, key, slot)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pending_by_key ON pending (source_id, key, slot);

ALTER TABLE refusal RENAME TO refusal_before;
CREATE TABLE refusal (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  slot TEXT NOT NULL,
  kind INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  asks INTEGER NOT NULL,
  PRIMARY KEY (source_id, key, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO refusal SELECT source_id, key, '', kind, etag, size_bytes, version_id, since, asked_at,
  asks FROM refusal_before;
DROP TABLE refusal_before;
)sql";

// `damage` says which held contents were found corrupt or missing; an empty path is the content
// under archives/.
constexpr const char* kScrub = R"sql(
ALTER TABLE source ADD COLUMN scrubbed_at INTEGER;
CREATE INDEX generation_by_read ON generation (source_id, read_at);

CREATE TABLE damage (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  path TEXT NOT NULL,
  finding INTEGER NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (source_id, key, path)
) STRICT, WITHOUT ROWID;
)sql";

// `pruned` are the contents that retention removed; `sighting` knows how the upstream names them.
//
// `removal` is an intent: the content is no longer held, and its file may still be there.
//
// `reviewed_by` are the rules that had nothing to remove of what is held now; NULL once that has
// changed.
constexpr const char* kRetention = R"sql(
ALTER TABLE source ADD COLUMN reviewed_by TEXT;
ALTER TABLE source ADD COLUMN review_due_at INTEGER;

CREATE TABLE pruned (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE removal (
  source_id INTEGER NOT NULL REFERENCES source,
  path TEXT NOT NULL,
  key BLOB NOT NULL,
  trusted INTEGER NOT NULL,
  PRIMARY KEY (source_id, path)
) STRICT, WITHOUT ROWID;
)sql";

// `setbacks` counts the runs in which the content could not be fetched; below zero when this run is
// one of them. `server_failed`: the last run of the source ended because its server did not answer.
constexpr const char* kSetbacks = R"sql(
ALTER TABLE source ADD COLUMN server_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN setbacks INTEGER NOT NULL DEFAULT 0;
)sql";

// `placement` is an intent: written before a verified content gets a name, gone with its record.
//
// `manifest_bytes` is how long the manifest was at the last record: a shorter one has lost lines.
constexpr const char* kPlacement = R"sql(
CREATE TABLE placement (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  role INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  last_modified INTEGER NOT NULL,
  verified_by TEXT NOT NULL,
  held_since INTEGER NOT NULL,
  read_at INTEGER NOT NULL,
  watched INTEGER NOT NULL,
  PRIMARY KEY (source_id, key, sha256, role)
) STRICT, WITHOUT ROWID;

ALTER TABLE source ADD COLUMN manifest_bytes INTEGER NOT NULL DEFAULT 0;
)sql";

// What was concluded about ETags held for whole endpoints, and from too little; and an option could
// be taken for refused that was not.
constexpr const char* kPromises = R"sql(
DELETE FROM endpoint_fact WHERE value IN ('opaque', 'refused');
DELETE FROM endpoint_evidence;
)sql";

// `own_clock` is the newest time that this machine's clock has recorded.
//
// `listed_at` is when the source was last listed to the end. `doubt_after`: what was held after it
// was recorded while our clock could not be right.
//
// A key that was overwritten thousands of times has its contents found by what they are.
constexpr const char* kClock = R"sql(
CREATE TABLE own_clock (
  only_row INTEGER PRIMARY KEY CHECK (only_row=1),
  newest INTEGER NOT NULL
) STRICT;
ALTER TABLE source ADD COLUMN listed_at INTEGER;
ALTER TABLE source ADD COLUMN doubt_after INTEGER;
CREATE INDEX generation_by_content ON generation (source_id, key, sha256);
DROP INDEX alarm_unannounced;
CREATE INDEX alarm_unannounced ON alarm (alarm_id) WHERE announced=0 AND ended_at IS NULL;
)sql";

// As what a listing names a content that calls itself otherwise, with the same size and date.
constexpr const char* kListedAs = R"sql(
CREATE TABLE listed_as (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key, etag, size_bytes)
) STRICT, WITHOUT ROWID;
)sql";

// What is damaged is looked at in its turn too, and has its own time of that.
//
// `lost`: the content is given up, and not remembered.
constexpr const char* kLoss = R"sql(
ALTER TABLE damage ADD COLUMN looked_at INTEGER NOT NULL DEFAULT 0;
UPDATE damage SET looked_at=since;
ALTER TABLE removal ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
)sql";

// `reign`: which content of a key was trusted from when on, where it was not always the same.
constexpr const char* kReigns = R"sql(
CREATE TABLE reign (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  since INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key, since)
) STRICT, WITHOUT ROWID;
)sql";

// A version id finds its sighting also where a key has thousands of versions.
constexpr const char* kVersions = R"sql(
CREATE INDEX sighting_by_version ON sighting (source_id, key, version_id, size_bytes)
  WHERE version_id<>'' AND version_id<>'null';
)sql";

// Streams and sets. `pulled_since` is NULL until a source was pulled to the end once: what a ledger
// of before holds is sorted first, and nothing of it removed. `reviewed_at` is when retention last
// looked, `chain` what it found that no rule applies to.
//
// `stream` is what is known of the habit of one; it is made anew from what is held. `last_set` is
// the set that came last, and `is_open` says that more of it may come. `made` is when the
// last ones were made, `recent` what they consisted of.
//
// `event` is what happened, in few rows for each run, and for a year; see Ledger::visit_events().
constexpr const char* kSets = R"sql(
ALTER TABLE source ADD COLUMN pulled_since INTEGER;
ALTER TABLE source ADD COLUMN reviewed_at INTEGER;
ALTER TABLE source ADD COLUMN chain TEXT NOT NULL DEFAULT '';
UPDATE source SET reviewed_by=NULL, series_spec=NULL;
DELETE FROM arrival;
DROP TABLE series;
CREATE TABLE stream (
  source_id INTEGER NOT NULL REFERENCES source,
  name BLOB NOT NULL,
  shape BLOB NOT NULL,
  sets INTEGER NOT NULL,
  first_held_since INTEGER NOT NULL,
  newest_held_since INTEGER NOT NULL,
  last_set BLOB NOT NULL,
  is_open INTEGER NOT NULL,
  made TEXT NOT NULL,
  recent TEXT NOT NULL,
  PRIMARY KEY (source_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_by_shape ON stream (source_id, shape, first_held_since);

CREATE TABLE event (
  source_id INTEGER NOT NULL REFERENCES source,
  at INTEGER NOT NULL,
  what INTEGER NOT NULL,
  count INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  example BLOB NOT NULL,
  PRIMARY KEY (source_id, at, what)
) STRICT, WITHOUT ROWID;
)sql";

// What a look at the two ends of a content has shown; 0: nothing is wrong with it, or nobody
// looked.
//
// `form`: what the contents of a stream are. `sets` of them in a row were `form`, up to the number
// from which on that is a habit; `seen_form` is what the last one was. `unsound` is how many came
// in a row that do not fit, `may_change` whether what they are may be meant. `modified` is the date
// of the newest.
constexpr const char* kForms = R"sql(
ALTER TABLE archive ADD COLUMN unsound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation ADD COLUMN unsound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE placement ADD COLUMN unsound INTEGER NOT NULL DEFAULT 0;
CREATE INDEX archive_unsound ON archive (source_id, key) WHERE unsound<>0;
CREATE TABLE form (
  source_id INTEGER NOT NULL REFERENCES source,
  stream BLOB NOT NULL,
  form INTEGER NOT NULL,
  is_cut INTEGER NOT NULL,
  sets INTEGER NOT NULL,
  last_set BLOB NOT NULL,
  modified INTEGER NOT NULL,
  seen_form INTEGER NOT NULL,
  seen_cut INTEGER NOT NULL,
  unsound INTEGER NOT NULL,
  may_change INTEGER NOT NULL,
  PRIMARY KEY (source_id, stream)
) STRICT, WITHOUT ROWID;
)sql";

// `acknowledged`: a person has said so. The other one of two disks that take turns has to know.
//
// `carried` is what was told and said while that one was here, as Word::What; `carried_from` is
// which of its words these are. `acceptance` is which content of a key was accepted last.
constexpr const char* kCarried = R"sql(
ALTER TABLE alarm ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX alarm_acknowledged ON alarm (source_id, kind, key) WHERE acknowledged=1;
ALTER TABLE deviation ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;

CREATE TABLE acceptance (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  at INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE carried (
  source_id INTEGER NOT NULL REFERENCES source,
  kind TEXT NOT NULL,
  key BLOB NOT NULL,
  what INTEGER NOT NULL,
  at INTEGER NOT NULL,
  has_content INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (source_id, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE carried_from (
  disk TEXT PRIMARY KEY,
  digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What the walk through each held content has shown: see WalkRecord. A walk that is to be done
// `again` was of no use.
constexpr const char* kWalks = R"sql(
CREATE TABLE walk (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  stream BLOB NOT NULL,
  modified INTEGER NOT NULL,
  walked_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  again INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  cause INTEGER NOT NULL,
  why TEXT NOT NULL,
  form INTEGER NOT NULL,
  inner INTEGER NOT NULL,
  members INTEGER NOT NULL,
  unpacked INTEGER NOT NULL,
  tables INTEGER NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX walk_stream ON walk (source_id, stream, modified);
)sql";

// `drill` is a restore drill of the configuration, and since when it is one; `drill_run` is what
// became of it, for a year.
constexpr const char* kDrills = R"sql(
CREATE TABLE drill (
  name TEXT PRIMARY KEY,
  source_id INTEGER NOT NULL REFERENCES source,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drill_run (
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  source_id INTEGER NOT NULL REFERENCES source,
  succeeded INTEGER NOT NULL,
  told TEXT NOT NULL,
  printed TEXT NOT NULL,
  stream BLOB NOT NULL,
  archives INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  made INTEGER NOT NULL,
  restore_ms INTEGER NOT NULL,
  command_ms INTEGER NOT NULL,
  PRIMARY KEY (name, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX drill_run_by_source ON drill_run (source_id, at);
)sql";

constexpr std::array kMigrations = {kFirst,     kGenerations, kScrub, kRetention, kSetbacks,
                                    kPlacement, kPromises,    kClock, kListedAs,  kLoss,
                                    kReigns,    kVersions,    kSets,  kForms,     kCarried,
                                    kWalks,     kDrills};

Error corrupt(const Database& database, std::string detail) {
  return {ErrorKind::kCorrupt, 0, database.path(), std::move(detail)};
}

Status apply(Database& database, const char* migration, std::size_t number) {
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  const Status done =
      database.run_script(fmt::format("{};PRAGMA user_version={}", migration, number));
  if (!done) return done;
  return transaction->commit();
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

Status create_schema(Database& database) {
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  Status done = database.run_script(fmt::format("PRAGMA application_id={}", kApplicationId));
  if (!done) return done;
  done = update_schema(database, migrations(), true);
  if (!done) return done;
  return transaction->commit();
}

Status update_schema(Database& database, std::span<const char* const> known, bool may_write) {
  const Result<std::int64_t> id = database.read_integer("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != kApplicationId) {
    return corrupt(database,
                   "this file is not a holdfast ledger; 'holdfast rebuild' makes "
                   "one from what the disk holds");
  }
  const Result<std::int64_t> version = database.read_integer("PRAGMA user_version");
  if (!version) return version.error();
  if (*version < 0 || *version > std::ssize(known)) {
    return corrupt(
        database, fmt::format("the ledger is from a newer holdfast (schema {}, this one knows {}): "
                              "install that one, or make a new ledger with 'holdfast rebuild'",
                              *version, known.size()));
  }
  if (*version < std::ssize(known) && !may_write) {
    return Error{ErrorKind::kReadOnly, 0, database.path(),
                 "the ledger is from an older holdfast and must be brought up to "
                 "date: run 'holdfast pull' once with the disk writable"};
  }
  for (auto number = static_cast<std::size_t>(*version); number < known.size(); ++number) {
    const Status done = apply(database, known[number], number + 1);
    if (!done) return done;
  }
  return {};
}

}  // namespace store

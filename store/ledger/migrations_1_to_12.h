#pragma once

#include "store/disk/inside.h"

// The migrations up to the streams and sets. For store/ledger/schema.cc alone. A migration that was
// released is never edited: disks out there have had it.
namespace store {

// Keys are BLOBs: any byte may stand in them, and their order is that of the listing.
//
// `archive` is the big table and is only ever read by a plan; what a listing says of held keys goes
// to `deviation`, so that nothing is rewritten at a million keys when one has vanished.
//
// `pending` lies in the order in which it is fetched.
//
// `tally` and the columns of `source` are sums over the other tables, kept in the same
// transactions, so that the status need not read a million rows.
inline constexpr const char* kFirst = R"sql(
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
// `arrival` is what came since the streams were last looked at, and only where they are watched.
inline constexpr const char* kGenerations = R"sql(
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
inline constexpr const char* kScrub = R"sql(
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
inline constexpr const char* kRetention = R"sql(
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
inline constexpr const char* kSetbacks = R"sql(
ALTER TABLE source ADD COLUMN server_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN setbacks INTEGER NOT NULL DEFAULT 0;
)sql";

// `placement` is an intent: written before a verified content gets a name, gone with its record.
//
// `manifest_bytes` is how long the manifest was at the last record: a shorter one has lost lines.
inline constexpr const char* kPlacement = R"sql(
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
inline constexpr const char* kPromises = R"sql(
DELETE FROM endpoint_fact WHERE value IN ('opaque', 'refused');
DELETE FROM endpoint_evidence;
)sql";

// `own_clock` is the newest time that this machine's clock has recorded.
//
// `listed_at` is when the source was last listed to the end. `doubt_after`: what was held after it
// was recorded while our clock could not be right.
//
// A key that was overwritten thousands of times has its contents found by what they are.
inline constexpr const char* kClock = R"sql(
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
inline constexpr const char* kListedAs = R"sql(
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
inline constexpr const char* kLoss = R"sql(
ALTER TABLE damage ADD COLUMN looked_at INTEGER NOT NULL DEFAULT 0;
UPDATE damage SET looked_at=since;
ALTER TABLE removal ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
)sql";

// `reign`: which content of a key was trusted from when on, where it was not always the same.
inline constexpr const char* kReigns = R"sql(
CREATE TABLE reign (
  source_id INTEGER NOT NULL REFERENCES source,
  key BLOB NOT NULL,
  since INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (source_id, key, since)
) STRICT, WITHOUT ROWID;
)sql";

// A version id finds its sighting also where a key has thousands of versions.
inline constexpr const char* kVersions = R"sql(
CREATE INDEX sighting_by_version ON sighting (source_id, key, version_id, size_bytes)
  WHERE version_id<>'' AND version_id<>'null';
)sql";

}  // namespace store

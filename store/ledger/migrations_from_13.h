#pragma once

#include "store/disk/inside.h"

// The migrations since the streams and sets. For store/ledger/schema.cc alone. A migration that was
// released is never edited: disks out there have had it.
namespace store {

// Streams and sets. `pulled_since` is NULL until a source was pulled to the end once: what a ledger
// of before holds is sorted first, and nothing of it removed. `reviewed_at` is when retention last
// looked, `chain` what it found that no rule applies to.
//
// `stream` is what is known of the habit of one; it is made anew from what is held. `last_set` is
// the set that came last, and `is_open` says that more of it may come. `made` is when the
// last ones were made, `recent` what they consisted of.
//
// `event` is what happened, in few rows for each run, and for a year; see Ledger::visit_events().
inline constexpr const char* kSets = R"sql(
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
inline constexpr const char* kForms = R"sql(
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
inline constexpr const char* kCarried = R"sql(
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
inline constexpr const char* kWalks = R"sql(
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
inline constexpr const char* kDrills = R"sql(
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

}  // namespace store

#include "store/ledger/ledger_reigns.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/ledger/ledger_impl.h"

// Most keys have one content for ever: for them `archive` says since when it is trusted. Only where
// another one takes its place is it remembered in `reign` which was trusted when; a content may
// reign twice.
namespace store {
namespace {

constexpr auto kSuperseded = static_cast<std::int64_t>(Place::kSuperseded);

// What is known of the time before: the one that goes, and those that went before this was
// remembered. A noncurrent version was put beside the archives as soon as it was held.
Status remember_earlier(Database& database, SourceId source, Bytes key) {
  for (const std::string_view sql :
       {"INSERT OR IGNORE INTO reign (source_id, key, since, sha256) SELECT source_id, key, "
        "held_since, sha256 FROM generation WHERE source_id=?1 AND key=?2 AND place=?3 AND "
        "held_since<placed_at",
        "INSERT OR REPLACE INTO reign (source_id, key, since, sha256) SELECT source_id, key, "
        "held_since, sha256 FROM archive WHERE source_id=?1 AND key=?2 AND ?3<>0"}) {
    const Result<std::uint64_t> done = database.run(sql, source, key, kSuperseded);
    if (!done) return done.error();
  }
  return {};
}

}  // namespace

Status reigns::note(Database& database, SourceId source, const Archive& archive, Time now) {
  const Bytes key{archive.key};
  const Result<std::int64_t> remembered = database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM reign WHERE source_id=?1 AND key=?2)", source, key);
  if (!remembered) return remembered.error();
  const Result<std::int64_t> replaces = database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM archive WHERE source_id=?1 AND key=?2 AND sha256<>?3)", source,
      key, rows::digest(archive.sha256));
  if (!replaces) return replaces.error();
  if (*remembered == 0 && *replaces == 0) return {};
  if (*remembered == 0) {
    if (Status done = remember_earlier(database, source, key); !done) return done;
  }
  const Result<std::uint64_t> done = database.run(
      "INSERT OR REPLACE INTO reign (source_id, key, since, sha256) VALUES (?1, ?2, ?3, ?4)",
      source, key, rows::seconds(std::max(now, archive.held_since)), rows::digest(archive.sha256));
  return done ? Status{} : done.error();
}

Status LedgerWriter::visit_reigns(SourceId source, const std::function<bool(const Since&)>& visit) {
  Result<Query> query = impl_->database.query(
      "SELECT key, since, sha256 FROM reign WHERE source_id=?1 ORDER BY key, since");
  if (!query) return query.error();
  return rows::each(query->bind(source), [&](const Query& row) {
    return visit(
        {std::string(row.bytes(0)), rows::time(row.integer(1)), rows::digest(row.bytes(2))});
  });
}

Status LedgerWriter::note_reign(SourceId source, const Since& reign) {
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT OR REPLACE INTO reign (source_id, key, since, sha256) VALUES (?1, ?2, ?3, ?4)",
      source, Bytes{reign.key}, rows::seconds(reign.since), rows::digest(reign.sha256));
  return done ? Status{} : done.error();
}

Result<Ledger::Reign> HoldingView::trusted_at(SourceId source, std::string_view key, Time time) {
  Result<Query> query = impl_->database.query(
      "SELECT sha256, since<=?3 FROM reign WHERE source_id=?1 AND key=?2 ORDER BY since<=?3 DESC, "
      "since DESC LIMIT 1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source, Bytes{key}, rows::seconds(time)).step();
  if (!row) return row.error();
  if (!*row) return Reign{};
  if (query->integer(1) == 0) return Reign{true, std::nullopt};
  return Reign{true, rows::digest(query->bytes(0))};
}

Result<std::vector<Ledger::Return>> HoldingView::returns(SourceId source,
                                                         std::string_view after_key,
                                                         std::size_t limit) {
  Result<Query> query = impl_->database.query(
      "SELECT p.key, p.etag, p.size_bytes, p.version_id, p.last_modified, g.sha256, min(g.place) "
      "FROM pending p JOIN sighting s ON s.source_id=p.source_id AND s.key=p.key AND "
      "s.etag=p.etag AND s.size_bytes=p.size_bytes AND (s.version_id=p.version_id OR (p.etag<>'' "
      "AND p.etag NOT LIKE char(10) || '%')) "
      "JOIN generation g ON g.source_id=s.source_id AND g.key=s.key AND g.sha256=s.sha256 "
      "JOIN archive a ON a.source_id=g.source_id AND a.key=g.key AND a.sha256<>g.sha256 "
      "WHERE p.source_id=?1 AND p.slot='' AND p.role=?2 AND p.key>?3 AND NOT EXISTS (SELECT 1 FROM "
      "damage d WHERE d.source_id=g.source_id AND d.key=g.key AND d.path=g.path) "
      "GROUP BY p.key ORDER BY p.key LIMIT ?4");
  if (!query) return query.error();
  std::vector<std::pair<Return, Sha256>> found;
  query->bind(source, static_cast<std::int64_t>(Role::kChanged), Bytes{after_key},
              static_cast<std::int64_t>(limit));
  const Status done = rows::each(*query, [&](Query& row) {
    Return one;
    one.generation.key = row.bytes(0);
    one.upstream = rows::identity(row, 1);
    one.last_modified = rows::upstream_time(row.integer(4));
    one.generation.place = static_cast<Place>(row.integer(6));
    found.emplace_back(std::move(one), rows::digest(row.bytes(5)));
    return true;
  });
  if (!done) return done.error();
  std::vector<Return> all;
  for (auto& [one, sha256] : found) {
    auto generation = find_generation(source, one.generation.key, sha256, one.generation.place);
    if (!generation) return generation.error();
    if (!*generation) continue;
    one.generation = **std::move(generation);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace store

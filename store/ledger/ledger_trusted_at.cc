#include "store/ledger/ledger_trusted_at.h"

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
    const Status done = database.execute(sql, source, key, kSuperseded);
    if (!done) return done.error();
  }
  return {};
}

}  // namespace

Status reigns::note(Database& database, SourceId source, const Archive& archive, Time now) {
  const Bytes key{archive.key};
  const Result<bool> remembered = database.is_true(
      "SELECT EXISTS (SELECT 1 FROM reign WHERE source_id=?1 AND key=?2)", source, key);
  if (!remembered) return remembered.error();
  const Result<bool> replaces = database.is_true(
      "SELECT EXISTS (SELECT 1 FROM archive WHERE source_id=?1 AND key=?2 AND sha256<>?3)", source,
      key, rows::digest(archive.sha256));
  if (!replaces) return replaces.error();
  if (!*remembered && !*replaces) return {};
  if (!*remembered) {
    if (Status done = remember_earlier(database, source, key); !done) return done;
  }
  return database.execute(
      "INSERT OR REPLACE INTO reign (source_id, key, since, sha256) VALUES (?1, ?2, ?3, ?4)",
      source, key, rows::seconds(std::max(now, archive.held_since)), rows::digest(archive.sha256));
}

Status LedgerWriter::visit_reigns(SourceId source, const std::function<bool(const Since&)>& visit) {
  return impl_->database
      .select("SELECT key, since, sha256 FROM reign WHERE source_id=?1 ORDER BY key, since", source)
      .each([&](const Query& row) {
        return visit(
            {std::string(row.bytes(0)), rows::time(row.integer(1)), rows::digest(row.bytes(2))});
      });
}

Status LedgerWriter::note_reign(SourceId source, const Since& reign) {
  return impl_->database.execute(
      "INSERT OR REPLACE INTO reign (source_id, key, since, sha256) VALUES (?1, ?2, ?3, ?4)",
      source, Bytes{reign.key}, rows::seconds(reign.since), rows::digest(reign.sha256));
}

Result<Ledger::Reign> HoldingView::trusted_at(SourceId source, std::string_view key, Time time) {
  const auto found = impl_->database
                         .select(
                             "SELECT sha256, since<=?3 FROM reign WHERE source_id=?1 AND key=?2 "
                             "ORDER BY since<=?3 DESC, since DESC LIMIT 1",
                             source, Bytes{key}, rows::seconds(time))
                         .one([](const Query& row) {
                           return row.integer(1) == 0 ? Reign{true, std::nullopt}
                                                      : Reign{true, rows::digest(row.bytes(0))};
                         });
  if (!found) return found.error();
  return found->value_or(Reign{});
}

Result<std::vector<Ledger::Return>> HoldingView::returns(SourceId source,
                                                         std::string_view after_key,
                                                         std::size_t limit) {
  auto found =
      impl_->database
          .select(
              "SELECT p.key, p.etag, p.size_bytes, p.version_id, p.last_modified, g.sha256, "
              "min(g.place) FROM pending p JOIN sighting s ON s.source_id=p.source_id AND "
              "s.key=p.key AND s.etag=p.etag AND s.size_bytes=p.size_bytes AND "
              "(s.version_id=p.version_id OR (p.etag<>'' AND p.etag NOT LIKE char(10) || '%')) "
              "JOIN generation g ON g.source_id=s.source_id AND g.key=s.key AND g.sha256=s.sha256 "
              "JOIN archive a ON a.source_id=g.source_id AND a.key=g.key AND a.sha256<>g.sha256 "
              "WHERE p.source_id=?1 AND p.slot='' AND p.role=?2 AND p.key>?3 AND NOT EXISTS "
              "(SELECT 1 FROM damage d WHERE d.source_id=g.source_id AND d.key=g.key AND "
              "d.path=g.path) GROUP BY p.key ORDER BY p.key LIMIT ?4",
              source, Role::kChanged, Bytes{after_key}, static_cast<std::int64_t>(limit))
          .all([](const Query& row) {
            Return one;
            one.generation.key = row.bytes(0);
            one.upstream = rows::identity(row, 1);
            one.last_modified = rows::upstream_time(row.integer(4));
            one.generation.place = static_cast<Place>(row.integer(6));
            return std::pair(std::move(one), rows::digest(row.bytes(5)));
          });
  if (!found) return found.error();
  std::vector<Return> all;
  for (auto& [one, sha256] : *found) {
    auto generation = find_generation(source, one.generation.key, sha256, one.generation.place);
    if (!generation) return generation.error();
    if (!*generation) continue;
    one.generation = **std::move(generation);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace store

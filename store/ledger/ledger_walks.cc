#include "store/ledger/ledger_walks.h"

#include <fmt/format.h>

#include "store/ledger/ledger_impl.h"

namespace store {
namespace {

constexpr std::string_view kColumns =
    "w.key, w.sha256, w.stream, w.modified, w.walked_at, w.tries, w.again, w.verdict, w.cause, "
    "w.why, w.form, w.inner, w.members, w.unpacked, w.tables";

// There is no such number of anything.
constexpr std::int64_t kNone = -1;

std::int64_t column_of(const std::optional<std::uint64_t>& count) {
  return count ? rows::signed_size(*count) : kNone;
}

std::optional<std::uint64_t> count_of(std::int64_t column) {
  return column < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(column));
}

WalkRecord walk_from(SourceId source, const Query& row) {
  WalkRecord walk;
  walk.source = source;
  walk.key = row.bytes(0);
  walk.sha256 = rows::digest(row.bytes(1));
  walk.stream = row.bytes(2);
  walk.modified = rows::upstream_time(row.integer(3));
  walk.walked_at = rows::time(row.integer(4));
  walk.tries = static_cast<unsigned>(row.integer(5));
  walk.again = row.integer(6) != 0;
  walk.verdict = row.integer(7);
  walk.cause = row.integer(8);
  walk.why = row.bytes(9);
  walk.form = row.integer(10);
  walk.inner = row.integer(11);
  walk.members = count_of(row.integer(12));
  walk.unpacked_bytes = row.count(13);
  walk.tables = count_of(row.integer(14));
  return walk;
}

}  // namespace

namespace walks {

Status note(Database& database, const WalkRecord& walk) {
  return database.execute(
      "INSERT OR REPLACE INTO walk (source_id, key, sha256, stream, modified, walked_at, tries, "
      "again, verdict, cause, why, form, inner, members, unpacked, tables) VALUES (?1, ?2, ?3, ?4, "
      "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
      walk.source, Bytes{walk.key}, rows::digest(walk.sha256), Bytes{walk.stream},
      rows::seconds(walk.modified), rows::seconds(walk.walked_at),
      static_cast<std::int64_t>(walk.tries), walk.again, walk.verdict, walk.cause, walk.why,
      walk.form, walk.inner, column_of(walk.members), rows::signed_size(walk.unpacked_bytes),
      column_of(walk.tables));
}

}  // namespace walks

Result<std::vector<WalkView::Waiting>> WalkView::waiting_for_walk(SourceId source,
                                                                  const Waiting* after,
                                                                  std::size_t limit) {
  return impl_->database
      .select(
          "SELECT a.key, a.last_modified FROM archive a LEFT JOIN walk w ON "
          "w.source_id=a.source_id AND w.key=a.key WHERE a.source_id=?1 AND a.unsound=0 AND (w.key "
          "IS NULL OR w.sha256<>a.sha256 OR w.again) AND (?2 OR (a.last_modified, a.key) < (?3, "
          "?4)) ORDER BY a.last_modified DESC, a.key DESC LIMIT ?5",
          source, after == nullptr,
          after == nullptr ? std::int64_t{0} : rows::seconds(after->modified),
          Bytes{after == nullptr ? std::string_view() : after->key},
          static_cast<std::int64_t>(limit))
      .all([](const Query& row) {
        return Waiting{std::string(row.bytes(0)), rows::upstream_time(row.integer(1))};
      });
}

Result<std::optional<WalkRecord>> WalkView::walk_of(SourceId source, std::string_view key) {
  return impl_->database
      .select(fmt::format("SELECT {} FROM walk w WHERE w.source_id=?1 AND w.key=?2", kColumns),
              source, Bytes{key})
      .one([&](const Query& row) { return walk_from(source, row); });
}

Result<std::vector<WalkRecord>> WalkView::sound_walks(SourceId source, std::string_view stream,
                                                      UpstreamTime before, std::size_t limit) {
  return impl_->database
      .select(
          fmt::format(
              "SELECT {} FROM walk w JOIN archive a ON a.source_id=w.source_id AND a.key=w.key "
              "AND a.sha256=w.sha256 WHERE w.source_id=?1 AND w.stream=?2 AND w.modified<?3 AND "
              "w.cause=0 AND a.unsound=0 ORDER BY w.modified DESC LIMIT ?4",
              kColumns),
          source, Bytes{stream}, rows::seconds(before), static_cast<std::int64_t>(limit))
      .all([&](const Query& row) { return walk_from(source, row); });
}

Status WalkView::forget_old_walks(SourceId source) {
  return impl_->database.execute(
      "DELETE FROM walk WHERE source_id=?1 AND NOT EXISTS (SELECT 1 FROM archive a WHERE "
      "a.source_id=walk.source_id AND a.key=walk.key)",
      source);
}

}  // namespace store

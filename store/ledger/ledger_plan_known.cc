#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "store/ledger/ledger_plan_impl.h"

// What a plan is asked.
namespace store {

Result<const HeldKey*> Ledger::Plan::Impl::next_held() {
  if (at_end) return nullptr;
  const Result<bool> row = cursor->step();
  if (!row) return row.error();
  if (!*row) {
    at_end = true;
    current.reset();
    return nullptr;
  }
  if (!current) current.emplace();
  current->key = cursor->bytes(0);
  current->upstream.etag = cursor->bytes(1);
  current->upstream.size_bytes = cursor->count(2);
  current->upstream.version_id = cursor->bytes(3);
  current->damaged = cursor->integer(4) != 0;
  current->deviation = rows::deviation_of(cursor->integer(5));
  current->changed_to =
      current->deviation == Deviation::kChanged ? rows::identity(*cursor, 6) : Identity{};
  current->last_modified = rows::upstream_time(cursor->integer(9));
  return &*current;
}

Result<const HeldKey*> Ledger::Plan::next_held() { return impl_->checked(impl_->next_held()); }

Result<std::optional<Refusal>> Ledger::Plan::refusal(std::string_view key,
                                                     std::string_view version_id) {
  return impl_->database()
      .select(
          "SELECT kind, etag, size_bytes, version_id, since, asked_at, asks FROM refusal "
          "WHERE source_id=?1 AND key=?2 AND slot=?3",
          impl_->source, Bytes{key}, version_id)
      .one([&](const Query& row) {
        return Refusal{static_cast<RefusalKind>(row.integer(0)), rows::identity(row, 1),
                       rows::time(row.integer(4)), rows::time(row.integer(5)),
                       static_cast<int>(row.integer(6))};
      });
}

Result<Known> Ledger::Plan::known(std::string_view key, const Identity& upstream) {
  // One ETag and size under one key are one content, whatever the version. Without an ETag,
  // LastModified and the version have to say it; and an id, other than "null", names one content,
  // whether it comes with its ETag today or not. Each is asked by its own index.
  static constexpr const char* kAsked =
      "SELECT s.sha256=(SELECT sha256 FROM archive WHERE source_id=?1 AND key=?2) FROM sighting s ";
  static const std::string by_etag = fmt::format(
      "{} WHERE s.source_id=?1 AND s.key=?2 AND s.etag=?3 AND s.size_bytes=?4 AND "
      "(s.version_id=?5 OR ?6) LIMIT 1",
      kAsked);
  static const std::string by_version = fmt::format(
      "{} INDEXED BY sighting_by_version WHERE s.source_id=?1 AND s.key=?2 AND s.version_id=?5 AND "
      "s.version_id<>'' AND s.version_id<>'null' AND s.size_bytes=?4 AND "
      "(s.etag=?3 OR NOT (?6 AND s.etag<>'' AND s.etag NOT LIKE char(10) || '%')) LIMIT 1",
      kAsked);
  for (const std::string* sql : {&by_etag, &by_version}) {
    const auto found = impl_->database()
                           .select(*sql, impl_->source, Bytes{key}, rows::etag_column(upstream),
                                   rows::signed_size(upstream.size_bytes), upstream.version_id,
                                   !upstream.etag.empty())
                           .one([](const Query& row) {
                             return row.integer(0) == 1 ? Known::kHeld : Known::kGeneration;
                           });
    if (!found) return found.error();
    if (*found) return **found;
  }
  return Known::kNo;
}

Result<std::optional<std::string>> PlanView::last_expected(SourceId source,
                                                           std::string_view prefix) {
  const PrefixRange range(prefix);
  return impl_->database
      .select(
          fmt::format(
              "SELECT a.key FROM archive a WHERE a.source_id=?1 AND {} AND NOT EXISTS (SELECT 1 "
              "FROM deviation d WHERE d.source_id=?1 AND d.key=a.key AND d.kind={}) ORDER BY "
              "a.key DESC LIMIT 1",
              range.condition("a.key"), static_cast<int>(Deviation::kVanished)),
          source, range.first(), range.end())
      .one([](const Query& row) { return std::string(row.bytes(0)); });
}

Result<bool> Ledger::Plan::Impl::is_sighting_of(std::string_view what, std::string_view key,
                                                const Identity& upstream) {
  return checked(database().is_true(
      fmt::format("SELECT EXISTS (SELECT 1 FROM sighting s {} WHERE s.source_id=?1 AND s.key=?2 "
                  "AND s.etag=?3 AND s.size_bytes=?4 AND (s.version_id=?5 OR ?6))",
                  what),
      source, Bytes{key}, rows::etag_column(upstream), rows::signed_size(upstream.size_bytes),
      upstream.version_id, !upstream.etag.empty()));
}

Result<bool> Ledger::Plan::is_damaged_generation(std::string_view key, const Identity& upstream) {
  if (!impl_->any_damage) return false;
  return impl_->is_sighting_of(
      "JOIN generation g ON g.source_id=s.source_id AND g.key=s.key AND g.sha256=s.sha256 "
      "JOIN damage d ON d.source_id=g.source_id AND d.key=g.key AND d.path=g.path",
      key, upstream);
}

Result<bool> Ledger::Plan::is_quarantined(std::string_view key, const Identity& upstream) {
  static const std::string join = fmt::format(
      "JOIN generation g ON g.source_id=s.source_id AND g.key=s.key AND g.sha256=s.sha256 AND "
      "g.place={}",
      static_cast<int>(Place::kQuarantine));
  return impl_->is_sighting_of(join, key, upstream);
}

Result<bool> Ledger::Plan::was_pruned(std::string_view key, const Identity& upstream) {
  // Asked for each new key, of which there can be a million at the first listing.
  if (!impl_->any_pruned) return false;
  return impl_->is_sighting_of(
      "JOIN pruned p ON p.source_id=s.source_id AND p.key=s.key AND p.sha256=s.sha256", key,
      upstream);
}

}  // namespace store

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "store/ledger/ledger_impl.h"

// What is still to be fetched, newest first.
namespace store {

Result<std::vector<Pending>> PlanView::next_pending(SourceId source, const Pending* after,
                                                    std::size_t limit, Setbacks setbacks) {
  constexpr std::string_view kSelect =
      "SELECT key, etag, size_bytes, version_id, last_modified, role FROM pending WHERE "
      "source_id=?1";
  const std::string_view which = setbacks == Setbacks::kAny    ? ""
                                 : setbacks == Setbacks::kNone ? " AND setbacks=0"
                                                               : " AND setbacks>0";
  const auto wanted = static_cast<std::int64_t>(limit);
  if (after == nullptr) {
    return impl_->database
        .select(fmt::format("{}{} ORDER BY last_modified DESC, key, slot LIMIT ?2", kSelect, which),
                source, wanted)
        .all(rows::pending);
  }

  // Two ranges of the table, because one condition for both would read all of the same second.
  const std::int64_t modified = rows::seconds(after->last_modified);
  auto found =
      impl_->database
          .select(fmt::format("{} AND last_modified=?2 AND (key, slot)>(?3, ?4){} ORDER BY "
                              "key, slot LIMIT ?5",
                              kSelect, which),
                  source, modified, Bytes{after->key}, rows::slot(after->role, after->upstream),
                  wanted)
          .all(rows::pending);
  if (!found || found->size() == limit) return found;
  const Status older =
      impl_->database
          .select(fmt::format("{} AND last_modified<?2{} ORDER BY last_modified DESC, key, slot "
                              "LIMIT ?3",
                              kSelect, which),
                  source, modified, static_cast<std::int64_t>(limit - found->size()))
          .each([&](const Query& row) { found->push_back(rows::pending(row)); });
  if (!older) return older.error();
  return found;
}

Result<std::uint64_t> PlanView::count_pending(SourceId source) {
  return impl_->database.read_count("SELECT count(*) FROM pending WHERE source_id=?1", source);
}

Result<Ledger::Backlog> PlanView::backlog(SourceId source) {
  Backlog backlog;
  const Status read =
      impl_->database.select("SELECT size_bytes FROM pending WHERE source_id=?1", source)
          .each([&](const Query& row) {
            ++backlog.archives;
            // Not summed by SQLite, which fails on an overflow, and a listing may claim any size.
            const std::uint64_t room = UINT64_MAX - backlog.size_bytes;
            backlog.size_bytes += std::min(row.count(0), room);
          });
  if (!read) return read.error();
  return backlog;
}

}  // namespace store

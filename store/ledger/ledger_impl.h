#pragma once

// Shared by the files that implement store/ledger/ledger.h; for nobody else.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/disk/inside.h"
#include "store/ledger/alarm_kind.h"
#include "store/ledger/batch.h"
#include "store/ledger/database.h"
#include "store/ledger/ledger.h"
#include "store/ledger/ledger_writer.h"

namespace store {

struct OpenLedger {
  explicit OpenLedger(Database opened) : database(std::move(opened)) {}

  Database database;
  bool plan_open = false;
};

namespace rows {

inline std::int64_t seconds(Time time) { return time.time_since_epoch().count(); }
inline std::int64_t seconds(UpstreamTime time) { return time.time_since_epoch().count(); }
inline Time time(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }
inline UpstreamTime upstream_time(std::int64_t seconds) {
  return UpstreamTime(std::chrono::seconds(seconds));
}
/// nullopt for NULL.
inline std::optional<Time> time_or_none(const Query& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time(row.integer(column)));
}

// SQLite's integers are signed. A size beyond them can only be a lie in a listing; as a negative
// number it survives the round trip.
inline std::int64_t signed_size(std::uint64_t size_bytes) {
  return static_cast<std::int64_t>(size_bytes);
}

/// What stands in a column for the ETag: where there is none, a line end, which no ETag has, and
/// LastModified. `archive` and `generation` have a column of that name and only the ETag here.
inline std::string etag_column(const Identity& upstream) {
  if (!upstream.etag.empty() || upstream.modified == UpstreamTime{}) return upstream.etag;
  return "\n" + std::to_string(seconds(upstream.modified));
}

/// Reads etag_column(), size_bytes and version_id from three columns in a row.
inline Identity identity(const Query& row, int first_column) {
  std::string etag(row.bytes(first_column));
  UpstreamTime modified{};
  if (etag.starts_with('\n')) {
    modified = upstream_time(std::strtoll(etag.c_str() + 1, nullptr, 10));
    etag.clear();
  }
  return {std::move(etag), static_cast<std::uint64_t>(row.integer(first_column + 1)),
          std::string(row.bytes(first_column + 2)), modified};
}

inline Bytes digest(const Sha256& sha256) {
  return {{reinterpret_cast<const char*>(sha256.data()), sha256.size()}};
}

inline Sha256 digest(std::string_view column) {
  Sha256 sha256{};
  const auto bytes = std::as_bytes(std::span(column));
  std::copy_n(bytes.begin(), std::min(bytes.size(), sha256.size()), sha256.begin());
  return sha256;
}

inline NameVariant variant(std::int64_t column) {
  switch (column) {
    case 0:
      return NameVariant::kPlain;
    case 1:
      return NameVariant::kDistinct;
    default:
      return NameVariant::kNarrow;
  }
}

inline Unsound unsound(std::int64_t column) { return unsound_of(column); }

/// From key, etag, size_bytes, version_id, last_modified, role.
inline Pending pending(const Query& row) {
  return {std::string(row.bytes(0)), identity(row, 1), upstream_time(row.integer(4)),
          static_cast<Role>(row.integer(5))};
}

/// Rows are read in pages, so that the lock is only held for as long as it takes to read one, and
/// not while the caller prints to a pager or asks the ledger for something else.
inline constexpr std::int64_t kPageRows = 256;

/// Calls `visit` with each row, page by page, until it returns false or an error, which is
/// returned. `read_page` is called with the last row so far (nullptr: none yet) and returns at most
/// kPageRows of those behind it.
template <typename Row, typename ReadPage, typename Visit>
Status visit_pages(const ReadPage& read_page, const Visit& visit) {
  std::optional<Row> last;
  while (true) {
    Result<std::vector<Row>> page = read_page(last ? &*last : nullptr);
    if (!page) return page.error();
    for (const Row& row : *page) {
      if constexpr (std::is_same_v<std::invoke_result_t<Visit, const Row&>, Status>) {
        if (Status done = visit(row); !done) return done;
      } else {
        if (!visit(row)) return {};
      }
    }
    if (std::ssize(*page) < kPageRows) return {};
    last = std::move(page->back());
  }
}

/// Tells the contents apart that one key can wait for: empty for the current one.
inline std::string_view slot(Role role, const Identity& upstream) {
  return role == Role::kNoncurrent ? std::string_view(upstream.version_id) : std::string_view();
}

}  // namespace rows

namespace alarms {

Result<bool> raise(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                   std::string_view message, Time now);

/// Raises it, or lets the open one say `message`.
Status raise_newest(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                    std::string_view message, Time now);

/// Raises it; an open one that says something else says this, and is told anew. True for news.
Result<bool> raise_or_renew(Database& database, SourceId source, AlarmKind kind,
                            std::string_view key, std::string_view message, Time now);

Status end(Database& database, SourceId source, AlarmKind kind, std::string_view key, Time now);

/// Ends `unreadable`, `mismatch` and `ghost` of the key, each unless another content of it is still
/// refused for that.
Status end_refusals(Database& database, SourceId source, std::string_view key, Time now);

/// The source is on HOLD; one that is so already stays so, since then.
Status begin_hold(Database& database, SourceId source, Time now);

}  // namespace alarms

namespace forms {

/// What the contents of a stream look like now.
Status note(Database& database, const StreamForm& form);
/// What a look at the trusted content of a key has shown, if it is that one.
Status record_soundness(Database& database, const Batch::SoundnessNote& note);

}  // namespace forms

namespace walks {

Status note(Database& database, const WalkRecord& walk);

}  // namespace walks

namespace carried {

/// What is known of an alarm that is about to be raised; see CarriedView::heard(). Of which content
/// it is, is what the ledger says of its key.
Result<Heard> heard(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                    std::string_view message);

/// The open `mass-change` came from the other disk, and was told there: the first time that it says
/// something else here is no news.
Result<bool> is_told_hold(Database& database, SourceId source, AlarmKind kind);

/// What was told is told once: of the next alarm like it nobody has heard.
Status forget_told(Database& database, SourceId source, AlarmKind kind, std::string_view key);

/// A person has looked at all that changed and vanished, or at what `alarm` is about.
Status note_looked_at(Database& database, SourceId source, std::optional<std::int64_t> alarm);

}  // namespace carried

namespace events {

struct Count {
  std::uint64_t contents = 0;
  std::uint64_t size_bytes = 0;
  std::string example{};
};
/// For the history. Nothing where there are none.
Status note(Database& database, SourceId source, EventKind what, const Count& count, Time now);
/// All that a batch means.
Status note(Database& database, const Batch& batch);

}  // namespace events

namespace holdings {

/// From key, variant, path, size, SHA-256, when it was looked at, and whether it is damaged.
Holding holding_of(const Query& row);

}  // namespace holdings

namespace damage {

/// Takes back that the content was found damaged, and ends the alarms of its key that say no more.
/// False when nothing was known of it.
Result<bool> forget(Database& database, SourceId source, std::string_view key,
                    std::string_view path, Time now);

}  // namespace damage

/// Adds to one of the sums in `tally`; a sum of 0 has no row.
Status adjust_tally(Database& database, SourceId source, std::string_view subject,
                    std::string_view value, std::int64_t difference);

inline constexpr std::string_view kTallyVerifiedBy = "verified_by";
inline constexpr std::string_view kTallyRefusal = "refusal";

/// The name of a kind in `tally`.
std::string_view name_of(RefusalKind kind);

/// The kind of the refusal that there was.
Result<std::optional<std::int64_t>> forget_refusal(Database& database, SourceId source, Bytes key,
                                                   std::string_view slot);

/// See Batch::listed_as.
Status note_listed_as(Database& database, const ListedAs& listed);

}  // namespace store

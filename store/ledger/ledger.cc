#include "store/ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"
#include "store/ledger/schema.h"

namespace store {

namespace {

constexpr std::string_view kUnfinishedPath = ".holdfast/ledger.db.new";

// Rows are read in pages, so that the lock is only held for as long as it takes to read one, and
// not while the caller prints to a pager or asks the ledger for something else.
constexpr std::int64_t kPageRows = 256;

constexpr std::string_view kArchiveColumns =
    "key, variant, etag, size_bytes, version_id, last_modified, sha256, verified_by, held_since, "
    "read_at, unsound";

Archive archive_of(const Query& row) {
  Archive archive;
  archive.key = row.bytes(0);
  archive.variant = rows::variant(row.integer(1));
  archive.upstream = rows::identity(row, 2);
  archive.last_modified = rows::upstream_time(row.integer(5));
  archive.sha256 = rows::digest(row.bytes(6));
  archive.verified_by = proof_level_of(row.bytes(7));
  archive.held_since = rows::time(row.integer(8));
  archive.read_at = rows::time(row.integer(9));
  archive.unsound = rows::unsound(row.integer(10));
  return archive;
}

Pending pending_of(const Query& row) {
  return {std::string(row.bytes(0)), rows::identity(row, 1), rows::upstream_time(row.integer(4)),
          static_cast<Role>(row.integer(5))};
}

template <typename Row, typename Convert>
Status append_rows(Query& query, Convert convert, std::vector<Row>& into) {
  while (true) {
    const Result<bool> row = query.step();
    if (!row) return row.error();
    if (!*row) return {};
    into.push_back(convert(query));
  }
}

// Looked at before SQLite is let near it, which would bring its journal mode into line.
Status refuse_foreign(Disk& disk, std::string_view path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kIdAt = 68;
  const auto info = disk.stat(path);
  if (!info) return info.error();
  if (!*info || (*info)->kind != FileKind::kFile) return {};  // which opening it tells
  const auto file = disk.open(path, OpenMode::kRead);
  if (!file) return file.error();
  std::array<std::byte, kHeaderBytes> header{};
  const auto got = (*file)->read_at(0, header);
  if (!got) return got.error();
  const std::string_view text(reinterpret_cast<const char*>(header.data()), *got);
  if (text.size() < kHeaderBytes || !text.starts_with(kMagic)) return {};
  std::int64_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    id = id << 8 | std::to_integer<std::int64_t>(header[kIdAt + i]);
  }
  if (id == kApplicationId) return {};
  return Error{
      ErrorKind::kCorrupt, 0, std::string(path),
      "this file is not a holdfast ledger; 'holdfast rebuild' makes one from what the disk "
      "holds"};
}

Status make_empty_ledger(Disk& disk) {
  const Result<std::unique_ptr<File>> file = disk.open(kUnfinishedPath, OpenMode::kCreateNew);
  if (!file) return file.error();
  Result<Database> database = Database::open(disk, kUnfinishedPath, DatabaseMode::kScratch);
  if (!database) return database.error();
  return create_schema(*database);
}

}  // namespace

// ---- opening ------------------------------------------------------------------------------------

Result<Ledger> Ledger::open(Disk& disk, Access access, std::string_view path) {
  const bool may_write = access == Access::kReadWrite;
  if (auto ours = refuse_foreign(disk, path); !ours) return ours.error();
  Result<Database> database =
      Database::open(disk, path, may_write ? DatabaseMode::kReadWrite : DatabaseMode::kReadOnly);
  if (!database) return database.error();
  const Status current = update_schema(*database, migrations(), may_write);
  if (!current) return current.error();
  return Ledger(std::make_unique<OpenLedger>(*std::move(database)));
}

Status Ledger::create(Disk& disk, std::string_view path) {
  Status done = disk.make_directory(kStateDirectory);
  if (!done) return done;
  done = disk.sync_directory("");
  if (!done) return done;
  const Result<std::optional<FileInfo>> existing = disk.stat(path);
  if (!existing) return existing.error();
  // Whoever made it may have been cut off before its name was durable.
  if (existing->has_value()) return disk.sync_directory(kStateDirectory);

  done = disk.remove_file(kUnfinishedPath);
  if (!done) return done;
  // The journal of a ledger that is gone would be played into the new one. That it is gone must be
  // durable before there is a new one.
  done = disk.remove_file(fmt::format("{}-journal", path));
  if (!done) return done;
  done = disk.sync_directory(kStateDirectory);
  if (!done) return done;

  done = make_empty_ledger(disk);
  if (!done) return done;
  done = disk.rename_no_replace(kUnfinishedPath, path);
  if (!done) return done;
  return disk.sync_directory(kStateDirectory);
}

Result<std::optional<std::string>> Ledger::check() {
  Result<Query> query = impl_->database.query("PRAGMA quick_check(1)");
  if (!query) return query.error();
  const Result<bool> row = query->step();
  if (!row) return row.error();
  std::string answer(*row ? query->bytes(0) : "no answer");
  if (answer == "ok") return std::nullopt;
  return answer;
}

Ledger::Ledger(std::unique_ptr<OpenLedger> impl)
    : PlanView(impl.get()),
      RefusalView(impl.get()),
      ClockView(impl.get()),
      AlarmView(impl.get()),
      HoldingView(impl.get()),
      ReadingView(impl.get()),
      ReviewView(impl.get()),
      ExpectationView(impl.get()),
      FormView(impl.get()),
      WalkView(impl.get()),
      EndpointView(impl.get()),
      CarriedView(impl.get()),
      DrillView(impl.get()),
      impl_(std::move(impl)) {}
Ledger::~Ledger() = default;
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;

LedgerWriter::LedgerWriter(Ledger& ledger) : impl_(ledger.impl_.get()) {}

// ---- sources ------------------------------------------------------------------------------------

Result<SourceId> Ledger::register_source(std::string_view name) {
  const Result<std::optional<SourceId>> known = find_source(name);
  if (!known) return known.error();
  if (known->has_value()) return **known;
  Result<Query> query =
      impl_->database.query("INSERT INTO source (name) VALUES (?1) RETURNING source_id");
  if (!query) return query.error();
  const Result<bool> row = query->bind(name).step();
  if (!row) return row.error();
  const SourceId id = query->integer(0);
  // The insertion is only committed when the statement has run to its end.
  const Result<bool> end = query->step();
  if (!end) return end.error();
  return id;
}

Result<std::optional<SourceId>> Ledger::find_source(std::string_view name) {
  Result<Query> query = impl_->database.query("SELECT source_id FROM source WHERE name=?1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(name).step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  return query->integer(0);
}

Result<std::string> Ledger::source_name(SourceId source) {
  Result<Query> query = impl_->database.query("SELECT name FROM source WHERE source_id=?1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source).step();
  if (!row) return row.error();
  return std::string(*row ? query->bytes(0) : std::string_view());
}

// ---- what is pending ----------------------------------------------------------------------------

Result<std::vector<Pending>> PlanView::next_pending(SourceId source, const Pending* after,
                                                    std::size_t limit, Setbacks setbacks) {
  constexpr std::string_view kSelect =
      "SELECT key, etag, size_bytes, version_id, last_modified, role FROM pending WHERE "
      "source_id=?1";
  const std::string_view which = setbacks == Setbacks::kAny    ? ""
                                 : setbacks == Setbacks::kNone ? " AND setbacks=0"
                                                               : " AND setbacks>0";
  std::vector<Pending> found;
  const auto wanted = static_cast<std::int64_t>(limit);
  if (after == nullptr) {
    Result<Query> query = impl_->database.query(
        fmt::format("{}{} ORDER BY last_modified DESC, key, slot LIMIT ?2", kSelect, which));
    if (!query) return query.error();
    const Status done = append_rows(query->bind(source, wanted), pending_of, found);
    if (!done) return done.error();
    return found;
  }

  // Two ranges of the table, because one condition for both would read all of the same second.
  const std::int64_t modified = rows::seconds(after->last_modified);
  Result<Query> same = impl_->database.query(
      fmt::format("{} AND last_modified=?2 AND (key, slot)>(?3, ?4){} ORDER BY key, slot LIMIT ?5",
                  kSelect, which));
  if (!same) return same.error();
  Status done = append_rows(same->bind(source, modified, Bytes{after->key},
                                       rows::slot(after->role, after->upstream), wanted),
                            pending_of, found);
  if (!done) return done.error();
  if (found.size() == limit) return found;
  Result<Query> older = impl_->database.query(fmt::format(
      "{} AND last_modified<?2{} ORDER BY last_modified DESC, key, slot LIMIT ?3", kSelect, which));
  if (!older) return older.error();
  done = append_rows(older->bind(source, modified, static_cast<std::int64_t>(limit - found.size())),
                     pending_of, found);
  if (!done) return done.error();
  return found;
}

Result<std::uint64_t> PlanView::count_pending(SourceId source) {
  const Result<std::int64_t> count =
      impl_->database.read_integer("SELECT count(*) FROM pending WHERE source_id=?1", source);
  if (!count) return count.error();
  return static_cast<std::uint64_t>(*count);
}

Result<Ledger::Backlog> PlanView::backlog(SourceId source) {
  Result<Query> query = impl_->database.query("SELECT size_bytes FROM pending WHERE source_id=?1");
  if (!query) return query.error();
  query->bind(source);
  Backlog backlog;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return backlog;
    ++backlog.archives;
    // Not summed by SQLite, which fails on an overflow, and a listing may claim any size.
    const auto size_bytes = static_cast<std::uint64_t>(query->integer(0));
    const std::uint64_t room = UINT64_MAX - backlog.size_bytes;
    backlog.size_bytes += std::min(size_bytes, room);
  }
}

// ---- what is held -------------------------------------------------------------------------------

Result<std::optional<Archive>> HoldingView::newest_unchanged(SourceId source) {
  // The newest of all is known, and hardly ever another; to find that one there is no index.
  Result<Query> query = impl_->database.query(
      "SELECT coalesce("
      "(SELECT newest_key FROM source s WHERE source_id=?1 AND NOT EXISTS (SELECT 1 FROM deviation "
      "d WHERE d.source_id=s.source_id AND d.key=s.newest_key)), "
      "(SELECT key FROM archive a WHERE source_id=?1 AND NOT EXISTS (SELECT 1 FROM deviation d "
      "WHERE d.source_id=a.source_id AND d.key=a.key) ORDER BY last_modified DESC, key DESC LIMIT "
      "1), "
      "(SELECT newest_key FROM source WHERE source_id=?1))");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source).step();
  if (!row) return row.error();
  if (!*row || query->is_null(0)) return std::optional<Archive>();
  return find(source, query->bytes(0));
}

namespace {

Status add_scrub(Database& database, SourceId source, Totals& totals) {
  Result<Query> oldest = database.query(
      "SELECT coalesce(min(read_at), (SELECT min(looked_at) FROM damage WHERE source_id=?1)) FROM "
      "(SELECT * FROM (SELECT read_at FROM archive a WHERE source_id=?1 AND NOT EXISTS (SELECT 1 "
      "FROM damage d WHERE d.source_id=?1 AND d.key=a.key AND d.path='') ORDER BY read_at LIMIT 1) "
      "UNION ALL SELECT * FROM (SELECT read_at FROM generation g WHERE source_id=?1 AND NOT EXISTS "
      "(SELECT 1 FROM damage d WHERE d.source_id=?1 AND d.key=g.key AND d.path=g.path) ORDER BY "
      "read_at LIMIT 1))");
  if (!oldest) return oldest.error();
  const Result<bool> any = oldest->bind(source).step();
  if (!any) return any.error();
  if (*any && !oldest->is_null(0)) totals.oldest_read_at = rows::time(oldest->integer(0));
  Result<Query> damage =
      database.query("SELECT finding, count(*) FROM damage WHERE source_id=?1 GROUP BY finding");
  if (!damage) return damage.error();
  return rows::each(damage->bind(source), [&](Query& row) {
    const bool missing = row.integer(0) == static_cast<std::int64_t>(Finding::kMissing);
    (missing ? totals.missing : totals.corrupt) = static_cast<std::uint64_t>(row.integer(1));
    return true;
  });
}

}  // namespace

Result<Totals> HoldingView::totals(SourceId source) {
  // One transaction, so that a reader beside a pull does not mix two states.
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  Totals totals;
  Result<Query> query = impl_->database.query(
      "SELECT archives, size_bytes, sums_stale, newest_key, superseded, quarantined, hold_since, "
      "first_listed_at, scrubbed_at, listed_at, doubt_after, pulled_since, "
      "reviewed_at, chain FROM source WHERE source_id=?1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source).step();
  if (!row) return row.error();
  if (!*row) return totals;
  totals.archives = static_cast<std::uint64_t>(query->integer(0));
  totals.size_bytes = static_cast<std::uint64_t>(query->integer(1));
  totals.sums_stale = query->integer(2) != 0;
  totals.superseded = static_cast<std::uint64_t>(query->integer(4));
  totals.quarantined = static_cast<std::uint64_t>(query->integer(5));
  if (!query->is_null(6)) totals.hold_since = rows::time(query->integer(6));
  if (!query->is_null(7)) totals.first_listed_at = rows::time(query->integer(7));
  if (!query->is_null(8)) totals.scrubbed_at = rows::time(query->integer(8));
  if (!query->is_null(9)) totals.listed_at = rows::time(query->integer(9));
  if (!query->is_null(10)) totals.doubt_after = rows::time(query->integer(10));
  if (!query->is_null(11)) totals.pulled_since = rows::time(query->integer(11));
  if (!query->is_null(12)) totals.reviewed_at = rows::time(query->integer(12));
  totals.chain = query->bytes(13);
  if (!query->is_null(3)) {
    Result<std::optional<Archive>> newest = find(source, query->bytes(3));
    if (!newest) return newest.error();
    totals.newest = *std::move(newest);
  }

  Result<Query> tally =
      impl_->database.query("SELECT value, count FROM tally WHERE source_id=?1 AND subject=?2");
  if (!tally) return tally.error();
  tally->bind(source, kTallyVerifiedBy);
  while (true) {
    const Result<bool> next = tally->step();
    if (!next) return next.error();
    if (!*next) break;
    totals.verified_by[std::string(tally->bytes(0))] =
        static_cast<std::uint64_t>(tally->integer(1));
  }

  if (Status added = add_scrub(impl_->database, source, totals); !added) return added.error();
  return totals;
}

Result<std::optional<Archive>> HoldingView::find(SourceId source, std::string_view key) {
  static const std::string sql =
      fmt::format("SELECT {} FROM archive WHERE source_id=?1 AND key=?2", kArchiveColumns);
  Result<Query> query = impl_->database.query(sql);
  if (!query) return query.error();
  const Result<bool> row = query->bind(source, Bytes{key}).step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  return archive_of(*query);
}

Result<bool> HoldingView::knows(SourceId source, std::string_view key) {
  const Result<std::int64_t> known = impl_->database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM archive WHERE source_id=?1 AND key=?2) OR "
      "EXISTS (SELECT 1 FROM pending WHERE source_id=?1 AND key=?2)",
      source, Bytes{key});
  if (!known) return known.error();
  return *known != 0;
}

Status HoldingView::visit_archives(SourceId source,
                                   const std::function<bool(const Archive&)>& visit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM archive WHERE source_id=?1 AND (key>?2 OR ?3) AND key>=?2 ORDER BY key "
      "LIMIT ?4",
      kArchiveColumns);
  std::vector<Archive> page;
  std::string after;
  // The empty key sorts first and is a key like any other.
  bool from_start = true;
  while (true) {
    page.clear();
    {
      Result<Query> query = impl_->database.query(sql);
      if (!query) return query.error();
      query->bind(source, Bytes{after}, std::int64_t{from_start}, kPageRows);
      const Status done = append_rows(*query, archive_of, page);
      if (!done) return done;
    }
    for (const Archive& archive : page) {
      if (!visit(archive)) return {};
    }
    if (std::ssize(page) < kPageRows) return {};
    after = std::move(page.back().key);
    from_start = false;
  }
}

Status LedgerWriter::mark_sums_written(SourceId source) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET sums_stale=0 WHERE source_id=?1 AND sums_stale<>0", source);
  if (!done) return done.error();
  return {};
}

Status AlarmView::end_hold(SourceId source) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET hold_since=NULL WHERE source_id=?1 AND hold_since IS NOT NULL", source);
  if (!done) return done.error();
  Status noted = carried::note_looked_at(impl_->database, source, std::nullopt);
  return noted ? transaction->commit() : noted;
}

// ---- what an endpoint can and cannot ------------------------------------------------------------

Result<std::optional<std::string>> EndpointView::endpoint_fact(std::string_view endpoint,
                                                               std::string_view fact) {
  Result<Query> query =
      impl_->database.query("SELECT value FROM endpoint_fact WHERE endpoint=?1 AND fact=?2");
  if (!query) return query.error();
  const Result<bool> row = query->bind(endpoint, fact).step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  return std::string(query->bytes(0));
}

Status EndpointView::set_endpoint_fact(std::string_view endpoint, std::string_view fact,
                                       std::string_view value) {
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT INTO endpoint_fact (endpoint, fact, value) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET value=excluded.value WHERE value<>excluded.value",
      endpoint, fact, value);
  if (!done) return done.error();
  return {};
}

Result<std::uint64_t> EndpointView::add_endpoint_evidence(std::string_view endpoint,
                                                          std::string_view fact,
                                                          std::string_view object) {
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT INTO endpoint_evidence (endpoint, fact, object) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO NOTHING",
      endpoint, fact, Bytes{object});
  if (!done) return done.error();
  const Result<std::int64_t> count = impl_->database.read_integer(
      "SELECT count(*) FROM endpoint_evidence WHERE endpoint=?1 AND fact=?2", endpoint, fact);
  if (!count) return count.error();
  return static_cast<std::uint64_t>(*count);
}

}  // namespace store

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "store/ledger_impl.h"
#include "store/ledger_writer.h"

namespace store {

namespace {

constexpr std::string_view kMakeTables =
    "CREATE TEMP TABLE review (series BLOB NOT NULL, held_since INTEGER NOT NULL, last_modified "
    "INTEGER NOT NULL, key BLOB NOT NULL, path TEXT NOT NULL, variant INTEGER NOT NULL, place "
    "INTEGER NOT NULL, size_bytes INTEGER NOT NULL, damaged INTEGER NOT NULL, others INTEGER NOT "
    "NULL, trusted INTEGER NOT NULL, PRIMARY KEY (series, held_since DESC, last_modified DESC, key "
    "DESC, trusted DESC, path DESC)) STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE marked (trusted INTEGER NOT NULL, held_since INTEGER NOT NULL, "
    "last_modified INTEGER NOT NULL, key BLOB NOT NULL, path TEXT NOT NULL, variant INTEGER NOT "
    "NULL, size_bytes INTEGER NOT NULL, PRIMARY KEY (trusted, held_since, last_modified, key, "
    "path)) STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE kept (rank INTEGER PRIMARY KEY, keeps INTEGER NOT NULL) STRICT;";
constexpr const char* kDropTables =
    "DROP TABLE IF EXISTS temp.review;DROP TABLE IF EXISTS temp.marked;DROP TABLE IF EXISTS "
    "temp.kept;";

// In a column of flags.
constexpr std::int64_t kHasOthers = 1;
constexpr std::int64_t kHadOthers = 2;

constexpr std::string_view kArchives =
    "SELECT a.key, '', a.variant, 0, a.size_bytes, a.last_modified, a.held_since, "
    "EXISTS (SELECT 1 FROM damage d WHERE d.source_id=?1 AND d.key=a.key AND d.path=''), "
    "EXISTS (SELECT 1 FROM generation g WHERE g.source_id=?1 AND g.key=a.key) + "
    "2*EXISTS (SELECT 1 FROM pruned p WHERE p.source_id=?1 AND p.key=a.key), a.read_at "
    "FROM archive a WHERE a.source_id=?1";
constexpr std::string_view kGenerations =
    "SELECT g.key, g.path, 0, g.place, g.size_bytes, g.last_modified, g.held_since, "
    "EXISTS (SELECT 1 FROM damage d WHERE d.source_id=?1 AND d.key=g.key AND d.path=g.path), "
    "0, max(g.read_at, g.placed_at) FROM generation g WHERE g.source_id=?1";

// Of the rest that is recorded of the source.
constexpr std::string_view kNewestBesides =
    "SELECT max(coalesce(first_listed_at, 0), coalesce(scrubbed_at, 0), coalesce((SELECT newest "
    "FROM own_clock), 0)) FROM source WHERE source_id=?1";

}  // namespace

struct Ledger::Review::Impl {
  explicit Impl(OpenLedger& owner) : ledger(&owner) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // They would stay cached for the rest of the run. Should this fail, the next review does it.
  ~Impl() { static_cast<void>(ledger->database.run_script(kDropTables)); }

  Status take(std::string_view sql, SourceId source,
              const std::function<std::string(std::string_view)>& series_of);
  Status sort(const Query& row, const std::string& series);

  OpenLedger* ledger;
  std::int64_t newest = 0;
};

Status Ledger::Review::Impl::sort(const Query& row, const std::string& series) {
  newest = std::max({newest, row.integer(6), row.integer(9)});
  const Result<std::uint64_t> done = ledger->database.run(
      "INSERT INTO temp.review (series, key, path, variant, place, size_bytes, last_modified, "
      "held_since, damaged, others, trusted) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
      "?3='')",
      Bytes{series}, Bytes{row.bytes(0)}, row.bytes(1), row.integer(2), row.integer(3),
      row.integer(4), row.integer(5), row.integer(6), row.integer(7), row.integer(8));
  if (!done) return done.error();
  return {};
}

Status Ledger::Review::Impl::take(std::string_view sql, SourceId source,
                                  const std::function<std::string(std::string_view)>& series_of) {
  Result<Query> query = ledger->database.query(sql);
  if (!query) return query.error();
  Status sorted;
  const Status read = rows::each(query->bind(source), [&](Query& row) {
    sorted = sort(row, series_of(row.bytes(0)));
    return sorted.has_value();
  });
  return read ? sorted : read;
}

Result<Ledger::Review> ReviewView::begin_review(
    SourceId source, const std::function<std::string(std::string_view)>& series_of) {
  Database& database = impl_->database;
  if (Status dropped = database.run_script(kDropTables); !dropped) {
    return dropped.error();
  }
  if (Status made = database.run_script(std::string(kMakeTables)); !made) {
    return made.error();
  }
  auto review = std::make_unique<Review::Impl>(*impl_);
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  for (const std::string_view sql : {kArchives, kGenerations}) {
    if (Status taken = review->take(sql, source, series_of); !taken) {
      return taken.error();
    }
  }
  if (Status done = transaction->commit(); !done) return done.error();
  const Result<std::int64_t> besides = database.read_integer(kNewestBesides, source);
  if (!besides) return besides.error();
  review->newest = std::max(review->newest, *besides);
  return Review(std::move(review));
}

Ledger::Review::Review(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Review::~Review() = default;
Ledger::Review::Review(Review&&) noexcept = default;

Time Ledger::Review::newest_recorded() const { return rows::time(impl_->newest); }

Status Ledger::Review::visit(const std::function<bool(const Candidate&)>& visit) {
  Result<Query> query = impl_->ledger->database.query(
      "SELECT series, key, path, variant, place, size_bytes, last_modified, held_since, damaged, "
      "others FROM temp.review ORDER BY series, held_since DESC, last_modified DESC, key DESC, "
      "trusted DESC, path DESC");
  if (!query) return query.error();
  Candidate candidate;
  return rows::each(*query, [&](Query& row) {
    candidate.series = row.bytes(0);
    candidate.key = row.bytes(1);
    candidate.generation_path = row.bytes(2);
    candidate.variant = rows::variant(row.integer(3));
    candidate.place = static_cast<Place>(row.integer(4));
    candidate.size_bytes = static_cast<std::uint64_t>(row.integer(5));
    candidate.last_modified = rows::time(row.integer(6));
    candidate.held_since = rows::time(row.integer(7));
    candidate.damaged = row.integer(8) != 0;
    candidate.has_others = (row.integer(9) & kHasOthers) != 0;
    candidate.had_others = (row.integer(9) & kHadOthers) != 0;
    const bool going = visit(candidate);
    ++candidate.rank;
    return going;
  });
}

Status Ledger::Review::note_kept(std::uint64_t rank, std::uint32_t keeps) {
  const Result<std::uint64_t> done =
      impl_->ledger->database.run("INSERT INTO temp.kept (rank, keeps) VALUES (?1, ?2)",
                                  static_cast<std::int64_t>(rank), std::int64_t{keeps});
  if (!done) return done.error();
  return {};
}

Status Ledger::Review::visit_noted(const std::function<bool(const Candidate&)>& visit) {
  Result<Query> kept =
      impl_->ledger->database.query("SELECT rank, keeps FROM temp.kept ORDER BY rank");
  if (!kept) return kept.error();
  Result<bool> row = kept->step();
  const Status visited = this->visit([&](const Candidate& plain) {
    if (!row || !*row || static_cast<std::uint64_t>(kept->integer(0)) != plain.rank) {
      return row && visit(plain);
    }
    auto noted = plain;
    noted.keeps = static_cast<std::uint32_t>(kept->integer(1));
    row = kept->step();
    return visit(noted);
  });
  return row ? visited : row.error();
}

Status Ledger::Review::mark(const Candidate& candidate) {
  const Result<std::uint64_t> done = impl_->ledger->database.run(
      "INSERT OR REPLACE INTO temp.marked (trusted, held_since, last_modified, key, path, variant, "
      "size_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      std::int64_t{candidate.is_trusted() ? 1 : 0}, rows::seconds(candidate.held_since),
      rows::seconds(candidate.last_modified), Bytes{candidate.key},
      std::string_view(candidate.generation_path), static_cast<std::int64_t>(candidate.variant),
      rows::signed_size(candidate.size_bytes));
  if (!done) return done.error();
  return {};
}

Result<Ledger::Review::Marked> Ledger::Review::marked(bool trusted) {
  Result<Query> query = impl_->ledger->database.query(
      "SELECT count(*), coalesce(sum(size_bytes), 0) FROM temp.marked WHERE trusted=?1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(std::int64_t{trusted ? 1 : 0}).step();
  if (!row) return row.error();
  return Marked{static_cast<std::uint64_t>(query->integer(0)),
                static_cast<std::uint64_t>(query->integer(1))};
}

Result<std::vector<Candidate>> Ledger::Review::oldest_marked(bool trusted, const Candidate* after,
                                                             std::size_t limit) {
  Result<Query> query = impl_->ledger->database.query(
      "SELECT held_since, last_modified, key, path, variant, size_bytes FROM temp.marked WHERE "
      "trusted=?1 AND (?6 OR (held_since, last_modified, key, path)>(?2, ?3, ?4, ?5)) "
      "ORDER BY held_since, last_modified, key, path LIMIT ?7");
  if (!query) return query.error();
  const Candidate start = after == nullptr ? Candidate{} : *after;
  query->bind(std::int64_t{trusted ? 1 : 0}, rows::seconds(start.held_since),
              rows::seconds(start.last_modified), Bytes{start.key},
              std::string_view(start.generation_path), std::int64_t{after == nullptr ? 1 : 0},
              static_cast<std::int64_t>(limit));
  std::vector<Candidate> found;
  const Status done = rows::each(*query, [&](Query& row) {
    Candidate& candidate = found.emplace_back();
    candidate.held_since = rows::time(row.integer(0));
    candidate.last_modified = rows::time(row.integer(1));
    candidate.key = row.bytes(2);
    candidate.generation_path = row.bytes(3);
    candidate.variant = rows::variant(row.integer(4));
    candidate.size_bytes = static_cast<std::uint64_t>(row.integer(5));
    return true;
  });
  if (!done) return done.error();
  return found;
}

Status ReviewView::note_reviewed(SourceId source, std::string_view rules, std::optional<Time> due) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET reviewed_by=?2, review_due_at=?3 WHERE source_id=?1", source, rules,
      due ? rows::seconds(*due) : std::numeric_limits<std::int64_t>::max());
  if (!done) return done.error();
  return {};
}

Result<bool> ReviewView::is_reviewed(SourceId source, std::string_view rules, Time now) {
  const Result<std::int64_t> reviewed = impl_->database.read_integer(
      "SELECT coalesce(reviewed_by=?2 AND review_due_at>?3, 0) FROM source WHERE source_id=?1",
      source, rules, rows::seconds(now));
  if (!reviewed) return reviewed.error();
  return *reviewed != 0;
}

// ---- removals -----------------------------------------------------------------------------------

Result<std::vector<Removal>> LedgerWriter::open_removals(SourceId source, std::size_t limit) {
  Result<Query> query = impl_->database.query(
      "SELECT key, path, trusted, lost FROM removal WHERE source_id=?1 ORDER BY path LIMIT ?2");
  if (!query) return query.error();
  std::vector<Removal> found;
  const Status done =
      rows::each(query->bind(source, static_cast<std::int64_t>(limit)), [&](Query& row) {
        found.push_back({std::string(row.bytes(0)), std::string(row.bytes(1)), row.integer(2) != 0,
                         row.integer(3) != 0});
        return true;
      });
  if (!done) return done.error();
  return found;
}

Status LedgerWriter::end_removals(SourceId source, const std::vector<Removal>& removals) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Removal& removal : removals) {
    const Result<std::uint64_t> done =
        impl_->database.run("DELETE FROM removal WHERE source_id=?1 AND path=?2", source,
                            std::string_view(removal.path));
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<bool> ReviewView::was_pruned(SourceId source, std::string_view key, const Sha256& sha256) {
  const Result<std::int64_t> pruned = impl_->database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM pruned WHERE source_id=?1 AND key=?2 AND sha256=?3)", source,
      Bytes{key}, rows::digest(sha256));
  if (!pruned) return pruned.error();
  return *pruned != 0;
}

}  // namespace store

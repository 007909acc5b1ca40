#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

constexpr std::string_view kMakeRetentionTables =
    "CREATE TEMP TABLE review (stream BLOB NOT NULL, held_since INTEGER NOT NULL, last_modified "
    "INTEGER NOT NULL, key BLOB NOT NULL, path TEXT NOT NULL, variant INTEGER NOT NULL, place "
    "INTEGER NOT NULL, size_bytes INTEGER NOT NULL, damaged INTEGER NOT NULL, trusted INTEGER NOT "
    "NULL, set_id INTEGER NOT NULL, set_bytes INTEGER NOT NULL, PRIMARY KEY (stream, held_since "
    "DESC, last_modified DESC, key DESC, trusted DESC, path DESC)) STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE review_set (set_id INTEGER PRIMARY KEY, trusted INTEGER NOT NULL, contents "
    "INTEGER NOT NULL, size_bytes INTEGER NOT NULL, oldest_held INTEGER NOT NULL, newest_held "
    "INTEGER NOT NULL, damaged INTEGER NOT NULL, unsound INTEGER NOT NULL, others INTEGER NOT "
    "NULL, "
    "keeps INTEGER NOT NULL "
    "DEFAULT 0) STRICT;"
    "CREATE TEMP TABLE marked (trusted INTEGER NOT NULL, held_since INTEGER NOT NULL, set_id "
    "INTEGER NOT NULL, PRIMARY KEY (trusted, held_since, set_id)) STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE due (set_id INTEGER PRIMARY KEY, held_since INTEGER NOT NULL) STRICT;"
    "CREATE TEMP TABLE going (trusted INTEGER NOT NULL, held_since INTEGER NOT NULL, set_id "
    "INTEGER NOT NULL, key BLOB NOT NULL, path TEXT NOT NULL, variant INTEGER NOT NULL, size_bytes "
    "INTEGER NOT NULL, PRIMARY KEY (trusted, held_since, set_id, key, path)) STRICT, WITHOUT "
    "ROWID;";
constexpr const char* kDropRetentionTables =
    "DROP TABLE IF EXISTS temp.review;DROP TABLE IF EXISTS temp.review_set;DROP TABLE IF EXISTS "
    "temp.marked;DROP TABLE IF EXISTS temp.due;DROP TABLE IF EXISTS temp.going;";

// In a column of flags.
constexpr std::int64_t kHasOthers = 1;
constexpr std::int64_t kHadOthers = 2;
// And in another one.
constexpr std::int64_t kUnsound = 1;
constexpr std::int64_t kSmall = 2;

std::int64_t flag_of(Unsound unsound) {
  if (unsound == Unsound::kNo) return 0;
  return unsound == Unsound::kSmall ? kSmall : kUnsound;
}

// In the order of their keys, so that those of one set come together, but for sets within it.
constexpr std::string_view kArchivesToKeep =
    "SELECT a.key, '', a.variant, 0, a.size_bytes, a.last_modified, a.held_since, "
    "EXISTS (SELECT 1 FROM damage d WHERE d.source_id=?1 AND d.key=a.key AND d.path=''), "
    "EXISTS (SELECT 1 FROM generation g WHERE g.source_id=?1 AND g.key=a.key) + "
    "2*EXISTS (SELECT 1 FROM pruned p WHERE p.source_id=?1 AND p.key=a.key), a.read_at, a.unsound "
    "FROM archive a WHERE a.source_id=?1 ORDER BY a.key";
constexpr std::string_view kGenerationsToKeep =
    "SELECT g.key, g.path, 0, g.place, g.size_bytes, g.last_modified, g.held_since, "
    "EXISTS (SELECT 1 FROM damage d WHERE d.source_id=?1 AND d.key=g.key AND d.path=g.path), "
    "0, max(g.read_at, g.placed_at), g.unsound FROM generation g WHERE g.source_id=?1 ORDER BY "
    "g.key, g.path";

constexpr std::string_view kSetColumns =
    "s.set_id, s.trusted, s.contents, s.size_bytes, s.oldest_held, s.newest_held, s.damaged, "
    "s.others, s.keeps, s.unsound";

HeldSet set_of_row(const Query& row, int first) {
  HeldSet set;
  set.id = row.integer(first);
  set.trusted = row.integer(first + 1) != 0;
  set.contents = row.count(first + 2);
  set.size_bytes = row.count(first + 3);
  set.oldest_held = rows::time(row.integer(first + 4));
  set.newest_held = rows::time(row.integer(first + 5));
  set.damaged = row.integer(first + 6) != 0;
  set.has_others = (row.integer(first + 7) & kHasOthers) != 0;
  set.had_others = (row.integer(first + 7) & kHadOthers) != 0;
  set.keeps = static_cast<std::uint32_t>(row.integer(first + 8));
  set.unsound = (row.integer(first + 9) & kUnsound) != 0;
  set.small = (row.integer(first + 9) & kSmall) != 0;
  return set;
}

// A set of which more may come.
struct OpenSet {
  std::string name;
  std::int64_t id = 0;
  std::int64_t trusted = 0;
  std::int64_t contents = 0;
  std::int64_t size_bytes = 0;
  std::int64_t oldest_held = std::numeric_limits<std::int64_t>::max();
  std::int64_t newest_held = std::numeric_limits<std::int64_t>::min();
  std::int64_t damaged = 0;
  std::int64_t unsound = 0;
  std::int64_t others = 0;

  void add(const Query& row) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 62;
    ++contents;
    size_bytes =
        std::min(kLargest, size_bytes + std::clamp<std::int64_t>(row.integer(4), 0, kLargest / 2));
    oldest_held = std::min(oldest_held, row.integer(6));
    newest_held = std::max(newest_held, row.integer(6));
    damaged |= row.integer(7);
    unsound |= flag_of(rows::unsound(row.integer(10)));
    others |= row.integer(8);
  }
};

// Of the rest that is recorded of the source.
constexpr std::string_view kNewestOfRest =
    "SELECT max(coalesce(first_listed_at, 0), coalesce(scrubbed_at, 0), coalesce((SELECT newest "
    "FROM own_clock), 0)) FROM source WHERE source_id=?1";

}  // namespace

struct Ledger::Review::Impl {
  explicit Impl(OpenLedger& owner) : ledger(&owner) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // They would stay cached for the rest of the run. Should this fail, the next review does it.
  ~Impl() { static_cast<void>(ledger->database.run_script(kDropRetentionTables)); }

  using Place = std::function<Belonging(std::string_view)>;
  Status number(std::string_view sql, SourceId source, const Place& place, bool trusted);
  Status sort(const Query& row, const Belonging& belonging, bool trusted);
  Result<OpenSet*> set_of(const Query& row, const Belonging& belonging);
  Status close(const OpenSet& set) const;
  Status close_all();

  OpenLedger* ledger;
  std::int64_t newest = 0;
  std::int64_t last_set = 0;
  std::vector<OpenSet> open{};  ///< each one's name begins with that of the one before it
};

Status Ledger::Review::Impl::close(const OpenSet& set) const {
  return ledger->database.execute(
      "INSERT INTO temp.review_set (set_id, trusted, contents, size_bytes, oldest_held, "
      "newest_held, damaged, others, unsound) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      set.id, set.trusted, set.contents, set.size_bytes, set.oldest_held, set.newest_held,
      set.damaged, set.others, set.unsound);
}

Status Ledger::Review::Impl::close_all() {
  for (; !open.empty(); open.pop_back()) {
    if (Status done = close(open.back()); !done) return done;
  }
  return {};
}

// Keys come in order: one that does not begin with the name of a set ends it.
Result<OpenSet*> Ledger::Review::Impl::set_of(const Query& row, const Belonging& belonging) {
  const std::string_view key = row.bytes(0);
  const std::string_view name = key.substr(0, belonging.set_bytes);
  while (!open.empty() && !key.starts_with(open.back().name)) {
    if (Status done = close(open.back()); !done) return done.error();
    open.pop_back();
  }
  for (std::size_t i = open.size(); i > 0; --i) {
    OpenSet& one = open[i - 1];
    if (one.name.size() < name.size()) break;
    if (one.name == name) return &one;
  }
  auto& fresh = open.emplace_back();
  fresh.name = name;
  fresh.id = ++last_set;
  return &fresh;
}

Status Ledger::Review::Impl::sort(const Query& row, const Belonging& belonging, bool trusted) {
  newest = std::max({newest, row.integer(6), row.integer(9)});
  std::int64_t id = 0;
  if (trusted && belonging.has_time) {
    const Result<OpenSet*> set = set_of(row, belonging);
    if (!set) return set.error();
    (*set)->trusted = 1;
    (*set)->add(row);
    id = (*set)->id;
  } else {
    OpenSet alone;
    alone.id = id = ++last_set;
    alone.trusted = trusted ? 1 : 0;
    alone.add(row);
    if (Status done = close(alone); !done) return done;
  }
  return ledger->database.execute(
      "INSERT INTO temp.review (stream, key, path, variant, place, size_bytes, last_modified, "
      "held_since, damaged, trusted, set_id, set_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?3='', ?10, ?11)",
      Bytes{belonging.stream}, Bytes{row.bytes(0)}, row.bytes(1), row.integer(2), row.integer(3),
      row.integer(4), row.integer(5), row.integer(6), row.integer(7), id,
      trusted && belonging.has_time ? static_cast<std::int64_t>(belonging.set_bytes)
                                    : std::int64_t{0});
}

Status Ledger::Review::Impl::number(std::string_view sql, SourceId source, const Place& place,
                                    bool trusted) {
  const Status sorted = ledger->database.select(sql, source).each([&](const Query& row) {
    return sort(row, place(row.bytes(0)), trusted);
  });
  return sorted ? close_all() : sorted;
}

Result<Ledger::Review> ReviewView::begin_review(
    SourceId source, const std::function<Belonging(std::string_view)>& place) {
  Database& database = impl_->database;
  if (Status dropped = database.run_script(kDropRetentionTables); !dropped) {
    return dropped.error();
  }
  if (Status made = database.run_script(std::string(kMakeRetentionTables)); !made) {
    return made.error();
  }
  auto review = std::make_unique<Review::Impl>(*impl_);
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  // Of the same times the set that was numbered last is the newer one: the trusted one.
  for (const bool trusted : {false, true}) {
    if (Status taken =
            review->number(trusted ? kArchivesToKeep : kGenerationsToKeep, source, place, trusted);
        !taken) {
      return taken.error();
    }
  }
  if (Status done = transaction->commit(); !done) return done.error();
  const Result<std::int64_t> of_rest = database.read_integer(kNewestOfRest, source);
  if (!of_rest) return of_rest.error();
  review->newest = std::max(review->newest, *of_rest);
  return Review(std::move(review));
}

Ledger::Review::Review(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Review::~Review() = default;
Ledger::Review::Review(Review&&) noexcept = default;

Time Ledger::Review::newest_recorded() const { return rows::time(impl_->newest); }

Status Ledger::Review::visit(const std::function<bool(const Candidate&)>& visit) {
  Candidate candidate;
  return impl_->ledger->database
      .select(fmt::format(
          "SELECT r.stream, r.key, r.path, r.variant, r.place, r.size_bytes, r.last_modified, "
          "r.held_since, r.damaged, r.set_bytes, {} FROM temp.review r CROSS JOIN temp.review_set "
          "s WHERE s.set_id=r.set_id ORDER BY r.stream, r.held_since DESC, r.last_modified DESC, "
          "r.key DESC, r.trusted DESC, r.path DESC",
          kSetColumns))
      .each([&](const Query& row) {
        candidate.stream = row.bytes(0);
        candidate.key = row.bytes(1);
        candidate.generation_path = row.bytes(2);
        candidate.variant = rows::variant(row.integer(3));
        candidate.place = static_cast<Place>(row.integer(4));
        candidate.size_bytes = row.count(5);
        candidate.last_modified = rows::upstream_time(row.integer(6));
        candidate.held_since = rows::time(row.integer(7));
        candidate.damaged = row.integer(8) != 0;
        candidate.set_bytes = static_cast<std::size_t>(row.integer(9));
        candidate.set = set_of_row(row, 10);
        return visit(candidate);
      });
}

Status Ledger::Review::visit_sets(const std::function<bool(const HeldSet&)>& visit) {
  return impl_->ledger->database
      .select(fmt::format("SELECT {} FROM temp.review_set s ORDER BY s.set_id", kSetColumns))
      .each([&](const Query& row) { return visit(set_of_row(row, 0)); });
}

Status Ledger::Review::note_kept(std::int64_t set, std::uint32_t keeps) {
  return impl_->ledger->database.execute(
      "UPDATE temp.review_set SET keeps=keeps|?2 WHERE set_id=?1", set, std::int64_t{keeps});
}

Status Ledger::Review::mark(const HeldSet& set) {
  return impl_->ledger->database.execute(
      "INSERT OR REPLACE INTO temp.marked (trusted, held_since, set_id) VALUES (?1, ?2, ?3)",
      set.trusted, rows::seconds(set.newest_held), set.id);
}

Status Ledger::Review::choose(bool trusted, std::uint64_t most_sets) {
  Database& database = impl_->ledger->database;
  Result<std::uint64_t> done = database.run(
      "INSERT INTO temp.due (set_id, held_since) SELECT set_id, held_since FROM temp.marked WHERE "
      "trusted=?1 ORDER BY held_since, set_id LIMIT ?2",
      trusted, static_cast<std::int64_t>(most_sets));
  if (!done) return done.error();
  if (*done == 0) return {};
  return database.execute(
      "INSERT INTO temp.going (trusted, held_since, set_id, key, path, variant, size_bytes) SELECT "
      "r.trusted, d.held_since, r.set_id, r.key, r.path, r.variant, r.size_bytes FROM temp.review "
      "r CROSS JOIN temp.due d WHERE d.set_id=r.set_id AND r.trusted=?1",
      trusted);
}

Result<bool> Ledger::Review::is_due(std::int64_t set) {
  return impl_->ledger->database.is_true("SELECT EXISTS (SELECT 1 FROM temp.due WHERE set_id=?1)",
                                         set);
}

Result<std::vector<Candidate>> Ledger::Review::due(bool trusted, const Candidate* after,
                                                   std::size_t limit) {
  const Candidate start = after == nullptr ? Candidate{} : *after;
  return impl_->ledger->database
      .select(
          "SELECT held_since, set_id, key, path, variant, size_bytes FROM temp.going WHERE "
          "trusted=?1 AND (?6 OR (held_since, set_id, key, path)>(?2, ?3, ?4, ?5)) ORDER BY "
          "held_since, set_id, key, path LIMIT ?7",
          trusted, rows::seconds(start.set.newest_held), start.set.id, Bytes{start.key},
          start.generation_path, after == nullptr, static_cast<std::int64_t>(limit))
      .all([&](const Query& row) {
        Candidate candidate;
        candidate.set.trusted = trusted;
        candidate.set.newest_held = rows::time(row.integer(0));
        candidate.set.id = row.integer(1);
        candidate.key = row.bytes(2);
        candidate.generation_path = row.bytes(3);
        candidate.variant = rows::variant(row.integer(4));
        candidate.size_bytes = row.count(5);
        return candidate;
      });
}

}  // namespace store

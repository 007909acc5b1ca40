#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/ledger/ledger_plan_impl.h"

// What a plan tells the tripwire. All of it lies in temporary tables, of which only a source with
// changes makes any use. A bucket may have as many streams as keys, so only those that have a
// change get a row.
namespace store {

namespace {

constexpr const char* kMakeStreamTables =
    "DROP TABLE IF EXISTS temp.stream;DROP TABLE IF EXISTS temp.gone;"
    "CREATE TEMP TABLE stream (name BLOB PRIMARY KEY, keys INTEGER NOT NULL DEFAULT 0, bytes "
    "INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0, changed_bytes INTEGER NOT "
    "NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0, gone_bytes INTEGER NOT NULL DEFAULT 0, came "
    "INTEGER NOT NULL DEFAULT 0, came_bytes INTEGER NOT NULL DEFAULT 0, recent INTEGER NOT NULL "
    "DEFAULT 0, recent_bytes INTEGER NOT NULL DEFAULT 0, lately_gone INTEGER NOT NULL DEFAULT 0, "
    "oldest_modified INTEGER, "
    "oldest_key BLOB) STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE gone (name BLOB NOT NULL, last_modified INTEGER NOT NULL, key BLOB NOT "
    "NULL, bytes INTEGER NOT NULL, PRIMARY KEY (name, last_modified, key)) STRICT, WITHOUT ROWID;";

constexpr const char* kDropStreamTables =
    "DROP TABLE IF EXISTS temp.stream;DROP TABLE IF EXISTS temp.gone;DROP TABLE IF EXISTS "
    "temp.strike;";

// Sizes in a listing may be any, and so many that even small ones come to more than can be counted.
// Ten times a sum can be counted still.
constexpr std::int64_t kLargest = std::int64_t{1} << 50;
constexpr std::int64_t kLargestSum = std::int64_t{1} << 58;

// What was counted of one series, and is not in its table yet.
struct Count {
  std::int64_t keys = 0;
  std::int64_t bytes = 0;
  std::int64_t changed = 0;
  std::int64_t changed_bytes = 0;
  std::int64_t gone = 0;
  std::int64_t gone_bytes = 0;
  std::int64_t came = 0;
  std::int64_t came_bytes = 0;
  // Within the last days.
  std::int64_t recent = 0;
  std::int64_t recent_bytes = 0;
  std::int64_t left = 0;
  std::optional<std::pair<std::int64_t, std::string>> oldest_left;
};

class StreamTable {
 public:
  explicit StreamTable(Database& database) : database_(database), may_be_struck_(kNameBits) {}

  // Only what is counted of a stream that was added is kept.
  Status add(const std::string& name) {
    may_be_struck_[bit_of(name)] = true;
    has_streams_ = true;
    return database_.execute("INSERT OR IGNORE INTO temp.stream (name) VALUES (?1)", Bytes{name});
  }

  bool has_streams() const { return has_streams_; }

  // Keys come in order, so those of a series mostly come together.
  Result<Count*> of(std::string name) {
    if (!any_ || name != name_) {
      if (Status done = flush(); !done) return done.error();
      name_ = std::move(name);
      any_ = true;
    }
    return &count_;
  }

  Status note_gone(std::int64_t last_modified, std::string_view key, std::int64_t bytes) {
    return database_.execute(
        "INSERT OR REPLACE INTO temp.gone (name, last_modified, key, bytes) VALUES (?1, ?2, ?3, "
        "?4)",
        Bytes{name_}, last_modified, Bytes{key}, bytes);
  }

  Status flush() {
    if (!any_) return {};
    any_ = false;
    const Count count = std::exchange(count_, {});
    if (!may_be_struck_[bit_of(name_)]) return {};
    Status done = database_.execute(
        "UPDATE temp.stream SET keys=keys+?2, bytes=bytes+?3, changed=changed+?4, "
        "changed_bytes=changed_bytes+?5, gone=gone+?6, gone_bytes=gone_bytes+?7, came=came+?8, "
        "came_bytes=min(came_bytes+?9, 1<<58), recent=recent+?10, recent_bytes=recent_bytes+?11, "
        "lately_gone=lately_gone+?12 WHERE name=?1",
        Bytes{name_}, count.keys, count.bytes, count.changed, count.changed_bytes, count.gone,
        count.gone_bytes, count.came, count.came_bytes, count.recent, count.recent_bytes,
        count.left);
    if (!done) return done.error();
    if (!count.oldest_left) return {};
    return database_.execute(
        "UPDATE temp.stream SET oldest_modified=?2, oldest_key=?3 WHERE name=?1 AND "
        "(oldest_modified IS NULL OR (?2, ?3)<(oldest_modified, oldest_key))",
        Bytes{name_}, count.oldest_left->first, Bytes{count.oldest_left->second});
  }

 private:
  // To ask the table for each of a million streams costs more than to count them.
  static constexpr std::size_t kNameBits = std::size_t{1} << 20;

  static std::size_t bit_of(std::string_view name) {
    return std::hash<std::string_view>()(name) % kNameBits;
  }

  Database& database_;
  std::vector<bool> may_be_struck_;
  bool has_streams_ = false;
  std::string name_;
  Count count_;
  bool any_ = false;
};

std::int64_t counted(std::int64_t size_bytes) {
  // A negative one is a size beyond what SQLite can hold.
  return size_bytes < 0 ? kLargest : std::min(size_bytes, kLargest);
}

// A pull may see the new one in one run and the loss of the oldest in the next.
constexpr std::chrono::days kRecently{2};

Status add_struck(Database& database, const std::function<std::string(std::string_view)>& series_of,
                  const std::function<bool(std::string_view)>& wants, StreamTable& table) {
  return database
      .select("SELECT key FROM temp.strike WHERE strike<>?1 ORDER BY key",
              Ledger::Plan::Strike::kReturned)
      .each([&](const Query& row) -> Status {
        return wants(row.bytes(0)) ? table.add(series_of(row.bytes(0))) : Status();
      });
}

Status add_held(Database& database, SourceId source, const PrefixRange& range, Time now,
                const std::function<std::string(std::string_view)>& series_of,
                const std::function<bool(std::string_view)>& wants, StreamTable& table) {
  const auto lately = rows::seconds(now - kRecently);
  return database
      .select(
          fmt::format("SELECT a.key, a.size_bytes, a.last_modified, coalesce(s.strike, 0), "
                      "s.strike IS NULL AND d.key IS NOT NULL FROM archive a LEFT JOIN temp.strike "
                      "s ON s.key=a.key LEFT JOIN deviation d ON d.source_id=a.source_id AND "
                      "d.key=a.key AND d.kind=?4 WHERE a.source_id=?1 AND {} AND (s.strike IS NOT "
                      "NULL OR d.key IS NULL OR d.since>=?5) ORDER BY a.key",
                      range.condition("a.key")),
          source, range.first(), range.end(), Deviation::kVanished, lately)
      .each([&](const Query& row) -> Status {
        const auto key = row.bytes(0);
        const auto strike = static_cast<Ledger::Plan::Strike>(row.integer(3));
        if (strike == Ledger::Plan::Strike::kReturned || !wants(key)) return {};
        const Result<Count*> count = table.of(series_of(key));
        if (!count) return count.error();
        const auto bytes = counted(row.integer(1));
        if (row.integer(4) != 0) {
          ++(*count)->left;
          return {};
        }
        if (strike != Ledger::Plan::Strike::kGone && row.integer(2) >= lately) {
          ++(*count)->recent;
          (*count)->recent_bytes += bytes;
        }
        ++(*count)->keys;
        (*count)->bytes += bytes;
        if (strike == Ledger::Plan::Strike::kChanged) {
          ++(*count)->changed;
          (*count)->changed_bytes += bytes;
        }
        if (strike == Ledger::Plan::Strike::kGone) {
          ++(*count)->gone;
          (*count)->gone_bytes += bytes;
          return table.note_gone(row.integer(2), key, bytes);
        }
        std::pair left(row.integer(2), std::string(key));
        auto& oldest = (*count)->oldest_left;
        if (!oldest || left < *oldest) oldest = std::move(left);
        return {};
      });
}

Status add_new(Database& database, const std::function<std::string(std::string_view)>& series_of,
               StreamTable& table) {
  return database
      .select("SELECT key, size_bytes FROM temp.wanted WHERE role=?1 ORDER BY key", Role::kNew)
      .each([&](const Query& row) -> Status {
        const Result<Count*> count = table.of(series_of(row.bytes(0)));
        if (!count) return count.error();
        ++(*count)->came;
        auto& bytes = (*count)->came_bytes;
        bytes = std::min(bytes + counted(row.integer(1)), kLargestSum);
        return {};
      });
}

Status visit_streams(Database& database,
                     const std::function<void(const Ledger::Plan::Stream&)>& visit) {
  return database
      .select(
          "SELECT name, keys, bytes, changed, changed_bytes, gone, gone_bytes, came, came_bytes, "
          "oldest_modified, oldest_key, recent, recent_bytes, lately_gone FROM temp.stream WHERE "
          "changed+gone>0")
      .each([&](const Query& row) {
        Ledger::Plan::Stream stream;
        stream.name = row.bytes(0);
        stream.keys = row.count(1);
        stream.size_bytes = row.count(2);
        stream.changed = row.count(3);
        stream.changed_bytes = row.count(4);
        stream.gone = row.count(5);
        stream.gone_bytes = row.count(6);
        Status counted = rotation::count(database, row, stream);
        if (counted) visit(stream);
        return counted;
      });
}

}  // namespace

Status Ledger::Plan::note_strike(std::string_view key, Strike strike) {
  if (!impl_->any_strike) {
    const Status made = impl_->checked(impl_->database().run_script(
        "CREATE TEMP TABLE IF NOT EXISTS strike (key BLOB PRIMARY KEY, strike INTEGER NOT NULL) "
        "STRICT, WITHOUT ROWID;DELETE FROM temp.strike"));
    if (!made) return made;
    impl_->any_strike = true;
  }
  return impl_->write(
      impl_->database().run("INSERT OR REPLACE INTO temp.strike (key, strike) VALUES (?1, ?2)",
                            Bytes{key}, static_cast<std::int64_t>(strike)));
}

Status Ledger::Plan::visit_struck(const std::function<std::string(std::string_view key)>& series_of,
                                  const std::function<bool(std::string_view key)>& wants,
                                  const std::function<void(const Stream&)>& visit) {
  if (!impl_->any_strike) return {};
  Database& database = impl_->database();
  if (Status made = database.run_script(kMakeStreamTables); !made) return impl_->checked(made);
  StreamTable table(database);
  Status done = add_struck(database, series_of, wants, table);
  if (done && table.has_streams()) {
    done =
        add_held(database, impl_->source, impl_->range, impl_->planned_at, series_of, wants, table);
    if (done) done = add_new(database, series_of, table);
  }
  if (done) done = table.flush();
  if (done) done = visit_streams(database, visit);
  if (done) done = database.run_script(kDropStreamTables);
  impl_->any_strike = false;
  return impl_->checked(done);
}

Result<Ledger::Plan::Deviations> Ledger::Plan::deviations_since(Time hold_since) {
  Deviations found;
  if (Status applied = impl_->checked(impl_->apply_notes()); !applied) return applied.error();
  const Status read =
      impl_->database()
          .select(
              "SELECT kind, count(*) FROM deviation WHERE source_id=?1 AND since>=?2 GROUP BY kind",
              impl_->source, rows::seconds(hold_since))
          .each([&](const Query& row) {
            const bool changed = rows::deviation_of(row.integer(0)) == Deviation::kChanged;
            (changed ? found.changed : found.vanished) = row.count(1);
          });
  if (!read) return read.error();
  return found;
}

}  // namespace store

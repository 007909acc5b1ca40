#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/ledger/ledger_habits.h"
#include "store/ledger/ledger_plan_impl.h"

namespace store {

namespace {

// Of a set of more parts than these neither forms nor further streams are kept.
constexpr std::size_t kMaxParts = 64;

constexpr const char* kMakeTable =
    "DROP TABLE IF EXISTS temp.came;"
    "CREATE TEMP TABLE came (name BLOB PRIMARY KEY, has_time INTEGER NOT NULL, made INTEGER NOT "
    "NULL) STRICT, WITHOUT ROWID;";
constexpr const char* kDropTable = "DROP TABLE IF EXISTS temp.came;";

using habits::Open;
using habits::Row;

struct StreamOfSet {
  Time held_since{};     ///< the newest of its parts
  bool arrived = false;  ///< one of them now
};

// A set as it is held.
struct LoadedSet {
  std::string name;
  Ledger::SetMade made;
  std::map<std::string, StreamOfSet> streams;
  std::string only_key;  ///< of a set of one part
  bool is_late = false;  ///< some of it was held before this call

  const std::string& alarm_key() const { return made.parts == 1 ? only_key : name; }
};

class ArrivalSorter {
 public:
  ArrivalSorter(Database& database, SourceId source, const Ledger::ArrivalQuestions& questions,
                Time now)
      : database_(database), source_(source), questions_(questions), now_(now) {}

  // Which sets something came of.
  Status gather(std::string_view sql) {
    return database_.select(sql, source_).each([&](const Query& row) {
      const auto key = row.bytes(0);
      const auto belonging = questions_.place(key);
      return database_.execute(
          "INSERT INTO temp.came (name, has_time, made) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
          "SET made=min(made, excluded.made)",
          Bytes{key.substr(0, belonging.set_bytes)}, belonging.has_time,
          std::min(row.integer(1), row.integer(2)));
    });
  }

  Status sort_all(bool weighed) {
    weighs_ = weighed;
    return database_.select("SELECT name, has_time, made FROM temp.came ORDER BY made, name")
        .each([&](const Query& row) {
          return sort(std::string(row.bytes(0)), row.integer(1) != 0, rows::time(row.integer(2)));
        });
  }

 private:
  Result<LoadedSet> load(const std::string& name, bool has_time) {
    LoadedSet set;
    set.name = name;
    const PrefixRange range(name);
    const auto sql = fmt::format(
        "SELECT a.key, a.size_bytes, a.held_since, EXISTS (SELECT 1 FROM arrival r WHERE "
        "r.source_id=?1 AND r.last_modified=a.last_modified AND r.key=a.key) FROM archive a WHERE "
        "a.source_id=?1 AND {} ORDER BY a.key",
        has_time ? range.condition("a.key") : std::string("a.key=?2"));
    Selection parts = has_time ? database_.select(sql, source_, range.first(), range.end())
                               : database_.select(sql, source_, Bytes{name});
    std::vector<std::string> names;
    const Status read = parts.each([&](const Query& row) { add_part(set, row, names); });
    if (!read) return read.error();
    if (names.size() <= kMaxParts) set.made.forms = questions_.forms_of(names);
    return set;
  }

  void add_part(LoadedSet& set, const Query& row, std::vector<std::string>& names) {
    const auto key = row.bytes(0);
    const auto belonging = questions_.place(key);
    if (belonging.set_bytes != set.name.size()) return;
    const auto size = static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(1), 0));
    ++set.made.parts;
    set.made.size_bytes += size;
    set.made.largest_bytes = std::max(set.made.largest_bytes, size);
    set.only_key = key;
    if (names.size() <= kMaxParts) names.emplace_back(key.substr(belonging.set_bytes));
    if (set.streams.size() >= kMaxParts && !set.streams.contains(belonging.stream)) return;
    auto& stream = set.streams[belonging.stream];
    stream.held_since = std::max(stream.held_since, rows::time(row.integer(2)));
    stream.arrived = stream.arrived || row.integer(3) != 0;
    set.is_late = set.is_late || row.integer(3) == 0;
  }

  Status sort(const std::string& name, bool has_time, Time made) {
    Result<LoadedSet> set = load(name, has_time);
    if (!set) return set.error();
    if (set->made.parts == 0) return {};
    if (weighs_ && has_time && set->is_late) {
      const Result<Experience> before = experience_of(*set);
      if (!before) return before.error();
      if (!before->is_last) return weigh(*set, before->best, true);
    }
    bool is_last = false;
    for (const auto& [stream, part] : set->streams) {
      if (weighs_ && !part.arrived) continue;
      Result<std::optional<Row>> row = habits::find(database_, source_, stream);
      if (!row) return row.error();
      const bool goes_on = *row && (*row)->habit.last_set == name && has_time;
      is_last = is_last || goes_on;
      if (Status done = goes_on ? continued(**row, part) : begun(*row, *set, stream, part, made);
          !done) {
        return done;
      }
    }
    if (!has_time) return close(*set);
    return settle(*set, is_last);
  }

  Status continued(Row row, const StreamOfSet& part) {
    row.habit.newest_held_since = std::max(row.habit.newest_held_since, part.held_since);
    return habits::update(database_, source_, row);
  }

  // The next set of a stream begins, which ends the one before it.
  Status begun(const std::optional<Row>& before, const LoadedSet& set, const std::string& stream,
               const StreamOfSet& part, Time made) {
    Row row = before.value_or(Row{});
    if (before && before->open != Open::kNo && before->habit.last_set != set.name) {
      Result<LoadedSet> last = load(before->habit.last_set, true);
      if (!last) return last.error();
      if (Status closed = close(*last); !closed) return closed;
      Result<std::optional<Row>> again = habits::find(database_, source_, stream);
      if (!again) return again.error();
      if (*again) row = **again;
    }
    if (!before) {
      row.habit.stream = stream;
      row.habit.first_held_since = part.held_since;
    }
    ++row.habit.sets;
    row.habit.newest_held_since = std::max(row.habit.newest_held_since, part.held_since);
    row.habit.last_set = set.name;
    row.open = Open::kYes;
    habits::add_made(row, made);
    return habits::write(database_, source_, row, questions_.shape_of(stream));
  }

  struct Experience {
    Row best;              ///< the stream of the set that knows most of those before it
    bool is_last = false;  ///< no stream has gone on to another set
    Open open = Open::kNo;
  };
  Result<Experience> experience_of(const LoadedSet& set) {
    Experience found;
    for (const auto& [stream, part] : set.streams) {
      Result<std::optional<Row>> row = habits::find(database_, source_, stream);
      if (!row) return row.error();
      if (!*row) continue;
      const auto& habit = (*row)->habit;
      if (habit.last_set == set.name) {
        found.is_last = true;
        found.open = (*row)->open;
      }
      const bool first = found.best.habit.stream.empty() && found.best.habit.sets == 0;
      if (first || habit.recent.size() > found.best.habit.recent.size()) found.best = **row;
    }
    return found;
  }

  // Whether it is complete now, and what that shows.
  Status settle(const LoadedSet& set, bool went_on) {
    const Result<Experience> known = experience_of(set);
    if (!known) return known.error();
    if (known->open == Open::kWeighed && went_on) return weigh(set, known->best, true);
    if (!questions_.is_complete(set.made, known->best.habit.recent)) return {};
    if (Status weighed = weigh(set, known->best, false); !weighed) return weighed;
    return mark(set, Open::kWeighed);
  }

  Status close(const LoadedSet& set) {
    const Result<Experience> known = experience_of(set);
    if (!known) return known.error();
    if (known->open == Open::kYes && set.made.parts > 0) {
      if (Status weighed = weigh(set, known->best, false); !weighed) return weighed;
    }
    return mark(set, Open::kNo);
  }

  Status mark(const LoadedSet& set, Open open) {
    for (const auto& [stream, part] : set.streams) {
      Result<std::optional<Row>> row = habits::find(database_, source_, stream);
      if (!row) return row.error();
      if (!*row || (*row)->habit.last_set != set.name || (*row)->open == Open::kNo) continue;
      (*row)->open = open;
      if (open == Open::kNo) habits::add_recent(**row, set.made);
      if (Status done = habits::update(database_, source_, **row); !done) return done;
    }
    return {};
  }

  Status weigh(const LoadedSet& set, const Row& best, bool again) {
    if (!weighs_) return {};
    const auto message = questions_.complaint(set.made, best.habit.recent, best.habit.stream);
    if (!message) {
      Status ended = mark_small(set, false);
      if (ended) {
        ended = alarms::end(database_, source_, AlarmKind::kSmall, set.alarm_key(), now_);
      }
      if (ended && set.made.parts > 1) {
        ended = alarms::end(database_, source_, AlarmKind::kSmall, set.only_key, now_);
      }
      return ended;
    }
    if (again) return {};
    if (Status marked = mark_small(set, true); !marked) return marked;
    const Result<bool> is_new =
        alarms::raise(database_, source_, AlarmKind::kSmall, set.alarm_key(), *message, now_);
    if (!is_new) return is_new.error();
    if (*is_new) questions_.raised(set.alarm_key(), *message);
    return {};
  }

  // What it takes no place in the keep rules for, also once its alarm is over.
  Status mark_small(const LoadedSet& set, bool is_small) {
    constexpr auto kNo = static_cast<std::int64_t>(Unsound::kNo);
    constexpr auto kSmall = static_cast<std::int64_t>(Unsound::kSmall);
    const PrefixRange range(set.name);
    return database_
        .select(fmt::format("SELECT a.key, a.sha256 FROM archive a WHERE a.source_id=?1 AND {} AND "
                            "a.unsound={}",
                            range.condition("a.key"), is_small ? kNo : kSmall),
                source_, range.first(), range.end())
        .each([&](const Query& row) -> Status {
          if (questions_.place(row.bytes(0)).set_bytes != set.name.size()) return {};
          const Batch::SoundnessNote note{source_, std::string(row.bytes(0)),
                                          rows::digest(row.bytes(1)),
                                          is_small ? Unsound::kSmall : Unsound::kNo};
          if (Status marked = forms::record_soundness(database_, note); !marked) return marked;
          if (questions_.small) questions_.small(note);
          return {};
        });
  }

  Database& database_;
  const SourceId source_;
  const Ledger::ArrivalQuestions& questions_;
  const Time now_;
  bool weighs_ = true;
};

Result<bool> is_of(Database& database, SourceId source, std::string_view spec) {
  return database.is_true("SELECT series_spec=?2 FROM source WHERE source_id=?1", source, spec);
}

// No streams, and all that was held before arrives anew.
Status begin_anew(Database& database, SourceId source, std::string_view spec) {
  Status done = database.execute("DELETE FROM stream WHERE source_id=?1", source);
  if (!done) return done.error();
  return database.execute("UPDATE source SET series_spec=?2 WHERE source_id=?1", source, spec);
}

}  // namespace

Status ExpectationView::sort_arrivals(SourceId source, std::string_view spec,
                                      const ArrivalQuestions& questions, Time now) {
  Database& database = impl_->database;
  const Result<bool> same_spec = is_of(database, source, spec);
  if (!same_spec) return same_spec.error();
  const Result<bool> any =
      database.is_true("SELECT EXISTS (SELECT 1 FROM arrival WHERE source_id=?1)", source);
  if (!any) return any.error();
  // In the usual run nothing has come, and nothing is written.
  if (*same_spec && !*any) return {};

  if (Status made = database.run_script(kMakeTable); !made) return made;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  ArrivalSorter sorter(database, source, questions, now);
  Status taken;
  if (!*same_spec) {
    taken = begin_anew(database, source, spec);
    if (taken) {
      taken = sorter.gather(
          "SELECT a.key, a.last_modified, a.held_since FROM archive a WHERE a.source_id=?1 AND NOT "
          "EXISTS (SELECT 1 FROM arrival r WHERE r.source_id=?1 AND "
          "r.last_modified=a.last_modified AND r.key=a.key)");
    }
    if (taken) taken = sorter.sort_all(false);
    if (taken) taken = database.run_script("DELETE FROM temp.came");
  }
  if (taken) {
    taken = sorter.gather(
        "SELECT key, last_modified, held_since FROM arrival WHERE source_id=?1 ORDER BY key");
  }
  if (taken) taken = sorter.sort_all(true);
  if (!taken) return taken;
  const Result<std::uint64_t> done = database.run("DELETE FROM arrival WHERE source_id=?1", source);
  if (!done) return done.error();
  if (Status committed = transaction->commit(); !committed) return committed;
  return database.run_script(kDropTable);
}

}  // namespace store

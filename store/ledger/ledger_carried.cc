#include "store/ledger/ledger_carried.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "store/content/digest.h"
#include "store/ledger/ledger_impl.h"

namespace store {
namespace {

// What the disk itself has is its own concern.
constexpr std::string_view kOfTheBucket =
    "a.kind NOT IN ('corrupt', 'missing', 'foreign', 'rotation')";

// Of which content an alarm is: of a change what the bucket has now, of a refusal what was refused.
constexpr std::string_view kContentOf =
    "LEFT JOIN deviation d ON a.kind='changed' AND d.source_id=a.source_id AND d.key=a.key AND "
    "d.kind=2 LEFT JOIN refusal r ON a.kind IN ('mismatch', 'unreadable', 'ghost') AND "
    "r.source_id=a.source_id AND r.key=a.key";

constexpr std::string_view kContent =
    "coalesce(d.etag, r.etag), coalesce(d.size_bytes, r.size_bytes), coalesce(d.version_id, "
    "r.version_id)";

// Of a row in `carried` that is of no alarm.
constexpr const char* kAcceptedKind = "accepted";

bool is_about_a_content(std::string_view kind) {
  return kind == "changed" || kind == "mismatch" || kind == "unreadable" || kind == "ghost";
}

using Visit = std::function<bool(const Word&)>;

class Teller {
 public:
  Teller(Database& database, const Visit& visit) : database_(database), visit_(visit) {}

  Status tell(SourceId source, const std::string& name, bool all_told) {
    Status done = alarms(source, name, all_told, Word::What::kTold);
    if (done) done = hold(source, name);
    if (done) done = alarms(source, name, all_told, Word::What::kAcknowledged);
    if (done) done = acceptances(source, name);
    return done ? deviations(source, name) : done;
  }
  bool goes_on() const { return goes_on_; }

 private:
  template <typename Make>
  Status each(Selection found, const Make& make) {
    if (!goes_on_) return {};
    return found.each([&](const Query& row) {
      const std::optional<Word> word = make(row);
      goes_on_ = !word || visit_(*word);
      return goes_on_;
    });
  }

  Status alarms(SourceId source, const std::string& name, bool all_told, Word::What what) {
    const bool told = what == Word::What::kTold;
    return each(
        database_.select(
            fmt::format(
                "SELECT a.kind, a.key, {}, a.message, {} FROM alarm a {} {} WHERE a.source_id=?1 "
                "AND {} AND {} GROUP BY a.kind, a.key ORDER BY a.kind, a.key",
                told ? "a.since" : "max(a.ended_at)", kContent,
                told ? "INDEXED BY alarm_open" : "INDEXED BY alarm_acknowledged", kContentOf,
                kOfTheBucket,
                told ? "a.ended_at IS NULL AND (a.announced=1 OR ?2=1)"
                     : "a.acknowledged=1 AND ?2=?2 AND NOT EXISTS (SELECT 1 FROM alarm o INDEXED "
                       "BY alarm_open WHERE o.source_id=a.source_id AND o.kind=a.kind AND "
                       "o.key=a.key AND o.ended_at IS NULL)"),
            source, all_told),
        [&](const Query& row) -> std::optional<Word> {
          Word word{name, what, std::string(row.bytes(0)), std::string(row.bytes(1)),
                    rows::time(row.integer(2))};
          word.text = row.bytes(3);
          if (is_about_a_content(word.kind)) {
            // It is over, in a way that is not written down.
            if (row.is_null(4)) return std::nullopt;
            word.upstream = rows::identity(row, 4);
          }
          return word;
        });
  }

  Status hold(SourceId source, const std::string& name) {
    return each(
        database_.select(
            "SELECT s.hold_since, coalesce(a.message, '') FROM source s LEFT JOIN alarm a ON "
            "a.source_id=s.source_id AND a.kind='mass-change' AND a.key=x'' AND a.ended_at IS NULL "
            "WHERE s.source_id=?1 AND s.hold_since IS NOT NULL",
            source),
        [&](const Query& row) -> std::optional<Word> {
          Word word{name, Word::What::kHold, "mass-change", "", rows::time(row.integer(0))};
          word.text = row.bytes(1);
          return word;
        });
  }

  Status acceptances(SourceId source, const std::string& name) {
    return each(database_.select("SELECT key, at, etag, size_bytes, version_id, sha256 FROM "
                                 "acceptance WHERE source_id=?1 ORDER BY key",
                                 source),
                [&](const Query& row) -> std::optional<Word> {
                  Word word{name, Word::What::kAccepted, "changed", std::string(row.bytes(0)),
                            rows::time(row.integer(1))};
                  word.upstream = rows::identity(row, 2);
                  word.text = to_hex(rows::digest(row.bytes(5)));
                  return word;
                });
  }

  Status deviations(SourceId source, const std::string& name) {
    return each(database_.select("SELECT key, kind, since, etag, size_bytes, version_id FROM "
                                 "deviation WHERE source_id=?1 AND acknowledged=1 ORDER BY key",
                                 source),
                [&](const Query& row) -> std::optional<Word> {
                  Word word{name, Word::What::kDeviation, "", std::string(row.bytes(0)),
                            rows::time(row.integer(2))};
                  if (static_cast<Deviation>(row.integer(1)) == Deviation::kChanged) {
                    word.upstream = rows::identity(row, 3);
                  }
                  return word;
                });
  }

  Database& database_;
  const Visit& visit_;
  bool goes_on_ = true;
};

class WordRecorder {
 public:
  WordRecorder(Database& database, Time now) : database_(database), now_(now) {}

  Status record(SourceId source, const Word& word) {
    switch (word.what) {
      case Word::What::kTold:
        return keep(source, word);
      case Word::What::kAcknowledged:
        return acknowledge(source, word);
      case Word::What::kHold:
        return hold(source, word);
      case Word::What::kDeviation:
        return deviate(source, word);
      case Word::What::kAccepted: {
        Word acknowledged = word;
        acknowledged.kind = name_of(AlarmKind::kChanged);
        Word accepted = word;
        accepted.kind = kAcceptedKind;
        if (Status done = keep(source, accepted); !done) return done;
        if (Status done = deviate(source, word); !done) return done;
        return acknowledge(source, acknowledged);
      }
    }
    return {};
  }

  Result<std::uint64_t> finish() {
    std::uint64_t all = 0;
    for (const auto& [source, count] : ended_) {
      const Status noted =
          events::note(database_, source, EventKind::kAcknowledged, {count, 0, {}}, now_);
      if (!noted) return noted.error();
      all += count;
    }
    return all;
  }

 private:
  Status keep(SourceId source, const Word& word) {
    const Identity upstream = word.upstream.value_or(Identity{});
    return database_.execute(
        "INSERT OR REPLACE INTO carried (source_id, kind, key, what, at, has_content, etag, "
        "size_bytes, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        source, word.kind, Bytes{word.key}, word.what, rows::seconds(word.at),
        word.upstream.has_value(), rows::etag_column(upstream),
        rows::signed_size(upstream.size_bytes), word.text);
  }

  // What was raised here after it was said is not what was meant.
  Status acknowledge(SourceId source, const Word& word) {
    const Identity upstream = word.upstream.value_or(Identity{});
    const auto ended = database_.run(
        "UPDATE alarm INDEXED BY alarm_open SET ended_at=?4, acknowledged=1 WHERE source_id=?1 AND "
        "kind=?2 AND key=?3 AND ended_at IS NULL AND since<=?5 AND CASE WHEN kind='changed' THEN "
        "EXISTS (SELECT 1 FROM deviation d WHERE d.source_id=?1 AND d.key=?3 AND d.kind=2 AND "
        "d.etag=?6 AND d.size_bytes=?7) WHEN kind IN ('mismatch', 'unreadable', 'ghost') THEN "
        "EXISTS (SELECT 1 FROM refusal r WHERE r.source_id=?1 AND r.key=?3 AND r.etag=?6 AND "
        "r.size_bytes=?7) ELSE 1 END",
        source, word.kind, Bytes{word.key}, rows::seconds(now_), rows::seconds(word.at),
        rows::etag_column(upstream), rows::signed_size(upstream.size_bytes));
    if (!ended) return ended.error();
    if (*ended > 0) ended_[source] += *ended;
    if (word.kind == "mass-change") {
      return database_.execute(
          "UPDATE source SET hold_since=NULL WHERE source_id=?1 AND hold_since<=?2", source,
          rows::seconds(word.at));
    }
    return keep(source, word);
  }

  Status hold(SourceId source, const Word& word) {
    // Where it was acknowledged here since, the other disk has not heard yet.
    const auto begun = database_.run(
        "UPDATE source SET hold_since=?2 WHERE source_id=?1 AND hold_since IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM alarm a WHERE a.source_id=?1 AND a.kind='mass-change' AND a.acknowledged=1 "
        "AND a.ended_at>=?2)",
        source, rows::seconds(word.at));
    if (!begun) return begun.error();
    if (*begun == 0) return {};
    return database_.execute(
        "INSERT INTO alarm (source_id, kind, key, since, message, announced) SELECT ?1, "
        "'mass-change', x'', ?2, ?3, EXISTS (SELECT 1 FROM carried WHERE source_id=?1 AND "
        "kind='mass-change' AND what=?4) WHERE NOT EXISTS (SELECT 1 FROM alarm a INDEXED BY "
        "alarm_open WHERE a.source_id=?1 AND a.kind='mass-change' AND a.key=x'' AND a.ended_at IS "
        "NULL)",
        source, rows::seconds(word.at), word.text, Word::What::kTold);
  }

  // It counts as seen, where it is one here: the tripwire does not count it again.
  Status deviate(SourceId source, const Word& word) {
    const Identity upstream = word.upstream.value_or(Identity{});
    const auto kind =
        static_cast<std::int64_t>(word.upstream ? Deviation::kChanged : Deviation::kVanished);
    const auto etag = rows::etag_column(upstream);
    const auto size = rows::signed_size(upstream.size_bytes);
    const auto inserted = database_.run(
        "INSERT OR IGNORE INTO deviation (source_id, key, kind, since, etag, size_bytes, "
        "version_id, acknowledged) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 1 WHERE EXISTS (SELECT 1 "
        "FROM archive a WHERE a.source_id=?1 AND a.key=?2 AND (?3=1 OR a.etag<>?5 OR "
        "a.size_bytes<>?6))",
        source, Bytes{word.key}, kind, rows::seconds(word.at), etag, size, upstream.version_id);
    if (!inserted) return inserted.error();
    if (*inserted > 0) return {};
    return database_.execute(
        "UPDATE deviation SET acknowledged=1 WHERE source_id=?1 AND key=?2 AND kind=?3 AND etag=?4 "
        "AND size_bytes=?5 AND acknowledged=0",
        source, Bytes{word.key}, kind, etag, size);
  }

  Database& database_;
  const Time now_;
  std::map<SourceId, std::uint64_t> ended_;
};

Result<SourceId> id_of(Database& database, const std::string& name) {
  const Status made = database.execute("INSERT OR IGNORE INTO source (name) VALUES (?1)", name);
  if (!made) return made.error();
  return database.read_integer("SELECT source_id FROM source WHERE name=?1", name);
}

}  // namespace

Status CarriedView::visit_words(bool all_told, const Visit& visit) {
  const auto sources = impl_->database.select("SELECT name, source_id FROM source ORDER BY name")
                           .all([](const Query& row) {
                             return std::pair(std::string(row.bytes(0)), row.integer(1));
                           });
  if (!sources) return sources.error();
  Teller teller(impl_->database, visit);
  for (const auto& [name, id] : *sources) {
    if (!teller.goes_on()) break;
    if (Status told = teller.tell(id, name, all_told); !told) return told;
  }
  return {};
}

Result<bool> CarriedView::has_words(std::string_view disk, std::string_view digest) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM carried_from WHERE disk=?1 AND digest=?2)", disk, digest);
}

Result<std::uint64_t> CarriedView::replace_words(
    std::string_view disk, std::string_view digest,
    const std::function<bool(const std::string& source)>& wanted,
    const std::function<Status(const VisitWord&)>& read, Time now) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  for (const std::string_view sql : {"DELETE FROM carried", "DELETE FROM carried_from"}) {
    if (Status emptied = database.execute(sql); !emptied) return emptied.error();
  }
  WordRecorder recorder(database, now);
  const Status taken = read([&](const Word& word) -> Status {
    if (!wanted(word.source)) return {};
    const Result<SourceId> source = id_of(database, word.source);
    return source ? recorder.record(*source, word) : Status(tl::unexpected(source.error()));
  });
  if (!taken) return taken.error();
  const Result<std::uint64_t> ended = recorder.finish();
  if (!ended) return ended;
  const Status noted =
      database.execute("INSERT INTO carried_from (disk, digest) VALUES (?1, ?2)", disk, digest);
  if (!noted) return noted.error();
  if (Status done = transaction->commit(); !done) return done.error();
  return ended;
}

Result<Heard> CarriedView::heard(SourceId source, AlarmKind kind, std::string_view key,
                                 const Identity& upstream) {
  const auto what =
      impl_->database
          .select(
              "SELECT what FROM carried WHERE source_id=?1 AND kind=?2 AND key=?3 AND "
              "has_content=1 AND etag=?4 AND size_bytes=?5",
              source, name_of(kind), Bytes{key}, rows::etag_column(upstream),
              rows::signed_size(upstream.size_bytes))
          .one([](const Query& row) { return static_cast<Word::What>(row.integer(0)); });
  if (!what) return what.error();
  if (!*what) return Heard::kNo;
  return **what == Word::What::kTold ? Heard::kTold : Heard::kAcknowledged;
}

Status CarriedView::note_accepted(SourceId source, const Generation& taken, Time now) {
  return impl_->database.execute(
      "INSERT OR REPLACE INTO acceptance (source_id, key, at, etag, size_bytes, version_id, "
      "sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      source, Bytes{taken.key}, rows::seconds(now), rows::etag_column(taken.upstream),
      rows::signed_size(taken.upstream.size_bytes), taken.upstream.version_id,
      rows::digest(taken.sha256));
}

Result<std::vector<Generation>> CarriedView::accepted_elsewhere(SourceId source,
                                                                std::string_view after,
                                                                std::size_t limit) {
  const auto accepted =
      impl_->database
          .select(
              "SELECT g.key, g.sha256 FROM generation g JOIN carried c ON c.source_id=g.source_id "
              "AND c.key=g.key AND c.kind='accepted' AND c.text=lower(hex(g.sha256)) JOIN archive "
              "a ON a.source_id=g.source_id AND a.key=g.key AND a.sha256<>g.sha256 WHERE "
              "g.source_id=?1 AND g.place=?4 AND g.key>?2 AND NOT EXISTS (SELECT 1 FROM acceptance "
              "p WHERE p.source_id=?1 AND p.key=g.key AND p.at>=c.at) GROUP BY g.key ORDER BY "
              "g.key LIMIT ?3",
              source, Bytes{after}, static_cast<std::int64_t>(limit), Place::kQuarantine)
          .all([](const Query& row) {
            return std::pair(std::string(row.bytes(0)), rows::digest(row.bytes(1)));
          });
  if (!accepted) return accepted.error();
  std::vector<Generation> found;
  HoldingView& holdings = *static_cast<Ledger*>(this);
  for (const auto& [key, content] : *accepted) {
    auto one = holdings.find_generation(source, key, content, Place::kQuarantine);
    if (!one) return one.error();
    if (*one) found.push_back(**std::move(one));
  }
  return found;
}

}  // namespace store

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <utility>

#include "store/ledger_impl.h"

namespace store {

namespace {

constexpr std::size_t kRecentSizes = 10;

std::string text_of(const std::vector<std::uint64_t>& sizes_bytes) {
  return fmt::format("{}", fmt::join(sizes_bytes, " "));
}

std::vector<std::uint64_t> sizes_of(std::string_view text) {
  std::vector<std::uint64_t> sizes_bytes;
  while (!text.empty()) {
    std::uint64_t size_bytes = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size_bytes);
    if (parsed.ec != std::errc()) break;
    sizes_bytes.push_back(size_bytes);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return sizes_bytes;
}

Ledger::Series series_of_row(const Query& row) {
  return {std::string(row.bytes(0)), static_cast<std::uint64_t>(row.integer(1)),
          rows::time(row.integer(2)), sizes_of(row.bytes(3))};
}

class SeriesTable {
 public:
  SeriesTable(Database& database, SourceId source) : database_(database), source_(source) {}

  Result<Ledger::Series> find(const std::string& name) {
    Result<Query> query = database_.query(
        "SELECT name, archives, newest_held_since, recent_sizes FROM series WHERE source_id=?1 "
        "AND name=?2");
    if (!query) return query.error();
    const Result<bool> row = query->bind(source_, Bytes{name}).step();
    if (!row) return row.error();
    if (*row) return series_of_row(*query);
    Ledger::Series fresh;
    fresh.name = name;
    return fresh;
  }

  Status add(Ledger::Series series, const Ledger::Arrival& arrival) {
    ++series.archives;
    series.newest_held_since = std::max(series.newest_held_since, arrival.held_since);
    auto& recent = series.recent_sizes_bytes;
    recent.push_back(arrival.size_bytes);
    if (recent.size() > kRecentSizes) recent.erase(recent.begin());
    const Result<std::uint64_t> done = database_.run(
        "INSERT OR REPLACE INTO series (source_id, name, archives, newest_held_since, "
        "recent_sizes) VALUES (?1, ?2, ?3, ?4, ?5)",
        source_, Bytes{series.name}, static_cast<std::int64_t>(series.archives),
        rows::seconds(series.newest_held_since), std::string_view(text_of(recent)));
    if (!done) return done.error();
    return {};
  }

  Result<bool> is_of(std::string_view spec) {
    const Result<std::int64_t> same = database_.read_integer(
        "SELECT series_spec=?2 FROM source WHERE source_id=?1", source_, spec);
    if (!same) return same.error();
    return *same == 1;
  }

  /// No series, and all that is held arrives anew.
  Status begin_anew(std::string_view spec) {
    Result<std::uint64_t> done = database_.run("DELETE FROM series WHERE source_id=?1", source_);
    if (!done) return done.error();
    done = database_.run("UPDATE source SET series_spec=?2 WHERE source_id=?1", source_, spec);
    if (!done) return done.error();
    return {};
  }

 private:
  Database& database_;
  const SourceId source_;
};

Ledger::Arrival arrival_of(const Query& row) {
  return {std::string(row.bytes(0)), static_cast<std::uint64_t>(row.integer(1)),
          rows::time(row.integer(2))};
}

}  // namespace

Status ExpectationView::take_arrivals(
    SourceId source, std::string_view spec,
    const std::function<std::string(std::string_view key)>& series_of,
    const std::function<std::optional<std::string>(const Arrival&, const Series&)>& judge, Time now,
    const std::function<void(const std::string& key, const std::string& message)>& raised) {
  Database& database = impl_->database;
  SeriesTable table(database, source);
  const Result<bool> same_spec = table.is_of(spec);
  if (!same_spec) return same_spec.error();
  const Result<std::int64_t> any =
      database.read_integer("SELECT EXISTS (SELECT 1 FROM arrival WHERE source_id=?1)", source);
  if (!any) return any.error();
  // In the usual run nothing has come, and nothing is written.
  if (*same_spec && *any == 0) return {};

  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  const auto take = [&](std::string_view sql, bool judged) -> Status {
    Result<Query> query = database.query(sql);
    if (!query) return query.error();
    Status taken;
    const Status read = rows::each(query->bind(source), [&](Query& row) {
      const Arrival arrival = arrival_of(row);
      Result<Series> series = table.find(series_of(arrival.key));
      if (!series) {
        taken = series.error();
        return false;
      }
      auto message = judged ? judge(arrival, *series) : std::nullopt;
      taken = table.add(*std::move(series), arrival);
      if (!taken || !message) return taken.has_value();
      const Result<bool> is_new =
          alarms::raise(database, source, AlarmKind::kSmall, arrival.key, *message, now);
      if (!is_new) taken = is_new.error();
      if (is_new && *is_new) raised(arrival.key, *message);
      return taken.has_value();
    });
    return read ? taken : read;
  };
  if (!*same_spec) {
    if (Status begun = table.begin_anew(spec); !begun) return begun;
    Status taken = take(
        "SELECT a.key, a.size_bytes, a.held_since FROM archive a WHERE a.source_id=?1 AND NOT "
        "EXISTS (SELECT 1 FROM arrival r WHERE r.source_id=?1 AND r.last_modified=a.last_modified "
        "AND r.key=a.key) ORDER BY a.held_since, a.last_modified, a.key",
        false);
    if (!taken) return taken;
  }
  Status taken = take(
      "SELECT key, size_bytes, held_since FROM arrival WHERE source_id=?1 ORDER BY last_modified, "
      "key",
      true);
  if (!taken) return taken;
  const Result<std::uint64_t> done = database.run("DELETE FROM arrival WHERE source_id=?1", source);
  if (!done) return done.error();
  return transaction->commit();
}

Status ExpectationView::forget_series(SourceId source) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET series_spec=NULL WHERE source_id=?1 AND series_spec IS NOT NULL", source);
  if (!done) return done.error();
  return {};
}

Status ExpectationView::visit_series(SourceId source, std::uint64_t archives,
                                     const std::function<bool(const Series&)>& visit) {
  Result<Query> query = impl_->database.query(
      "SELECT name, archives, newest_held_since, recent_sizes FROM series WHERE source_id=?1 AND "
      "archives>=?2 ORDER BY name");
  if (!query) return query.error();
  return rows::each(query->bind(source, static_cast<std::int64_t>(archives)),
                    [&](Query& row) { return visit(series_of_row(row)); });
}

Result<Ledger::Expiry> ExpectationView::expiry(SourceId source) {
  Expiry expiry;
  Result<Query> asked =
      impl_->database.query("SELECT expiry_asked_at FROM source WHERE source_id=?1");
  if (!asked) return asked.error();
  const Result<bool> row = asked->bind(source).step();
  if (!row) return row.error();
  if (*row && !asked->is_null(0)) expiry.asked_at = rows::time(asked->integer(0));
  Result<Query> rules =
      impl_->database.query("SELECT rule, lifetime_days FROM expiry_rule WHERE source_id=?1");
  if (!rules) return rules.error();
  const Status done = rows::each(rules->bind(source), [&](Query& rule) {
    expiry.days_by_rule[std::string(rule.bytes(0))] = rule.integer(1);
    return true;
  });
  if (!done) return done.error();
  return expiry;
}

Status ExpectationView::note_expiry_rule(SourceId source, std::string_view rule,
                                         std::int64_t days) {
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT OR REPLACE INTO expiry_rule (source_id, rule, lifetime_days) VALUES (?1, ?2, ?3)",
      source, rule, days);
  if (!done) return done.error();
  return {};
}

Status ExpectationView::note_expiry_asked(SourceId source, Time now) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET expiry_asked_at=?2 WHERE source_id=?1", source, rows::seconds(now));
  if (!done) return done.error();
  return {};
}

}  // namespace store

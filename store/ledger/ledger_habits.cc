#include "store/ledger/ledger_habits.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "store/ledger/ledger_plan_impl.h"

namespace store {

namespace habits {

namespace {

constexpr std::size_t kMaxRecent = 10;
constexpr std::size_t kMaxMade = 11;

// Numbers with one byte between them; what stands there is up to the writer.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : text_(text) {}
  bool any() const { return !text_.empty(); }
  char here() const { return text_.empty() ? '\0' : text_.front(); }
  template <typename Number>
  Number next() {
    Number number{};
    const auto parsed = std::from_chars(text_.data(), text_.data() + text_.size(), number);
    const auto length = static_cast<std::size_t>(parsed.ptr - text_.data());
    last_ = length < text_.size() ? text_[length] : '\0';
    text_.remove_prefix(std::min(text_.size(), length + 1));
    return number;
  }
  char after() const { return last_; }

 private:
  std::string_view text_;
  char last_ = '\0';
};

// "SIZE PARTS LARGEST[ HASH:COUNT:LOWEST:HIGHEST:NUMBERED...]\n" each.
std::string text_of(const std::vector<Ledger::SetMade>& sets) {
  std::string text;
  for (const auto& set : sets) {
    text += fmt::format("{} {} {}", set.size_bytes, set.parts, set.largest_bytes);
    for (const auto& form : set.forms) {
      text += fmt::format(" {}:{}:{}:{}:{}", form.hash, form.count, form.lowest, form.highest,
                          form.numbered ? 1 : 0);
    }
    text += '\n';
  }
  return text;
}

std::vector<Ledger::SetMade> sets_of(std::string_view text) {
  std::vector<Ledger::SetMade> sets;
  Numbers numbers(text);
  while (numbers.any()) {
    auto& set = sets.emplace_back();
    set.size_bytes = numbers.next<std::uint64_t>();
    set.parts = numbers.next<std::uint64_t>();
    set.largest_bytes = numbers.next<std::uint64_t>();
    while (numbers.after() == ' ' && numbers.any()) {
      auto& form = set.forms.emplace_back();
      form.hash = numbers.next<std::uint64_t>();
      form.count = numbers.next<std::uint64_t>();
      form.lowest = numbers.next<std::uint64_t>();
      form.highest = numbers.next<std::uint64_t>();
      form.numbered = numbers.next<std::uint64_t>() != 0;
    }
  }
  return sets;
}

std::string text_of(const std::vector<Time>& times) {
  std::string text;
  for (const Time time : times) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", rows::seconds(time));
  }
  return text;
}

std::vector<Time> times_of(std::string_view text) {
  std::vector<Time> times;
  for (Numbers numbers(text); numbers.any();) {
    times.push_back(rows::time(numbers.next<std::int64_t>()));
  }
  return times;
}

}  // namespace

Row row_of(const Query& row) {
  return {{std::string(row.bytes(0)), static_cast<std::uint64_t>(row.integer(1)),
           rows::time(row.integer(2)), rows::time(row.integer(3)), std::string(row.bytes(4)),
           times_of(row.bytes(6)), sets_of(row.bytes(7))},
          static_cast<Open>(row.integer(5))};
}

Result<std::optional<Row>> find(Database& database, SourceId source, std::string_view stream) {
  Result<Query> query =
      database.query(fmt::format("SELECT {} FROM stream WHERE source_id=?1 AND name=?2", kColumns));
  if (!query) return query.error();
  const Result<bool> row = query->bind(source, Bytes{stream}).step();
  if (!row) return row.error();
  return *row ? std::optional(row_of(*query)) : std::nullopt;
}

Status write(Database& database, SourceId source, const Row& row, std::string_view shape) {
  const auto& habit = row.habit;
  const Result<std::uint64_t> done = database.run(
      "INSERT OR REPLACE INTO stream (source_id, name, shape, sets, first_held_since, "
      "newest_held_since, last_set, is_open, made, recent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10)",
      source, Bytes{habit.stream}, Bytes{shape}, static_cast<std::int64_t>(habit.sets),
      rows::seconds(habit.first_held_since), rows::seconds(habit.newest_held_since),
      Bytes{habit.last_set}, static_cast<std::int64_t>(row.open),
      std::string_view(text_of(habit.made)), std::string_view(text_of(habit.recent)));
  if (!done) return done.error();
  return {};
}

Status update(Database& database, SourceId source, const Row& row) {
  const auto& habit = row.habit;
  const Result<std::uint64_t> done = database.run(
      "UPDATE stream SET newest_held_since=?3, is_open=?4, recent=?5 WHERE source_id=?1 AND "
      "name=?2",
      source, Bytes{habit.stream}, rows::seconds(habit.newest_held_since),
      static_cast<std::int64_t>(row.open), std::string_view(text_of(habit.recent)));
  if (!done) return done.error();
  return {};
}

void add_recent(Row& row, const Ledger::SetMade& set) {
  auto& recent = row.habit.recent;
  recent.push_back(set);
  if (recent.size() > kMaxRecent) recent.erase(recent.begin());
}

void add_made(Row& row, Time made) {
  auto& times = row.habit.made;
  times.push_back(made);
  if (times.size() > kMaxMade) times.erase(times.begin());
}

}  // namespace habits

Status ExpectationView::forget_series(SourceId source) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET series_spec=NULL WHERE source_id=?1 AND series_spec IS NOT NULL", source);
  if (!done) return done.error();
  return {};
}

Result<std::optional<Time>> ExpectationView::newest_arrival(SourceId source) {
  Result<Query> query =
      impl_->database.query("SELECT max(newest_held_since) FROM stream WHERE source_id=?1");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source).step();
  if (!row) return row.error();
  if (!*row || query->is_null(0)) return std::optional<Time>();
  return std::optional(rows::time(query->integer(0)));
}

Status ExpectationView::visit_habits(SourceId source, std::uint64_t sets,
                                     const std::function<bool(const Habit&)>& visit) {
  Result<Query> query = impl_->database.query(fmt::format(
      "SELECT {} FROM stream WHERE source_id=?1 AND sets>=?2 ORDER BY name", habits::kColumns));
  if (!query) return query.error();
  return rows::each(query->bind(source, static_cast<std::int64_t>(sets)),
                    [&](Query& row) { return visit(habits::row_of(row).habit); });
}

Result<std::optional<Ledger::Habit>> ExpectationView::habit(SourceId source,
                                                            std::string_view stream) {
  Result<std::optional<habits::Row>> row = habits::find(impl_->database, source, stream);
  if (!row) return row.error();
  return *row ? std::optional(std::move((*row)->habit)) : std::nullopt;
}

Result<bool> ExpectationView::has_successor(SourceId source, std::string_view stream) {
  const Result<std::int64_t> found = impl_->database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM stream o JOIN stream n ON n.source_id=?1 AND n.shape=o.shape "
      "AND n.first_held_since>o.newest_held_since WHERE o.source_id=?1 AND o.name=?2)",
      source, Bytes{stream});
  if (!found) return found.error();
  return *found != 0;
}

Result<std::vector<std::string>> ExpectationView::keys_from(SourceId source, std::string_view set,
                                                            std::size_t limit) {
  const PrefixRange range(set);
  Result<Query> query = impl_->database.query(
      fmt::format("SELECT key FROM archive WHERE source_id=?1 AND {} ORDER BY key LIMIT ?4",
                  range.condition("key")));
  if (!query) return query.error();
  query->bind(source, range.first(), range.end(), static_cast<std::int64_t>(limit));
  std::vector<std::string> keys;
  const Status read = rows::each(*query, [&](Query& row) {
    keys.emplace_back(row.bytes(0));
    return true;
  });
  if (!read) return read.error();
  return keys;
}

}  // namespace store

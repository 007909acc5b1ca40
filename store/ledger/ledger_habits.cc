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
  return {{std::string(row.bytes(0)), row.count(1), rows::time(row.integer(2)),
           rows::time(row.integer(3)), std::string(row.bytes(4)), times_of(row.bytes(6)),
           sets_of(row.bytes(7))},
          static_cast<Open>(row.integer(5))};
}

Result<std::optional<Row>> find(Database& database, SourceId source, std::string_view stream) {
  return database
      .select(fmt::format("SELECT {} FROM stream WHERE source_id=?1 AND name=?2", kColumns), source,
              Bytes{stream})
      .one(row_of);
}

Status write(Database& database, SourceId source, const Row& row, std::string_view shape) {
  const auto& habit = row.habit;
  return database.execute(
      "INSERT OR REPLACE INTO stream (source_id, name, shape, sets, first_held_since, "
      "newest_held_since, last_set, is_open, made, recent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10)",
      source, Bytes{habit.stream}, Bytes{shape}, static_cast<std::int64_t>(habit.sets),
      rows::seconds(habit.first_held_since), rows::seconds(habit.newest_held_since),
      Bytes{habit.last_set}, row.open, text_of(habit.made), text_of(habit.recent));
}

Status update(Database& database, SourceId source, const Row& row) {
  const auto& habit = row.habit;
  return database.execute(
      "UPDATE stream SET newest_held_since=?3, is_open=?4, recent=?5 WHERE source_id=?1 AND "
      "name=?2",
      source, Bytes{habit.stream}, rows::seconds(habit.newest_held_since), row.open,
      text_of(habit.recent));
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
  return impl_->database.execute(
      "UPDATE source SET series_spec=NULL WHERE source_id=?1 AND series_spec IS NOT NULL", source);
}

Result<std::optional<Time>> ExpectationView::newest_arrival(SourceId source) {
  const auto newest =
      impl_->database.select("SELECT max(newest_held_since) FROM stream WHERE source_id=?1", source)
          .one([](const Query& row) { return rows::time_or_none(row, 0); });
  if (!newest) return newest.error();
  return newest->value_or(std::nullopt);
}

Status ExpectationView::visit_habits(SourceId source, std::uint64_t sets,
                                     const std::function<bool(const Habit&)>& visit) {
  return impl_->database
      .select(fmt::format("SELECT {} FROM stream WHERE source_id=?1 AND sets>=?2 ORDER BY name",
                          habits::kColumns),
              source, static_cast<std::int64_t>(sets))
      .each([&](const Query& row) { return visit(habits::row_of(row).habit); });
}

Result<std::optional<Ledger::Habit>> ExpectationView::habit(SourceId source,
                                                            std::string_view stream) {
  Result<std::optional<habits::Row>> row = habits::find(impl_->database, source, stream);
  if (!row) return row.error();
  return *row ? std::optional(std::move((*row)->habit)) : std::nullopt;
}

Result<bool> ExpectationView::has_successor(SourceId source, std::string_view stream) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM stream o JOIN stream n ON n.source_id=?1 AND n.shape=o.shape "
      "AND n.first_held_since>o.newest_held_since WHERE o.source_id=?1 AND o.name=?2)",
      source, Bytes{stream});
}

Result<std::vector<std::string>> ExpectationView::keys_from(SourceId source, std::string_view set,
                                                            std::size_t limit) {
  const PrefixRange range(set);
  return impl_->database
      .select(fmt::format("SELECT key FROM archive WHERE source_id=?1 AND {} ORDER BY key LIMIT ?4",
                          range.condition("key")),
              source, range.first(), range.end(), static_cast<std::int64_t>(limit))
      .all([](const Query& row) { return std::string(row.bytes(0)); });
}

}  // namespace store

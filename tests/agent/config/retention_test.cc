#include "agent/config/retention.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/base/units.h"
#include "tests/support/catch.h"
#include "tests/support/stride.h"
#include "tests/support/uploaded.h"

using agent::Keep;
using agent::Keeps;
using agent::RetentionRules;
using agent::SeriesRetention;
using Content = SeriesRetention::Content;
using store::Time;

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::hours;

// By rank; what is not in it is removed.
using Decided = std::map<std::uint64_t, Keeps>;

Decided decide(const RetentionRules& rules, Time now, const std::vector<Content>& contents) {
  SeriesRetention series(rules);
  Decided decided;
  for (const auto& content : contents) {
    series.add(content);
    const auto keeps = SeriesRetention::of_itself(rules, now, content.held_since);
    if (keeps != 0) decided[content.rank] = keeps;
  }
  for (const auto& kept : series.kept()) decided[kept.rank] |= kept.keeps;
  return decided;
}

bool is_within(const Decided& fewer, const Decided& more) {
  return std::all_of(fewer.begin(), fewer.end(), [&](const auto& one) {
    const auto found = more.find(one.first);
    return found != more.end() && (one.second & ~found->second) == 0;
  });
}

// ---- random histories -----------------------------------------------------------------------

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool one_in(std::uint64_t chance) { return below(chance) == 0; }

 private:
  std::mt19937_64 engine_;
};

struct History {
  RetentionRules rules;
  Time now{};
  std::vector<Content> contents;
};

RetentionRules rules_of(Dice& dice) {
  RetentionRules rules;
  if (dice.one_in(2)) rules.within = hours{1 + dice.below(24 * 40)};
  for (auto* count : {&rules.last, &rules.daily, &rules.weekly, &rules.monthly, &rules.yearly}) {
    if (dice.one_in(2)) *count = static_cast<unsigned>(dice.below(6));
  }
  if (!rules.any()) rules.last = 1;
  return rules;
}

// When the upstream says that a content was made: mostly shortly before, now and then anything.
Time made(Dice& dice, Time held_since) {
  if (dice.one_in(6)) return held_since + hours{24 * 400} - hours{dice.below(24 * 800)};
  return held_since - std::chrono::minutes{dice.below(60 * 24)};
}

// Nights, with gaps, with several a day, and with a backlog that came in one go.
History history_of(Dice& dice) {
  History history;
  history.rules = rules_of(dice);
  Time at{days{20'000 + dice.below(2000)}};
  const auto count = 1 + dice.below(24);
  for (std::uint64_t rank = 0; rank < count; ++rank) {
    if (!dice.one_in(5)) at += std::chrono::minutes{dice.below(60 * 30)};
    if (dice.one_in(10)) at += days{dice.below(90)};
    history.contents.push_back({at, test::uploaded(made(dice, at)), !dice.one_in(3), rank});
  }
  history.now = at + hours{dice.below(24 * 20)};
  return history;
}

RetentionRules with_one_more(RetentionRules rules, Dice& dice) {
  switch (dice.below(6)) {
    case 0:
      rules.within = rules.within.value_or(0s) + hours{dice.below(24 * 30)};
      break;
    case 1:
      ++rules.last;
      break;
    case 2:
      ++rules.daily;
      break;
    case 3:
      ++rules.weekly;
      break;
    case 4:
      ++rules.monthly;
      break;
    default:
      ++rules.yearly;
  }
  return rules;
}

std::uint64_t newest_of(const std::vector<Content>& contents, bool trusted_only, bool by_making) {
  const auto place = [&](const Content& content) {
    const auto made = std::min(at_its_word(content.last_modified), content.held_since);
    return by_making
               ? std::tuple(made, content.held_since, ~content.rank)
               : std::tuple(content.held_since, at_its_word(content.last_modified), ~content.rank);
  };
  const Content* newest = nullptr;
  for (const auto& content : contents) {
    if (trusted_only && !content.trusted) continue;
    if (newest == nullptr || place(*newest) < place(content)) newest = &content;
  }
  return newest == nullptr ? ~std::uint64_t{0} : newest->rank;
}

// What holds of every history, by name; empty when all of it does.
std::string first_broken_law(const History& history, Dice& dice) {
  const auto& [rules, now, contents] = history;
  const auto decided = decide(rules, now, contents);

  if (!is_within(decided, decide(with_one_more(rules, dice), now, contents))) {
    return "one more keep rule never removes more";
  }

  auto shuffled = contents;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(dice.below(1'000'000)));
  if (decide(rules, now, shuffled) != decided) return "the order of the input does not matter";

  for (const bool by_making : {false, true}) {
    if (!decided.contains(newest_of(contents, false, by_making))) return "the newest stays";
    const auto trusted = newest_of(contents, true, by_making);
    if (trusted != ~std::uint64_t{0} && !decided.contains(trusted)) {
      return "the newest trusted one stays";
    }
  }

  // Junk, at any time since the first content was held, with any date upstream.
  auto flooded = contents;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const auto span = std::max<std::int64_t>((now - contents.front().held_since).count(), 1);
    const auto held_since = contents.front().held_since +
                            std::chrono::seconds{dice.below(static_cast<std::uint64_t>(span) + 1)};
    flooded.push_back({held_since, test::uploaded(made(dice, held_since)), true, 1000 + i});
  }
  const auto after_flood = decide(rules, now, flooded);
  for (const auto& content : contents) {
    const bool within = rules.within && now - content.held_since <= *rules.within;
    if (within && !after_flood.contains(content.rank)) {
      return "junk pushes out nothing that keep_within holds";
    }
  }

  // Some of what is not kept goes, as a tenth does in one run.
  std::vector<Content> pruned;
  for (const auto& content : contents) {
    if (decided.contains(content.rank) || dice.one_in(2)) pruned.push_back(content);
  }
  if (decide(rules, now, pruned) != decided) return "what was kept is kept for the same reasons";
  return "";
}

// ---- calendars ------------------------------------------------------------------------------

Time at(const std::string& time) { return agent::parse_time(time).value(); }

std::string names(Keeps keeps) {
  const std::vector<std::pair<Keep, std::string>> all = {
      {Keep::kWithin, "within"}, {Keep::kLast, "last"},       {Keep::kDaily, "daily"},
      {Keep::kWeekly, "weekly"}, {Keep::kMonthly, "monthly"}, {Keep::kYearly, "yearly"},
      {Keep::kNewest, "newest"}};
  std::string text;
  for (const auto& [keep, name] : all) {
    if ((keeps & static_cast<Keeps>(keep)) != 0) text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

// Archives that were held as soon as they were made; what is kept of them, and why.
using Table = std::map<std::string, std::string>;
Table kept_of(const RetentionRules& rules, const std::string& now,
              const std::vector<std::string>& times) {
  std::vector<Content> contents;
  for (const auto& time : times)
    contents.push_back({at(time), test::uploaded(at(time)), true, contents.size()});
  Table table;
  for (const auto& [rank, keeps] : decide(rules, at(now), contents)) {
    table[times.at(rank)] = names(keeps);
  }
  return table;
}

std::vector<std::string> nightly(const std::string& from, const std::string& to) {
  std::vector<std::string> times;
  for (auto night = at(from); night <= at(to); night += days{1}) {
    times.push_back(agent::format_time(night));
  }
  return times;
}

}  // namespace

TEST_CASE("what holds of retention holds of ten thousand random histories, others each day") {
  constexpr std::uint64_t kHistories = 10'000;
  std::string broken;
  std::uint64_t seed = kHistories * test::turn_of(10);
  for (const auto last = seed + kHistories; seed < last && broken.empty(); ++seed) {
    Dice dice(seed);
    const auto history = history_of(dice);
    broken = first_broken_law(history, dice);
  }
  CAPTURE(seed);
  CHECK(broken == "");
}

TEST_CASE("a date upstream can keep a content and never remove one") {
  const std::uint64_t first = std::uint64_t{1000} * test::turn_of(10);
  for (std::uint64_t seed = first; seed < first + 1000; ++seed) {
    Dice dice(seed);
    auto history = history_of(dice);
    // One by one, so that no two were held at the same time.
    for (auto& content : history.contents) {
      content.held_since += std::chrono::seconds{content.rank};
    }
    auto by_our_clock = history.contents;
    for (auto& content : by_our_clock) content.last_modified = test::uploaded(content.held_since);
    const auto kept = decide(history.rules, history.now, history.contents);
    CAPTURE(seed);
    REQUIRE(is_within(decide(history.rules, history.now, by_our_clock), kept));
  }
}

TEST_CASE("days, weeks and months around a leap day") {
  RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 2;
  rules.monthly = 2;
  // 10 March 2028 is a Friday.
  CHECK(kept_of(rules, "2028-03-10T12:00:00Z",
                nightly("2028-02-20T02:00:00Z", "2028-03-10T02:00:00Z")) ==
        Table{{"2028-02-29T02:00:00Z", "monthly"},
              {"2028-03-05T02:00:00Z", "weekly"},
              {"2028-03-08T02:00:00Z", "daily"},
              {"2028-03-09T02:00:00Z", "daily"},
              {"2028-03-10T02:00:00Z", "daily weekly monthly newest"}});
}

TEST_CASE("after a month of missing nights the days before it still count") {
  RetentionRules rules;
  rules.daily = 5;
  rules.weekly = 3;
  rules.monthly = 3;
  auto nights = nightly("2026-08-20T23:30:00Z", "2026-08-31T23:30:00Z");
  for (const auto& night : nightly("2026-10-01T23:30:00Z", "2026-10-03T23:30:00Z")) {
    nights.push_back(night);
  }
  // 31 August 2026 is a Monday.
  CHECK(kept_of(rules, "2026-10-04T12:00:00Z", nights) ==
        Table{{"2026-08-30T23:30:00Z", "daily weekly"},
              {"2026-08-31T23:30:00Z", "daily weekly monthly"},
              {"2026-10-01T23:30:00Z", "daily"},
              {"2026-10-02T23:30:00Z", "daily"},
              {"2026-10-03T23:30:00Z", "daily weekly monthly newest"}});
}

TEST_CASE("at the turn of the year, with two archives a day") {
  RetentionRules rules;
  rules.within = 36h;
  rules.weekly = 2;
  rules.yearly = 2;
  // 30 December 2024 is a Monday, and of the first week of 2025.
  CHECK(kept_of(rules, "2025-01-02T00:00:00Z",
                {"2023-12-31T12:00:00Z", "2024-02-29T12:00:00Z", "2024-12-29T12:00:00Z",
                 "2024-12-30T00:00:00Z", "2024-12-30T12:00:00Z", "2024-12-31T00:00:00Z",
                 "2024-12-31T12:00:00Z", "2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z"}) ==
        Table{{"2024-12-29T12:00:00Z", "weekly"},
              {"2024-12-31T12:00:00Z", "within yearly"},
              {"2025-01-01T00:00:00Z", "within"},
              {"2025-01-01T12:00:00Z", "within weekly yearly newest"}});
}

TEST_CASE("a backlog that came in one night is not taken for the archives of one day") {
  RetentionRules rules;
  rules.daily = 3;
  rules.monthly = 2;
  std::vector<Content> contents;
  const auto nights = nightly("2026-01-20T02:00:00Z", "2026-03-05T02:00:00Z");
  // The newest came first.
  for (std::size_t i = 0; i < nights.size(); ++i) {
    const auto held_since = at("2026-03-05T14:00:00Z") + std::chrono::minutes{nights.size() - i};
    contents.push_back({held_since, test::uploaded(at(nights[i])), true, i});
  }
  std::set<std::string> kept;
  for (const auto& [rank, keeps] : decide(rules, at("2026-03-06T12:00:00Z"), contents)) {
    kept.insert(nights[rank].substr(0, 10));
  }
  // And the one that was held last, by our own count.
  CHECK(kept == std::set<std::string>{"2026-01-20", "2026-02-28", "2026-03-03", "2026-03-04",
                                      "2026-03-05"});
}

#include "agent/report/told.h"

#include <chrono>

#include "agent/report/when_to_tell.h"
#include "tests/support/catch.h"

using agent::News;
using namespace std::chrono_literals;

namespace {

const agent::Time kStart{std::chrono::seconds{1'800'000'000}};
constexpr std::chrono::seconds kWeek = std::chrono::days{7};

agent::Ending ending(const std::map<std::string, std::string>& states) {
  agent::Ending made{{}, {"photos", "site"}};
  for (const auto& [source, state] : states) made.states[source] = agent::run_state_of(state);
  return made;
}

agent::SourceStatus with_alarm(const std::string& kind, agent::Time since) {
  agent::SourceStatus source;
  source.name = "site";
  source.alarms.push_back({1, kind, "k", since, "message"});
  source.alarm_count = 1;
  return source;
}

}  // namespace

TEST_CASE("a failure is told of once for each state, and when it is over", "[watch]") {
  agent::Told told;
  const auto note = [&](const std::string& site, agent::Time now) {
    return agent::note_ending(told, ending({{"", "ok"}, {"site", site}}), now, kWeek);
  };
  CHECK(note("ok", kStart) == News::kNothing);
  CHECK(note("attention", kStart + 1h) == News::kNothing);
  CHECK(note("incomplete", kStart + 2h) == News::kFailure);
  CHECK(note("incomplete", kStart + 3h) == News::kNothing);
  CHECK(note("failed", kStart + 4h) == News::kFailure);
  CHECK(note("absent", kStart + 5h) == News::kFailure);
  CHECK(note("absent", kStart + 6h) == News::kNothing);
  CHECK(told.failing_since == kStart + 2h);
  CHECK(note("attention", kStart + 7h) == News::kOver);
  CHECK(note("ok", kStart + 8h) == News::kNothing);
}

TEST_CASE("what goes on failing is told of again after remind_every", "[watch]") {
  agent::Told told;
  const auto note = [&](agent::Time now, std::chrono::seconds every) {
    return agent::note_ending(told, ending({{"site", "incomplete"}}), now, every);
  };
  REQUIRE(note(kStart, kWeek) == News::kFailure);
  CHECK(note(kStart + kWeek - 1s, kWeek) == News::kNothing);
  SECTION("once each time") {
    CHECK(note(kStart + kWeek, kWeek) == News::kReminder);
    CHECK(note(kStart + kWeek + 1h, kWeek) == News::kNothing);
  }
  SECTION("never, where that is wished for") {
    CHECK(note(kStart + 100 * kWeek, 0s) == News::kNothing);
  }
  SECTION("also when the clock was set back") {
    CHECK(note(kStart - 1h, kWeek) == News::kReminder);
  }
}

TEST_CASE("a second source that fails is news, and the first going on is not", "[watch]") {
  agent::Told told;
  const auto note = [&](const std::map<std::string, std::string>& states) {
    return agent::note_ending(told, ending(states), kStart, kWeek);
  };
  CHECK(note({{"site", "incomplete"}, {"photos", "ok"}}) == News::kFailure);
  CHECK(note({{"site", "incomplete"}, {"photos", "incomplete"}}) == News::kFailure);
  // A run of one source says nothing of the other.
  CHECK(note({{"photos", "ok"}}) == News::kNothing);
  CHECK(told.failing.size() == 1);
  CHECK(note({{"site", "ok"}}) == News::kOver);
}

TEST_CASE("a source that left the configuration fails no more", "[watch]") {
  agent::Told told;
  REQUIRE(agent::note_ending(told, ending({{"site", "failed"}}), kStart, kWeek) == News::kFailure);
  CHECK(agent::note_ending(
            told, {{{"", agent::RunState::kOk}, {"photos", agent::RunState::kOk}}, {"photos"}},
            kStart, kWeek) == News::kOver);
}

TEST_CASE("open alarms are told of again, those of a HOLD each day", "[watch]") {
  agent::StatusReport status;
  status.sources = {with_alarm("changed", kStart)};
  agent::Told told;
  const auto due = [&](agent::Time now, std::chrono::seconds every) {
    return agent::note_reminders(told, status, now, every).size();
  };
  SECTION("an alarm") {
    CHECK(due(kStart + kWeek - 1s, kWeek) == 0);
    CHECK(due(kStart + kWeek, kWeek) == 1);
    CHECK(due(kStart + kWeek + 1h, kWeek) == 0);
    CHECK(due(kStart + 2 * kWeek, kWeek) == 1);
  }
  SECTION("a HOLD") {
    status.sources = {with_alarm("mass-change", kStart)};
    status.sources.front().hold = true;
    CHECK(due(kStart + 23h, kWeek) == 0);
    const auto reminders = agent::note_reminders(told, status, kStart + 24h, kWeek);
    REQUIRE(reminders.size() == 1);
    CHECK(reminders.front().kind == "mass-change");
    CHECK(reminders.front().message.starts_with("on HOLD; 1 alarm is still open (1 mass-change)"));
  }
  SECTION("neither, where no reminders are wished for") { CHECK(due(kStart + kWeek, 0s) == 0); }
  SECTION("no more once it is acknowledged") {
    REQUIRE(due(kStart + kWeek, kWeek) == 1);
    status.sources.front().alarms.clear();
    status.sources.front().alarm_count = 0;
    CHECK(due(kStart + 3 * kWeek, kWeek) == 0);
    CHECK(told.reminded.empty());
  }
}

TEST_CASE("what was told is known to the next run", "[watch]") {
  agent::Told told;
  told.failing = {{"", agent::RunState::kFailed}, {"site", agent::RunState::kIncomplete}};
  told.failing_since = kStart;
  told.told_at = kStart + 1h;
  told.reminded["site"] = kStart + 2h;
  told.ping_failed = true;
  CHECK(agent::told_from_json(agent::to_json(told)) == told);
  CHECK(agent::told_from_json("nonsense") == agent::Told());
  CHECK(agent::told_from_json(R"({"failing":[1],"told_at":7,"reminded":{"a":null}})") ==
        agent::Told());
}

TEST_CASE("a clock that has fallen behind does not tell of an alarm at each run", "[watch]") {
  agent::Told told;
  agent::StatusReport status;
  status.sources.push_back(with_alarm("corrupt", kStart));
  const auto in_1970 = agent::Time{1h};
  CHECK(agent::note_reminders(told, status, in_1970, kWeek).empty());
  CHECK(agent::note_reminders(told, status, in_1970 + 1h, kWeek).empty());
  CHECK(agent::note_reminders(told, status, in_1970 + kWeek, kWeek).size() == 1);
  CHECK(agent::note_reminders(told, status, in_1970 + kWeek + 1h, kWeek).empty());
}

#include "agent/base/trusted_clock.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// Ages are ours, whatever the servers say.

using agent::ExitStatus;
using agent::TrustedTime;
using pull_test::World;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

s3::ServerTime says(store::Time time) {
  return s3::ServerTime(std::chrono::milliseconds(time.time_since_epoch()));
}

std::set<std::string> held(const World& world) {
  std::set<std::string> keys;
  for (const auto& [path, content] : World::below(world.disk.files(), "site/archives/")) {
    keys.insert(path);
  }
  return keys;
}

void prune(World& world) {
  world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::prune_command(world.config, {{}, false, false}, environment, print);
  });
}

}  // namespace

TEST_CASE("a server's time is recorded only where ours is provably wrong", "[time]") {
  const auto now = agent::built_at() + days{100};
  agent::TimeWitnesses witnesses;
  witnesses.local = now;
  witnesses.newest_recorded = now - hours{1};
  for (const int years : {-50, -2, 2, 10, 8000}) {
    witnesses.server = says(now + days{365} * years);
    CAPTURE(years);
    CHECK(agent::trusted_time(witnesses).now == now);
    CHECK_FALSE(agent::trusted_time(witnesses).in_doubt);
  }
  SECTION("a clock that leaps against the server's word is in doubt, and goes by itself") {
    witnesses.local = now + days{400};
    witnesses.server = says(now);
    CHECK(agent::trusted_time(witnesses).now == now + days{400});
    CHECK(agent::trusted_time(witnesses).in_doubt);
    witnesses.server = says(now + days{400});
    CHECK_FALSE(agent::trusted_time(witnesses).in_doubt);
  }
  SECTION("one that is behind what it recorded goes by the servers, and never back") {
    const std::array all = {says(now + days{3}), says(now + days{3'000}),
                            says(now + days{3} + hours{2})};
    witnesses.local = store::Time{};
    witnesses.server = says(now + days{3'000});
    CHECK(agent::trusted_time(witnesses).now == now + days{3'000});
    witnesses.all_servers = all;
    CHECK(agent::trusted_time(witnesses).now == now + days{3});
    CHECK(agent::trusted_time(witnesses).in_doubt);
    witnesses.all_servers = {};
    witnesses.server = says(now - days{3'000});
    CHECK(agent::trusted_time(witnesses).now > *witnesses.newest_recorded);
    witnesses.server.reset();
    witnesses.doubt_after = now + days{1};
    CHECK(agent::trusted_time(witnesses).now > now + days{1});
  }
  SECTION("one that is earlier than the program is wrong, also at first") {
    CHECK(agent::is_provably_wrong(agent::built_at() - seconds{1}, {}));
    CHECK_FALSE(agent::is_provably_wrong(agent::built_at(), {}));
  }
}

TEST_CASE("no server's date makes a rule remove an archive sooner than an honest one would",
          "[time]") {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](int first, int last) {
    return std::uniform_int_distribution(first, last)(random);
  };
  World honest;
  World lying;
  seconds wrong{0};                     // of our clock, in both
  std::map<std::string, seconds> came;  // by a right clock
  for (auto* world : {&honest, &lying}) world->site().keep.within = days{20};
  for (int step = 1; step <= 14; ++step) {
    const auto passes = hours{24} * pick(1, 6);
    constexpr std::array<int, 6> kWrongDays = {0, 0, 0, -40, -9'000, 90};
    const seconds wrong_now = days{kWrongDays[static_cast<std::size_t>(pick(0, 5))]};
    for (auto* world : {&honest, &lying}) {
      world->pass(passes);
      world->clock.advance(wrong_now - wrong);
      world->server->put("b", "db-" + test::date_of(step), fmt::format("night {}", step));
    }
    came["site/archives/db-" + test::date_of(step)] = honest.passed;
    wrong = wrong_now;
    constexpr std::array<int, 6> kLies = {0, -730, 730, 3'650, -25, 25};
    lying.server->set_clock_offset(lying.passed +
                                   days{kLies[static_cast<std::size_t>(pick(0, 5))]});
    const bool by_hand = pick(0, 2) == 0;
    for (auto* world : {&honest, &lying}) {
      world->pull();
      if (by_hand) prune(*world);
    }
    CAPTURE(step, wrong.count());
    // What has outlived the rule goes in its turn, which a run that removes nothing changes.
    for (const auto& [key, when] : came) {
      if (honest.passed - when > days{20}) continue;
      CAPTURE(key);
      CHECK(held(honest).count(key) == 1);
      CHECK(held(lying).count(key) == 1);
    }
  }
  // What comes to an end with the lies: silence is told of, and retention goes on.
  for (auto* world : {&honest, &lying}) {
    world->clock.advance(-wrong);
    world->server->set_clock_offset(world->passed);
    world->pull();
    world->ack();
    // What was recorded by a clock that was ahead has to be over.
    world->pass(hours{24} * 100);
    world->site().expect_every = days{3};
    world->pull();
    world->pass(hours{24} * 5);
    CHECK(world->pull() == ExitStatus::kAlarm);
    CHECK(world->alarm_kinds() == std::vector<std::string>{"stale"});
    world->site().expect_every.reset();
    world->ack();
    for (int run = 0; run < 20; ++run) world->pull();
    CHECK(held(*world).size() == 1);
  }
}

TEST_CASE("no leap of our clock, nor any server's, removes an archive sooner than right ones would",
          "[time]") {
  const auto seed = GENERATE(range(1U, 13U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](int first, int last) {
    return std::uniform_int_distribution(first, last)(random);
  };
  const auto pick_days = [&](const auto& all) {
    return days{all[static_cast<std::size_t>(pick(0, static_cast<int>(all.size()) - 1))]};
  };
  constexpr std::array<int, 9> kWrong = {0, 0, 0, -400, -9'000, 21, 90, 800, 3'000};
  constexpr std::array<int, 9> kLies = {0, 0, 0, -730, -25, 25, 731, 3'650, 90'000};
  World right;
  World wrong;
  seconds error{0};  // of the clock in the one
  for (auto* world : {&right, &wrong}) world->site().keep.within = days{20};
  const auto leap = [&](seconds to) {
    wrong.clock.advance(to - error);
    error = to;
  };
  std::map<std::string, seconds> came;  // by a right clock
  for (int step = 1; step <= 16; ++step) {
    const auto passes = hours{24} * pick(1, 6);
    for (auto* world : {&right, &wrong}) {
      world->pass(passes);
      world->server->put("b", "db-" + test::date_of(step), fmt::format("night {}", step));
    }
    came["site/archives/db-" + test::date_of(step)] = right.passed;
    leap(pick_days(kWrong));
    const auto lie = pick_days(kLies);
    // A clock here and a server that err alike cannot be told from right ones.
    wrong.server->set_clock_offset(wrong.passed + (lie > days{0} && lie >= error ? days{0} : lie));
    const bool by_hand = pick(0, 2) == 0;
    const bool leaps_between = pick(0, 2) == 0;
    right.pull();
    wrong.pull();
    if (leaps_between) leap(pick_days(kWrong));
    if (by_hand) {
      prune(right);
      prune(wrong);
    }
    CAPTURE(step, error.count(), lie.count());
    // What has outlived the rule goes in its turn, which a run that removes nothing changes.
    for (const auto& [key, when] : came) {
      if (right.passed - when > days{20}) continue;
      CAPTURE(key);
      CHECK(held(right).count(key) == 1);
      CHECK(held(wrong).count(key) == 1);
    }
  }
}

TEST_CASE("with a clock years ahead nothing is removed by hand before a pull", "[time]") {
  World world;
  world.site().keep.within = days{30};
  for (int night = 1; night <= 3; ++night) {
    world.pass(hours{24});
    world.server->put("b", "db-" + test::date_of(night), "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  world.clock.advance(days{730});
  prune(world);
  CHECK(held(world).size() == 3);
  CHECK(world.lines_with("the bucket was not listed since") == 1);
  world.clock.advance(-days{730});
  prune(world);
  CHECK(world.lines.empty());
}

TEST_CASE("one server's clock freezes its own source at most, and not for ever", "[time]") {
  World world;
  auto other = fake_s3::Server::start({}).value();
  other->make_bucket("b");
  world.add_source("other", "b").endpoint = other->url();
  for (auto& source : world.config.sources) source.keep.last = 1;
  const auto wrong = GENERATE(days{-730}, days{3'650});
  const auto night = [&](int number, seconds error) {
    world.pass(hours{24});
    other->set_clock_offset(world.passed + error);
    world.server->put("b", "db-" + test::date_of(number), "content");
    other->put("b", "db-" + test::date_of(number), "content");
    CHECK(world.pull() == ExitStatus::kOk);
  };
  for (int number = 1; number <= 3; ++number) night(number, wrong);
  CHECK(held(world).size() == 1);
  CHECK(world.files_below("other/archives/") == 3);
  CHECK(world.lines_with("set the clock") == 1);
  for (int number = 4; number <= 6; ++number) night(number, seconds{0});
  CHECK(held(world).size() == 1);
  CHECK(world.files_below("other/archives/") < 5);
  CHECK(world.lines.empty());
}

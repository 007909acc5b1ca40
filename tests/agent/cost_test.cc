#include <fmt/format.h>

#include <ctime>

#include "store/ledger_writer.h"
#include "tests/agent/pull_world.h"

// What a run costs goes by what is new, not by how it is called or by what was once.

using agent::ExitStatus;
using pull_test::World;

namespace {

// With the server's own, which is the same for both.
double cpu_seconds_of_pull(World& world) {
  const auto begun = std::clock();
  REQUIRE(world.pull() == ExitStatus::kOk);
  return static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("versions of one key cost about what as many keys cost", "[pull][cost]") {
  constexpr int kMany = 2000;
  World keys;
  World versions;
  for (auto* world : {&keys, &versions}) {
    world->site().versions = agent::Versions::kAll;
    world->server->keep_versions("b");
  }
  for (int i = 0; i < kMany; ++i) {
    keys.server->put("b", fmt::format("db/{:05}", i), fmt::format("content {}", i));
    versions.server->put("b", "db/latest", fmt::format("content {}", i));
  }
  const auto as_keys = cpu_seconds_of_pull(keys);
  const auto as_versions = cpu_seconds_of_pull(versions);
  REQUIRE(versions.source().superseded == kMany - 1);
  INFO("keys: " << as_keys << " s, versions: " << as_versions << " s");
  CHECK(as_versions < 3 * as_keys);
  SECTION("and as little once they are held") {
    const auto keys_again = cpu_seconds_of_pull(keys);
    const auto versions_again = cpu_seconds_of_pull(versions);
    INFO("again: keys: " << keys_again << " s, versions: " << versions_again << " s");
    // A version takes three times the bytes of a key in a listing, and is looked up by its own
    // name.
    CHECK(versions_again < 10 * keys_again);
  }
}

TEST_CASE("alarms that have ended cost a pull with nothing new no reading", "[pull][cost]") {
  World world;
  for (int i = 0; i < 20; ++i) world.server->put("b", fmt::format("db-{}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto before = world.disk.counts().bytes_read;
  {
    auto ledger = store::Ledger::open(world.disk, store::Access::kReadWrite);
    REQUIRE(ledger);
    const auto id = ledger->find_source("site");
    REQUIRE((id && *id));
    const auto now = world.clock.now_s();
    REQUIRE(ledger->at_once([&]() -> store::Status {
      for (int i = 0; i < 20'000; ++i) {
        const auto key = fmt::format("db-{}", i);
        const auto raised =
            ledger->raise_alarm(**id, store::AlarmKind::kChanged, key, std::string(100, 'x'), now);
        if (!raised) return raised.error();
        if (auto ended = ledger->end_alarm(**id, store::AlarmKind::kChanged, key, now); !ended)
          return ended;
      }
      return {};
    }));
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.pull() == ExitStatus::kOk);
  // Of the three megabytes that they take.
  CHECK(world.disk.counts().bytes_read < before + 100'000);
}

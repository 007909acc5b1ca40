#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "store/ledger/ledger_writer.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sql_work.h"

// What a run costs goes by what is new, not by how it is called or by what was once.

using agent::ExitStatus;
using pull_test::World;

namespace {

using KeyOf = std::string (*)(int);

std::string as_keys(int i) { return fmt::format("db/{:05}", i); }
std::string as_versions(int) { return "db/latest"; }

/// The steps of SQLite that each of these takes when the mirror has `objects`, in this order.
std::map<std::string, std::uint64_t> costs_of(int objects, KeyOf key_of) {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  for (int i = 0; i < objects; ++i) world.server->put("b", key_of(i), fmt::format("content {}", i));
  std::map<std::string, std::uint64_t> costs;
  const auto measure = [&](const std::string& name, const std::function<ExitStatus()>& command) {
    const test::SqlWork work;
    REQUIRE(command() == ExitStatus::kOk);
    costs[name] = work.steps();
  };
  measure("pull", [&] { return world.pull(); });
  REQUIRE(world.source().archives + world.source().superseded ==
          static_cast<std::uint64_t>(objects));
  measure("pull again", [&] { return world.pull(); });
  world.server->put("b", key_of(0), "another content");
  world.server->put("b", "new", "content");
  world.site().on_change = agent::OnChange::kGenerations;
  measure("pull of two", [&] { return world.pull(); });
  measure("list", [&] { return world.list_all(); });
  measure("verify", [&] { return world.verify_all(); });
  world.site().keep.last = 1;
  measure("pull and prune", [&] { return world.pull(); });
  REQUIRE(world.disk.remove_file(store::kLedgerPath));
  measure("rebuild", [&] { return world.rebuild(); });
  return costs;
}

}  // namespace

TEST_CASE("three times as many objects cost three times as much, whatever is done",
          "[pull][cost]") {
  const auto* const what = GENERATE("keys", "versions of one key");
  const KeyOf key_of = std::string_view(what) == "keys" ? as_keys : as_versions;
  const auto few = costs_of(500, key_of);
  const auto many = costs_of(1500, key_of);
  for (const auto& [command, steps] : many) {
    INFO(command << " over " << what << ": " << few.at(command) << " and " << steps << " steps");
    CHECK(steps < 4 * few.at(command));
  }
}

TEST_CASE("versions of one key cost about what as many keys cost", "[pull][cost]") {
  const auto keys = costs_of(1000, as_keys);
  for (const auto& [command, steps] : costs_of(1000, as_versions)) {
    INFO(command << ": " << steps << " steps, and " << keys.at(command) << " for keys");
    // Each version is looked up by its own name, where keys are merged with the listing.
    CHECK(steps < 5 * keys.at(command));
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

// Whose server failed the last time comes after the others: where more sources are to be listed
// than at once, the silent ones keep none of the rest waiting.
#include <fmt/format.h>

#include <future>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

TEST_CASE("sources whose server failed last time are listed after the others", "[wire]") {
  constexpr int kFailing = 8;  // as many as are listed at once
  constexpr std::int64_t kForEverMs = 100'000'000;
  World world;
  world.config.sources.clear();
  auto failing = fake_s3::Server::start({}).value();
  failing->make_bucket("b");
  for (int i = 0; i < kFailing; ++i) {
    world.add_source(fmt::format("failing-{}", i), "b").endpoint = failing->url();
  }
  const std::string listing(fake_s3::kListing);
  failing->lie({LieKind::kError, "GET", listing, 500, "InternalError"});
  world.server->put("b", "k", "content");
  world.add_source("good", "b");
  REQUIRE(world.pull() == ExitStatus::kIncomplete);
  REQUIRE(world.source("good").archives == 1);

  failing->clear_lies();
  failing->lie({LieKind::kDelay, "GET", listing, kForEverMs});
  world.server->put("b", "new", "content");
  world.server->reset_journal();
  auto done = std::async(std::launch::async, [&] { return world.pull(); });
  CHECK(world.server->wait_until(
      [](const auto& counters) { return counters.object_bytes_sent > 0; }));
  world.stop.store(true);
  done.get();
}

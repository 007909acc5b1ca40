// Lines that do not hold: what arrives arrives once. Bytes are counted by the server.
#include <fmt/format.h>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

namespace {

constexpr std::uint64_t kMib = 1 << 20;
constexpr std::uint64_t kSize = 24 * kMib;

std::uint64_t bytes_twice(const World& world) {
  const auto sent = world.server->counters().object_bytes_sent;
  REQUIRE(sent >= kSize);
  return sent - kSize;
}

bool is_whole(const World& world) {
  std::string expected(kSize, '\0');
  fake_s3::PatternContent(1, kSize).read(0, expected);
  return world.archive("k") == expected;
}

void put_archive(World& world) {
  fake_s3::Object object;
  object.content = std::make_shared<fake_s3::PatternContent>(1, kSize);
  world.server->put_object("b", "k", std::move(object));
}

}  // namespace

TEST_CASE(
    "an archive over a line that is cut every 700 kB arrives in one run, and not a MiB of it twice",
    "[wire]") {
  World world;
  put_archive(world);
  const auto how = GENERATE(LieKind::kTruncate, LieKind::kReset);
  world.server->lie({how, "GET", "k", 700'000});
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(is_whole(world));
  CHECK(world.gets_of("k") >= kSize / 700'000);
  CHECK(bytes_twice(world) <= kMib);
}

TEST_CASE(
    "an archive over a line that is away for 15 seconds arrives in one run, and not a MiB of it "
    "twice",
    "[wire]") {
  World world;
  put_archive(world);
  // Cut in the middle, and then nobody answers for as long as it takes.
  world.server->lie({LieKind::kReset, "GET", "k", 10 * kMib, "", 1, 1});
  const int tries_in_vain = 6;
  world.server->lie({LieKind::kNoAnswer, "GET", "k", 0, "", 2, tries_in_vain});
  const auto begun = world.clock.steady_now();
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(is_whole(world));
  CHECK(world.gets_of("k") == tries_in_vain + 2);
  CHECK(world.clock.steady_now() - begun >= std::chrono::seconds(15));
  CHECK(bytes_twice(world) <= kMib);
}

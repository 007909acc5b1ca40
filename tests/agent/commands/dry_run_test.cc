#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;
using Names = std::vector<std::string>;

namespace {

void set_room(World& world) {
  world.disk.set_space({1'000'000, 500'000});
  world.config.disk.min_free_bytes = 1'000;
}

}  // namespace

TEST_CASE("a dry run says what a pull would fetch, tries one GET, and writes nothing", "[pull]") {
  World world;
  set_room(world);
  world.server->put("b", "k", "content");
  const auto before = world.disk.files();
  SECTION("for a person") {
    CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
    CHECK(world.printed ==
          Names{"site: would fetch k (7 bytes)", "site: can be read, as k was",
                "in all: 1 archive to fetch (7 bytes), about 3 requests; it fits (488.3 KiB free, "
                "of which 1000 bytes are kept free (min_free))"});
  }
  SECTION("as JSON") {
    CHECK(world.pull({{}, true, true}) == ExitStatus::kOk);
    REQUIRE(world.printed.size() == 2);
    CHECK(world.printed[0].starts_with(R"({"source":"site","key":"k","size":7,)"));
    CHECK(world.printed[1] ==
          R"({"archives":1,"bytes":7,"requests":3,"bytes_per_second":0,"not_fitting":0,)"
          R"("not_fitting_bytes":0,"free_bytes":500000,"readable":["site"]})");
  }
  auto after = world.disk.files();
  after.erase(std::string(store::kLockPath));
  CHECK((after == before));
  CHECK(world.server->counters().gets == 1);
  CHECK_FALSE(world.status_text);
}

TEST_CASE("a dry run says how long a pull would take at the last rate", "[pull]") {
  World world;
  set_room(world);
  world.server->put("b", "first", std::string(3 << 20, 'x'));
  world.disk.set_hook([&](std::string_view operation, std::string_view) {
    if (operation == "write") world.clock.advance(std::chrono::milliseconds(10));
    return std::nullopt;
  });
  world.config.disk.min_free_bytes = 0;
  world.disk.set_space({std::uint64_t{1} << 40, std::uint64_t{1} << 40});
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.disk.set_hook(nullptr);
  const auto rate = world.status().bytes_per_second;
  REQUIRE(rate > 0);
  // A run that receives next to nothing says nothing of the line.
  world.server->put("b", "small", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.status().bytes_per_second == rate);

  world.server->put("b", "large", std::string(rate * 61 + 60, 'x'));
  REQUIRE(world.pull({{}, true, false}) == ExitStatus::kOk);
  CHECK(world.printed.back().find("requests and 1m 1s at the last rate (") != std::string::npos);
}

TEST_CASE("a dry run with nothing new asks for no object, and says so", "[pull]") {
  World world;
  set_room(world);
  world.server->put("b", "k", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto gets = world.server->counters().gets;
  world.printed.clear();
  CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  CHECK(world.printed[0].starts_with("in all: 0 archives to fetch (0 bytes), about 1 request; "));
  CHECK(world.server->counters().gets <= gets);
}

TEST_CASE("a dry run with a key that may list and not get is refused", "[pull]") {
  World world;
  set_room(world);
  world.server->put("b", "k", "content");
  world.server->lie({LieKind::kError, "GET", "k", 403, "AccessDenied"});
  CHECK(world.pull({{}, true, false}) == ExitStatus::kRefused);
  CHECK(world.lines_with("s3:GetObject") == 1);
  for (const auto& line : world.printed) CHECK(line.find("can be read") == std::string::npos);
}

TEST_CASE("a dry run tries the smallest that has bytes, and another where one cannot be had",
          "[pull]") {
  World world;
  set_room(world);
  world.server->put("b", "large", std::string(100'000, 'x'));
  world.server->put("b", "folder/", "");
  world.server->put("b", "small", "content");
  SECTION("the smallest") {
    CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
    CHECK(world.gets_of("small") == 1);
    CHECK(world.server->counters().gets == 1);
  }
  SECTION("another one") {
    world.server->lie({LieKind::kError, "GET", "small", 403, "InvalidObjectState"});
    CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
    CHECK(world.gets_of("large") == 1);
    CHECK(world.gets_of("folder/") == 0);
  }
}

TEST_CASE("a dry run counts what would not fit as a pull leaves it out", "[pull]") {
  World world;
  set_room(world);
  world.disk.set_space({10'000, 5'000});
  world.server->put("b", "fits", std::string(3'000, 'x'));
  world.server->put("b", "too-large", std::string(4'001, 'x'));
  CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
  REQUIRE_FALSE(world.printed.empty());
  CHECK(world.printed.back() ==
        "in all: 2 archives to fetch (6.8 KiB), about 3 requests; 1 archive (3.9 KiB) would not "
        "fit (4.9 KiB free, of which 1000 bytes are kept free (min_free))");
}

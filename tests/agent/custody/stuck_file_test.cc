#include <fmt/format.h>

#include <algorithm>

#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// A file that can never be moved or removed is met again by each run. What the runs leave does not
// grow with their number.

using agent::ExitStatus;
using pull_test::World;

namespace {

// A rename fails by the name that is to be replaced, and that is not this file's own.
std::optional<store::Error> refuse_to_replace(std::string_view operation, std::string_view from) {
  if (operation != "rename" || !from.starts_with(".holdfast/staging/")) return std::nullopt;
  return store::error_from_errno(EIO, "rename to", "site/archives/k");
}

std::ptrdiff_t lines_of_manifest(const World& world) {
  return std::ranges::count(world.disk.files().at("site/manifest.jsonl"), '\n');
}

}  // namespace

TEST_CASE("a file that cannot be removed is said to be gone once, and not by each run", "[pull]") {
  World world;
  for (int i = 1; i <= 3; ++i) {
    world.server->put("b", "db-" + test::date_of(i), "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
    world.pass(std::chrono::hours(24));
  }
  world.site().keep.last = 2;
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "remove" || path != "site/archives/db-20260102") return std::nullopt;
        return store::error_from_errno(EIO, operation, path);
      });
  CHECK(world.pull() == ExitStatus::kIncomplete);
  REQUIRE(world.archive("db-20260102") == "content");
  const auto lines = lines_of_manifest(world);
  const auto sums = world.disk.files().at("site/SHA256SUMS");
  CHECK(sums.find("db-20260102") == std::string::npos);
  for (int run = 0; run < 3; ++run) {
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(lines_of_manifest(world) == lines);
    CHECK(world.disk.files().at("site/SHA256SUMS") == sums);
  }
  SECTION("and it goes as soon as it can") {
    world.disk.set_hook({});
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK_FALSE(world.archive("db-20260102"));
    CHECK(lines_of_manifest(world) == lines);
  }
  SECTION("a manifest that is lost then says so as well") {
    REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
    CHECK(world.pull() == ExitStatus::kIncomplete);
    const auto again = lines_of_manifest(world);
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(lines_of_manifest(world) == again);
    world.disk.set_hook({});
    for (const auto* file : {"", "-journal"}) {
      REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath) + file));
    }
    CHECK(world.rebuild() == ExitStatus::kOk);
    CHECK(world.source().archives == 2);
  }
}

TEST_CASE("a rotted copy that cannot give way leaves its bytes under one name", "[pull]") {
  World world;
  world.site().on_change = agent::OnChange::kGenerations;
  world.server->put("b", "k", "the content");
  world.server->put("b", "l", "another one");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "newer");
  world.disk.plant("site/archives/k", "the c0ntent");
  // Twice it cannot be kept as it is, and then as what has rotted.
  int links = 0;
  world.disk.set_hook(
      [&](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation == "link" && ++links % 3 != 0) {
          return store::error_from_errno(EIO, operation, path);
        }
        return refuse_to_replace(operation, path);
      });
  for (int run = 0; run < 3; ++run) {
    world.pass(std::chrono::hours(1));
    CHECK(world.pull() != ExitStatus::kOk);
    CHECK(world.archive("k") == "the c0ntent");
    CHECK(world.files_below("site/damaged/") == 0);
  }
}

TEST_CASE("a repair that fails each time leaves the damaged bytes under one name", "[pull]") {
  World world;
  world.disk.set_has_links(GENERATE(true, false));
  world.server->put("b", "k", "the content");
  world.server->put("b", "l", "another one");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.disk.plant("site/archives/k", "the c0ntent");
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  world.disk.set_hook(refuse_to_replace);
  for (int run = 0; run < 3; ++run) {
    world.pass(std::chrono::hours(1));
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CAPTURE(world.lines);
    // Where a file has no second name, it is the damaged one that was moved.
    const auto at_first = world.archive("k") ? 1U : 0U;
    CHECK(at_first + world.files_below("site/damaged/") == 1);
  }
  world.disk.set_hook({});
  world.pass(std::chrono::hours(1));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "the content");
  CHECK(world.contents_below("site/damaged/") == std::vector<std::string>{"the c0ntent"});
}

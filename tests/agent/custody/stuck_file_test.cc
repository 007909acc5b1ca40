#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

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

// What stands where a file of one source belongs is that source's trouble: the others are pulled,
// and what is told says what to do.
namespace {

// Two sources, each of which holds one archive and has to fetch another one.
struct TwoSources : World {
  TwoSources() {
    add_source("other", "c");
    server->make_bucket("c");
    for (const char* bucket : {"b", "c"}) server->put(bucket, "first", "the first");
    REQUIRE(pull() == ExitStatus::kOk);
    for (const char* bucket : {"b", "c"}) server->put(bucket, "second", "the second");
  }

  void put_directory(const std::string& path) {
    REQUIRE(disk.remove_file(path));
    REQUIRE(disk.make_directory(path));
  }
  std::size_t sums(const std::string& source) const {
    const auto files = disk.files();
    const auto found = files.find(source + "/SHA256SUMS");
    if (found == files.end()) return 0;
    return static_cast<std::size_t>(std::ranges::count(found->second, '\n'));
  }
};

}  // namespace

TEST_CASE("a directory where SHA256SUMS belongs fails its source alone", "[pull]") {
  TwoSources world;
  const std::string path = GENERATE("site/SHA256SUMS.new", "site/SHA256SUMS");
  world.put_directory(path);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("a directory stands where \"" + path + "\" belongs; move it away") == 1);
  CHECK(world.source("site").state == agent::RunState::kIncomplete);
  CHECK(world.source("other").state == agent::RunState::kOk);
  CHECK(world.archive("second") == "the second");
  CHECK(world.sums("other") == 2);
  REQUIRE(world.disk.remove_directory(path));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.sums("site") == 2);
}

TEST_CASE("a directory where the manifest belongs fails its source alone", "[pull]") {
  TwoSources world;
  const std::string path = "site/manifest.jsonl";
  world.put_directory(path);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("a directory stands where \"" + path + "\" belongs; move it away") == 1);
  CHECK(world.source("site").state == agent::RunState::kIncomplete);
  CHECK(world.source("site").archives == 1);
  CHECK(world.source("other").state == agent::RunState::kOk);
  CHECK(world.source("other").archives == 2);
  CHECK(world.sums("other") == 2);
  REQUIRE(world.disk.remove_directory(path));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("second") == "the second");
  CHECK(world.disk.files().at(path).find("second") != std::string::npos);
}

TEST_CASE("a source whose directory is a link fails alone, before its first pull too", "[pull]") {
  TwoSources world;
  const bool is_new = GENERATE(false, true);
  if (is_new) {
    world.add_source("third", "b");
    world.disk.plant("third", "no directory");
  } else {
    world.disk.refuse_names([](std::string_view path) { return path.starts_with("site"); }, ELOOP,
                            true);
  }
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with(is_new ? "something else stands where \"third\" belongs; move it away"
                                : "a symbolic link stands in the way of \"site") == 1);
  CHECK(world.lines.size() == 1);
  CHECK(world.source("other").archives == 2);
  world.disk.refuse_names({}, 0, false);
  if (is_new) REQUIRE(world.disk.remove_file("third"));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source("site").archives == 2);
}

TEST_CASE("nothing is removed while SHA256SUMS cannot say so", "[prune]") {
  World world;
  for (const char* key : {"db-20260101", "db-20260102", "db-20260103"}) {
    world.server->put("b", key, "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
    world.pass(std::chrono::hours(24));
  }
  world.site().keep.last = 2;
  REQUIRE(world.disk.make_directory("site/SHA256SUMS.new"));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("a directory stands where \"site/SHA256SUMS.new\" belongs") == 1);
  CHECK(world.archive("db-20260101") == "content");
  REQUIRE(world.disk.remove_directory("site/SHA256SUMS.new"));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK_FALSE(world.archive("db-20260101"));
}

TEST_CASE("a pull notices SHA256SUMS that is lost or cut, and writes it anew once", "[pull]") {
  World world;
  for (const char* key : {"a", "b"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto whole = world.disk.files().at("site/SHA256SUMS");
  SECTION("lost") { REQUIRE(world.disk.remove_file("site/SHA256SUMS")); }
  SECTION("cut") { world.disk.plant("site/SHA256SUMS", whole.substr(0, whole.size() / 2)); }
  SECTION("empty") { world.disk.plant("site/SHA256SUMS", ""); }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.disk.files().at("site/SHA256SUMS") == whole);
  CHECK(world.lines_with("site/SHA256SUMS was missing or had another length") == 1);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
}

TEST_CASE("verify --all reads SHA256SUMS against the ledger, and mends it", "[verify]") {
  World world;
  for (const char* key : {"a", "b"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto whole = world.disk.files().at("site/SHA256SUMS");
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  auto other = whole;
  other.front() = other.front() == '0' ? '1' : '0';
  SECTION("a byte is another one") { world.disk.plant("site/SHA256SUMS", other); }
  SECTION("it is lost") { REQUIRE(world.disk.remove_file("site/SHA256SUMS")); }
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.lines_with("site/SHA256SUMS did not list what is held, and was written again") == 1);
  CHECK(world.disk.files().at("site/SHA256SUMS") == whole);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.lines.empty());
}

#include <fmt/format.h>

#include <cerrno>

#include "agent/custody/scrub_due.h"
#include "tests/agent/pull/pull_world.h"

// Contents that rot, go missing or were never ours; and what is done about them.

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

std::string content_of(const std::string& key) { return "the content of " + key + ", all of it"; }

std::string archive_path(const std::string& key) { return "site/archives/" + key; }

void hold(World& world, const Names& keys) {
  for (const auto& key : keys) world.server->put("b", key, content_of(key));
  REQUIRE(world.pull() == ExitStatus::kOk);
}

void flip_bit(World& world, const std::string& path) {
  auto content = world.disk.files().at(path);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 0x04);
  world.disk.plant(path, content);
}

void make_unreadable(World& world, const std::string& ending) {
  world.disk.set_hook(
      [ending](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "read" || !path.ends_with(ending)) return std::nullopt;
        return store::Error{store::ErrorKind::kIo, EIO, std::string(path), ""};
      });
}

}  // namespace

TEST_CASE("verify --all names exactly what is damaged, missing or foreign", "[scrub]") {
  World world;
  Names keys;
  for (std::size_t i = 0; i < 40; ++i) keys.push_back(fmt::format("db/{:02}.tar", i));
  hold(world, keys);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.lines.empty());

  for (std::size_t i = 0; i < 20; ++i) flip_bit(world, archive_path(keys[i]));
  for (std::size_t i = 20; i < 22; ++i) world.disk.plant(archive_path(keys[i]), "short");
  REQUIRE(world.disk.remove_file(archive_path(keys[22])));
  world.disk.plant(archive_path("db/added.tar"), "not ours");
  CHECK(world.verify_all() == ExitStatus::kAlarm);
  REQUIRE(world.lines.size() == 24);
  for (std::size_t i = 0; i < 23; ++i) {
    CAPTURE(i);
    CHECK(world.lines_with("site: " + keys[i] + ": ") == 1);
  }
  CHECK(world.lines_with("no longer those that were recorded") == 20);
  CHECK(world.lines_with("it has 5 bytes, and had ") == 2);
  CHECK(world.lines_with("it is not there") == 1);
  CHECK(world.lines_with("site/archives/db/added.tar: holdfast did not put this here") == 1);
  CHECK(world.source().corrupt == 22);
  CHECK(world.source().missing == 1);
  CHECK(world.source().alarms.size() == 24);

  SECTION("a pull from the intact bucket repairs it, and the damaged bytes are kept aside") {
    const auto status = world.pull();
    CHECK(status == ExitStatus::kAlarm);  // the foreign file is still there
    CHECK(world.alarm_kinds() == Names{"foreign"});
    CHECK(world.lines_with("repaired: it was damaged") == 22);
    CHECK(world.lines_with("repaired: it was missing") == 1);
    for (const auto& key : keys) CHECK(world.archive(key) == content_of(key));
    CHECK(world.files_below("site/damaged/") == 22);
    CHECK(world.source().corrupt == 0);
    CHECK(world.source().archives == 40);
    REQUIRE(world.disk.remove_file(archive_path("db/added.tar")));
    CHECK(world.verify_all() == ExitStatus::kOk);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 0);
  }
  SECTION("with the bucket gone the alarms stay") {
    for (const auto& key : keys) world.server->erase("b", key);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.source().corrupt == 22);
    CHECK(world.verify_all() == ExitStatus::kAlarm);
    CHECK(world.lines.size() == 24);
  }
}

TEST_CASE("what was repaired and not yet recorded is not repaired twice", "[scrub]") {
  World world;
  hold(world, {"k"});
  world.disk.plant(archive_path("k"), "rotten");
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  world.disk.plant(archive_path("k"), content_of("k"));  // as a crash leaves it
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.files_below("site/damaged/") == 0);
  CHECK(world.source().corrupt == 0);
}

TEST_CASE("what a killed run had repaired is durable before it is recorded", "[scrub]") {
  World world;
  hold(world, {"db/k"});
  world.disk.plant(archive_path("db/k"), "rotten");
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  // Renamed, and the directory not synced.
  REQUIRE(world.disk.remove_file(archive_path("db/k")));
  const auto whole = content_of("db/k");
  {
    const auto file = world.disk.open(archive_path("db/k"), store::OpenMode::kCreateNew);
    REQUIRE(file);
    REQUIRE((*file)->write_at(0, std::as_bytes(std::span(whole))));
    REQUIRE((*file)->sync());
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.source().corrupt == 0);
  CHECK(world.disk.durable_files()[archive_path("db/k")] == whole);
}

TEST_CASE("another content upstream repairs nothing", "[scrub]") {
  World world;
  hold(world, {"k"});
  flip_bit(world, archive_path("k"));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  const auto rotten = world.archive("k");
  world.server->put("b", "k", "what an attacker wrote");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.archive("k") == rotten);
  CHECK(world.contents_below("site/quarantine/") == Names{"what an attacker wrote"});
  CHECK(world.alarm_kinds() == Names{"corrupt", "changed"});
}

TEST_CASE("a file that cannot be read does not keep the others from being read", "[scrub]") {
  World world;
  hold(world, {"a", "b", "c"});
  make_unreadable(world, "archives/b");
  CHECK(world.verify() == ExitStatus::kAlarm);
  REQUIRE(world.lines.size() == 1);
  CHECK(world.lines_with("site/archives/b: ") == 1);
  CHECK(world.lines_with("at offset 0") == 1);
  world.disk.set_hook(nullptr);
  // It was the cable.
  world.pass(1h);
  CHECK(world.verify() == ExitStatus::kOk);
  CHECK(world.source().corrupt == 0);
  CHECK(world.source().alarms.empty());
}

TEST_CASE("a disk that can read nothing any more ends the run", "[scrub]") {
  World world;
  hold(world, {"a", "b", "c", "d", "e", "f", "g"});
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "read" || !path.starts_with("site/")) return std::nullopt;
        return store::Error{store::ErrorKind::kIo, EIO, std::string(path), ""};
      });
  CHECK(world.verify() == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("5 archives in a row cannot be read") == 1);
}

TEST_CASE("a disk that is gone is not a disk on which everything is missing", "[scrub]") {
  World world;
  hold(world, {"a", "b"});
  REQUIRE(world.disk.remove_file("site/archives/a"));
  bool gone = false;
  world.disk.set_hook([&](std::string_view, std::string_view path) -> std::optional<store::Error> {
    gone = gone || path.starts_with("site/archives/");
    if (!gone || path != store::kMarkerPath) return std::nullopt;
    return store::Error{store::ErrorKind::kNotFound, ENOENT, std::string(path), ""};
  });
  CHECK(world.verify() == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("no longer there") == 1);
  world.disk.set_hook(nullptr);
  CHECK(world.source().missing == 0);
}

TEST_CASE("rot beside the archives is found, and keeps its alarm", "[scrub]") {
  World world;
  hold(world, {"k"});
  world.server->put("b", "k", "another one");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  const auto path = World::below(world.disk.files(), "site/quarantine/").begin()->first;
  flip_bit(world, path);
  CHECK(world.verify() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kAlarm);
  CHECK(world.lines_with(path) == 1);
  CHECK(world.alarm_kinds() == Names{"corrupt", "changed"});
  CHECK(world.accept("k") == ExitStatus::kIncomplete);
}

TEST_CASE("what rots beside the archives is fetched again while the bucket lists it", "[scrub]") {
  World world;
  world.server->keep_versions("b");
  hold(world, {"k"});
  SECTION("in quarantine") {
    world.server->put("b", "k", "another one");
    REQUIRE(world.pull() == ExitStatus::kAlarm);
    const auto path = World::below(world.disk.files(), "site/quarantine/").begin()->first;
    SECTION("rotten") { flip_bit(world, path); }
    SECTION("gone") { REQUIRE(world.disk.remove_file(path)); }
    REQUIRE(world.verify_all() == ExitStatus::kAlarm);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.lines_with("repaired") == 1);
    CHECK(world.alarm_kinds() == Names{"changed"});
    CHECK(world.disk.files().at(path) == "another one");
    CHECK(world.archive("k") == content_of("k"));
    CHECK(world.accept("k") == ExitStatus::kOk);
    CHECK(world.verify_all() == ExitStatus::kOk);
  }
  SECTION("a noncurrent version") {
    world.site().versions = agent::Versions::kAll;
    world.site().on_change = agent::OnChange::kGenerations;
    world.server->put("b", "k", "another one");
    REQUIRE(world.pull() == ExitStatus::kOk);
    const auto path = World::below(world.disk.files(), "site/superseded/").begin()->first;
    flip_bit(world, path);
    REQUIRE(world.verify_all() == ExitStatus::kAlarm);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 1);
    CHECK(world.disk.files().at(path) == content_of("k"));
    CHECK(world.archive("k") == "another one");
    CHECK(world.files_below("site/damaged/") == 1);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 0);
    CHECK(world.verify_all() == ExitStatus::kOk);
  }
  SECTION("and keeps its alarm where the bucket no longer does") {
    world.site().on_change = agent::OnChange::kGenerations;
    world.server->put("b", "k", "another one");
    REQUIRE(world.pull() == ExitStatus::kOk);
    flip_bit(world, World::below(world.disk.files(), "site/superseded/").begin()->first);
    REQUIRE(world.verify_all() == ExitStatus::kAlarm);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.server->counters().gets == 0);
    CHECK(world.alarm_kinds() == Names{"corrupt"});
  }
}

TEST_CASE("what was acknowledged is not raised again while it is the same", "[scrub]") {
  World world;
  hold(world, {"k"});
  flip_bit(world, archive_path("k"));
  world.server->erase("b", "k");
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.verify() == ExitStatus::kAlarm);
  CHECK(world.source().alarms.empty());
  REQUIRE(world.disk.remove_file(archive_path("k")));
  CHECK(world.verify() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"missing"});
}

TEST_CASE("a budget ends a verify early, and the next goes on with the longest-unread", "[scrub]") {
  World world;
  hold(world, {"a", "b", "c", "d"});
  world.pass(1h);
  const auto size = content_of("a").size();
  world.disk.reset_counts();
  CHECK(world.verify(2 * size) == ExitStatus::kOk);
  world.pass(1h);
  CHECK(world.verify(2 * size) == ExitStatus::kOk);
  for (const char* key : {"a", "b", "c", "d"}) {
    CHECK(world.disk.bytes_read(archive_path(key)) == size);
  }
}

TEST_CASE("pulls read everything again within scrub_every, each byte once in a pass", "[scrub]") {
  World world;
  world.site().scrub_every = 8 * 24h;
  Names keys;
  for (std::size_t i = 0; i < 40; ++i) keys.push_back(fmt::format("db/{:02}.tar", i));
  hold(world, keys);
  world.disk.reset_counts();
  std::map<std::string, std::uint64_t> read;
  for (int day = 1; day <= 8; ++day) {
    world.pass(24h);
    REQUIRE(world.pull() == ExitStatus::kOk);
    std::uint64_t contents = 0;
    for (const auto& key : keys) {
      const auto bytes = world.disk.bytes_read(archive_path(key));
      read[key] += bytes;
      contents += bytes > 0 ? 1 : 0;
    }
    CHECK(contents <= 20);  // spread over the days
  }
  for (const auto& key : keys) {
    CAPTURE(key);
    CHECK(read[key] >= content_of(key).size());
    CHECK(read[key] <= 2 * content_of(key).size());
  }
}

TEST_CASE("a pull finds rot, says so, and the next one repairs it", "[scrub]") {
  World world;
  hold(world, {"k"});
  flip_bit(world, archive_path("k"));
  world.pass(40 * 24h);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.lines_with("no longer those that were recorded") == 1);
  CHECK(world.hooks.size() == 0);  // no hook is configured
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("repaired") == 1);
  CHECK(world.archive("k") == content_of("k"));
}

TEST_CASE("on HOLD what is damaged is repaired all the same", "[scrub]") {
  World world;
  Names keys;
  for (std::size_t i = 0; i < 12; ++i) keys.push_back(fmt::format("{:02}", i));
  hold(world, keys);
  flip_bit(world, archive_path("00"));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  for (std::size_t i = 1; i < 12; ++i) world.server->put("b", keys[i], "encrypted");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.source().hold);
  CHECK(world.archive("00") == content_of("00"));
  CHECK(world.files_below("site/quarantine/") == 0);
}

TEST_CASE("what is superseded takes its damage with it", "[scrub]") {
  World world;
  hold(world, {"k"});
  flip_bit(world, archive_path("k"));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  world.site().on_change = agent::OnChange::kGenerations;
  world.server->put("b", "k", "newer");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.archive("k") == "newer");
  CHECK(world.alarm_kinds() == Names{"corrupt"});
  CHECK(world.verify() == ExitStatus::kOk);
  CHECK(world.source().corrupt == 1);
}

TEST_CASE("a slice is the share of its pause, and more when it is behind", "[scrub]") {
  const store::Time now{10'000'000s};
  agent::ScrubPace pace;
  pace.now = now;
  pace.every = 40h;
  pace.held_bytes = 3000;
  SECTION("nothing is held") { CHECK(agent::scrub_allowance(pace).bytes == 0); }
  pace.scrubbed_at = now - 1h;
  pace.oldest_read_at = now - 20h;
  SECTION("in time: everything in three quarters of the period") {
    const auto allowance = agent::scrub_allowance(pace);
    CHECK(allowance.bytes == 100);
    CHECK_FALSE(allowance.behind);
    CHECK_FALSE(allowance.due);
  }
  SECTION("behind: everything in the last quarter") {
    pace.oldest_read_at = now - 31h;
    CHECK(agent::scrub_allowance(pace).bytes == 300);
    CHECK(agent::scrub_allowance(pace).behind);
  }
  SECTION("after a long pause never more than all") {
    pace.scrubbed_at = now - 10'000h;
    CHECK(agent::scrub_allowance(pace).bytes == 3000);
    CHECK(agent::scrub_allowance(pace).due);
  }
  SECTION("a time in the future counts as a day") {
    pace.scrubbed_at = now + 10'000h;
    CHECK(agent::scrub_allowance(pace).due);
  }
}

#include "agent/custody/prune.h"

#include <fmt/format.h>

#include <set>

#include "store/custody/manifest.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// What is kept, what is removed, and above all what is not.

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

std::string key_of(int night) { return "db/" + test::date_of(night) + ".tar"; }

// One archive a night, pulled in the same night.
void nights(World& world, int first, int last) {
  for (int night = first; night <= last; ++night) {
    world.pass(24h);
    world.server->put("b", key_of(night), fmt::format("the content of night {}", night));
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
}

std::set<std::string> held(const World& world) {
  std::set<std::string> keys;
  for (const auto& [path, content] : World::below(world.disk.files(), "site/archives/")) {
    keys.insert(path.substr(14));
  }
  return keys;
}

std::set<std::string> keys_of(int first, int last) {
  std::set<std::string> keys;
  for (int night = first; night <= last; ++night) keys.insert(key_of(night));
  return keys;
}

ExitStatus prune(World& world, bool dry_run = false, bool json = false) {
  return world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::prune_command(world.config, {{}, dry_run, json}, environment, print);
  });
}

void lose_ledger(World& world) {
  REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
  REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath) + "-journal"));
}

// The ledger, the manifest, the sums and the disk say the same.
void check_all_agree(World& world) {
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  const auto id = ledger->find_source("site").value().value();
  std::set<std::string> recorded;
  REQUIRE(ledger->visit_archives(id, [&](const store::Archive& archive) {
    recorded.insert("archives/" + archive.key);
    return true;
  }));
  REQUIRE(ledger->visit_generations(id, [&](const store::Generation& generation) {
    recorded.insert(generation.path.substr(5));
    return true;
  }));
  std::set<std::string> carried;
  REQUIRE(store::visit_manifest(world.disk, "site", [&](store::ManifestEntry&& entry) {
    using Kind = store::ManifestEntry::Kind;
    const bool holds = entry.kind == Kind::kHeld || entry.kind == Kind::kGeneration;
    if (holds) carried.insert(entry.path);
    if (entry.kind == Kind::kGone || entry.kind == Kind::kPruned) carried.erase(entry.path);
    return true;
  }));
  CHECK(carried == recorded);
  std::set<std::string> lying;
  std::string sums;
  for (const auto& [path, content] : World::below(world.disk.files(), "site/")) {
    const auto below = path.substr(5);
    if (below == "SHA256SUMS") sums = content;
    if (below.find('/') != std::string::npos) lying.insert(below);
  }
  CHECK(lying == recorded);
  CHECK(static_cast<std::size_t>(std::count(sums.begin(), sums.end(), '\n')) == recorded.size());
  for (const auto& path : recorded) CHECK(sums.find("  " + path + "\n") != std::string::npos);
}

}  // namespace

TEST_CASE("without a keep rule everything is kept", "[prune]") {
  World world;
  nights(world, 1, 20);
  CHECK(prune(world) == ExitStatus::kOk);
  CHECK(world.printed == Names{"site: no keep rule in the configuration, so everything is kept"});
  CHECK(held(world) == keys_of(1, 20));
}

TEST_CASE("a run removes the oldest of what no rule keeps, a tenth at most", "[prune]") {
  World world;
  nights(world, 1, 30);
  world.site().keep.last = 10;
  SECTION("by hand") {
    CHECK(prune(world) == ExitStatus::kOk);
    CHECK(world.printed == Names{"site: 3 copies removed (66 bytes), 10 kept; 17 more in later "
                                 "runs, little at a time"});
  }
  SECTION("at the end of a pull") {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.lines.empty());
    CHECK(world.source().archives == 27);
  }
  CHECK(held(world) == keys_of(4, 30));
  check_all_agree(world);
  for (int i = 0; i < 20; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == keys_of(21, 30));
  check_all_agree(world);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

TEST_CASE("of few archives one is removed in a run", "[prune]") {
  World world;
  nights(world, 1, 4);
  world.site().keep.last = 1;
  CHECK(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == keys_of(2, 4));
}

TEST_CASE("what was removed is not pulled again while the bucket has it", "[prune]") {
  World world;
  nights(world, 1, 12);
  world.site().keep.last = 11;
  REQUIRE(prune(world) == ExitStatus::kOk);
  REQUIRE(held(world) == keys_of(2, 12));
  world.site().keep = {};
  SECTION("as it was") {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 0);
  }
  SECTION("under another ETag") {
    pull_test::put_with_etag(world, key_of(1), "the content of night 1", "\"another-1\"");
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.gets_of(key_of(1)) == 1);
    // And from then on it is known under that one too.
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 0);
  }
  SECTION("after a rebuild") {
    lose_ledger(world);
    REQUIRE(world.rebuild() == ExitStatus::kOk);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.server->counters().gets == 0);
  }
  CHECK(held(world) == keys_of(2, 12));
  CHECK(world.source().alarms.empty());
  check_all_agree(world);
}

TEST_CASE("another content under a removed name is an archive like any new one", "[prune]") {
  World world;
  nights(world, 1, 12);
  world.site().keep.last = 11;
  REQUIRE(prune(world) == ExitStatus::kOk);
  world.site().keep = {};
  world.server->put("b", key_of(1), "another content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive(key_of(1)) == "another content");
  check_all_agree(world);
  // Nor does a rebuild, which knows of the removal, take the file away that has its name now.
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive(key_of(1)) == "another content");
  check_all_agree(world);
}

TEST_CASE("rules count within a stream", "[prune]") {
  World world;
  nights(world, 1, 3);
  for (const char* key : {"mail/1.tar", "mail/2.tar", "once.tar"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().keep.last = 2;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) ==
        std::set<std::string>{key_of(2), key_of(3), "mail/1.tar", "mail/2.tar", "once.tar"});
}

TEST_CASE("a key that the expression in series does not match is never removed", "[prune]") {
  World world;
  nights(world, 1, 5);
  for (const char* key : {"one", "two", "three"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().series = agent::Series::parse("^(db)/").value();
  world.site().keep.last = 1;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == std::set<std::string>{key_of(5), "one", "two", "three"});
}

TEST_CASE("nothing is removed while there is trouble", "[prune]") {
  World world;
  nights(world, 1, 12);
  world.site().keep.last = 3;
  const auto stays_as_it_is = [&](ExitStatus status, const std::string& why) {
    CHECK(prune(world) == status);
    CHECK(world.lines_with(why) == 1);
    CHECK(world.printed.empty());
    CHECK(held(world).size() == 12);
  };
  SECTION("an alarm is open") {
    world.server->put("b", key_of(2), "another content");
    CHECK(world.pull() == ExitStatus::kAlarm);
    stays_as_it_is(ExitStatus::kAlarm, "site (an alarm is open)");
    REQUIRE(world.ack() == ExitStatus::kOk);
    CHECK(prune(world) == ExitStatus::kOk);
    CHECK(held(world).size() == 11);
  }
  SECTION("an alarm of another source is open") {
    world.server->make_bucket("c");
    world.server->put("c", "x", "first");
    world.add_source("other", "c");
    REQUIRE(world.pull({{"other"}}) == ExitStatus::kOk);
    world.server->put("c", "x", "second");
    CHECK(world.pull({{"other"}}) == ExitStatus::kAlarm);
    world.config.sources.back().keep.last = 3;
    CHECK(prune(world) == ExitStatus::kAlarm);
    CHECK(world.lines_with("other (an alarm is open)") == 2);
    CHECK(held(world).size() == 12);
  }
  SECTION("the source is on HOLD") {
    world.site().keep = {};
    for (int night = 1; night <= 12; ++night) world.server->erase("b", key_of(night));
    CHECK(world.pull() == ExitStatus::kAlarm);
    world.site().keep.last = 3;
    stays_as_it_is(ExitStatus::kAlarm, "site (it is on HOLD)");
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(held(world).size() == 12);
  }
  SECTION("the clock is behind what was recorded") {
    world.clock.advance(-72h);
    stays_as_it_is(ExitStatus::kIncomplete, "Set the clock");
  }
  SECTION("the clock is ahead, as the server's says") {
    world.site().keep = {};
    world.site().keep.within = 24h * 30;
    world.clock.advance(24h * 365);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.lines_with("set the clock") == 1);
    CHECK(held(world).size() == 12);
  }
  SECTION("the bucket cannot be listed") {
    world.server.reset();
    CHECK(world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::pull(world.config, {}, environment, print);
    }) == ExitStatus::kIncomplete);
    CHECK(held(world).size() == 12);
  }
}

TEST_CASE("of a name that rotates the old contents go, and the current one stays", "[prune]") {
  World world;
  world.site().on_change = agent::OnChange::kGenerations;
  world.site().series = agent::Series::parse("source").value();
  for (int night = 1; night <= 12; ++night) {
    world.pass(24h);
    world.server->put("b", "web1.tar", fmt::format("one {}", night));
    // The other one has not changed for long, and is of the same stream.
    if (night < 4) world.server->put("b", "web2.tar", fmt::format("two {}", night));
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  REQUIRE(world.files_below("site/superseded/") == 13);
  world.site().keep.last = 4;
  for (int i = 0; i < 20; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == std::set<std::string>{"web1.tar", "web2.tar"});
  CHECK(world.archive("web1.tar") == "one 12");
  CHECK(world.archive("web2.tar") == "two 3");
  CHECK(world.contents_below("site/superseded/") == Names{"one 10", "one 11", "one 9"});
  check_all_agree(world);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("a removed version is not pulled again", "[prune]") {
  World world;
  world.server->keep_versions("b");
  world.site().versions = agent::Versions::kAll;
  world.site().on_change = agent::OnChange::kGenerations;
  for (int night = 1; night <= 6; ++night) {
    world.pass(24h);
    world.server->put("b", "a.tar", fmt::format("content {}", night));
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  world.site().keep.last = 2;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(world.contents_below("site/superseded/") == Names{"content 5"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  CHECK(world.contents_below("site/superseded/") == Names{"content 5"});
}

TEST_CASE("what is in quarantine pushes out nothing that is trusted", "[prune]") {
  World world;
  nights(world, 1, 3);
  for (int i = 0; i < 5; ++i) {
    world.pass(1h);
    world.server->put("b", key_of(3), fmt::format("junk {}", i));
    REQUIRE(world.pull() == ExitStatus::kAlarm);
  }
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.site().keep.last = 3;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == keys_of(1, 3));
  CHECK(world.contents_below("site/quarantine/") == Names{"junk 2", "junk 3", "junk 4"});
}

TEST_CASE("an archive below min_size pushes out no real one", "[prune]") {
  World world;
  nights(world, 1, 4);
  world.site().min_size_bytes = 20;
  for (int night = 5; night <= 9; ++night) {
    world.pass(24h);
    world.server->put("b", key_of(night), "14 bytes only.");
    REQUIRE(world.pull() == ExitStatus::kAlarm);
  }
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.site().keep.last = 3;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  auto kept = keys_of(2, 4);
  kept.merge(keys_of(7, 9));
  CHECK(held(world) == kept);
}

TEST_CASE("a damaged archive takes nobody's place", "[prune]") {
  World world;
  nights(world, 1, 4);
  world.disk.plant("site/archives/" + key_of(4), "rotten");
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.site().keep.last = 2;
  for (int i = 0; i < 10; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  CHECK(held(world) == keys_of(2, 4));
}

TEST_CASE("a dry run explains each decision and changes nothing", "[prune]") {
  World world;
  nights(world, 1, 12);
  world.site().keep.last = 2;
  world.site().keep.within = 49h;
  const auto before = world.disk.files();
  CHECK(prune(world, true) == ExitStatus::kOk);
  CHECK(world.disk.files() == before);
  REQUIRE(world.printed.size() == 14);
  CHECK(world.printed.front() == "site, stream db/{YYYYMMDD}.tar");
  const auto held_since = [&](int night) {
    return agent::format_time(world.clock.now_s() - 24h * (12 - night));
  };
  CHECK(world.printed[1].find("keep") != std::string::npos);
  CHECK(world.printed[1].find(held_since(12)) != std::string::npos);
  CHECK(world.printed[1].find("within, last, newest") != std::string::npos);
  CHECK(world.printed[3].find("within ") != std::string::npos);
  CHECK(world.printed[4].find("wait") != std::string::npos);
  CHECK(world.printed[4].find("in a later run") != std::string::npos);
  CHECK(world.printed[12].find("remove") != std::string::npos);
  CHECK(world.printed[12].find(key_of(1)) != std::string::npos);
  CHECK(world.printed[13] ==
        "site: 1 copy would be removed (22 bytes), 3 kept; 8 more in later runs, "
        "little at a time");
  SECTION("as JSON") {
    CHECK(prune(world, true, true) == ExitStatus::kOk);
    REQUIRE(world.printed.size() == 12);
    CHECK(world.printed[0].find(R"("decision":"keep","kept_by":["within","last","newest"])") !=
          std::string::npos);
    CHECK(world.printed[11].find(R"("decision":"remove","kept_by":[])") != std::string::npos);
  }
  SECTION("and what it says is what is done") {
    CHECK(prune(world, false, true) == ExitStatus::kOk);
    CHECK(world.printed ==
          Names{R"({"source":"site","removed":1,"removed_bytes":22,"kept":3,"waiting":8,)"
                R"("frozen":null})"});
    CHECK(held(world) == keys_of(2, 12));
  }
  SECTION("while there is trouble it says so as well") {
    world.server->put("b", key_of(12), "another content");
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(prune(world, true) == ExitStatus::kAlarm);
    CHECK(world.printed.size() == 15);
    CHECK(world.lines_with("nothing is removed while there is trouble") == 1);
  }
}

TEST_CASE("a removed archive was not held then, as far as restore can tell", "[prune]") {
  World world;
  world.site().on_change = agent::OnChange::kGenerations;
  for (int night = 1; night <= 4; ++night) {
    world.pass(24h);
    world.server->put("b", "a.tar", fmt::format("content {}", night));
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  const auto second_night = world.clock.now_s() - 47h;
  world.site().keep.last = 2;
  for (int i = 0; i < 5; ++i) REQUIRE(prune(world) == ExitStatus::kOk);
  REQUIRE(world.contents_below("site/superseded/") == Names{"content 3"});
  agent::RestoreOptions options;
  options.source = "site";
  options.pattern = "a.tar";
  options.as_of = second_night;
  options.list = true;
  CHECK(world.restore(options) == ExitStatus::kUsage);
}

TEST_CASE("a removal that was cut off is finished before anything else", "[prune]") {
  World world;
  nights(world, 1, 12);
  world.site().keep.last = 11;
  const auto path = "site/archives/" + key_of(1);
  world.disk.set_hook([&](std::string_view what, std::string_view at) {
    const bool fails = what == "remove" && at == path;
    return fails ? std::optional(store::Error{store::ErrorKind::kIo, EIO, path, ""}) : std::nullopt;
  });
  REQUIRE(prune(world) == ExitStatus::kIncomplete);
  CHECK(world.lines_with("only this file is affected") == 1);
  REQUIRE(world.archive(key_of(1)));
  world.disk.set_hook(nullptr);
  SECTION("by a pull, which places another content under that name") {
    world.server->put("b", key_of(1), "another content");
    world.site().keep = {};
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.archive(key_of(1)) == "another content");
  }
  SECTION("by verify, to which it would be foreign") {
    CHECK(world.verify_all() == ExitStatus::kOk);
    CHECK_FALSE(world.archive(key_of(1)));
  }
  check_all_agree(world);
}

TEST_CASE("a run that removes nothing writes nothing", "[prune]") {
  World world;
  nights(world, 1, 5);
  world.site().keep.last = 5;
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto before = world.disk.files();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(prune(world) == ExitStatus::kOk);
  CHECK(world.disk.files() == before);
}

TEST_CASE("a pull looks at what is held again when something may have changed", "[prune]") {
  World world;
  nights(world, 1, 5);
  world.site().keep.within = 24h * 10;
  REQUIRE(world.pull() == ExitStatus::kOk);
  SECTION("the rules") {
    world.site().keep.within = 24h * 3;
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(held(world) == keys_of(2, 5));
  }
  SECTION("the time") {
    world.pass(24h * 6);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(held(world) == keys_of(1, 5));  // the first is ten days old
    world.pass(1h);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(held(world) == keys_of(2, 5));
    world.pass(24h);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(held(world) == keys_of(3, 5));
  }
  SECTION("what is held") {
    world.site().keep = {};
    world.site().keep.last = 5;
    REQUIRE(world.pull() == ExitStatus::kOk);
    nights(world, 6, 7);
    CHECK(held(world) == keys_of(3, 7));
  }
}

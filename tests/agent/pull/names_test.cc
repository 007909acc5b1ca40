// No name ends a run: what concerns one key fails that key.
#include <algorithm>
#include <cerrno>
#include <random>
#include <set>

#include "store/content/key_path.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;

TEST_CASE("a name that the filesystem refuses is replaced, and all keys are held", "[names]") {
  const auto error = GENERATE(ENAMETOOLONG, EINVAL, EILSEQ, EPERM, EACCES);
  const auto also_to_look = GENERATE(false, true);
  World world;
  const std::string refused = std::string(200, 'n') + ".tar";
  world.server->put("b", refused, "the long one");
  for (const char* key : {"a/1.tar", "a/2.tar", "z.tar"}) world.server->put("b", key, key);
  world.disk.refuse_names(
      [](std::string_view path) { return path.size() - path.rfind('/') - 1 > 143; }, error,
      also_to_look);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 4);
  CHECK(world.contents_below("site/archives/") ==
        std::vector<std::string>{"a/1.tar", "a/2.tar", "the long one", "z.tar"});
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of(refused) == 0);
}

TEST_CASE("a name that is refused beside the trusted one is replaced", "[names]") {
  const auto error = GENERATE(ENAMETOOLONG, EILSEQ, EPERM);
  const auto on_change = GENERATE(agent::OnChange::kGenerations, agent::OnChange::kQuarantine);
  const bool rotates = on_change == agent::OnChange::kGenerations;
  World world;
  world.site().on_change = on_change;
  const std::string key = std::string(200, 'n') + ".tar";
  for (const auto& one : {key, std::string("other")}) world.server->put("b", one, "first");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.disk.refuse_names(
      [](std::string_view path) {
        return !path.starts_with("site/archives/") && path.find(std::string(144, 'n')) != path.npos;
      },
      error, true);
  world.server->put("b", key, "second");
  CHECK(world.pull() == (rotates ? ExitStatus::kOk : ExitStatus::kAlarm));
  CHECK(world.archive(key) == (rotates ? "second" : "first"));
  CHECK(world.contents_below(rotates ? "site/superseded/" : "site/quarantine/") ==
        std::vector<std::string>{rotates ? "first" : "second"});
  CHECK(world.source().run.failed == 0);
}

TEST_CASE("a name that is refused for damaged bytes is replaced", "[names]") {
  World world;
  const std::string key = std::string(200, 'n') + ".tar";
  world.server->put("b", key, "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.disk.plant("site/archives/" + key, "c0ntent");
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  world.disk.refuse_names(
      [](std::string_view path) {
        return path.starts_with("site/damaged/") && path.find(std::string(144, 'n')) != path.npos;
      },
      GENERATE(ENAMETOOLONG, EILSEQ, EPERM), true);
  SECTION("when it is repaired") {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.archive(key) == "content");
  }
  SECTION("when it is given up") {
    world.server->erase("b", key);
    world.pull();
    CHECK(world.ack() == ExitStatus::kOk);
    CHECK_FALSE(world.archive(key));
  }
  CHECK(world.contents_below("site/damaged/") == std::vector<std::string>{"c0ntent"});
}

TEST_CASE("a key that no name can be had for fails alone", "[names]") {
  const auto error = GENERATE(ENAMETOOLONG, EINVAL, EILSEQ, EPERM, EACCES);
  World world;
  world.server->put("b", "bad.tar", "bad");
  for (const char* key : {"a/1.tar", "a/2.tar", "z.tar"}) world.server->put("b", key, key);
  world.disk.refuse_names(
      [](std::string_view path) { return path.find("bad") != std::string_view::npos; }, error,
      true);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().archives == 3);
  CHECK(world.source().run.failed == 1);
  CHECK(world.lines_with("bad.tar") == 1);
  world.disk.refuse_names({}, 0, false);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("bad.tar") == "bad");
}

TEST_CASE("a cut that leaves two dots, and a thousand slashes, are keys like any other",
          "[names]") {
  World world;
  const auto dots = std::string(478, 'x') + "..";
  world.server->put("b", dots, "dots");
  world.server->put("b", std::string(1024, '/'), "slashes");
  world.server->put("b", "a.tar", "a");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 3);
  CHECK(world.verify_all() == ExitStatus::kOk);
  for (const auto& [path, content] : world.disk.files()) CHECK(path.size() < 2500);
}

TEST_CASE("keys of any bytes and length are all held, whichever name the disk refuses", "[names]") {
  const auto seed = GENERATE(range(1U, 9U));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  World world;
  std::vector<std::string> keys;
  constexpr std::string_view kOdd = "//..%%:\\ ";
  for (int i = 0; i < 12; ++i) {
    std::string key;
    const auto length = 1 + below(i % 3 == 0 ? 1024 : 300);
    const bool any_byte = i % 2 == 0;
    while (key.size() < length) {
      const bool odd = below(4) == 0;
      key += odd ? kOdd[below(kOdd.size())] : static_cast<char>(any_byte ? 1 + below(255) : 'a');
    }
    keys.push_back(key);
    world.server->put("b", key, "content " + std::to_string(i));
  }
  const auto& one = keys[below(keys.size())];
  const auto refused_variants = below(3);  // at most two of its three
  world.disk.refuse_names(
      [&](std::string_view path) {
        const auto variants = store::variants_of(one, store::NameRules::kPosix);
        for (std::size_t i = 0; i < std::min(refused_variants, variants.size() - 1); ++i) {
          if (path == store::archive_path("site", one, store::NameRules::kPosix, variants[i])) {
            return true;
          }
        }
        return false;
      },
      ENAMETOOLONG, true);
  const auto listed = std::set<std::string>(keys.begin(), keys.end()).size();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == listed);
  CHECK(world.verify_all() == ExitStatus::kOk);
  for (const auto& [path, content] : world.disk.files()) CHECK(path.size() < 2500);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  REQUIRE(world.disk.remove_file(store::kLedgerPath));
  CHECK(world.rebuild() == ExitStatus::kOk);
  CHECK(world.source().archives == listed);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

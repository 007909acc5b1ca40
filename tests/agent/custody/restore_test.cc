#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "store/content/digest.h"
#include "tests/agent/custody/mounts.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/stride.h"
#include "tests/support/text.h"

// What is held comes back, proven, as it was asked for, and never over anything.

using agent::ExitStatus;
using agent::RestoreOptions;
using pull_test::World;
using test::Fault;
using test::FaultDisk;
using test::kMiB;
using Files = World::Files;
using namespace std::chrono_literals;

namespace {

std::string pattern(std::size_t size_bytes, unsigned seed) {
  std::string bytes(size_bytes, '\0');
  unsigned state = seed * 2654435761U + 1;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string sha256_of(const std::string& content) {
  store::DigestSet set({{store::Algorithm::kSha256, {}}});
  set.update(std::as_bytes(std::span(content)));
  return store::to_hex(set.finish().front());
}

// A mirror, and an empty disk at /target.
struct RestoreWorld : World {
  RestoreWorld() {
    target.set_root_path("/target");
    disk.set_root_path("/disk");
    other_disks["/target"] = &target;
  }

  void hold(const Files& objects) {
    for (const auto& [key, content] : objects) server->put("b", key, content);
    REQUIRE(pull() == ExitStatus::kOk);
  }
  ExitStatus bring_back(const std::string& pattern, RestoreOptions options = {}) {
    options.source = "site";
    options.pattern = pattern;
    if (options.to.empty()) options.to = "/target";
    return restore(options);
  }
  // Empties the target.
  void forget_target() {
    for (const auto& [path, content] : target.files()) REQUIRE(target.remove_file(path));
  }

  FaultDisk target;
};

void fail_reads(FaultDisk& disk, const std::string& path) {
  disk.set_hook(
      [path](std::string_view operation, std::string_view where) -> std::optional<store::Error> {
        if (operation != "read" || where != path) return std::nullopt;
        return store::error_from_errno(EIO, "read", where);
      });
}

}  // namespace

TEST_CASE("what is held comes back under its path, with the upstream's time", "[restore]") {
  RestoreWorld world;
  const Files objects = {
      {"db/a.tar", pattern(5000, 1)}, {"db/deep/b.tar", pattern(kMiB + 7, 2)}, {"empty", ""}};
  world.hold(objects);
  const auto held = world.disk.files();
  const auto status_text = world.status_text;
  world.disk.fail_at(1, Fault::kReadOnly);
  world.disk.reset_counts();

  CHECK(world.bring_back("**") == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.printed ==
        std::vector<std::string>{"site: 3 archives restored to /target (1.0 MiB)"});
  CHECK(world.target.files() == objects);
  CHECK(world.target.durable_files() == objects);
  for (const auto& [path, content] : objects) {
    CAPTURE(path);
    CHECK(world.target.finished(path) == false);
    CHECK(world.target.modified(path) == world.server->bucket("b")->find(path, "")->last_modified);
  }
  CHECK(world.disk.files() == held);
  CHECK(world.disk.counts().bytes_written == 0);
  CHECK(world.status_text == status_text);

  SECTION("and once more: it was there already") {
    CHECK(world.bring_back("**") == ExitStatus::kOk);
    CHECK(world.printed ==
          std::vector<std::string>{
              "site: 0 archives restored to /target (0 bytes), 3 were there already"});
  }
  SECTION("as JSON") {
    world.forget_target();
    CHECK(world.bring_back("db/*", {.json = true}) == ExitStatus::kOk);
    CHECK(nlohmann::json::parse(world.printed.at(0)) == nlohmann::json{{"source", "site"},
                                                                       {"to", "/target"},
                                                                       {"restored", 1},
                                                                       {"restored_bytes", 5000},
                                                                       {"there_already", 0},
                                                                       {"not_written", 0},
                                                                       {"damaged", 0},
                                                                       {"interrupted", false}});
    CHECK(world.target.files() == Files{{"db/a.tar", objects.at("db/a.tar")}});
  }
}

TEST_CASE("a key that is held is a key, whatever it means as a glob", "[restore]") {
  RestoreWorld world;
  world.hold({{"a*", "star"}, {"ab", "letter"}});
  CHECK(world.bring_back("a*") == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"a*", "star"}});
  CHECK(world.bring_back("?b") == ExitStatus::kOk);
  CHECK(world.target.files().size() == 2);
}

TEST_CASE("what nothing fits, and what contradicts itself, is wrong usage", "[restore]") {
  RestoreWorld world;
  world.hold({{"k", "content"}});
  CHECK(world.bring_back("none") == ExitStatus::kUsage);
  CHECK(world.lines_with("'holdfast list site' shows") == 1);
  CHECK(world.bring_back("n*", {.list = true, .json = true}) == ExitStatus::kUsage);
  CHECK(world.printed.empty());
  CHECK(world.bring_back("k", {.as_of = store::Time{}}) == ExitStatus::kUsage);
  CHECK(world.bring_back("k", {.as_of = store::Time{}, .generation = "00000000"}) ==
        ExitStatus::kUsage);
  CHECK(world.lines_with("give one of them") == 1);
  CHECK(world.bring_back("*", {.generation = sha256_of("content")}) == ExitStatus::kUsage);
  CHECK(world.bring_back("k", {.generation = "0123456"}) == ExitStatus::kUsage);
  CHECK(world.lines_with("at least 8 digits") == 1);
  CHECK(world.restore({.source = "site", .pattern = "k"}) == ExitStatus::kUsage);
  CHECK(world.lines_with("give a directory with --to") == 1);
  CHECK(world.restore({.source = "other", .pattern = "k", .to = "/target"}) == ExitStatus::kUsage);
  world.other_disks["/none"] = nullptr;
  CHECK(world.bring_back("k", {.to = "/none"}) == ExitStatus::kUsage);
  CHECK(world.lines_with("there is no directory /none") == 1);
  CHECK(world.target.files().empty());
}

TEST_CASE("nothing is restored into the mirror", "[restore]") {
  RestoreWorld world;
  world.hold({{"disk/site/archives/planted", "x"}, {"diskette", "y"}});
  const auto held = world.disk.files();
  for (const char* inside : {"/disk", "/disk/site"}) {
    world.target.set_root_path(inside);
    CHECK(world.bring_back("**") == ExitStatus::kUsage);
    CHECK(world.lines_with("lies in the mirror") == 1);
  }
  // Around it one may, but for the names that lead into it.
  world.target.set_root_path("/");
  CHECK(world.bring_back("**") == ExitStatus::kIncomplete);
  CHECK(world.lines_with("it would lie in the mirror") == 1);
  CHECK(world.target.files() == Files{{"diskette", "y"}});
  CHECK(world.disk.files() == held);
  world.target.set_root_path("/disk2");
  CHECK(world.bring_back("**") == ExitStatus::kOk);
}

TEST_CASE("nothing is restored into the mirror by another mount of it", "[restore]") {
  using custody_test::Shown;
  RestoreWorld world;
  world.hold({{"db/a", "content"}});
  custody_test::Mounts mounts(world);
  const auto held = world.disk.files();
  SECTION("as it is") {
    const auto* directory = GENERATE("", "site", "site/archives", "site/archives/db");
    CAPTURE(directory);
    mounts.mount(directory, "/export");
    CHECK(world.bring_back("**", {.to = "/export"}) == ExitStatus::kUsage);
  }
  SECTION("by the network") {
    mounts.mount("", "/export", Shown::kUnderNumbers);
    CHECK(world.bring_back("**", {.to = "/export"}) == ExitStatus::kUsage);
  }
  CHECK(world.lines_with("/export lies in the mirror") == 1);
  CHECK(world.disk.files() == held);
}

TEST_CASE("no existing file is replaced, and the others come back", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content a"}, {"b", "content b"}, {"c/d", "content d"}, {"e", "content e"}});
  world.target.plant("a", "CONTENT A");
  world.target.plant("b/inside", "a directory");
  world.target.plant("c", "no directory");
  CHECK(world.bring_back("**") == ExitStatus::kIncomplete);
  CHECK(world.lines.size() == 3);
  for (const char* key : {"a", "b", "c/d"}) {
    CHECK(world.lines_with(fmt::format("site: {}: not restored to /target/{}: ", key, key)) == 1);
  }
  CHECK(world.printed ==
        std::vector<std::string>{"site: 1 archive restored to /target (9 bytes), 3 not written"});
  CHECK(world.target.files() == Files{{"a", "CONTENT A"},
                                      {"b/inside", "a directory"},
                                      {"c", "no directory"},
                                      {"e", "content e"}});
}

TEST_CASE("a file that appears while it is copied is not replaced", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content"}, {"b", "content b"}});
  class Crowded final : public test::ForwardingDisk {
   public:
    explicit Crowded(FaultDisk& target) : ForwardingDisk(target), target_(target) {}
    store::Status set_modified(std::string_view path, std::chrono::sys_seconds time) override {
      target_.plant("a", "somebody else's");
      return ForwardingDisk::set_modified(path, time);
    }

   private:
    FaultDisk& target_;
  };
  Crowded crowded(world.target);
  world.other_disks["/target"] = &crowded;
  CHECK(world.bring_back("**") == ExitStatus::kIncomplete);
  CHECK(world.lines_with("not restored to /target/a") == 1);
  CHECK(world.target.files().at("a") == "somebody else's");
  CHECK(world.target.files().at("b") == "content b");
}

TEST_CASE("what is there already counts only once it is durable", "[restore]") {
  RestoreWorld world;
  world.hold({{"d/a", "content"}});
  REQUIRE(world.target.make_directory("d"));
  const auto file = world.target.open("d/a", store::OpenMode::kCreate);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, std::as_bytes(std::span("content", 7))));
  CHECK(world.bring_back("**") == ExitStatus::kOk);
  CHECK(world.printed.at(0).ends_with(", 1 was there already"));
  CHECK(world.target.durable_files() == Files{{"d/a", "content"}});
}

TEST_CASE("no key is taken for a partial copy of another", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content"}, {"a.holdfast-part", "chosen by whoever writes to the bucket"}});
  CHECK(world.bring_back("a.holdfast-part") == ExitStatus::kOk);
  const auto first = world.target.files();
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first.begin()->first.ends_with(".holdfast-part"));
  CHECK(world.bring_back("a") == ExitStatus::kOk);
  CHECK(world.target.files().at(first.begin()->first) == first.begin()->second);
  CHECK(world.target.files().at("a") == "content");
}

TEST_CASE("a name of the greatest length has a partial copy too", "[restore]") {
  RestoreWorld world;
  const auto longest = std::string(254, 'n') + "1";
  const auto in_utf8 = std::string(239, 'n') + "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac";
  world.hold({{"d/" + longest, "one"}, {"d/" + in_utf8, "two"}});
  std::set<std::string> names;
  world.target.set_hook([&](std::string_view, std::string_view path) {
    names.insert(std::string(path.substr(path.rfind('/') + 1)));
    return std::optional<store::Error>();
  });
  CHECK(world.bring_back("**") == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"d/" + longest, "one"}, {"d/" + in_utf8, "two"}});
  for (const auto& name : names) CHECK(name.size() <= 255);
  CHECK(names.contains(std::string(239, 'n') + ".holdfast-part"));
}

TEST_CASE("as of a time comes what was trusted then", "[restore]") {
  RestoreWorld world;
  world.site().tripwire_share = std::nullopt;
  world.site().on_change = agent::OnChange::kGenerations;
  const auto start = world.clock.now_s();
  world.hold({{"k", "first"}, {"other", "content"}});
  world.pass(10h);
  world.server->put("b", "k", "second");
  world.server->put("b", "late", "late");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().on_change = agent::OnChange::kQuarantine;
  world.pass(10h);
  world.server->put("b", "k", "third");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.pass(10h);
  REQUIRE(world.accept("k", sha256_of("third")) == ExitStatus::kOk);
  world.pass(10h);
  world.site().on_change = agent::OnChange::kGenerations;
  world.server->put("b", "k", "fourth");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(10h);

  const auto [after, wanted] = GENERATE(table<std::chrono::hours, Files>(
      {{1h, {{"k", "first"}, {"other", "content"}}},
       {11h, {{"k", "second"}, {"late", "late"}, {"other", "content"}}},
       // The third was held and in quarantine.
       {21h, {{"k", "second"}, {"late", "late"}, {"other", "content"}}},
       {31h, {{"k", "third"}, {"late", "late"}, {"other", "content"}}},
       {41h, {{"k", "fourth"}, {"late", "late"}, {"other", "content"}}}}));
  CAPTURE(after.count());
  CHECK(world.bring_back("**", {.as_of = start + after}) == ExitStatus::kOk);
  CHECK(world.target.files() == wanted);
  world.forget_target();
  CHECK(world.bring_back("k", {.as_of = start + after}) == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"k", wanted.at("k")}});
  world.forget_target();
  CHECK(world.bring_back("**", {.as_of = start - 1s}) == ExitStatus::kUsage);
}

TEST_CASE("a version that was never trusted is of no time", "[restore]") {
  RestoreWorld world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "older");
  world.pass(1h);
  world.server->put("b", "k", "newer");
  world.pass(1h);
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.contents_below("site/superseded/") == std::vector<std::string>{"older"});
  CHECK(world.bring_back("**", {.as_of = world.clock.now_s() + 1h}) == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"k", "newer"}});
  world.forget_target();
  CHECK(world.bring_back("**", {.as_of = world.clock.now_s() - 1h}) == ExitStatus::kUsage);
}

TEST_CASE("a version that was trusted later is of no time before that, after a rebuild too",
          "[restore]") {
  RestoreWorld world;
  world.site().versions = agent::Versions::kAll;
  world.site().on_change = agent::OnChange::kGenerations;
  world.site().tripwire_share = std::nullopt;
  world.server->keep_versions("b");
  world.server->put("b", "k", "newer");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(1h);
  world.server->put("b", "k", "older");
  world.server->put("b", "k", "newer");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto start = world.clock.now_s();
  for (const auto* const content : {"older", "third"}) {
    world.pass(10h);
    world.server->put("b", "k", content);
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  if (GENERATE(false, true)) {
    REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
    REQUIRE(world.rebuild() == ExitStatus::kOk);
  }
  const auto [after, wanted] = GENERATE(
      table<std::chrono::hours, std::string>({{1h, "newer"}, {11h, "older"}, {21h, "third"}}));
  CHECK(world.bring_back("k", {.as_of = start + after}) == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"k", wanted}});
}

TEST_CASE("a generation comes by its digits or its name, from wherever it lies", "[restore]") {
  RestoreWorld world;
  world.hold({{"k", "first"}});
  world.pass(1h);
  world.server->put("b", "k", "second");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.pass(1h);
  REQUIRE(world.accept("k") == ExitStatus::kOk);
  world.server->put("b", "k", "third");
  REQUIRE(world.pull() == ExitStatus::kAlarm);

  const auto* content = GENERATE("first", "second", "third");
  CAPTURE(content);
  CHECK(world.bring_back("k", {.generation = sha256_of(content).substr(0, 8)}) == ExitStatus::kOk);
  CHECK(world.target.files() == Files{{"k", content}});
  world.forget_target();
  for (const auto& [path, bytes] : World::below(world.disk.files(), "site/")) {
    if (path.find("/k/") == std::string::npos || bytes != content) continue;
    CHECK(world.bring_back("k", {.generation = path.substr(path.rfind('/') + 1)}) ==
          ExitStatus::kOk);
    CHECK(world.target.files() == Files{{"k", content}});
  }
}

TEST_CASE("the list shows what would come, and nothing is written", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content"}, {"b", "bytes"}});
  world.target.fail_at(1, Fault::kIoError, test::Lasting::kUntilHealed);
  CHECK(world.restore({.source = "site", .pattern = "**", .list = true}) == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 2);
  CHECK(world.printed[0].ends_with("  a"));
  CHECK(world.bring_back("**", {.list = true, .json = true}) == ExitStatus::kOk);
  std::string document;
  for (const auto& line : world.printed) document += line;
  const auto json = nlohmann::json::parse(document);
  REQUIRE(json.size() == 2);
  CHECK(json[1].at("key") == "b");
  CHECK(json[1].at("path") == "site/archives/b");
  CHECK(json[1].at("state") == "held");
  CHECK(json[1].at("size") == 5);
  CHECK(json[1].at("sha256") == sha256_of("bytes"));
  CHECK(json[1].contains("last_modified"));
  CHECK(json[1].contains("held_since"));
}

TEST_CASE("a damaged content gets no name, and the others come back", "[restore]") {
  RestoreWorld world;
  const auto large = pattern(2 * kMiB + 5, 1);
  world.hold({{"a", "content a"}, {"b", large}, {"c", "content c"}});
  auto rotten = large;
  rotten[kMiB + 9] = static_cast<char>(rotten[kMiB + 9] ^ 1);
  Files left = {{"a", "content a"}, {"c", "content c"}};
  SECTION("rotten") {
    world.disk.plant("site/archives/b", rotten);
    left["b.damaged"] = rotten;
  }
  SECTION("shorter") {
    world.disk.plant("site/archives/b", large.substr(0, kMiB));
    left["b.damaged"] = large.substr(0, kMiB);
  }
  SECTION("longer") {
    world.disk.plant("site/archives/b", large + "x");
    left["b.damaged"] = large;
  }
  SECTION("missing") { REQUIRE(world.disk.remove_file("site/archives/b")); }
  SECTION("unreadable from the beginning") { fail_reads(world.disk, "site/archives/b"); }
  SECTION("unreadable from the middle") {
    world.disk.set_hook(
        [begun = false](std::string_view operation,
                        std::string_view path) mutable -> std::optional<store::Error> {
          if (operation != "read" || path != "site/archives/b") return std::nullopt;
          if (!std::exchange(begun, true)) return std::nullopt;
          return store::error_from_errno(EIO, "read", path);
        });
    left["b.damaged"] = large.substr(0, kMiB);
  }
  SECTION("rotten, and what was left of it before stays") {
    world.disk.plant("site/archives/b", rotten);
    world.target.plant("b.damaged", "from before");
    left["b.damaged"] = "from before";
  }
  CHECK(world.bring_back("**") == ExitStatus::kIncomplete);
  CHECK(world.target.files() == left);
  REQUIRE(world.lines.size() == 1);
  CHECK(world.lines_with("site: b: not restored: the copy on the mirror is damaged: ") == 1);
  CHECK(world.lines_with("'holdfast pull' repairs it") == 1);
  CHECK(world.printed ==
        std::vector<std::string>{
            "site: 2 archives restored to /target (18 bytes), 1 damaged on the mirror"});
}

TEST_CASE("a mirror that is gone is not one whose contents are all damaged", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content a"}, {"b", "content b"}});
  bool gone = false;
  world.disk.set_hook(
      [&](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        gone = gone || (operation == "open" && path.starts_with("site/archives/"));
        if (!gone || !path.starts_with(".holdfast/disk")) {
          if (!gone || !path.starts_with("site/")) return std::nullopt;
        }
        return store::error_from_errno(ENOENT, "open", path);
      });
  CHECK(world.bring_back("**") == ExitStatus::kDiskFailed);
  CHECK(world.lines.size() == 1);
  CHECK(world.lines_with("no longer there") == 1);
}

TEST_CASE("without room nothing is written, and what is there needs none", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", pattern(3000, 1)}, {"b", pattern(5000, 2)}});
  world.target.set_space({100'000, 7999});
  CHECK(world.bring_back("**") == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("/target has 7.8 KiB free, but 7.8 KiB are needed") == 1);
  CHECK(world.target.files().empty());
  CHECK(world.target.counts().bytes_written == 0);
  world.target.set_space({100'000, 3000});
  CHECK(world.bring_back("a") == ExitStatus::kOk);
  world.target.plant("b.holdfast-part", pattern(5000, 2).substr(0, 4096));
  world.target.set_space({100'000, 904});
  CHECK(world.bring_back("**") == ExitStatus::kOk);
  CHECK(world.target.files().size() == 2);
}

TEST_CASE("a signal ends it between chunks, and the next run goes on there", "[restore]") {
  RestoreWorld world;
  const auto large = pattern(4 * kMiB + 77, 3);
  world.hold({{"a", "content"}, {"b", large}, {"c", "content c"}});
  int writes = 0;
  world.target.set_hook([&](std::string_view operation, std::string_view path) {
    if (operation == "write" && path == "b.holdfast-part" && ++writes == 3) world.stop.store(true);
    return std::optional<store::Error>();
  });
  CHECK(world.bring_back("**") == ExitStatus::kIncomplete);
  CHECK(world.printed == std::vector<std::string>{
                             "site: 1 archive restored to /target (7 bytes); it was interrupted"});
  CHECK(world.target.files() ==
        Files{{"a", "content"}, {"b.holdfast-part", large.substr(0, 3 * kMiB)}});

  world.target.set_hook(nullptr);
  world.disk.reset_counts();
  const Files all = {{"a", "content"}, {"b", large}, {"c", "content c"}};
  SECTION("what is missing is copied") {
    CHECK(world.bring_back("**") == ExitStatus::kOk);
    CHECK(world.target.files() == all);
    CHECK(world.disk.bytes_read("site/archives/b") == large.size() - 3 * kMiB);
  }
  SECTION("what is wrong is copied once more, from the start") {
    world.target.plant("b.holdfast-part", pattern(3 * kMiB, 9));
    CHECK(world.bring_back("**") == ExitStatus::kOk);
    CHECK(world.target.files() == all);
  }
  SECTION("what is longer is no beginning of it") {
    world.target.plant("b.holdfast-part", pattern(5 * kMiB, 9));
    CHECK(world.bring_back("**") == ExitStatus::kOk);
    CHECK(world.target.files() == all);
  }
}

TEST_CASE("a target that loses what was written ends the restore", "[restore]") {
  RestoreWorld world;
  world.hold({{"a", "content a"}, {"b", "content b"}});
  world.target.set_hook(
      [&](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "sync" || path != "a.holdfast-part") return std::nullopt;
        return store::error_from_errno(EIO, "sync", path);
      });
  CHECK(world.bring_back("**") == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("cannot restore to /target: ") == 1);
  CHECK_FALSE(world.target.files().contains("a"));
  CHECK_FALSE(world.target.files().contains("b"));
}

TEST_CASE("a restore that fails anywhere is finished by the next", "[restore][torture]") {
  RestoreWorld world;
  const Files wanted = {{"a", pattern(700, 1)},
                        {"db/deep/large", pattern(kMiB + 12345, 2)},
                        {"db/small", pattern(5000, 3)},
                        {"empty", ""}};
  world.hold(wanted);
  struct Way {
    Fault fault;
    std::uint64_t steps;  // where it is another number on purpose, write it here
    std::optional<std::uint64_t> seed = {};
  };
  const auto way =
      GENERATE(Way{Fault::kIoError, 56}, Way{Fault::kNoSpace, 17}, Way{Fault::kReadOnly, 29},
               Way{Fault::kShortWrite, 56}, Way{Fault::kPowerCut, 7},
               Way{Fault::kPowerCut, 29, 20260131}, Way{Fault::kPowerCut, 29, 20270131});
  CAPTURE(static_cast<int>(way.fault));
  const auto check_names = [&](const FaultDisk& target) {
    for (const auto& [path, content] : target.files()) {
      INFO(path);
      if (!path.ends_with(".holdfast-part"))
        CHECK((wanted.contains(path) && wanted.at(path) == content));
    }
  };
  const auto every = static_cast<std::uint64_t>(test::stride().every);
  auto step = static_cast<std::uint64_t>(test::stride().first);
  for (bool struck = true; struck; step += every) {
    CAPTURE(step);
    FaultDisk target;
    target.set_root_path("/target");
    world.other_disks["/target"] = &target;
    if (way.seed) target.set_power_cut_seed(*way.seed + step);
    target.fail_at(step, way.fault);
    const auto status = world.bring_back("**");
    struck = target.struck();
    const bool fails_at_once = way.fault != Fault::kNoSpace && way.fault != Fault::kReadOnly;
    if (!struck) CHECK(status == ExitStatus::kOk);
    if (struck && fails_at_once) CHECK(status == ExitStatus::kDiskFailed);
    if (!struck) CHECK(target.steps() == way.steps);
    if (status == ExitStatus::kOk) CHECK(target.durable_files() == wanted);
    target.heal();
    target.restart();
    check_names(target);
    CHECK(world.bring_back("**") == ExitStatus::kOk);
    CHECK(target.durable_files() == wanted);
    CHECK(target.files() == wanted);
    for (const auto& file : wanted) CHECK(target.modified(file.first).has_value());
  }
}

#include <fmt/format.h>

#include "store/custody/manifest.h"
#include "store/custody/mirror.h"
#include "store/ledger/ledger_writer.h"
#include "tests/agent/pull/pull_world.h"

// What an earlier run left, or somebody did to the disk, before a mirror is opened.

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;

namespace {

const std::string kLedger(store::kLedgerPath);
const Names kKeys = {"a", "b/c", "d"};

enum class Meanwhile { kDeletes, kOverwrites, kExcludes };

void upload(World& world) {
  for (const auto& key : kKeys) world.server->put("b", key, "right " + key);
}

void change_bucket(World& world, Meanwhile meanwhile) {
  for (const auto& key : kKeys) {
    if (meanwhile == Meanwhile::kDeletes) world.server->erase("b", key);
    if (meanwhile == Meanwhile::kOverwrites) world.server->put("b", key, "wrong, and longer");
  }
  if (meanwhile == Meanwhile::kExcludes) world.site().exclude = {"*"};
}

// Whatever was placed is what is trusted, and nothing on the disk is a stranger's.
void check_placed_is_held(World& world, const World::Files& placed) {
  for (const auto& [path, content] : placed) {
    INFO(path);
    const auto key = path.substr(std::string("site/archives/").size());
    CHECK(world.archive(key) == content);
  }
  static_cast<void>(world.verify_all());
  CHECK(world.lines_with("foreign") == 0);
  REQUIRE(world.list_all() == ExitStatus::kOk);
  std::string listed;
  for (const auto& line : world.printed) listed += line;
  for (const auto& [path, content] : placed) {
    CHECK(listed.find("\"" + path.substr(14) + "\"") != std::string::npos);
  }
  CHECK(world.files_below("site/archives/") >= placed.size());
}

void lose_ledger(World& world) {
  REQUIRE(world.disk.remove_file(kLedger));
  REQUIRE(world.disk.remove_file(kLedger + "-journal"));
}

ExitStatus init(World& world) {
  return world.command([](const agent::Environment& environment, const agent::Print& print) {
    return agent::init_command({"/disk"}, environment, print);
  });
}

}  // namespace

TEST_CASE("what was placed and not recorded is held, whatever the bucket does meanwhile",
          "[pull]") {
  const auto meanwhile =
      GENERATE(Meanwhile::kDeletes, Meanwhile::kOverwrites, Meanwhile::kExcludes);
  CAPTURE(static_cast<int>(meanwhile));
  World world;
  upload(world);
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool records = operation == "sync" && path == "site/manifest.jsonl";
    return records ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), ""})
                   : std::nullopt;
  });
  REQUIRE(world.pull() == ExitStatus::kDiskFailed);
  world.disk.set_hook({});
  world.disk.restart();
  const auto placed = World::below(world.disk.files(), "site/archives/");
  REQUIRE(placed.size() == kKeys.size());
  change_bucket(world, meanwhile);
  static_cast<void>(world.pull());
  check_placed_is_held(world, placed);
  CHECK(world.source().archives == kKeys.size());
}

TEST_CASE("a new content that took a held one's place unrecorded is held, and so is the old one",
          "[pull]") {
  const bool deleted = GENERATE(true, false);
  const auto on_change = GENERATE(agent::OnChange::kGenerations, agent::OnChange::kQuarantine);
  const bool has_links = GENERATE(true, false);
  World world;
  world.disk.set_has_links(has_links);
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().on_change = on_change;
  world.server->put("b", "a", "second");
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool records = operation == "sync" && path == "site/manifest.jsonl";
    return records ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), ""})
                   : std::nullopt;
  });
  REQUIRE(world.pull() == ExitStatus::kDiskFailed);
  world.disk.set_hook({});
  world.disk.restart();
  if (deleted) {
    world.server->erase("b", "a");
  } else {
    world.server->put("b", "a", "right a");
  }
  const bool generations = on_change == agent::OnChange::kGenerations;
  static_cast<void>(world.verify_all());
  CHECK(world.lines_with("foreign") == 0);
  CHECK(world.archive("a") == (generations ? "second" : "right a"));
  CHECK(world.contents_below(generations ? "site/superseded/" : "site/quarantine/") ==
        Names{generations ? "right a" : "second"});
  if (!generations) CHECK(world.alarm_kinds() == Names{"changed"});
}

TEST_CASE(
    "nothing placed is forgotten, wherever the power failed and whatever the bucket does then",
    "[torture][of-pull]") {
  const auto meanwhile =
      GENERATE(Meanwhile::kDeletes, Meanwhile::kOverwrites, Meanwhile::kExcludes);
  CAPTURE(static_cast<int>(meanwhile));
  for (std::uint64_t step = 1;; ++step) {
    CAPTURE(step);
    World world;
    upload(world);
    world.disk.fail_at(step, test::Fault::kPowerCut);
    static_cast<void>(world.pull());
    if (!world.disk.struck()) break;
    world.disk.heal();
    world.disk.restart();
    const auto placed = World::below(world.disk.files(), "site/archives/");
    change_bucket(world, meanwhile);
    static_cast<void>(world.pull());
    check_placed_is_held(world, placed);
  }
}

TEST_CASE("init on a disk that carries archives restores the marker alone, and sends to rebuild",
          "[pull]") {
  World world;
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  lose_ledger(world);
  REQUIRE(world.disk.remove_file(store::kMarkerPath));
  if (GENERATE(true, false)) REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
  CHECK(world.pull() == ExitStatus::kNotNow);
  CHECK(world.lines_with("holdfast rebuild") == 1);
  CHECK(init(world) == ExitStatus::kOk);
  CHECK(world.lines_with("holds archives (site)") == 1);
  CHECK(world.lines_with("holdfast rebuild") == 1);
  CHECK_FALSE(world.disk.files().contains(kLedger));
  change_bucket(world, Meanwhile::kOverwrites);
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  static_cast<void>(world.pull());
  for (const auto& key : kKeys) CHECK(world.archive(key) == "right " + key);
}

TEST_CASE("a manifest that was lost or cut is whole again before anything is added to it",
          "[rebuild]") {
  World world;
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "a", "second");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  const auto manifest = world.disk.files().at("site/manifest.jsonl");
  if (GENERATE(true, false)) {
    REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
  } else {
    world.disk.plant("site/manifest.jsonl", manifest.substr(0, manifest.find('\n') + 1));
  }
  REQUIRE(world.accept("a") == ExitStatus::kOk);
  REQUIRE(world.list_all() == ExitStatus::kOk);
  const auto before = world.printed;
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  CHECK(world.printed.front().find("manifest") == std::string::npos);
  REQUIRE(world.list_all() == ExitStatus::kOk);
  CHECK(world.printed == before);
}

TEST_CASE("a rebuild takes what a manifest has lost from the files", "[rebuild]") {
  World world;
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto manifest = world.disk.files().at("site/manifest.jsonl");
  world.disk.plant("site/manifest.jsonl", manifest.substr(0, manifest.find('\n') + 1));
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(world.printed.front().find("2 of them were in no manifest") != std::string::npos);
  change_bucket(world, Meanwhile::kOverwrites);
  static_cast<void>(world.pull());
  for (const auto& key : kKeys) CHECK(world.archive(key) == "right " + key);
}

TEST_CASE("a mirror that was copied to another kind of filesystem keeps the rules of its names",
          "[rebuild]") {
  World world;
  auto marker = store::read_marker(world.disk);
  REQUIRE((marker && *marker));
  (*marker)->names.reset();  // as an earlier holdfast left it
  REQUIRE(store::replace_marker(world.disk, **marker));
  world.disk.set_filesystem_name("exfat");
  for (const char* key : {"at:noon", "end.", "plain"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.archive("at%3Anoon") == "at:noon");
  world.disk.set_filesystem_name("ext4");
  CHECK(world.verify_all() == ExitStatus::kOk);
  SECTION("the ledger is lost then") { lose_ledger(world); }
  SECTION("and so is the marker") {
    lose_ledger(world);
    REQUIRE(world.disk.remove_file(store::kMarkerPath));
    REQUIRE(init(world) == ExitStatus::kOk);
  }
  CHECK(world.rebuild() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("a removal that names anything but a content removes nothing", "[pull]") {
  const std::string path = GENERATE(as<std::string>(), ".holdfast/disk.json", "other/archives/x",
                                    "site/manifest.jsonl", "site/archives/../manifest.jsonl",
                                    "site/damaged", "other/manifest.jsonl", "site/notes/x");
  CAPTURE(path);
  World world;
  world.disk.plant("site/notes/x", "somebody's own");
  world.disk.plant("other/archives/x", "theirs");
  world.disk.plant("other/manifest.jsonl", "");
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  {
    auto ledger = store::Ledger::open(world.disk, store::Access::kReadWrite);
    REQUIRE(ledger);
    const auto id = ledger->find_source("site");
    REQUIRE((id && *id));
    REQUIRE(store::LedgerWriter(*ledger).begin_removals(**id, {{"a", path, true}},
                                                        world.clock.now_s()));
  }
  const auto before = world.disk.files();
  CHECK(world.pull() != ExitStatus::kDiskFailed);
  for (const auto& [name, content] : before) {
    if (name.find("-journal") == std::string::npos) CHECK(world.disk.files().contains(name));
  }
}

TEST_CASE("a rotted copy that has to give way is that key's trouble alone", "[pull]") {
  World world;
  world.disk.set_has_links(false);
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "e", "right e");
  SECTION("superseded") {
    for (const auto& key : kKeys) world.server->put("b", key, "newer " + key);
    world.site().on_change = agent::OnChange::kGenerations;
    world.disk.plant("site/archives/a", "rotted!");
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"corrupt"});
    for (const auto& key : kKeys) CHECK(world.archive(key) == "newer " + key);
    CHECK(world.contents_below("site/superseded/") == Names{"right b/c", "right d"});
  }
  SECTION("accepted over") {
    world.server->put("b", "a", "newer a");
    REQUIRE(world.pull() == ExitStatus::kAlarm);
    world.disk.plant("site/archives/a", "rotted!");
    CHECK(world.accept("a") == ExitStatus::kOk);
    CHECK(world.lines_with("site/damaged/") == 1);
    CHECK(world.archive("a") == "newer a");
  }
  CHECK(world.archive("e") == "right e");
  CHECK(world.contents_below("site/damaged/") == Names{"rotted!"});
}

TEST_CASE("a file behind an intent that cannot be read keeps no run from its work", "[pull]") {
  World world;
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  {
    auto ledger = store::Ledger::open(world.disk, store::Access::kReadWrite);
    REQUIRE(ledger);
    const auto id = ledger->find_source("site");
    REQUIRE(store::LedgerWriter(*ledger).begin_supersessions({{**id, "a"}, {**id, "d"}}));
  }
  world.server->put("b", "e", "right e");
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool unreadable = operation == "read" && path == "site/archives/a";
    return unreadable
               ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), "bad"})
               : std::nullopt;
  });
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("site/archives/a: bad, at offset 0; only this file is affected") == 1);
  CHECK(world.archive("e") == "right e");
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  CHECK(store::LedgerWriter(*ledger).open_supersessions(10)->size() == 1);
}

TEST_CASE("a placed file that cannot be read keeps its intent, and no run from its work",
          "[pull]") {
  World world;
  upload(world);
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool records = operation == "sync" && path == "site/manifest.jsonl";
    return records ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), ""})
                   : std::nullopt;
  });
  REQUIRE(world.pull() == ExitStatus::kDiskFailed);
  world.disk.restart();
  for (const auto& key : kKeys) world.server->erase("b", key);
  world.server->put("b", "e", "right e");
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool unreadable = operation == "read" && path == "site/archives/a";
    return unreadable
               ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), "bad"})
               : std::nullopt;
  });
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("only this file is affected") == 1);
  CHECK(world.archive("e") == "right e");
  const auto is_held = [&](const std::string& key) {
    auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
    REQUIRE(ledger);
    return ledger->find(ledger->find_source("site").value().value(), key)->has_value();
  };
  CHECK_FALSE(is_held("a"));
  CHECK(is_held("d"));
  // A bad cable was changed.
  world.disk.set_hook({});
  world.disk.restart();
  static_cast<void>(world.pull());
  CHECK(is_held("a"));
}

TEST_CASE("a rebuild syncs once for many lines, whatever they say", "[rebuild]") {
  World world;
  upload(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  std::string lines;
  for (int i = 0; i < 300; ++i) {
    store::ManifestEntry entry;
    entry.key = fmt::format("gone-{}", i);
    entry.path = "archives/" + entry.key;
    entry.verified_by = store::ProofLevel::kSize;
    lines += store::line_of(entry);
    entry.kind = store::ManifestEntry::Kind::kReign;
    entry.placed_at = world.clock.now_s();
    lines += store::line_of(entry);
    entry.kind = store::ManifestEntry::Kind::kPruned;
    lines += store::line_of(entry);
  }
  world.disk.plant("site/manifest.jsonl", world.disk.files().at("site/manifest.jsonl") + lines);
  lose_ledger(world);
  world.disk.reset_counts();
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(world.disk.counts().file_syncs < 60);
}

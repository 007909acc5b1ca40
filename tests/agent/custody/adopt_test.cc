#include <fmt/format.h>

#include <cerrno>

#include "agent/custody/adopt_directory.h"
#include "agent/custody/mirror_places.h"
#include "agent/run/open_mirror.h"
#include "store/content/digest.h"
#include "tests/agent/custody/mounts.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sub_disk.h"
#include "tests/support/text.h"

// What another tool has mirrored is taken where the bucket's own word proves it, and without a
// download.

using agent::AdoptOptions;
using agent::ExitStatus;
using pull_test::World;
using test::FaultDisk;
using test::kMiB;
using Files = World::Files;
using How = agent::AdoptOptions::How;

namespace {

std::string pattern(std::size_t size_bytes, unsigned seed) {
  std::string bytes(size_bytes, '\0');
  unsigned state = seed * 2654435761U + 1;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>('a' + (state >> 28));
  }
  return bytes;
}

std::string flipped(std::string content) {
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  return content;
}

// A mirror, and a directory that another tool has filled: on the same disk, below its root, or on
// one of its own.
struct AdoptWorld : World {
  explicit AdoptWorld(bool same_disk = true) : is_same_disk(same_disk) {
    disk.set_root_path("/disk");
    other.set_root_path("/other");
    if (same_disk) {
      other_disks["/disk/old"] = &below;
    } else {
      other_disks["/disk/old"] = &other;
    }
    other_disks["/nowhere"] = nullptr;
    mounts.add(other, "", "/other");
  }

  void lay(const std::string& path, const std::string& content) {
    if (is_same_disk) {
      disk.plant("old/" + path, content);
    } else {
      other.plant(path, content);
    }
  }
  // In the bucket, and in the directory under the key.
  void put_both(const std::string& key, const std::string& content) {
    server->put("b", key, content);
    lay(key, content);
  }
  ExitStatus adopt_directory(AdoptOptions options = {}) {
    options.source = "site";
    if (options.directory.empty()) options.directory = "/disk/old";
    server->reset_journal();
    return adopt(options);
  }
  std::uint64_t gets() const { return server->counters().gets; }
  Files directory() const {
    if (!is_same_disk) return other.files();
    Files files;
    for (const auto& [path, content] : World::below(disk.files(), "old/")) {
      files[path.substr(4)] = content;
    }
    return files;
  }
  std::map<std::string, std::uint64_t> levels() {
    auto mirror_disk = test::ForwardingDisk(disk);
    auto ledger = store::Ledger::open(mirror_disk, store::Access::kReadOnly);
    REQUIRE(ledger);
    return ledger->totals(ledger->find_source("site").value().value()).value().verified_by;
  }
  std::optional<store::Archive> held(const std::string& key) {
    auto mirror_disk = test::ForwardingDisk(disk);
    auto ledger = store::Ledger::open(mirror_disk, store::Access::kReadOnly);
    REQUIRE(ledger);
    return ledger->find(ledger->find_source("site").value().value(), key).value();
  }
  std::string said() const { return fmt::format("{}", fmt::join(lines, "\n")); }

  const bool is_same_disk;
  FaultDisk other;
  test::SubDisk below{disk, "old"};
  custody_test::Mounts mounts{*this};
};

}  // namespace

TEST_CASE("exactly the good files are adopted, without a download, and a pull fetches the rest",
          "[adopt]") {
  const bool same_disk = GENERATE(true, false);
  const auto how = GENERATE(How::kAny, How::kCopy);
  CAPTURE(same_disk, static_cast<int>(how));
  AdoptWorld world(same_disk);
  world.put_both("db/a.tar", pattern(5000, 1));
  world.put_both("db/deep/b.tar", pattern(kMiB + 7, 2));
  world.put_both("empty", "");
  const auto parts = pattern(300'000, 3);
  world.server->put_multipart("b", "parts.bin", parts, 70'001);
  world.lay("parts.bin", parts);
  world.server->put("b", "flipped", pattern(4000, 4));
  world.lay("flipped", flipped(pattern(4000, 4)));
  world.server->put("b", "truncated", pattern(4000, 5));
  world.lay("truncated", pattern(4000, 5).substr(0, 3999));
  world.server->put_multipart("b", "flipped-parts", pattern(300'000, 6), 70'001);
  world.lay("flipped-parts", flipped(pattern(300'000, 6)));
  world.server->put("b", "missing", "only the bucket has it");
  world.lay("extra", "only the directory has it");
  const auto before = world.directory();

  CHECK(world.adopt_directory({.how = how}) == ExitStatus::kIncomplete);
  CAPTURE(world.said());
  CHECK(world.printed ==
        std::vector<std::string>{
            "site: 4 archives adopted from /disk/old (1.3 MiB); 3 differ from the bucket; 1 is not "
            "in /disk/old; 1 there is not in the bucket"});
  CHECK(world.gets() == 0);
  // Of the flipped one, whether its ETag may be no MD5; of those in parts, what they are, and
  // parts.
  CHECK(world.server->counters().heads < 20);
  CHECK(world.archive("db/a.tar") == pattern(5000, 1));
  CHECK(world.archive("db/deep/b.tar") == pattern(kMiB + 7, 2));
  CHECK(world.archive("empty") == "");
  CHECK(world.archive("parts.bin") == parts);
  CHECK(world.files_below("site/archives/") == 4);
  CHECK(world.levels() ==
        std::map<std::string, std::uint64_t>{{"etag-md5", 3}, {"etag-multipart", 1}});
  CHECK(world.directory() == before);
  CHECK(world.lines_with("flipped: /disk/old/flipped differs") == 1);
  CHECK(world.lines_with("flipped-parts: /disk/old/flipped-parts differs") == 1);
  CHECK(world.lines_with("truncated: /disk/old/truncated differs") == 1);
  CHECK(world.lines_with("it has 3999 bytes, and the bucket's has 4000") == 1);
  CHECK(world.lines_with("the bucket does not have /disk/old/extra") == 1);
  CHECK(world.disk.finished("site/archives/db/a.tar") == true);
  CHECK(World::below(world.disk.durable_files(), "site/archives/").size() == 4);
  CHECK(World::below(world.disk.files(), ".holdfast/staging/").empty());
  CHECK(world.lines_with("share one file with /disk/old") ==
        (same_disk && how == How::kAny ? 1 : 0));

  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets() == 4);
  for (const auto* key : {"flipped", "truncated", "flipped-parts", "missing"}) {
    CHECK(world.gets_of(key) == 1);
  }
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.rebuild() == ExitStatus::kUsage);

  SECTION("and once more there is nothing to do") {
    CHECK(world.adopt_directory({.how = how}) == ExitStatus::kOk);
    CHECK(world.printed ==
          std::vector<std::string>{"site: 0 archives adopted from /disk/old (0 bytes); 7 were held "
                                   "already; 1 there is not in the bucket"});
    CHECK(world.server->counters().heads == 0);
  }
}

TEST_CASE("an ETag that is no MD5 is no word against a file that a checksum proves", "[adopt]") {
  AdoptWorld world;
  const auto content = pattern(4000, 1);
  pull_test::put_with_etag(world, "a", content, std::string(32, 'a'));
  store::DigestSet digests({{store::Algorithm::kSha256, {}}});
  digests.update(std::as_bytes(std::span(content)));
  REQUIRE(
      world.server->set_checksum("b", "a", "sha256", store::to_base64(digests.finish().front())));
  world.lay("a", content);
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.levels() == std::map<std::string, std::uint64_t>{{"sha256", 1}});
  CHECK(world.server->counters().heads == 1);
  CHECK(world.gets() == 0);
}

TEST_CASE("a file in parts that nobody tells of is left to the pull", "[adopt]") {
  AdoptWorld world;
  const auto content = pattern(300'000, 6);
  world.server->put_multipart("b", "parts.bin", content, 70'003);
  world.server->lie({fake_s3::LieKind::kIgnoreParts, "HEAD", "parts.bin"});
  world.lay("parts.bin", flipped(content));
  CHECK(world.adopt_directory() == ExitStatus::kIncomplete);
  CAPTURE(world.said());
  CHECK(world.files_below("site/archives/") == 0);
  CHECK(world.lines_with("parts.bin: not adopted from /disk/old/parts.bin: the server does not "
                         "tell in which parts") == 1);
}

TEST_CASE("odd keys are found under their own name, or under that of a mirror", "[adopt]") {
  AdoptWorld world;
  const std::vector<std::string> keys = {"a b/c d", "100%", "100%25",    "trailing/",
                                         "x//y",    "ä/ö",  "new\nline", "a:b"};
  unsigned seed = 0;
  for (const auto& key : keys) {
    const auto content = pattern(1000 + seed, seed);
    ++seed;
    world.server->put("b", key, content);
    world.lay(store::path_of_key(key, store::NameRules::kPosix, store::NameVariant::kPlain),
              content);
  }
  world.put_both("plain %41", "as it is");
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.printed.at(0).starts_with("site: 9 archives adopted"));
  CHECK(world.gets() == 0);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets() == 0);
}

TEST_CASE("a prefix that the other tool left out is given, and suggested where it is not",
          "[adopt]") {
  AdoptWorld world;
  world.site().prefix = "nightly/";
  world.server->put("b", "nightly/db/a.tar", "content");
  world.lay("db/a.tar", "content");
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.files_below("site/archives/") == 0);
  CHECK(world.lines_with("holdfast adopt site -- /disk/old --strip nightly/") +
            world.lines_with("holdfast adopt site /disk/old --strip nightly/") ==
        1);
  CHECK(world.adopt_directory({.strip = "nightly/"}) == ExitStatus::kOk);
  CHECK(world.archive("nightly/db/a.tar") == "content");
}

TEST_CASE("what was moved leaves the directory once it is held, and what differs stays",
          "[adopt]") {
  const bool same_disk = GENERATE(true, false);
  const bool has_links = GENERATE(true, false);
  AdoptWorld world(same_disk);
  world.disk.set_has_links(has_links);
  world.put_both("a", pattern(4000, 1));
  world.put_both("b", pattern(5000, 2));
  world.server->put("b", "c", pattern(4000, 3));
  world.lay("c", flipped(pattern(4000, 3)));
  CHECK(world.adopt_directory({.how = How::kMove}) == ExitStatus::kIncomplete);
  CHECK(world.archive("a") == pattern(4000, 1));
  CHECK(world.archive("b") == pattern(5000, 2));
  CHECK(world.directory() == Files{{"c", flipped(pattern(4000, 3))}});
  CHECK(world.lines_with("share") == 0);

  SECTION("also what an earlier call has left there") {
    world.lay("a", pattern(4000, 1));
    world.lay("b", flipped(pattern(5000, 2)));
    CHECK(world.adopt_directory({.how = How::kMove}) == ExitStatus::kIncomplete);
    CHECK(world.directory().count("a") == 0);
    CHECK(world.directory().count("b") == 1);
    CHECK(world.archive("b") == pattern(5000, 2));
  }
  SECTION("but not where its archive has rotted") {
    world.lay("a", pattern(4000, 1));
    world.disk.plant("site/archives/a", flipped(pattern(4000, 1)));
    CHECK(world.adopt_directory({.how = How::kMove}) == ExitStatus::kIncomplete);
    CHECK(world.directory().count("a") == 1);
    CHECK(world.lines_with("a: not adopted from /disk/old/a: its archive cannot be read, or is "
                           "damaged") == 1);
    CHECK(world.verify() == ExitStatus::kAlarm);
    CHECK(world.adopt_directory({.how = How::kMove}) == ExitStatus::kIncomplete);
    CHECK(world.archive("a") == pattern(4000, 1));
    CHECK(world.directory() == Files{{"c", flipped(pattern(4000, 3))}});
  }
}

TEST_CASE("a file that cannot be linked is copied, or left where only links are wanted",
          "[adopt]") {
  const bool same_disk = GENERATE(true, false);
  AdoptWorld world(same_disk);
  world.put_both("a", pattern(4000, 1));
  // As on another filesystem; or of another user.
  if (same_disk) world.disk.set_gives_files(false);
  CHECK(world.adopt_directory({.how = How::kLink}) == ExitStatus::kIncomplete);
  CHECK(world.lines_with("--copy copies it") == 1);
  CHECK(world.files_below("site/archives/") == 0);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.archive("a") == pattern(4000, 1));
  CHECK(world.lines_with("share") == 0);
}

TEST_CASE("copies leave min_free, and links take nothing", "[adopt]") {
  AdoptWorld world;
  world.config.disk.min_free_bytes = kMiB;
  world.disk.set_space({2 * kMiB, kMiB + 3999, 0, 0});
  world.put_both("a", pattern(4000, 1));
  CHECK(world.adopt_directory({.how = How::kCopy}) == ExitStatus::kIncomplete);
  CHECK(world.lines_with("would leave less than min_free = 1.0 MiB") == 1);
  CHECK(world.files_below("site/archives/") == 0);
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.archive("a") == pattern(4000, 1));
}

TEST_CASE("what the bucket no longer has is taken when asked for, and is no news to the next pull",
          "[adopt]") {
  AdoptWorld world;
  world.site().tripwire_min = 1;
  world.put_both("a", "in both");
  world.lay("gone/b", "no longer in the bucket");
  world.lay("gone/c", "nor is this");
  REQUIRE(world.disk.set_modified("old/gone/b", world.clock.now_s() - std::chrono::hours{1000}));
  CHECK(world.adopt_directory({.orphans = true}) == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.printed ==
        std::vector<std::string>{"site: 3 archives adopted from /disk/old (41 bytes), 2 of them by "
                                 "the size alone, 2 of them no longer in the bucket"});
  CHECK(world.archive("gone/b") == "no longer in the bucket");
  CHECK(world.levels() == std::map<std::string, std::uint64_t>{{"etag-md5", 1}, {"size", 2}});
  CHECK(store::at_its_word(world.held("gone/b")->last_modified) ==
        world.clock.now_s() - std::chrono::hours{1000});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.source().alarms.empty());
  CHECK(world.source().run.vanished == 2);
  CHECK(world.gets() == 0);

  SECTION("and comes back into the bucket as what it is") {
    world.server->put("b", "gone/b", "no longer in the bucket");
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.archive("gone/b") == "no longer in the bucket");
    CHECK(world.files_below("site/quarantine/") == 0);
  }
  SECTION("and survives the ledger") {
    REQUIRE(world.disk.remove_file(store::kLedgerPath));
    REQUIRE(world.disk.sync_directory(store::kStateDirectory));
    CHECK(world.rebuild() == ExitStatus::kOk);
    CHECK(world.archive("gone/b") == "no longer in the bucket");
    CHECK(world.held("gone/b")->verified_by == store::ProofLevel::kSize);
  }
}

TEST_CASE("no file is taken for one that the bucket lacks where a prefix was forgotten",
          "[adopt]") {
  AdoptWorld world;
  world.server->put("b", "nightly/db/a.tar", "content");
  world.lay("db/a.tar", "content");
  world.lay("db/gone.tar", "no longer there");
  const bool dry_run = GENERATE(false, true);
  CHECK(world.adopt_directory({.orphans = true, .dry_run = dry_run}) == ExitStatus::kIncomplete);
  CHECK(world.files_below("site/archives/") == 0);
  CHECK(world.lines_with("without the beginning of their keys, so that none is taken") == 1);
  CHECK(world.lines_with("--strip nightly/") == 1);
  CHECK(world.adopt_directory({.strip = "nightly/", .orphans = true, .dry_run = dry_run}) ==
        ExitStatus::kOk);
  CHECK(world.files_below("site/archives/nightly/db/") == (dry_run ? 0 : 2));
}

TEST_CASE("on HOLD what is new is adopted, and neither what changed nor what the bucket lacks",
          "[adopt]") {
  AdoptWorld world;
  world.site().tripwire_min = 1;
  for (const auto* key : {"a", "b", "c"}) world.server->put("b", key, "first");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (const auto* key : {"a", "b", "c"}) world.put_both(key, "second");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.source().hold);
  world.put_both("new", "new");
  world.lay("gone", "gone");
  CHECK(world.adopt_directory({.orphans = true}) == ExitStatus::kIncomplete);
  CHECK(world.archive("new") == "new");
  CHECK(world.archive("a") == "first");
  CHECK_FALSE(world.archive("gone"));
  CHECK(world.files_below("site/quarantine/") == 0);
  CHECK(world.lines_with("the source is on HOLD") == 1);
}

TEST_CASE("what is held stays as it is, and a damaged archive is repaired from the directory",
          "[adopt]") {
  AdoptWorld world;
  world.put_both("a", pattern(4000, 1));
  world.put_both("b", pattern(5000, 2));
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.disk.plant("site/archives/b", flipped(pattern(5000, 2)));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  world.lay("a", "whatever it is by now");
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.archive("a") == pattern(4000, 1));
  CHECK(world.archive("b") == pattern(5000, 2));
  CHECK(world.gets() == 0);
  CHECK(world.verify() == ExitStatus::kOk);
}

TEST_CASE("what retention has removed is not brought back", "[adopt]") {
  AdoptWorld world;
  world.site().series = agent::Series::parse("^(k)").value();
  for (int i = 1; i <= 4; ++i) {
    world.put_both(fmt::format("k/2026-01-{:02}", i), pattern(100, static_cast<unsigned>(i)));
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().keep.last = 2;
  world.pass(std::chrono::hours{24 * 3});
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::prune_command(world.config, {}, environment, print);
  }) == ExitStatus::kOk);
  REQUIRE(world.files_below("site/archives/") == 2);
  const bool gone_upstream = GENERATE(false, true);
  if (gone_upstream) world.server->erase("b", "k/2026-01-01");
  CHECK(world.adopt_directory({.orphans = true}) == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.printed.at(0) ==
        "site: 0 archives adopted from /disk/old (0 bytes); 2 were held already; 2 were removed "
        "here by retention, and stay so");
  CHECK(world.files_below("site/archives/") == 2);
}

TEST_CASE("what differs goes to quarantine when asked for, with its alarm", "[adopt]") {
  AdoptWorld world;
  world.put_both("good", "good");
  world.server->put("b", "flipped", pattern(4000, 1));
  world.lay("flipped", flipped(pattern(4000, 1)));
  world.server->put("b", "longer", "longer");
  world.lay("longer", "longer than that");
  CHECK(world.adopt_directory({.quarantine = true}) == ExitStatus::kIncomplete);
  CAPTURE(world.said());
  CHECK(world.printed.at(0).ends_with("; 2 differ from the bucket, 2 in quarantine now"));
  CHECK(world.contents_below("site/quarantine/") ==
        std::vector<std::string>{flipped(pattern(4000, 1)), "longer than that"});
  CHECK(world.files_below("site/archives/") == 1);
  CHECK(world.lines_with("flipped: /disk/old/flipped differs") == 1);
  CHECK(world.lines_with("it is in site/quarantine/flipped/") == 1);

  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.archive("flipped") == pattern(4000, 1));
  CHECK(world.archive("longer") == "longer");
  CHECK(world.alarm_kinds() == std::vector<std::string>{"changed", "changed"});
  CHECK(world.files_below("site/quarantine/") == 2);
  CHECK(world.accept("longer") == ExitStatus::kOk);
  CHECK(world.archive("longer") == "longer than that");
}

TEST_CASE("a dry run says the same, and writes nothing", "[adopt]") {
  AdoptWorld world;
  world.put_both("a", pattern(4000, 1));
  const auto parts = pattern(300'000, 3);
  world.server->put_multipart("b", "parts.bin", parts, 70'001);
  world.lay("parts.bin", parts);
  world.server->put("b", "flipped", pattern(4000, 4));
  world.lay("flipped", flipped(pattern(4000, 4)));
  world.server->put("b", "missing", "missing");
  world.lay("gone", "gone");
  const auto before = world.disk.files();
  CHECK(world.adopt_directory(
            {.how = How::kMove, .orphans = true, .quarantine = true, .dry_run = true}) ==
        ExitStatus::kIncomplete);
  CAPTURE(world.said());
  CHECK(world.printed.size() == 4);
  CHECK(
      world.printed.back() ==
      "site: 3 archives would be adopted from /disk/old (296.9 KiB), 1 of them by the size alone, "
      "1 of them no longer in the bucket; 1 differs from the bucket; 1 is not in /disk/old");
  CHECK(std::find(world.printed.begin(), world.printed.end(),
                  "site: would adopt parts.bin (293.0 KiB, verified by etag-multipart)") !=
        world.printed.end());
  auto after = world.disk.files();
  // Who has the lock has made its file.
  after.erase(std::string(store::kLockPath));
  auto wanted = before;
  wanted.erase(std::string(store::kLockPath));
  CHECK(after == wanted);
  CHECK_FALSE(world.status_text);
}

TEST_CASE("what is no regular file, cannot be read, or changes is named and left", "[adopt]") {
  AdoptWorld world;
  world.put_both("good", "good");
  world.put_both("link", "link");
  world.put_both("bad", "bad bad");
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation == "stat" && path == "old/link") {
          return store::error_from_errno(ELOOP, "stat", path);
        }
        if (operation == "read" && path == "old/bad")
          return store::error_from_errno(EIO, "read", path);
        return std::nullopt;
      });
  CHECK(world.adopt_directory({.how = How::kCopy}) == ExitStatus::kIncomplete);
  CAPTURE(world.said());
  CHECK(world.archive("good") == "good");
  CHECK(world.files_below("site/archives/") == 1);
  CHECK(world.lines_with("link: not adopted from /disk/old/link: a symbolic link leads there") ==
        1);
  CHECK(world.lines_with("bad: not adopted from /disk/old/bad: ") == 1);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  world.disk.heal();
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.files_below("site/archives/") == 3);
}

TEST_CASE("a directory of which too much cannot be read is not gone through to its end",
          "[adopt]") {
  AdoptWorld world(false);
  for (int i = 0; i < 20; ++i) world.put_both(fmt::format("k{:02}", i), "content");
  world.other.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation == "open") return store::error_from_errno(EIO, "open", path);
        return std::nullopt;
      });
  CHECK(world.adopt_directory() == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("not adopted from /disk/old/k") == 5);
  CHECK(world.lines_with("too much in /disk/old cannot be read") == 1);
}

TEST_CASE("what no pull can have is adopted, and its alarm ends", "[adopt]") {
  AdoptWorld world;
  world.put_both("archived", "in cold storage");
  world.put_both("denied", "not for us");
  world.server->set_state("b", "archived", fake_s3::ObjectState::kArchived);
  world.server->set_state("b", "denied", fake_s3::ObjectState::kDenied);
  CHECK(world.pull() == ExitStatus::kRefused);
  REQUIRE(world.files_below("site/archives/") == 0);
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.archive("archived") == "in cold storage");
  CHECK(world.archive("denied") == "not for us");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().alarms.empty());
}

TEST_CASE("it goes on where it was interrupted", "[adopt]") {
  const auto how = GENERATE(How::kAny, How::kCopy, How::kMove);
  AdoptWorld world;
  for (int i = 0; i < 8; ++i) {
    world.put_both(fmt::format("k{}", i), pattern(100, static_cast<unsigned>(i)));
  }
  const int at = GENERATE(1, 3, 8);
  int reads = 0;
  world.disk.set_hook(
      [&](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        const bool of_content = path.starts_with("old/") || path.starts_with(".holdfast/staging/");
        if (operation == "read" && of_content && ++reads == at) {
          world.stop.store(true);
        }
        return std::nullopt;
      });
  CHECK(world.adopt_directory({.how = how}) == ExitStatus::kIncomplete);
  CHECK(world.printed.at(0).ends_with("it was interrupted, and goes on with the next call"));
  world.disk.heal();
  CHECK(world.adopt_directory({.how = how}) == ExitStatus::kOk);
  CHECK(world.files_below("site/archives/") == 8);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  CHECK(world.files_below("old/") == (how == How::kMove ? 0 : 8));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets() == 0);
}

TEST_CASE("the mirror's own directories are not adopted from, and another mirror's state neither",
          "[adopt]") {
  AdoptWorld world;
  world.put_both("a", "content");
  test::SubDisk archives(world.disk, "site/archives");
  world.other_disks["/disk/site/archives"] = &archives;
  CHECK(world.adopt_directory({.directory = "/disk/site/archives"}) == ExitStatus::kUsage);
  CHECK(world.lines_with("/disk/site/archives is the mirror's own") == 1);
  CHECK(world.adopt_directory({.directory = "/nowhere"}) == ExitStatus::kUsage);
  CHECK(world.lines_with("there is no directory /nowhere") == 1);
  CHECK(world.adopt({.source = "other", .directory = "/disk/old"}) == ExitStatus::kUsage);
  world.lay(".holdfast/ledger.db", "of another mirror");
  CHECK(world.adopt_directory({.orphans = true}) == ExitStatus::kOk);
  CHECK(world.files_below("site/archives/") == 1);
  SECTION("nor where the mirror lies in the directory") {
    CHECK(world.adopt_directory({.directory = "/disk", .orphans = true}) == ExitStatus::kOk);
    for (const auto& [path, content] : World::below(world.disk.files(), "site/archives/")) {
      CHECK_FALSE(path.starts_with("site/archives/site/"));
      CHECK(path.find(".holdfast") == std::string::npos);
    }
  }
}

TEST_CASE("by whatever mount it is reached, the mirror is not adopted from", "[adopt]") {
  using custody_test::Shown;
  AdoptWorld world;
  world.server->put("b", "db/a", "content");
  world.server->put("b", "db/gone", "no longer there");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->erase("b", "db/gone");
  const auto held = World::below(world.disk.files(), "site/archives/");
  REQUIRE(held.size() == 2);
  const AdoptOptions options{.directory = "/export", .how = How::kMove, .orphans = true};
  SECTION("a part of it") {
    const auto* directory = GENERATE("site", "site/archives", "site/archives/db", ".holdfast");
    const auto shown = GENERATE(Shown::kAsTheyAre, Shown::kAsOnNetwork);
    CAPTURE(directory, static_cast<int>(shown));
    world.mounts.mount(directory, "/export", shown);
    CHECK(world.adopt_directory(options) == ExitStatus::kUsage);
    CHECK(world.lines_with("/export is the mirror's own; give the directory that the other "
                           "program filled") == 1);
  }
  SECTION("what lies below a part of it") {
    world.mounts.mount("site", "/export");
    world.other_disks["/export/archives"] =
        &world.mounts.add(world.disk, "site/archives", "/export/archives");
    auto inside = options;
    inside.directory = "/export/archives";
    CHECK(world.adopt_directory(inside) == ExitStatus::kUsage);
    CHECK(world.lines_with("is the mirror's own") == 1);
  }
  SECTION("the whole disk by the network, which shows nothing but its marker") {
    world.mounts.mount("", "/export", Shown::kUnderNumbers);
    CHECK(world.adopt_directory(options) == ExitStatus::kUsage);
    CHECK(world.lines_with("is the mirror's own") == 1);
  }
  SECTION("the whole disk: all but the mirror is") {
    world.lay("new", "of another program");
    world.server->put("b", "old/new", "of another program");
    world.mounts.mount("", "/export");
    CHECK(world.adopt_directory(options) == ExitStatus::kOk);
    CAPTURE(world.said());
    CHECK(world.printed.at(0).starts_with("site: 1 archive adopted from /export"));
    CHECK(world.archive("old/new") == "of another program");
    CHECK(world.directory().empty());
  }
  for (const auto& [path, content] : held) CHECK(world.disk.files()[path] == content);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

TEST_CASE("what was linked first can be moved later", "[adopt]") {
  AdoptWorld world;
  world.put_both("db/a", "content");
  REQUIRE(world.adopt_directory({.how = How::kLink}) == ExitStatus::kOk);
  REQUIRE(world.disk.identity("site/archives/db/a")->names == 2);
  CHECK(world.adopt_directory({.how = How::kMove}) == ExitStatus::kOk);
  CAPTURE(world.said());
  CHECK(world.directory().empty());
  CHECK(world.archive("db/a") == "content");
}

TEST_CASE("a name without which the archive would be gone is not removed", "[adopt]") {
  using custody_test::Shown;
  using Removal = agent::AdoptDirectory::Removal;
  AdoptWorld world;
  world.server->put("b", "db/a", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  constexpr const char* kArchive = "site/archives/db/a";
  const bool has_two_names = GENERATE(false, true);
  if (has_two_names) {
    world.lay("other", "other");
    REQUIRE(world.disk.link(kArchive, "old/a"));
  }
  // Where it is not known that the directory is the mirror's.
  const auto remove = [&](store::Disk& disk) {
    auto removal = Removal::kChanged;
    world.command([&](const agent::Environment& environment, const agent::Print&) {
      auto mirror = agent::open_mirror(world.config, environment, store::Access::kReadOnly);
      REQUIRE(mirror);
      const auto places = agent::MirrorPlaces::of(*mirror, world.config, environment);
      REQUIRE(places);
      agent::AdoptDirectory directory(disk, *places);
      const auto found = directory.find({"a"}, 7);
      REQUIRE(found);
      REQUIRE(found->file);
      removal = directory.remove(*found->file, kArchive).value();
      return ExitStatus::kOk;
    });
    return removal;
  };
  for (const auto shown : {Shown::kAsTheyAre, Shown::kAsOnNetwork}) {
    auto& seen = world.mounts.mount("site/archives/db", "/export", shown);
    CHECK(remove(seen) == Removal::kIsTheArchive);
    CHECK(world.archive("db/a") == "content");
  }
  if (!has_two_names) return;
  CHECK(remove(world.below) == Removal::kRemoved);
  CHECK(world.archive("db/a") == "content");
  CHECK(world.directory().count("a") == 0);
}

TEST_CASE("history and the status file say what was adopted", "[adopt]") {
  AdoptWorld world;
  world.server->put("b", "first", "first");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours{24});
  world.put_both("a", "content");
  CHECK(world.adopt_directory() == ExitStatus::kOk);
  CHECK(world.source().archives == 2);
  CHECK(world.held("a")->held_since == world.clock.now_s());
  CHECK(world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::history_command(world.config, {}, environment, print);
  }) == ExitStatus::kOk);
  CHECK(world.printed.back().find("came") != std::string::npos);
}

TEST_CASE("a bucket that cannot be listed, or asked, leaves everything for the next call",
          "[adopt]") {
  AdoptWorld world;
  world.put_both("a", "content");
  const auto parts = pattern(300'000, 3);
  world.server->put_multipart("b", "parts.bin", parts, 70'001);
  world.lay("parts.bin", parts);
  SECTION("the bucket is not there") {
    world.site().bucket = "nobodys";
    CHECK(world.adopt_directory() != ExitStatus::kOk);
    CHECK(world.files_below("site/archives/") == 0);
    CHECK(world.printed.empty());
  }
  SECTION("an object may not be looked at") {
    world.server->set_state("b", "parts.bin", fake_s3::ObjectState::kDenied);
    CHECK(world.adopt_directory() == ExitStatus::kIncomplete);
    CHECK(world.files_below("site/archives/") == 1);
    CHECK(world.lines_with("parts.bin: not adopted from /disk/old/parts.bin: the bucket could not "
                           "be asked about it: ") == 1);
  }
}

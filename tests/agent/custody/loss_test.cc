// What is damaged for good: it starves nothing, and can be given up.
#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <set>

#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

std::string content_of(const std::string& key, std::size_t size_bytes = 100) {
  std::string content = "the content of " + key;
  content.resize(size_bytes, '.');
  return content;
}

std::string path_of(const std::string& key) { return "site/archives/" + key; }

Names numbered(std::size_t count) {
  Names keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(fmt::format("db/{:02}.tar", i));
  return keys;
}

void hold(World& world, const Names& keys) {
  for (const auto& key : keys) world.server->put("b", key, content_of(key));
  REQUIRE(world.pull() == ExitStatus::kOk);
}

void rot(test::FaultDisk& disk, const std::string& path) {
  auto content = disk.files().at(path);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 0x04);
  disk.plant(path, content);
}

// Of which nothing that is there can be read.
void make_unreadable(World& world, const std::set<std::string>& paths) {
  world.disk.set_hook(
      [paths](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "read" || !paths.contains(std::string(path))) return std::nullopt;
        return store::Error{store::ErrorKind::kIo, EIO, std::string(path), ""};
      });
}

std::string sha256_of(const std::string& content) {
  store::DigestSet set({store::DigestRequest{store::Algorithm::kSha256, {}}});
  set.update(std::as_bytes(std::span(content)));
  return store::to_hex(set.finish().front());
}

// As `sha256sum -c` would say. Without SHA256SUMS nothing is held.
bool sums_are_right(const std::map<std::string, std::string>& files, std::size_t lines_expected) {
  const auto sums = files.find("site/SHA256SUMS");
  if (sums == files.end()) return lines_expected == 0;
  std::size_t lines = 0;
  std::string_view rest = sums->second;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto file = files.find("site/" + std::string(line.substr(66)));
    if (file == files.end() || sha256_of(file->second) != line.substr(0, 64)) return false;
    ++lines;
  }
  return lines == lines_expected;
}

}  // namespace

TEST_CASE("what is damaged for good keeps nothing healthy from being read in time", "[loss]") {
  World world;
  world.site().scrub_every = 30 * 24h;
  auto keys = numbered(20);
  const std::string large = "a-large.tar";
  world.server->put("b", large, content_of(large, 500));
  hold(world, keys);
  rot(world.disk, path_of(large));
  world.pass(1h);
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  world.server->erase("b", large);

  std::map<std::string, std::uint64_t> read;
  for (int day = 1; day <= 30; ++day) {
    world.pass(24h);
    CHECK(world.pull() == ExitStatus::kAlarm);
    for (const auto& key : keys) read[key] += world.disk.bytes_read(path_of(key));
  }
  for (const auto& key : keys) {
    CAPTURE(key);
    CHECK(read[key] >= 100);
  }

  // And so the next rot is found.
  const auto second = GENERATE(0, 10, 19);
  world.server->erase("b", keys[static_cast<std::size_t>(second)]);
  rot(world.disk, path_of(keys[static_cast<std::size_t>(second)]));
  for (int day = 1; day <= 31; ++day) {
    world.pass(24h);
    CHECK(world.pull() == ExitStatus::kAlarm);
  }
  CHECK(world.source().corrupt == 2);
}

TEST_CASE("a budget goes round all that is damaged, and all that is not", "[loss]") {
  World world;
  const auto keys = numbered(8);
  const auto rotten = GENERATE(8, 5);
  CAPTURE(rotten);
  hold(world, keys);
  for (int i = 0; i < rotten; ++i) rot(world.disk, path_of(keys[static_cast<std::size_t>(i)]));
  for (int round = 0; round < 2; ++round) {
    std::set<std::string> read;
    for (int turn = 0; turn < 4; ++turn) {
      world.pass(1h);
      world.disk.reset_counts();
      (void)world.verify(200);
      std::size_t contents = 0;
      for (const auto& key : keys) {
        if (world.disk.bytes_read(path_of(key)) == 0) continue;
        ++contents;
        read.insert(key);
      }
      CHECK(contents == 2);
    }
    CHECK(read.size() == 8);
  }
}

TEST_CASE(
    "archives that cannot be read, and that the bucket no longer has, end no run but the first",
    "[loss]") {
  World world;
  const auto keys = numbered(8);
  hold(world, keys);
  for (std::size_t i = 0; i < 5; ++i) world.server->erase("b", keys[i]);
  make_unreadable(world, {path_of(keys[0]), path_of(keys[1]), path_of(keys[2]), path_of(keys[3]),
                          path_of(keys[4])});
  world.pass(40 * 24h);
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  for (int day = 1; day <= 40; ++day) {
    world.pass(24h);
    CHECK(world.pull() == ExitStatus::kAlarm);
  }
  CHECK(world.source().corrupt == 5);
  CHECK(world.verify_all() == ExitStatus::kAlarm);
}

TEST_CASE("what is lost here and in the bucket is given up with its alarm", "[loss]") {
  World world;
  const auto keys = numbered(4);
  hold(world, keys);
  const bool gone = GENERATE(false, true);
  if (gone) {
    REQUIRE(world.disk.remove_file(path_of(keys[1])));
  } else {
    rot(world.disk, path_of(keys[1]));
  }
  const auto rotten = world.archive(keys[1]);
  world.server->erase("b", keys[1]);
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  CHECK(world.lines_with("holdfast ack site") == 1);
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  CHECK_FALSE(sums_are_right(world.disk.files(), 4));

  REQUIRE(world.ack() == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  CHECK(world.printed.front().find("1 alarm acknowledged; 1 copy is lost here and in the bucket") !=
        std::string::npos);
  CHECK(world.source().archives == 3);
  CHECK(world.source().corrupt + world.source().missing == 0);
  CHECK(world.source().alarms.empty());
  CHECK(sums_are_right(world.disk.files(), 3));
  CHECK_FALSE(world.archive(keys[1]));
  if (!gone) CHECK(world.contents_below("site/damaged/") == Names{*rotten});
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);

  SECTION("which a ledger made anew knows too") {
    REQUIRE(world.disk.remove_file(store::kLedgerPath));
    CHECK(world.rebuild() == ExitStatus::kOk);
    CHECK(world.verify_all() == ExitStatus::kOk);
    CHECK(sums_are_right(world.disk.files(), 3));
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().archives == 3);
  }
  SECTION("and is fetched like any other should the bucket have it again") {
    world.server->put("b", keys[1], content_of(keys[1]));
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.archive(keys[1]) == content_of(keys[1]));
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(sums_are_right(world.disk.files(), 4));
    REQUIRE(world.disk.remove_file(store::kLedgerPath));
    CHECK(world.rebuild() == ExitStatus::kOk);
    CHECK(world.verify_all() == ExitStatus::kOk);
    CHECK(world.archive(keys[1]) == content_of(keys[1]));
  }
}

TEST_CASE("what the bucket may still have is not given up, but for one alarm by its number",
          "[loss]") {
  World world;
  const auto keys = numbered(3);
  hold(world, keys);
  rot(world.disk, path_of(keys[0]));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  const auto alarm = world.source().alarms.at(0).id;
  SECTION("where it was not listed since") {
    REQUIRE(world.ack() == ExitStatus::kOk);
    CHECK(world.source().archives == 3);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.archive(keys[0]) == content_of(keys[0]));
  }
  SECTION("where a repair is under way") {
    world.config.disk.min_free_bytes = std::uint64_t{1} << 60;
    REQUIRE(world.pull() == ExitStatus::kIncomplete);
    REQUIRE(world.ack(alarm) == ExitStatus::kOk);
    CHECK(world.source().archives == 3);
  }
  SECTION("where it was left out by a listing that may leave something out") {
    world.server->erase("b", keys[0]);
    fake_s3::ListingLies lies;
    lies.odd_entry =
        "<Contents><Key>a</Key><LastModified>yesterday</LastModified><Size>1</Size></Contents>";
    world.server->set_listing_dialect(lies);
    world.pass(48h);
    REQUIRE(world.pull() == ExitStatus::kIncomplete);
    REQUIRE(world.ack() == ExitStatus::kOk);
    CHECK(world.source().archives == 3);
  }
  SECTION("where there is no bucket any more, it is by its number") {
    REQUIRE(world.ack(alarm) == ExitStatus::kOk);
    CHECK(world.source().archives == 2);
    CHECK(sums_are_right(world.disk.files(), 2));
    CHECK(world.verify_all() == ExitStatus::kOk);
  }
}

TEST_CASE("of what is given up, each file that cannot be removed is told once", "[loss]") {
  World world;
  // More than are given up at once.
  const auto keys = numbered(70);
  hold(world, keys);
  for (const auto& key : keys) {
    rot(world.disk, path_of(key));
    world.server->erase("b", key);
  }
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "remove" || path != path_of("db/03.tar")) return std::nullopt;
        return store::error_from_errno(EIO, operation, path);
      });
  (void)world.ack();
  CAPTURE(world.lines);
  CHECK(world.lines_with("db/03.tar") == 1);
  CHECK(world.lines.size() == 1);
  CHECK(world.source().archives == 0);
  CHECK(world.files_below("site/damaged/") == 70);
}

TEST_CASE("what reads right again is not given up", "[loss]") {
  World world;
  const auto keys = numbered(3);
  hold(world, keys);
  world.server->erase("b", keys[0]);
  make_unreadable(world, {path_of(keys[0])});
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.disk.set_hook(nullptr);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.source().archives == 3);
  CHECK(world.source().corrupt == 0);
  CHECK(world.files_below("site/damaged/") == 0);
}

TEST_CASE("what rots beside the archives is given up likewise, and the trusted one stays",
          "[loss]") {
  World world;
  world.site().on_change = agent::OnChange::kGenerations;
  hold(world, {"k", "l"});
  world.server->put("b", "k", "another one");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto path = World::below(world.disk.files(), "site/superseded/").begin()->first;
  rot(world.disk, path);
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  world.pass(49h);
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.archive("k") == "another one");
  CHECK(world.source().superseded == 0);
  CHECK(world.files_below("site/damaged/") == 1);
  CHECK(sums_are_right(world.disk.files(), 2));
  CHECK(world.verify_all() == ExitStatus::kOk);
}

TEST_CASE("where the bucket has another content now, ours is not forgotten for it", "[loss]") {
  World world;
  hold(world, {"k", "l"});
  rot(world.disk, path_of("k"));
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  world.server->put("b", "k", "what an attacker wrote");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.source().archives == 2);
  CHECK(world.archive("k") != "what an attacker wrote");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") != "what an attacker wrote");
}

TEST_CASE("giving up that is cut off anywhere is done by the next, and loses no byte", "[loss]") {
  World world;
  const auto keys = numbered(3);
  hold(world, keys);
  const bool has_links = GENERATE(true, false);
  world.disk.set_has_links(has_links);
  rot(world.disk, path_of(keys[1]));
  const auto rotten = world.archive(keys[1]);
  world.server->erase("b", keys[1]);
  REQUIRE(world.verify() == ExitStatus::kAlarm);
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  for (const auto fault : {test::Fault::kIoError, test::Fault::kPowerCut}) {
    // Reads are many, and alike.
    const std::uint64_t stride = fault == test::Fault::kIoError ? 7 : 1;
    for (std::uint64_t k = 1;; k += stride) {
      CAPTURE(static_cast<int>(fault), k);
      const auto disk = world.disk.clone();
      disk->set_has_links(has_links);
      world.other_disks["/disk"] = disk.get();
      disk->fail_at(k, fault);
      (void)world.ack();
      const bool struck = disk->struck();
      disk->heal();
      disk->restart();
      const auto kept = World::below(disk->files(), "site/damaged/");
      const auto files = disk->files();
      const bool in_place = files.contains(path_of(keys[1]));
      REQUIRE((in_place || !kept.empty()));
      REQUIRE(world.ack() == ExitStatus::kOk);
      REQUIRE(world.source().archives == 2);
      REQUIRE(world.verify_all() == ExitStatus::kOk);
      REQUIRE(sums_are_right(disk->files(), 2));
      for (const auto& [path, content] : World::below(disk->files(), "site/damaged/")) {
        REQUIRE(content == *rotten);
      }
      REQUIRE(world.pull() == ExitStatus::kOk);
      if (!struck) break;
    }
  }
  world.other_disks.clear();
}

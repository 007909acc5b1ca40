#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::Story;

namespace {

constexpr std::size_t kArchives = 60;
constexpr std::size_t kFlipped = 20;
constexpr std::size_t kTruncated = 22;  // up to here
constexpr std::size_t kDeleted = 23;

std::string key_of(std::size_t i) { return fmt::format("db/backup-{:02}.tar.zst", i); }

void make_writable(const std::string& path) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

void flip_one_bit(const std::string& path, std::size_t at) {
  make_writable(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  REQUIRE(file.flush());
}

// Flips a bit in each of 20 held files, truncates two, deletes one and adds one.
void damage(const Story& story) {
  for (std::size_t i = 0; i < kFlipped; ++i) {
    flip_one_bit(story.archives_path() + "/" + key_of(i), 100 * i);
  }
  for (std::size_t i = kFlipped; i < kTruncated; ++i) {
    make_writable(story.archives_path() + "/" + key_of(i));
    std::filesystem::resize_file(story.archives_path() + "/" + key_of(i), 4096);
  }
  std::filesystem::remove(story.archives_path() + "/" + key_of(kTruncated));
  std::ofstream(story.archives_path() + "/db/holiday.jpg") << "not a backup";
}

void hold(Story& story) {
  story.init();
  for (std::size_t i = 0; i < kArchives; ++i) {
    story.put(key_of(i), story::noise(i, 10'000 + 1000 * i));
  }
  REQUIRE(story.pull().status == 0);
}

}  // namespace

TEST_CASE("verify names exactly what is damaged, and a pull repairs it", "[stories]") {
  Story story;
  hold(story);
  damage(story);
  const auto verified = story.run({"verify", "--all"});
  CAPTURE(verified.err);
  CHECK(verified.status == 1);
  CHECK(story::lines(verified.err) == 24);
  for (std::size_t i = 0; i < kArchives; ++i) {
    CAPTURE(i);
    CHECK(story::contains(verified.err, key_of(i)) == (i < kDeleted));
  }
  CHECK(story::contains(verified.err, "holiday.jpg: holdfast did not put this here"));
  CHECK(story::contains(verified.out, "22 corrupt, 1 missing, 1 foreign"));
  CHECK(story.source_status().at("scrub").at("corrupt") == 22);

  const auto repaired = story.pull();
  CAPTURE(repaired.err);
  CHECK(repaired.status == 1);  // the foreign file is nobody's to remove
  CHECK(story.alarm_kinds() == story::Words{"foreign"});
  std::filesystem::remove(story.archives_path() + "/db/holiday.jpg");
  CHECK(story.run({"verify", "--all"}).status == 0);
  CHECK(story.first_difference() == "");
  CHECK(story.pull().status == 0);
}

TEST_CASE("with the bucket gone damage stays an alarm, and all else can be restored", "[stories]") {
  Story story;
  hold(story);
  damage(story);
  REQUIRE(story.run({"verify", "--all"}).status == 1);
  story.server->lie({fake_s3::LieKind::kError, "GET", "listing", 404, "NoSuchBucket"});
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 2);
  CHECK(story.alarm_kinds().size() == 24);

  const std::string to = story.dir / "rescue";
  std::filesystem::create_directory(to);
  const auto restored = story.run({"restore", story::kSource, "**", "--to", to});
  CAPTURE(restored.err);
  CHECK(restored.status == 2);
  CHECK(story::lines(restored.err) == kDeleted);
  auto rescued = story::files_below(to);
  for (std::size_t i = 0; i < kArchives; ++i) {
    CAPTURE(i);
    CHECK(rescued.contains(key_of(i)) == (i >= kDeleted));
    if (i >= kDeleted) CHECK(rescued[key_of(i)] == story.wanted[key_of(i)]);
  }
}

TEST_CASE("from the disk alone ten thousand archives and their generations are known again",
          "[stories]") {
  constexpr std::size_t kMany = 10'000;
  Story story;
  story.init();
  for (std::size_t i = 0; i < kMany; ++i) {
    story.put(fmt::format("{}/{:05}", i % 100, i), fmt::format("content {}", i));
  }
  REQUIRE(story.pull().status == 0);
  for (std::size_t i = 0; i < 200; ++i) {
    story.put(fmt::format("{}/{:05}", i % 100, i), fmt::format("another content {}", i));
  }
  REQUIRE(story.pull().status == 1);
  REQUIRE(story.run({"ack", story::kSource}).status == 0);
  story.sources[story::kSource] = "on_change = generations\n";
  for (std::size_t i = 500; i < 700; ++i) {
    story.put(fmt::format("{}/{:05}", i % 100, i), fmt::format("rotated content {}", i));
  }
  REQUIRE(story.pull().status == 0);
  const auto before = story.run({"list", story::kSource, "--all", "--json"});
  REQUIRE(story::lines(before.out) == kMany + 400 + 2);

  std::filesystem::remove(story.disk + "/.holdfast/ledger.db");
  CHECK(story.pull().status == 74);
  story.server->reset_journal();
  const auto rebuilt = story.run({"rebuild"});
  CAPTURE(rebuilt.err);
  CHECK(rebuilt.status == 0);
  CHECK(story::contains(rebuilt.out, "10000 archives, and 400 other copies beside them"));
  CHECK(story.server->counters().requests() == 0);
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(pulled.err == "");
  CHECK(story.server->counters().gets == 0);
  CHECK(story.alarm_kinds().empty());
  CHECK(story.run({"list", story::kSource, "--all", "--json"}).out == before.out);
}

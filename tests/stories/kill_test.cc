#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <filesystem>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using story::LieKind;
using story::Story;
using test::kMiB;

namespace {

void put_sixty_objects(Story& story) {
  for (std::size_t i = 0; i < 60; ++i) {
    // Mostly small ones, which are synced together, and a few that are synced each for itself.
    const std::size_t size = i % 15 == 0 ? 3 * kMiB - i : 1024 + i * i * 13;
    story.put(fmt::format("d{}/archive-{}.tar", i % 4, i), story::noise(i, size));
  }
}

void start_anew(Story& story, int round) {
  std::filesystem::remove_all(story.disk);
  story.disk = story.dir / fmt::format("disk-{}", round);
  std::filesystem::create_directory(story.disk);
  story.init();
  story.server->reset_journal();
  story.write_config();
}

// How long the program works on when it has every byte.
milliseconds time_after_last_byte(Story& story, std::uint64_t bytes) {
  start_anew(story, 0);
  test::Program pull(story.command({"pull"}));
  REQUIRE(
      story.server->wait_until([&](const auto& seen) { return seen.object_bytes_sent >= bytes; }));
  const auto begin = steady_clock::now();
  REQUIRE(pull.wait().status == 0);
  return duration_cast<milliseconds>(steady_clock::now() - begin);
}

constexpr int kKillsWhileBytesFlow = 25;
constexpr int kKillsAfterwards = 25;
constexpr int kKills = kKillsWhileBytesFlow + kKillsAfterwards;

// A kill that came too late proves nothing; most have to have struck. On a machine that is busy
// with other things they are tried once more.
constexpr int kEnoughKills = kKillsWhileBytesFlow + kKillsAfterwards / 2;
bool is_to_kill(int round, int killed) {
  return round <= kKills || (killed < kEnoughKills && round <= 2 * kKills);
}

std::uint64_t bytes_of(const Story& story) {
  std::uint64_t bytes = 0;
  for (const auto& [key, content] : story.wanted) bytes += content.size();
  return bytes;
}

// On a new disk, each round at another moment; whether it was in time.
bool pull_and_kill(Story& story, int round, std::uint64_t bytes, milliseconds tail) {
  start_anew(story, round);
  test::Program pull(story.command({"pull"}));
  const int moment = 1 + (round - 1) % kKills;
  const int late = moment - kKillsWhileBytesFlow;
  const auto enough =
      late > 0 ? bytes : bytes * static_cast<std::uint64_t>(moment - 1) / kKillsWhileBytesFlow + 1;
  REQUIRE(
      story.server->wait_until([&](const auto& seen) { return seen.object_bytes_sent >= enough; }));
  if (late > 0) pull.wait_for(tail * late / kKillsAfterwards);
  return pull.kill().signal == SIGKILL;
}

void turn_hostile(Story& story, int round) {
  for (const auto& [key, content] : story.wanted) {
    if (round % 3 == 0) story.server->erase(story::kBucket, key);
    if (round % 3 == 1) story.server->put(story::kBucket, key, "not what it was");
  }
  if (round % 3 == 2) story.sources[story::kSource] = "exclude = **\n";
}

void turn_back(Story& story) {
  for (const auto& [key, content] : story.wanted) story.server->put(story::kBucket, key, content);
  story.sources[story::kSource] = "";
}

// Each file that had its name is the trusted content of its key, and nobody else's.
std::string first_forgotten(const Story& story, const story::Files& placed) {
  const auto held = story.archives();
  const auto listed = story.list();
  for (const auto& [path, content] : placed) {
    const auto file = held.find(path);
    if (file == held.end() || file->second != content) return path + " is lost";
    const auto element = listed.find(fmt::format("{}/archives/{}", story::kSource, path));
    if (element == listed.end()) return path + " is not listed";
    if (element->second.at("sha256") != story::sha256_of(content)) return path + " is not trusted";
  }
  const auto verified = story.run({"verify", "--all"});
  if (story::contains(verified.err + verified.out, "foreign")) return verified.err + verified.out;
  return "";
}

}  // namespace

TEST_CASE("a pull that is killed at any moment leaves only truth, and the next one finishes it",
          "[stories][kill]") {
  Story story;
  put_sixty_objects(story);
  const auto bytes = bytes_of(story);
  const auto tail = time_after_last_byte(story, bytes);
  REQUIRE(story.first_difference().empty());

  int killed = 0;
  for (int round = 1; is_to_kill(round, killed); ++round) {
    CAPTURE(round);
    killed += pull_and_kill(story, round, bytes, tail) ? 1 : 0;
    CHECK(story.first_untruth() == "");
    const auto finished = story.pull();
    CAPTURE(finished.err);
    CHECK(finished.status == 0);
    CHECK(story.first_difference() == "");
  }
  CHECK(killed >= kEnoughKills);
}

TEST_CASE("what a killed pull had placed is held, though the bucket turns hostile before the next",
          "[stories][kill]") {
  Story story;
  put_sixty_objects(story);
  const auto bytes = bytes_of(story);
  const auto tail = time_after_last_byte(story, bytes);
  int killed = 0;
  int unrecorded = 0;
  for (int round = 1; is_to_kill(round, killed); ++round) {
    CAPTURE(round);
    killed += pull_and_kill(story, round, bytes, tail) ? 1 : 0;
    const auto placed = story.archives();
    unrecorded += placed.size() > story.list().size() ? 1 : 0;
    turn_hostile(story, round);
    const auto next = story.pull();
    CAPTURE(next.err, placed.size());
    CHECK((next.status == 0 || next.status == 1));
    CHECK(first_forgotten(story, placed) == "");
    turn_back(story);
  }
  CHECK(killed >= kEnoughKills);
  // Of what was placed and not yet recorded there has to have been some.
  CHECK(unrecorded > 0);
}

TEST_CASE("a pull that is told to stop ends soon, and the next one asks only for what is missing",
          "[stories]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Story story;
  story.init();
  story.put("large.tar", story::noise(1, 8 * kMiB));
  // Once, so that the next pull meets a server that answers.
  story.server->lie({LieKind::kStall, "GET", "large.tar", 5 * kMiB, "", 1, 1});
  story.write_config();
  const auto begin = steady_clock::now();
  test::Program first(story.command({"pull"}));
  const auto staged_bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& [path, content] : story::files_below(story.disk + "/.holdfast/staging")) {
      sum += content.size();
    }
    return sum;
  };
  // What the server has sent is not yet on the disk.
  while (staged_bytes() < 5 * kMiB) {
    REQUIRE_FALSE(first.wait_for(milliseconds(10)).has_value());
    REQUIRE(steady_clock::now() - begin < std::chrono::minutes(1));
  }
  const auto sent_at = steady_clock::now();
  first.send(signal);
  const auto stopped = first.wait();
  CHECK(stopped.status == 2);
  CHECK(steady_clock::now() - sent_at < std::chrono::seconds(20));
  CHECK(story.archives().empty());
  CHECK(story.status().at("state") == "incomplete");
  CHECK_FALSE(story.status().at("finished_at").is_null());
  const auto kept = staged_bytes();
  CHECK(kept == 5 * kMiB);

  story.server->reset_journal();
  const auto finished = story.pull();
  CHECK(finished.status == 0);
  CHECK(story.server->counters().object_bytes_sent <= 8 * kMiB - kept + kMiB);
  for (const auto& entry : story.server->journal()) {
    if (entry.method != "GET" || entry.listing) continue;
    CHECK(entry.range == fmt::format("bytes={}-", kept));
    CHECK_FALSE(entry.if_match.empty());
  }
  CHECK(story.first_difference() == "");
}

// One large content that several lanes fetch at once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/agent/pull/pull_world.h"
#include "tests/support/text.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;
using test::kMiB;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSize = 48 * kMiB;

/// Time goes by, so that a transfer is seen to be slow.
class Ticking {
 public:
  explicit Ticking(test::ManualClock& clock) : clock_(clock) {}
  ~Ticking() {
    stop_.store(true);
    thread_.join();
  }
  Ticking(const Ticking&) = delete;
  Ticking& operator=(const Ticking&) = delete;

 private:
  void run() {
    while (!stop_.load()) {
      std::this_thread::sleep_for(5ms);
      clock_.advance(50ms);
    }
  }
  test::ManualClock& clock_;
  std::atomic<bool> stop_{false};
  std::thread thread_{[this] { run(); }};
};

/// 48 MiB behind a line that brings 32 MiB a second over one connection.
void put_large(World& world, const std::string& filesystem = "ext4") {
  world.disk.set_filesystem_name(filesystem);
  world.server->put_pattern("b", "large", kSize);
  world.server->lie({LieKind::kSlow, "GET", "large", 32 * kMiB});
}

std::vector<fake_s3::JournalEntry> gets(const World& world) {
  std::vector<fake_s3::JournalEntry> found;
  for (auto& entry : world.server->journal()) {
    if (entry.method == "GET" && entry.key == "large") found.push_back(entry);
  }
  return found;
}

std::size_t closed_ranges(const World& world) {
  const auto all = gets(world);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& entry) {
    return !entry.range.empty() && !entry.range.ends_with('-');
  }));
}

std::uint64_t sent_bytes(const World& world) {
  std::uint64_t bytes = 0;
  for (const auto& entry : gets(world)) bytes += entry.sent_bytes;
  return bytes;
}

}  // namespace

TEST_CASE("a large content that comes slowly is fetched by the lanes that are idle",
          "[wire][ranges]") {
  World world;
  put_large(world);
  const Ticking ticking(world.clock);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(closed_ranges(world) >= 2);
  for (const auto& entry : gets(world)) {
    if (!entry.range.empty()) CHECK_FALSE(entry.if_match.empty());
  }
  CHECK(world.source().archives == 1);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.files_below(".holdfast/staging") == 0);
}

TEST_CASE("one lane fetches it where gaps are filled with zeroes, or the user limits the rate",
          "[wire][ranges]") {
  const bool limited = GENERATE(false, true);
  World world;
  put_large(world, limited ? "ext4" : "exfat");
  if (limited) world.config.agent.limit_rate_bytes = 1000 * kMiB;
  const Ticking ticking(world.clock);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(gets(world).size() == 1);
}

TEST_CASE("a small content, and one that comes fast, is fetched with one request",
          "[wire][ranges]") {
  const bool fast = GENERATE(false, true);
  World world;
  world.disk.set_filesystem_name("ext4");
  world.server->put_pattern("b", "large", fast ? kSize : 16 * kMiB);
  if (fast) {
    // Nobody sees time pass.
    CHECK(world.pull() == ExitStatus::kOk);
  } else {
    world.server->lie({LieKind::kSlow, "GET", "large", 32 * kMiB});
    const Ticking ticking(world.clock);
    CHECK(world.pull() == ExitStatus::kOk);
  }
  CHECK(gets(world).size() == 1);
}

TEST_CASE("a server that ignores the end of a range is asked by one lane", "[wire][ranges]") {
  World world;
  put_large(world);
  const auto lie =
      GENERATE(LieKind::kIgnoreRange, LieKind::kWrongContentRange, LieKind::kRefuseIfMatch);
  world.server->lie({lie, "GET", "large", 5, "", 1, fake_s3::kAlways});
  const Ticking ticking(world.clock);
  world.config.agent.retries = 6;
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.source().archives == 1);
}

TEST_CASE("of lines that break for one lane after the other everything comes in the end",
          "[wire][ranges]") {
  World world;
  put_large(world);
  world.server->lie({LieKind::kTruncate, "GET", "large", 3'000'000, "", 2, 6});
  const Ticking ticking(world.clock);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.source().archives == 1);
}

TEST_CASE("no archive is made of two contents that lanes fetched at once", "[wire][ranges]") {
  World world;
  put_large(world);
  const int when = GENERATE(2, 3, 4);
  CAPTURE(when);
  world.server->lie({LieKind::kChange, "GET", "large", 0, "", when, 1});
  const Ticking ticking(world.clock);
  (void)world.pull();
  world.server->clear_lies();
  CHECK(world.verify_all() == ExitStatus::kOk);
  // What was held, if anything, has the digest that the bucket promised; the next run settles it.
  (void)world.pull();
  CHECK(world.source().archives == 1);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("of a shared transfer that was stopped, killed or lost power the next run goes on",
          "[wire][ranges]") {
  enum class Way { kStop, kCrash, kPowerCut, kPowerCutInPart };
  const auto way = GENERATE(Way::kStop, Way::kCrash, Way::kPowerCut, Way::kPowerCutInPart);
  CAPTURE(static_cast<int>(way));
  World world;
  put_large(world);
  if (way == Way::kPowerCutInPart) world.disk.set_power_cut_seed(7);
  {
    const Ticking ticking(world.clock);
    std::thread ends([&] {
      // Several lanes are at it.
      for (int i = 0; closed_ranges(world) < 2 && i < 20'000; ++i) std::this_thread::sleep_for(1ms);
      std::this_thread::sleep_for(100ms);
      if (way == Way::kStop) {
        world.stop.store(true);
      } else {
        world.disk.power_cut();
      }
    });
    CHECK(world.pull() != ExitStatus::kOk);
    ends.join();
  }
  world.disk.restart();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 1);
  CHECK(world.verify_all() == ExitStatus::kOk);
  CHECK(world.files_below(".holdfast/staging") == 0);
  if (way == Way::kStop) CHECK(sent_bytes(world) < kSize);
}

TEST_CASE("a helper whose writes fail ends the run, and nothing is held of it", "[wire][ranges]") {
  World world;
  put_large(world);
  std::atomic<int> writes{0};
  world.disk.set_hook(
      [&](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        const bool staged =
            operation == "write" && path.find("staging/site.") != std::string_view::npos;
        if (!staged || closed_ranges(world) < 2 || ++writes < 20) return std::nullopt;
        return store::error_from_errno(EIO, "write", std::string(path));
      });
  {
    const Ticking ticking(world.clock);
    CHECK(world.pull() != ExitStatus::kOk);
  }
  world.disk.set_hook({});
  CHECK_FALSE(world.archive("large"));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

TEST_CASE("a server that wants fewer connections is not asked by one helper after the other",
          "[wire][ranges]") {
  constexpr std::size_t kEnough = 30;
  World world;
  put_large(world);
  fake_s3::Lie throttled{LieKind::kError, "GET", "large", 503, "SlowDown"};
  throttled.from = 2;
  SECTION("whatever it is asked") {}
  SECTION("for a while") { throttled.count = 3; }
  const bool ends = throttled.count == 3;
  world.server->lie(throttled);
  {
    const Ticking ticking(world.clock);
    CHECK((world.pull() == ExitStatus::kOk) == ends);
  }
  CHECK(gets(world).size() < kEnough);
  world.server->clear_lies();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

TEST_CASE("what went wrong with one piece is not held against the next", "[wire][ranges]") {
  World world;
  world.config.agent.retries = 3;
  put_large(world);
  for (int from = 4; from <= 40; from += 3) {
    world.server->lie({LieKind::kError, "GET", "large", 500, "InternalError", from, 1});
  }
  const Ticking ticking(world.clock);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(gets(world).size() > 10);
  CHECK(world.verify_all() == ExitStatus::kOk);
}

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "agent/custody/prune.h"
#include "store/disk/posix_disk.h"
#include "store/ledger/ledger_writer.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/uploaded.h"

// What it takes to decide on many archives. HOLDFAST_ARCHIVES says how many.

using namespace std::chrono_literals;

namespace {

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A line of /proc/self/status.
long kib_of(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what + ":")) return std::atol(line.c_str() + what.size() + 1);
  }
  return -1;
}

// From here on VmHWM is the most that was used since.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::string key_of(int number) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::year{2015} / 1 / 1} +
                                        std::chrono::days{number / 400}};
  return fmt::format("host{:02}/site-{:04}{:02}{:02}-020000.j{:02}", number % 400 / 10,
                     static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), number % 10);
}

}  // namespace

TEST_CASE("deciding on many archives takes no memory", "[streams]") {
  const char* const given = std::getenv("HOLDFAST_ARCHIVES");
  const int archives = given == nullptr ? 20'000 : std::atoi(given);
  test::TempDir directory;
  auto disk = store::open_posix_disk(directory.path());
  REQUIRE(disk);
  pull_test::World world;
  REQUIRE(store::write_marker(**disk, world.clock.now_s()));
  REQUIRE(store::Ledger::create(**disk));
  std::optional<store::Ledger> ledger;
  ledger.emplace(store::Ledger::open(**disk, store::Access::kReadWrite).value());
  const auto source = ledger->register_source("site");
  REQUIRE(source);
  std::vector<store::Placed> batch;
  const auto now = world.clock.now_s();
  for (int i = 0; i < archives; ++i) {
    store::Archive archive;
    archive.key = key_of(i);
    archive.upstream = {"e", 1000, ""};
    archive.held_since = archive.read_at = now - std::chrono::days{archives / 400 - i / 400};
    archive.last_modified = test::uploaded(archive.held_since);
    archive.sha256.fill(std::byte{1});
    archive.verified_by = store::ProofLevel::kSize;
    batch.push_back({*source, std::move(archive)});
    if (batch.size() == 1000 || i + 1 == archives) {
      REQUIRE(store::LedgerWriter(*ledger).record(batch));
      batch.clear();
    }
  }
  ledger.reset();
  world.site().keep.daily = 14;
  world.site().keep.weekly = 8;
  world.site().keep.monthly = 12;
  world.config.disk.path = "/real";
  world.other_disks["/real"] = disk->get();
  agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kNormal,
                 [](const std::string&) {});
  const auto environment = world.environment(log);
  auto mirror = agent::open_mirror(world.config, environment, store::Access::kReadOnly);
  REQUIRE(mirror);
  std::map<agent::PruneDecision, std::uint64_t> decisions;
  agent::PruneRequest request{world.config, world.site(), *source, now, {}, false, {}};
  request.tell = [&](const store::Candidate&, agent::PruneDecision decision, agent::Keeps) {
    ++decisions[decision];
  };
  forget_peak();
  const auto held_kib = kib_of("VmRSS");
  const auto before_s = cpu_s();
  const auto pruned = agent::prune_source(*mirror, request);
  REQUIRE(pruned);
  WARN(archives << " archives: " << cpu_s() - before_s << " CPU s, " << kib_of("VmHWM") - held_kib
                << " KiB more than before");
  CHECK(decisions[agent::PruneDecision::kRemove] == pruned->removed);
  CHECK(pruned->kept + pruned->removed + pruned->waiting == static_cast<std::uint64_t>(archives));
  CHECK(pruned->removed > static_cast<std::uint64_t>(archives) / 20);
  // A sanitizer keeps what was freed.
  if (!test::kSanitized) CHECK(kib_of("VmHWM") - held_kib < 20 * 1024);
}

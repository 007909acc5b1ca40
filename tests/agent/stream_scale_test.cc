#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>

#include "agent/prune.h"
#include "store/ledger_writer.h"
#include "store/posix_disk.h"
#include "tests/agent/pull_world.h"
#include "tests/support/temp_dir.h"

// What it takes to decide on many archives. HOLDFAST_ARCHIVES says how many.

using namespace std::chrono_literals;

namespace {

struct Used {
  double cpu_s = 0;
  long peak_kib = 0;
};

Used used() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss};
}

std::string key_of(int number) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::year{2015} / 1 / 1} +
                                        std::chrono::days{number / 400}};
  return fmt::format("host{:02}/site-{:04}{:02}{:02}-020000.j{:02}", number % 400 / 10,
                     static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), number % 10);
}

}  // namespace

TEST_CASE("deciding on many archives takes little time and no memory", "[.scale]") {
  const char* const given = std::getenv("HOLDFAST_ARCHIVES");
  const int archives = given == nullptr ? 20'000 : std::atoi(given);
  test::TempDir directory;
  auto disk = store::open_posix_disk(directory.path());
  REQUIRE(disk);
  pull_test::World world;
  REQUIRE(store::write_marker(**disk, world.clock.now_s()));
  REQUIRE(store::Ledger::create(**disk));
  auto ledger = store::Ledger::open(**disk, store::Access::kReadWrite);
  REQUIRE(ledger);
  const auto source = ledger->register_source("site");
  REQUIRE(source);
  std::vector<store::Placed> batch;
  const auto now = world.clock.now_s();
  for (int i = 0; i < archives; ++i) {
    store::Archive archive;
    archive.key = key_of(i);
    archive.upstream = {"e", 1000, ""};
    archive.held_since = archive.last_modified = archive.read_at =
        now - std::chrono::days{archives / 400 - i / 400};
    archive.sha256.fill(std::byte{1});
    archive.verified_by = "size";
    batch.push_back({*source, std::move(archive)});
    if (batch.size() == 1000 || i + 1 == archives) {
      REQUIRE(store::LedgerWriter(*ledger).record(batch));
      batch.clear();
    }
  }
  const auto before = used();
  world.site().keep.daily = 14;
  world.site().keep.weekly = 8;
  world.site().keep.monthly = 12;
  std::uint64_t sets = 0;
  std::uint64_t contents = 0;
  {
    auto review = ledger->begin_review(
        *source, [&](std::string_view key) { return world.site().series.place(key); });
    REQUIRE(review);
    std::string stream;
    agent::SeriesRetention rules(world.site().keep);
    REQUIRE(review->visit([&](const store::Candidate& one) {
      if (one.stream != stream) {
        for (const auto& kept : rules.kept()) {
          REQUIRE(review->note_kept(static_cast<std::int64_t>(kept.rank), kept.keeps));
        }
        rules = agent::SeriesRetention(world.site().keep);
        stream = one.stream;
      }
      rules.add({one.held_since, one.last_modified, true, static_cast<std::uint64_t>(one.set.id),
                 one.set.contents});
      ++contents;
      return true;
    }));
    REQUIRE(review->visit_sets([&](const store::HeldSet& set) {
      ++sets;
      if (set.keeps == 0) REQUIRE(review->mark(set));
      return true;
    }));
    REQUIRE(review->choose(true, sets / 10));
  }
  const auto after = used();
  WARN(contents << " archives in " << sets << " sets: " << after.cpu_s - before.cpu_s
                << " CPU s, peak " << after.peak_kib / 1024 << " MiB (" << before.peak_kib / 1024
                << " before)");
  CHECK(contents == static_cast<std::uint64_t>(archives));
  CHECK(after.cpu_s - before.cpu_s < 20.0 * archives / 1'000'000 + 1);
}

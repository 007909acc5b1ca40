// What a plan of many keys costs.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "store/disk/posix_disk.h"
#include "store/ledger/ledger_writer.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temp_dir.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::pending;
using store::Ledger;

namespace {

constexpr int kMany = 100'000;

// As backups are named: keys of several series, so that the order by key is not the order by time.
std::string big_key(int i) {
  return "hosts/host-" + std::to_string(100 + i % 100) + "/db-" + std::to_string(10'000'000 + i) +
         ".tar.zst";
}

long status_kib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long value = 0;
    if (word == field + ":" && status >> value) return value;
  }
  return 0;
}

struct Cost {
  long grown_kib = 0;
};

// In a process of its own, so that the peak is that of this piece of work.
template <typename Work>
Cost cost_of(const std::string& root, Work work) {
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto disk = store::open_posix_disk(root);
    auto ledger = Ledger::open(**disk, store::Access::kReadWrite);
    const auto source = ledger->register_source("site");
    const long before_kib = status_kib("VmRSS");
    const bool good = work(*ledger, *source);
    const Cost cost{status_kib("VmHWM") - before_kib};
    const bool told = write(ends[1], &cost, sizeof cost) == sizeof cost;
    _exit(good && told ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  const auto got = read(ends[0], &cost, sizeof cost);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(got == sizeof cost);
  CHECK(status == 0);
  return cost;
}

bool walk(Ledger& ledger, store::SourceId source, int expected) {
  auto plan = ledger.begin_plan(source, "");
  int seen = 0;
  while (true) {
    const auto next = plan->next_held();
    if (!next) return false;
    if (*next == nullptr) break;
    if (!plan->note_same((*next)->key)) return false;
    ++seen;
  }
  return plan->commit() && seen == expected;
}

bool want_all(Ledger& ledger, store::SourceId source) {
  auto plan = ledger.begin_plan(source, "");
  for (int series = 0; series < 100; ++series) {
    for (int i = series; i < kMany; i += 100) {
      if (!plan->want(pending(big_key(i), i, "0123456789abcdef0123456789abcdef"))) return false;
    }
  }
  int visited = 0;
  if (!plan->visit_wanted([&](const store::Pending&) { return ++visited < 1000; })) return false;
  return plan->commit().has_value();
}

}  // namespace

TEST_CASE("a hundred thousand keys cost no memory") {
  const test::TempDir directory;
  {
    auto disk = store::open_posix_disk(directory.path());
    REQUIRE(disk);
    REQUIRE(Ledger::create(**disk));
  }

  const Cost first = cost_of(directory.path(), want_all);
  CHECK((test::kSanitized || first.grown_kib < 16 * 1024));
  const Cost again = cost_of(directory.path(), want_all);
  CHECK((test::kSanitized || again.grown_kib < 16 * 1024));

  cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    std::vector<store::Placed> batch;
    for (int series = 0; series < 100; ++series) {
      for (int i = series; i < kMany; i += 100) batch.push_back({source, archive(big_key(i), i)});
      if (!store::LedgerWriter(ledger).record(batch)) return false;
      batch.clear();
    }
    return true;
  });

  const Cost unchanged = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    return walk(ledger, source, kMany);
  });
  CHECK((test::kSanitized || unchanged.grown_kib < 6 * 1024));

  const Cost deviating = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    {
      auto plan = ledger.begin_plan(source, "");
      if (!plan->note_vanished(big_key(7), at(1)) || !plan->commit()) return false;
    }
    auto plan = ledger.begin_plan(source, "");
    return plan.has_value() && plan->note_same("none").has_value();
  });
  CHECK((test::kSanitized || deviating.grown_kib < 6 * 1024));
  const Cost with_deviation = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    return walk(ledger, source, kMany);
  });
  CHECK((test::kSanitized || with_deviation.grown_kib < 6 * 1024));

  const Cost vanished = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    auto plan = ledger.begin_plan(source, "");
    while (true) {
      const auto next = plan->next_held();
      if (!next) return false;
      if (*next == nullptr) break;
      if (!plan->note_vanished((*next)->key, at(1))) return false;
    }
    return plan->commit().has_value();
  });
  CHECK((test::kSanitized || vanished.grown_kib < 16 * 1024));
}

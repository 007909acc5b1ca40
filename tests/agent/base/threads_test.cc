#include "agent/base/threads.h"

#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "agent/base/signal_watcher.h"
#include "agent/base/ticker.h"
#include "tests/support/catch.h"
#include "tests/support/refused_calls.h"

using agent::Threads;

namespace {

// As at the limit of the processes that a user may have.
const std::vector<test::RefusedCall> kNoThreads = {{SYS_clone3, EAGAIN}, {SYS_clone, EAGAIN}};

}  // namespace

TEST_CASE("each thread has its number, and what one throws is kept") {
  std::atomic<int> sum{0};
  Threads threads;
  threads.start(4, [&](std::size_t number) {
    sum += 1 << (8 * number);
    if (number == 2) throw std::runtime_error("thrown");
  });
  CHECK(threads.count() == 4);
  threads.join();
  CHECK(sum == 0x01010101);
  CHECK_THROWS_WITH(threads.rethrow(), "thrown");
  CHECK_NOTHROW(threads.rethrow());
}

TEST_CASE("where no thread can be had, what would use one goes without") {
  struct Seen {
    std::size_t count = 1;
    std::string shortage;
    int ticks = 0;
  };
  const auto seen = test::with_refused(kNoThreads, [] {
    Seen found;
    Threads threads;
    threads.start(3, [](std::size_t) {});
    found.count = threads.count();
    found.shortage = threads.shortage();
    const agent::Ticker ticker(std::chrono::milliseconds(1), [&] { ++found.ticks; });
    agent::StopFlag stop{false};
    const agent::SignalWatcher watcher(stop);
    return found;
  });
  if (!seen) {
    WARN("SKIPPED: no system call can be refused here");
    return;
  }
  CHECK(seen->count == 0);
  CHECK(seen->shortage == "Resource temporarily unavailable");
  CHECK(seen->ticks == 0);
}

#include "agent/fetch/work_queue.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"

using agent::HelpEnd;
using agent::Job;
using agent::WorkQueue;
using namespace std::chrono_literals;

namespace {

constexpr agent::Clock::Steady kStart{};

Job job_of(std::size_t source) {
  Job job;
  job.source = source;
  return job;
}

/// Which source the next work is of.
Job pop(WorkQueue& queue) { return std::get<Job>(queue.pop().value()); }

void fill(WorkQueue& queue, std::size_t source, int count) {
  for (int i = 0; i < count; ++i) queue.push(job_of(source), kStart);
}

}  // namespace

TEST_CASE("no source has all lanes while another one may come yet", "[work_queue]") {
  WorkQueue queue(4, 2);
  fill(queue, 0, 20);
  queue.set_expected(1, true);
  for (int i = 0; i < 3; ++i) CHECK(pop(queue).source == 0);
  // The last lane waits for it.
  auto fourth = std::async(std::launch::async, [&] { return pop(queue).source; });
  CHECK(fourth.wait_for(100ms) == std::future_status::timeout);
  fill(queue, 1, 1);
  CHECK(fourth.get() == 1);
}

TEST_CASE("two sources that have enough to do share the lanes", "[work_queue]") {
  WorkQueue queue(4, 2);
  fill(queue, 0, 20);
  fill(queue, 1, 20);
  int of_second = 0;
  for (int i = 0; i < 4; ++i) {
    if (pop(queue).source == 1) ++of_second;
  }
  CHECK(of_second == 2);
}

TEST_CASE("a source that is alone has all lanes", "[work_queue]") {
  WorkQueue queue(3, 2);
  fill(queue, 1, 3);
  for (int i = 0; i < 3; ++i) CHECK(pop(queue).source == 1);
}

TEST_CASE("who waits for a lane in vain is given one of the busiest source", "[work_queue]") {
  WorkQueue queue(2, 2);
  fill(queue, 0, 2);
  const auto first = pop(queue);
  const auto second = pop(queue);
  queue.push(job_of(1), kStart);
  queue.make_room(kStart + 29s, 30s);
  CHECK_FALSE(first.give_way->load());
  queue.make_room(kStart + 31s, 30s);
  CHECK(first.give_way->load());
  CHECK_FALSE(second.give_way->load());
  queue.finished(0, first.give_way);
  CHECK(pop(queue).source == 1);
}

TEST_CASE("a work that gave its lane back keeps the next one for longer each time",
          "[work_queue]") {
  const auto [turns, seconds] = GENERATE(table<unsigned, int>({{1, 60}, {2, 120}, {5, 960}}));
  CAPTURE(turns);
  WorkQueue queue(1, 2);
  auto job = job_of(0);
  job.gave_way = turns;
  queue.push(job, kStart);
  const auto running = pop(queue);
  auto other = job_of(1);
  other.gave_way = 1;
  queue.push(other, kStart);
  queue.make_room(kStart + std::chrono::seconds(seconds), 30s);
  CHECK_FALSE(running.give_way->load());
  queue.make_room(kStart + std::chrono::seconds(seconds + 1), 30s);
  CHECK(running.give_way->load());
}

TEST_CASE("no more lanes are asked for than there is need of", "[work_queue]") {
  WorkQueue queue(3, 2);
  fill(queue, 0, 3);
  const std::vector<Job> running = {pop(queue), pop(queue), pop(queue)};
  fill(queue, 1, 3);
  for (int i = 31; i < 40; ++i) queue.make_room(kStart + std::chrono::seconds(i), 30s);
  CHECK(std::count_if(running.begin(), running.end(),
                      [](const Job& one) { return one.give_way->load(); }) == 1);
}

TEST_CASE("what has only just begun keeps its lane", "[work_queue]") {
  WorkQueue queue(2, 3);
  fill(queue, 0, 1);
  const auto old = pop(queue);
  queue.push(job_of(1), kStart);
  queue.make_room(kStart + 40s, 30s);
  const auto young = pop(queue);
  queue.push(job_of(2), kStart);
  for (int i = 41; i < 50; ++i) queue.make_room(kStart + std::chrono::seconds(i), 30s);
  CHECK(old.give_way->load());
  CHECK_FALSE(young.give_way->load());
}

TEST_CASE("a work that gave its lane back gives way again to one that never had a lane",
          "[work_queue]") {
  WorkQueue queue(1, 2);
  auto late = job_of(0);
  late.gave_way = 1;
  queue.push(late, kStart);
  const auto running = pop(queue);
  queue.push(job_of(1), kStart);
  queue.make_room(kStart + 29s, 30s);
  CHECK_FALSE(running.give_way->load());
  queue.make_room(kStart + 31s, 30s);
  CHECK(running.give_way->load());
}

TEST_CASE("a work that gave its lane back goes behind all that did not", "[work_queue]") {
  WorkQueue queue(1, 3);
  for (const std::size_t source : {0U, 1U}) {
    auto late = job_of(source);
    late.gave_way = 1;
    queue.push(late, kStart);
  }
  fill(queue, 2, 2);
  for (const std::size_t source : {2U, 2U, 0U, 1U}) {
    const auto job = pop(queue);
    CHECK(job.source == source);
    queue.finished(job.source, job.give_way);
  }
}

TEST_CASE("a server that wants fewer connections gets fewer, and never none", "[work_queue]") {
  WorkQueue queue(4, 2);
  for (int i = 0; i < 2; ++i) queue.lower(0);
  fill(queue, 0, 5);
  const auto first = pop(queue);
  const auto second = pop(queue);
  fill(queue, 1, 2);
  // The second of these would else be the other's turn.
  CHECK(pop(queue).source == 1);
  CHECK(pop(queue).source == 1);
  for (int i = 0; i < 10; ++i) queue.lower(0);
  queue.finished(0, first.give_way);
  queue.finished(0, second.give_way);
  CHECK(pop(queue).source == 0);
}

namespace {

/// A transfer to help with; nobody looks into it here.
std::shared_ptr<agent::RangeShare> share_of(store::File& file) {
  store::Identity identity;
  identity.size_bytes = std::uint64_t{100} << 20;
  return std::make_shared<agent::RangeShare>(agent::RangeShare::Content{{}, identity, {}, file}, 0,
                                             4);
}

struct Offered {
  Offered() {
    file = std::move(*disk.open("f", store::OpenMode::kCreate));
    share = share_of(*file);
  }
  test::FaultDisk disk;
  std::unique_ptr<store::File> file;
  std::shared_ptr<agent::RangeShare> share;
};

}  // namespace

TEST_CASE("a lane helps with a transfer only when no source has or may have work for it",
          "[work_queue]") {
  Offered offered;
  WorkQueue queue(2, 2);
  fill(queue, 0, 1);
  pop(queue);
  queue.set_expected(1, true);
  queue.offer(0, offered.share);
  auto second = std::async(std::launch::async, [&] { return queue.pop().value(); });
  CHECK(second.wait_for(100ms) == std::future_status::timeout);
  queue.set_expected(1, false);
  const auto work = second.get();
  REQUIRE(std::holds_alternative<agent::RangeHelp>(work));
  CHECK(std::get<agent::RangeHelp>(work).share == offered.share);
}

TEST_CASE("a helper goes as soon as there is work, and comes again after it", "[work_queue]") {
  Offered offered;
  WorkQueue queue(2, 1);
  fill(queue, 0, 1);
  pop(queue);
  queue.offer(0, offered.share);
  const auto help = std::get<agent::RangeHelp>(queue.pop().value());
  CHECK_FALSE(help.must_go->load());
  fill(queue, 0, 1);
  CHECK(help.must_go->load());
  queue.finished(help, HelpEnd::kOver);
  const auto job = pop(queue);
  queue.finished(0, job.give_way);
  CHECK(std::holds_alternative<agent::RangeHelp>(queue.pop().value()));
}

TEST_CASE("work for which a lane is idle sends no helper away", "[work_queue]") {
  Offered offered;
  WorkQueue queue(3, 1);
  fill(queue, 0, 1);
  pop(queue);
  queue.offer(0, offered.share);
  const auto help = std::get<agent::RangeHelp>(queue.pop().value());
  fill(queue, 0, 1);
  CHECK_FALSE(help.must_go->load());
}

TEST_CASE("a transfer in which a helper found nothing to do gets no other one", "[work_queue]") {
  Offered offered;
  WorkQueue queue(2, 1);
  fill(queue, 0, 1);
  pop(queue);
  queue.offer(0, offered.share);
  queue.finished(std::get<agent::RangeHelp>(queue.pop().value()), HelpEnd::kOver);
  auto next = std::async(std::launch::async, [&] { return queue.pop(); });
  CHECK(next.wait_for(100ms) == std::future_status::timeout);
  queue.close();
  CHECK_FALSE(next.get());
}

TEST_CASE("a server that wants fewer connections has no more helpers than it wants",
          "[work_queue]") {
  Offered offered;
  WorkQueue queue(3, 1);
  fill(queue, 0, 1);
  pop(queue);
  queue.offer(0, offered.share);
  const auto first = std::get<agent::RangeHelp>(queue.pop().value());
  const auto second = std::get<agent::RangeHelp>(queue.pop().value());
  queue.lower(0);
  CHECK(first.must_go->load() != second.must_go->load());
  queue.lower(0);
  CHECK(first.must_go->load());
  CHECK(second.must_go->load());
}

TEST_CASE("whom the server sends away does not come back for the next transfer", "[work_queue]") {
  Offered offered;
  Offered other;
  WorkQueue queue(4, 1);
  fill(queue, 0, 2);
  pop(queue);
  pop(queue);
  queue.offer(0, offered.share);
  const auto first = std::get<agent::RangeHelp>(queue.pop().value());
  const auto second = std::get<agent::RangeHelp>(queue.pop().value());
  queue.offer(0, other.share);
  queue.finished(first, HelpEnd::kThrottled);
  queue.finished(second, HelpEnd::kThrottled);
  auto next = std::async(std::launch::async, [&] { return queue.pop(); });
  CHECK(next.wait_for(100ms) == std::future_status::timeout);
  queue.close();
  CHECK_FALSE(next.get());
}

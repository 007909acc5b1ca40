// Four sources side by side, of which three are of no use: whatever they do, and wherever in the
// configuration they stand, the good one gets all that it has, and the run ends when it has to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>

#include "agent/run/time_limit.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sanitizer.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::World;

namespace {

constexpr int kArchives = 12;
constexpr std::size_t kBytes = 1'000;
constexpr std::chrono::minutes kMaxRuntime{60};

// So long nothing comes from the good one before the clock goes on by a step.
constexpr std::chrono::milliseconds kNothingCame{100};
constexpr std::chrono::seconds kStep{5};
// After max_runtime and its minute nothing is waited for; but there are other processes.
constexpr std::chrono::minutes kLongest{2};

enum class Where { kListings, kBodies };

enum Kind { kGood, kSilent, kTrickling, kLying };
using Order = std::array<Kind, 4>;
constexpr std::array<const char*, 4> kNames = {"good", "silent", "trickling", "lying"};

std::vector<Lie> lies_of(Kind kind, Where where) {
  constexpr std::int64_t kForEverMs = 100'000'000;
  const std::string key = where == Where::kListings ? std::string(fake_s3::kListing) : "";
  switch (kind) {
    case kGood:
      break;
    case kSilent:
      if (where == Where::kListings) return {{LieKind::kDelay, "GET", key, kForEverMs}};
      return {{LieKind::kStall, "GET", "a0", 1}, {LieKind::kStall, "GET", "a1", 1}};
    case kTrickling:
      if (where == Where::kListings) return {{LieKind::kSlow, "GET", key, 2}};
      return {{LieKind::kSlow, "GET", "a0", 2}, {LieKind::kSlow, "GET", "a1", 2}};
    case kLying:
      break;  // it has a bucket of its own
  }
  return {};
}

/// One run over four servers. Built and looked at by the thread of the test, run in another.
class Scene {
 public:
  Scene(const Order& order, Where where, unsigned lanes) : order_(order) {
    world.config.sources.clear();
    world.config.agent.parallel = lanes;
    world.config.agent.max_runtime = kMaxRuntime;
    for (const Kind kind : order) add(kind, where);
  }

  /// The clock goes on only where the good one waits, and past max_runtime once it was served. So
  /// a machine that is busy with other things takes longer, and nothing else.
  void run() {
    auto done = std::async(std::launch::async, [this] { return world.pull(); });
    std::uint64_t sent = 0;
    while (!good_served && world.clock.steady_now() - begun_ < kMaxRuntime / 2) {
      const auto more = [&](const auto& counters) { return counters.object_bytes_sent > sent; };
      if (!servers_[kGood]->wait_until(more, kNothingCame)) world.clock.advance(kStep);
      sent = servers_[kGood]->counters().object_bytes_sent;
      good_served = world.files_below("good/archives/") == kArchives;
    }
    world.clock.advance(kMaxRuntime);
    if (done.wait_for(std::chrono::seconds(1)) == std::future_status::timeout) {
      world.clock.advance(agent::kWindDown);
    }
    ended = done.wait_for(kLongest) == std::future_status::ready;
    if (!ended) world.stop.store(true);
    status = done.get();
  }

  std::string told() const {
    std::string names;
    for (const Kind kind : order_) names += fmt::format("{} ", kNames.at(kind));
    return names + fmt::format("{}", fmt::join(world.lines, "\n"));
  }

  World world;
  bool good_served = false;
  bool ended = false;
  ExitStatus status = ExitStatus::kOk;

 private:
  void add(Kind kind, Where where) {
    fake_s3::Options options;
    options.clock = [this] { return world.clock.now_s(); };
    auto& server = servers_.at(kind) = fake_s3::Server::start(std::move(options)).value();
    if (kind == kLying) {
      // Another page for ever, of keys that are there for as long as one looks.
      server->make_synthetic_bucket("b", 1'000'000'000'000);
      server->lie({LieKind::kDelay, "GET", std::string(fake_s3::kListing), 200});
    } else {
      for (int i = 0; i < kArchives; ++i) {
        server->put("b", fmt::format("a{}", i), std::string(kBytes, 'x'));
      }
    }
    for (const Lie& lie : lies_of(kind, where)) server->lie(lie);
    world.add_source(kNames.at(kind), "b").endpoint = server->url();
  }

  const agent::Clock::Steady begun_ = world.clock.steady_now();
  Order order_;
  std::array<std::unique_ptr<fake_s3::Server>, 4> servers_;
};

std::vector<Order> every_order() {
  Order order = {kGood, kSilent, kTrickling, kLying};
  std::vector<Order> orders;
  do {
    orders.push_back(order);
  } while (std::next_permutation(order.begin(), order.end()));
  return orders;
}

std::vector<Order> some_orders() {
  return {{kGood, kSilent, kTrickling, kLying},
          {kSilent, kTrickling, kLying, kGood},
          {kTrickling, kLying, kGood, kSilent},
          {kLying, kGood, kSilent, kTrickling}};
}

}  // namespace

TEST_CASE(
    "in any order of four sources a silent, a trickling and an endless one cost a good one nothing",
    "[wire]") {
  const auto where = GENERATE(Where::kListings, Where::kBodies);
  const unsigned lanes = GENERATE(1U, 2U, agent::Config{}.agent.parallel);
  CAPTURE(lanes);
  auto orders = every_order();
  REQUIRE(orders.size() == 24);
  // With fewer lanes than most have, and with a sanitizer, each is first once, and last.
  if (lanes < agent::Config{}.agent.parallel || test::kSanitized) orders = some_orders();
  {
    std::vector<std::unique_ptr<Scene>> scenes;
    for (const auto& order : orders) {
      scenes.push_back(std::make_unique<Scene>(order, where, lanes));
    }
    {
      std::vector<std::future<void>> runs;
      for (auto& scene : scenes) {
        runs.push_back(std::async(std::launch::async, [&scene] { scene->run(); }));
      }
    }
    for (const auto& scene : scenes) {
      CAPTURE(scene->told());
      CHECK(scene->good_served);
      CHECK(scene->ended);
      // What was on its way while the clock leapt may be told that its time is wrong.
      CHECK((scene->status == ExitStatus::kIncomplete || scene->status == ExitStatus::kRefused));
      CHECK(scene->world.source("good").archives == kArchives);
      CHECK(scene->world.source("good").run.failed == 0);
    }
  }
}

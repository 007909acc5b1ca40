#include <sys/syscall.h>

#include <stdexcept>
#include <thread>

#include "tests/agent/pull/pull_world.h"
#include "tests/support/refused_calls.h"

// A pull that cannot have what it takes, or that something nobody foresaw ends: it is a failed run,
// its status says so, and people hear of it.

using agent::ExitStatus;
using agent::RunState;
using pull_test::World;

namespace {

const std::vector<test::RefusedCall> kRefusesThreads = {{SYS_clone3, EAGAIN}, {SYS_clone, EAGAIN}};

struct Watched : World {
  Watched() {
    config.agent.on_failure = "on_failure";
    for (const char* key : {"a", "b", "c"}) server->put("b", key, key);
  }
  void add_other() {
    server->make_bucket("other");
    server->put("other", "d", "d");
    add_source("other", "other");
  }
  ExitStatus pull_in(const std::function<void(agent::Environment&)>& change) {
    hooks.clear();
    return command([&](const agent::Environment& outside, const agent::Print& print) {
      auto here = outside;
      change(here);
      return agent::pull(config, {}, here, print);
    });
  }
  bool heard_of(int exit) const {
    return hooks.size() == 1 && hooks[0].at("HOLDFAST_EVENT") == "failure" &&
           hooks[0].at("HOLDFAST_EXIT_STATUS") == std::to_string(exit);
  }
};

// Does its work on the thread that made the test, and throws on every other one.
class OnlyHere final : public s3::Transport {
 public:
  OnlyHere(std::unique_ptr<s3::Transport> target, std::thread::id here)
      : target_(std::move(target)), here_(here) {}
  s3::Result<void> perform(const s3::HttpRequest& request, s3::ResponseSink& sink) override {
    if (std::this_thread::get_id() != here_) throw std::runtime_error("thrown by a thread");
    return target_->perform(request, sink);
  }

 private:
  std::unique_ptr<s3::Transport> target_;
  const std::thread::id here_;
};

void throw_elsewhere(agent::Environment& environment) {
  environment.make_transport = [make = environment.make_transport,
                                here = std::this_thread::get_id()](const auto& options) {
    return std::make_unique<OnlyHere>(make(options), here);
  };
}

}  // namespace

TEST_CASE("a pull for which no thread can be had has failed, and the next one goes on", "[pull]") {
  Watched world;
  const bool several = GENERATE(false, true);
  if (several) world.add_other();
  const auto exit = test::with_refused(kRefusesThreads, [&] { return world.pull(); });
  if (!exit) {
    WARN("SKIPPED: no system call can be refused here");
    return;
  }
  CAPTURE(several, world.lines);
  CHECK(*exit == ExitStatus::kIncomplete);
  CHECK(world.lines_with("no thread could be started (Resource temporarily unavailable)") == 1);
  CHECK(world.lines_with("defect") == 0);
  CHECK(world.status().exit_status == 2);
  CHECK(world.status().state == RunState::kIncomplete);
  CHECK(world.source().state == RunState::kIncomplete);
  CHECK(world.heard_of(2));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("a") == "a");
}

TEST_CASE("what a thread of a pull throws ends the run as a defect", "[pull]") {
  Watched world;
  // Several are listed by threads, one is not.
  const bool several = GENERATE(false, true);
  if (several) world.add_other();
  const auto exit = world.pull_in(throw_elsewhere);
  CAPTURE(several, world.lines);
  CHECK(exit == ExitStatus::kDefect);
  CHECK(world.lines_with("a defect in holdfast: thrown by a thread; please report it") == 1);
  CHECK(world.status().exit_status == 70);
  CHECK(world.heard_of(70));
  CHECK_FALSE(world.stop.load());
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("whatever is thrown once a pull has begun, it is not left as one under way", "[pull]") {
  Watched world;
  world.config.agent.metrics_file = "holdfast.prom";
  const auto exit = world.pull_in([](agent::Environment& environment) {
    environment.replace_file = [replace = environment.replace_file](
                                   const std::string& path,
                                   const std::string& text) -> agent::Result<void> {
      if (path == "holdfast.prom") throw std::runtime_error("thrown by the metrics");
      return replace(path, text);
    };
  });
  CAPTURE(world.lines);
  CHECK(exit == ExitStatus::kDefect);
  CHECK(world.lines_with("a defect in holdfast: thrown by the metrics; please report it") == 1);
  CHECK(world.status().exit_status == 70);
  CHECK(world.status().state != RunState::kRunning);
  CHECK(world.heard_of(70));
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("of a defect before a pull has begun people hear, and the status stays", "[pull]") {
  Watched world;
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto before = world.status_text;
  const auto exit = world.pull_in([](agent::Environment& environment) {
    environment.open_disk = [](const std::string&) -> store::Result<std::unique_ptr<store::Disk>> {
      throw std::runtime_error("thrown by the disk");
    };
  });
  CHECK(exit == ExitStatus::kDefect);
  CHECK(world.lines_with("thrown by the disk") == 1);
  CHECK(world.status_text == before);
  CHECK(world.heard_of(70));
}

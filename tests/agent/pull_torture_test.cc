#include "tests/agent/pull_torture.h"

using namespace pull_torture;

namespace {

Scenario of_new_archives() {
  return {[](World& world) { world.set_the_scene(); }, [](World& world) { (void)world.pull(); },
          [](World& world) { REQUIRE(world.pull() == agent::ExitStatus::kAlarm); }};
}

Scenario of_changes(agent::OnChange on_change, bool has_links) {
  const auto end = on_change == agent::OnChange::kQuarantine ? agent::ExitStatus::kAlarm
                                                             : agent::ExitStatus::kOk;
  return {[=](World& world) { world.set_the_scene_of_changes(on_change, has_links); },
          [](World& world) { (void)world.pull(); },
          [=](World& world) { REQUIRE(world.pull() == end); }};
}

Scenario of_an_acceptance(bool has_links) {
  return {[=](World& world) {
            world.may_accept();
            world.set_the_scene_of_changes(agent::OnChange::kQuarantine, has_links);
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
          },
          [](World& world) { (void)world.accept(kLargeKey); },
          [](World& world) {
            const auto again = world.accept(kLargeKey);
            const bool done_before = again == agent::ExitStatus::kUsage;
            REQUIRE((done_before || again == agent::ExitStatus::kOk));
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);  // the other one
          }};
}

Scenario of_an_ack() {
  return {[](World& world) { world.set_the_scene_of_a_hold(); },
          [](World& world) { (void)world.ack(); },
          [](World& world) {
            REQUIRE(world.ack() == agent::ExitStatus::kOk);
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
          }};
}

}  // namespace

TEST_CASE("a pull in which any one operation of the disk fails is finished by the next",
          "[torture][of-pull]") {
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kNoSpace, test::Fault::kReadOnly);
  CAPTURE(static_cast<int>(fault));
  CHECK(torture_disk(of_new_archives(), fault, std::nullopt) > 100);
}

TEST_CASE("a pull in which the power fails at any operation is finished by the next",
          "[torture][of-pull]") {
  CHECK(torture_disk(of_new_archives(), test::Fault::kPowerCut, std::nullopt) > 100);
}

TEST_CASE("a pull that loses power with writes half on the disk is finished by the next",
          "[torture][of-pull]") {
  CHECK(torture_disk(of_new_archives(), test::Fault::kPowerCut, kSeed) > 100);
}

TEST_CASE("a pull in which any one request fails is finished by the next", "[torture][of-pull]") {
  const auto kind = GENERATE(test::NetworkFault::Kind::kRefused, test::NetworkFault::Kind::kCut);
  const int failures = GENERATE(1, 100);  // one, which a retry heals; or the rest of the run
  CAPTURE(static_cast<int>(kind), failures);
  CHECK(torture_network(of_new_archives(), kind, failures) >= 6);
}

TEST_CASE("superseding a held archive loses neither content, whatever fails",
          "[torture][of-change]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), given.half_written);
  CHECK(torture_disk(of_changes(agent::OnChange::kGenerations, given.has_links), given.fault,
                     given.half_written ? std::optional(kSeed) : std::nullopt) > 80);
}

TEST_CASE("superseding goes on where a request failed", "[torture][of-change]") {
  const int failures = GENERATE(1, 100);
  CAPTURE(failures);
  CHECK(torture_network(of_changes(agent::OnChange::kGenerations, true),
                        test::NetworkFault::Kind::kCut, failures) >= 3);
}

TEST_CASE("a changed content is in quarantine at last, whatever fails", "[torture][of-change]") {
  CHECK(torture_disk(of_changes(agent::OnChange::kQuarantine, true), test::Fault::kIoError,
                     std::nullopt) > 80);
  CHECK(torture_disk(of_changes(agent::OnChange::kQuarantine, true), test::Fault::kPowerCut,
                     kSeed) > 80);
}

TEST_CASE("an acceptance that fails anywhere is finished by the next", "[torture][of-change]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), given.half_written);
  CHECK(torture_disk(of_an_acceptance(given.has_links), given.fault,
                     given.half_written ? std::optional(kSeed) : std::nullopt) > 40);
}

TEST_CASE("an ack that fails anywhere is given again, and the changes go into quarantine",
          "[torture][of-change]") {
  CHECK(torture_disk(of_an_ack(), test::Fault::kIoError, std::nullopt) > 10);
  CHECK(torture_disk(of_an_ack(), test::Fault::kPowerCut, kSeed) > 10);
}

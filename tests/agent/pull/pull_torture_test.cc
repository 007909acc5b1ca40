#include "tests/agent/pull/pull_torture.h"

using namespace pull_torture;

namespace {

// How many steps each scene has; a test that finds another number says what to do.
constexpr Steps kNewArchives{.io_error = 873,
                             .no_space = 196,
                             .read_only = 225,
                             .power_cut = 43,
                             .half_written = 212,
                             .requests = 9};
constexpr Steps kGenerations{.io_error = 840, .half_written = 180, .requests = 3};
constexpr Steps kGenerationsWithoutLinks{.no_space = 178, .half_written = 192};
constexpr Steps kQuarantine{.io_error = 807, .half_written = 161};
constexpr Steps kAcceptance{.io_error = 500, .half_written = 166};
constexpr Steps kAcceptanceWithoutLinks{.no_space = 170, .half_written = 181};
constexpr Steps kReturn{.io_error = 1082, .half_written = 252};
constexpr Steps kReturnWithoutLinks{.no_space = 264, .half_written = 274};
constexpr Steps kAck{.io_error = 227, .half_written = 50};

Scenario of_new_archives() {
  return {[](TortureWorld& world) { world.set_the_scene(); },
          [](TortureWorld& world) { (void)world.pull(); },
          [](TortureWorld& world) { REQUIRE(world.pull() == agent::ExitStatus::kAlarm); }};
}

Scenario of_changes(agent::OnChange on_change, bool has_links) {
  const auto end = on_change == agent::OnChange::kQuarantine ? agent::ExitStatus::kAlarm
                                                             : agent::ExitStatus::kOk;
  return {[=](TortureWorld& world) { world.set_the_scene_of_changes(on_change, has_links); },
          [](TortureWorld& world) { (void)world.pull(); },
          [=](TortureWorld& world) { REQUIRE(world.pull() == end); }};
}

Scenario of_an_acceptance(bool has_links) {
  return {[=](TortureWorld& world) {
            world.may_accept();
            world.set_the_scene_of_changes(agent::OnChange::kQuarantine, has_links);
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
          },
          [](TortureWorld& world) { (void)world.accept(kLargeKey); },
          [](TortureWorld& world) {
            const auto again = world.accept(kLargeKey);
            const bool done_before = again == agent::ExitStatus::kUsage;
            REQUIRE((done_before || again == agent::ExitStatus::kOk));
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);  // the other one
          }};
}

Scenario of_a_return(bool has_links) {
  return {[=](TortureWorld& world) { world.set_the_scene_of_a_return(has_links); },
          [](TortureWorld& world) { (void)world.pull(); },
          [](TortureWorld& world) { REQUIRE(world.pull() == agent::ExitStatus::kOk); }};
}

Scenario of_an_ack() {
  return {[](TortureWorld& world) { world.set_the_scene_of_a_hold(); },
          [](TortureWorld& world) { (void)world.ack(); },
          [](TortureWorld& world) {
            REQUIRE(world.ack() == agent::ExitStatus::kOk);
            REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
          }};
}

}  // namespace

TEST_CASE("a pull in which any one operation of the disk fails is finished by the next",
          "[torture][of-pull]") {
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kNoSpace, test::Fault::kReadOnly);
  CAPTURE(static_cast<int>(fault));
  torture_disk(of_new_archives(), kNewArchives, fault);
}

TEST_CASE("a pull in which the power fails at any operation is finished by the next",
          "[torture][of-pull]") {
  torture_disk(of_new_archives(), kNewArchives, test::Fault::kPowerCut);
}

TEST_CASE("a pull that loses power with writes half on the disk is finished by the next",
          "[torture][of-pull]") {
  torture_disk(of_new_archives(), kNewArchives, test::Fault::kPowerCut, Loss::kSome);
}

TEST_CASE("a pull in which any one request fails is finished by the next", "[torture][of-pull]") {
  const auto kind = GENERATE(test::NetworkFault::Kind::kRefused, test::NetworkFault::Kind::kCut);
  const int failures = GENERATE(1, 100);  // one, which a retry heals; or the rest of the run
  CAPTURE(static_cast<int>(kind), failures);
  torture_network(of_new_archives(), kNewArchives, kind, failures);
}

TEST_CASE("superseding a held archive loses neither content, whatever fails",
          "[torture][of-change]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), static_cast<int>(given.loss));
  torture_disk(of_changes(agent::OnChange::kGenerations, given.has_links),
               given.has_links ? kGenerations : kGenerationsWithoutLinks, given.fault, given.loss);
}

TEST_CASE("superseding goes on where a request failed", "[torture][of-change]") {
  const int failures = GENERATE(1, 100);
  CAPTURE(failures);
  torture_network(of_changes(agent::OnChange::kGenerations, true), kGenerations,
                  test::NetworkFault::Kind::kCut, failures);
}

TEST_CASE("a changed content is in quarantine at last, whatever fails", "[torture][of-change]") {
  const auto scenario = of_changes(agent::OnChange::kQuarantine, true);
  torture_disk(scenario, kQuarantine, test::Fault::kIoError);
  torture_disk(scenario, kQuarantine, test::Fault::kPowerCut, Loss::kSome);
}

TEST_CASE("an acceptance that fails anywhere is finished by the next", "[torture][of-change]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), static_cast<int>(given.loss));
  torture_disk(of_an_acceptance(given.has_links),
               given.has_links ? kAcceptance : kAcceptanceWithoutLinks, given.fault, given.loss);
}

TEST_CASE("a content that comes back takes its place again, and none is lost, whatever fails",
          "[torture][of-change]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), static_cast<int>(given.loss));
  torture_disk(of_a_return(given.has_links), given.has_links ? kReturn : kReturnWithoutLinks,
               given.fault, given.loss);
}

TEST_CASE("an ack that fails anywhere is given again, and the changes go into quarantine",
          "[torture][of-change]") {
  torture_disk(of_an_ack(), kAck, test::Fault::kIoError);
  torture_disk(of_an_ack(), kAck, test::Fault::kPowerCut, Loss::kSome);
}

#include "tests/agent/pull/pull_torture.h"

using namespace pull_torture;

namespace {

// How many steps each scene has; a test that finds another number says what to do.
constexpr Steps kRepair{.io_error = 765, .half_written = 148, .requests = 4};
constexpr Steps kRepairWithoutLinks{.no_space = 135, .half_written = 149};
constexpr Steps kRepairGeneration{.half_written = 134};
constexpr Steps kRepairGenerationWithoutLinks{.half_written = 135};
constexpr Steps kVerify{.no_space = 43, .read_only = 47, .power_cut = 4};
constexpr Steps kRebuild{.no_space = 158, .read_only = 173, .power_cut = 21, .half_written = 164};

Scenario of_a_repair(bool has_links) {
  return {[=](TortureWorld& world) { world.set_the_scene_of_damage(has_links); },
          [](TortureWorld& world) { (void)world.pull(); },
          [=](TortureWorld& world) {
            REQUIRE(world.pull() == agent::ExitStatus::kOk);
            // Whatever failed, no damaged byte is thrown away; but where files have one name each,
            // a power cut may take it between two directories.
            if (!has_links) return;
            const auto aside = world.kept_aside();
            REQUIRE(aside.contains(pattern(500, 4)));
            REQUIRE(aside.contains(pattern(4096, 5)));
          }};
}

}  // namespace

TEST_CASE("a repair that fails anywhere is finished by the next pull", "[torture][of-custody]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), static_cast<int>(given.loss));
  torture_disk(of_a_repair(given.has_links), given.has_links ? kRepair : kRepairWithoutLinks,
               given.fault, given.loss);
}

TEST_CASE("a repair beside the archives that fails anywhere is finished by the next pull",
          "[torture][of-custody]") {
  const bool has_links = GENERATE(true, false);
  CAPTURE(has_links);
  const Scenario scenario = {
      [=](TortureWorld& world) { world.set_the_scene_of_damaged_generation(has_links); },
      [](TortureWorld& world) { (void)world.pull(); },
      [](TortureWorld& world) { REQUIRE(world.pull() == agent::ExitStatus::kOk); }};
  torture_disk(scenario, has_links ? kRepairGeneration : kRepairGenerationWithoutLinks,
               test::Fault::kPowerCut, Loss::kSome);
}

TEST_CASE("a repair goes on where a request failed", "[torture][of-custody]") {
  torture_network(of_a_repair(true), kRepair, test::NetworkFault::Kind::kCut, 100);
}

TEST_CASE("a verify that fails anywhere has found everything after the next",
          "[torture][of-custody]") {
  const Scenario scenario = {
      [](TortureWorld& world) {
        world.set_the_scene_of_damage(true);
        REQUIRE(world.pull() == agent::ExitStatus::kOk);
        world.damage("a/rotten.tar", pattern(500, 6));
      },
      [](TortureWorld& world) { (void)world.verify(); },
      [](TortureWorld& world) { REQUIRE(world.verify() == agent::ExitStatus::kAlarm); }};
  const auto fault =
      GENERATE(test::Fault::kNoSpace, test::Fault::kReadOnly, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  torture_disk(scenario, kVerify, fault);
}

TEST_CASE("a rebuild that fails anywhere is begun again, and nothing is lost",
          "[torture][of-custody]") {
  const Scenario scenario = {[](TortureWorld& world) {
                               world.set_the_scene_of_changes(agent::OnChange::kQuarantine, true);
                               REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
                               REQUIRE(world.ack() == agent::ExitStatus::kOk);
                               world.lose_ledger();
                             },
                             [](TortureWorld& world) { (void)world.rebuild(); },
                             [](TortureWorld& world) {
                               const auto again = world.rebuild();
                               const bool done_before = again == agent::ExitStatus::kUsage;
                               REQUIRE((done_before || again == agent::ExitStatus::kOk));
                               REQUIRE(world.pull() == agent::ExitStatus::kOk);
                             }};
  const auto fault =
      GENERATE(test::Fault::kNoSpace, test::Fault::kReadOnly, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  torture_disk(scenario, kRebuild, fault);
  if (fault == test::Fault::kPowerCut) torture_disk(scenario, kRebuild, fault, Loss::kSome);
}

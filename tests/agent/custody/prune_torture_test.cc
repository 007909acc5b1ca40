#include "tests/agent/pull/pull_torture.h"

using namespace pull_torture;

namespace {

// How many steps each scene has; a test that finds another number says what to do.
constexpr Steps kPrune{.io_error = 435, .half_written = 149};
constexpr Steps kPull{.no_space = 141, .read_only = 162, .power_cut = 26};

Scenario of_retention(const std::function<void(TortureWorld&)>& act) {
  return {[](TortureWorld& world) { world.set_the_scene_of_retention(); }, act,
          [](TortureWorld& world) {
            world.check_what_is_kept_is_there();
            // One archive in each run.
            for (int i = 0; i < 4; ++i) REQUIRE(world.prune() == agent::ExitStatus::kOk);
            REQUIRE(world.pull() == agent::ExitStatus::kOk);
          }};
}

}  // namespace

TEST_CASE("a prune that fails anywhere is finished by the next", "[torture][of-custody]") {
  const auto scenario = of_retention([](TortureWorld& world) { (void)world.prune(); });
  torture_disk(scenario, kPrune, test::Fault::kIoError);
  torture_disk(scenario, kPrune, test::Fault::kPowerCut, Loss::kSome);
}

TEST_CASE("a pull that fails while it removes something is finished by the next",
          "[torture][of-custody]") {
  const auto scenario = of_retention([](TortureWorld& world) { (void)world.pull(); });
  const auto fault =
      GENERATE(test::Fault::kNoSpace, test::Fault::kReadOnly, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  torture_disk(scenario, kPull, fault);
}

TEST_CASE("a rebuild after a prune that failed anywhere gives up nothing that was held",
          "[torture][of-custody]") {
  const Scenario scenario = {[](TortureWorld& world) { world.set_the_scene_of_retention(); },
                             [](TortureWorld& world) { (void)world.prune(); },
                             [](TortureWorld& world) {
                               world.check_what_is_kept_is_there();
                               const auto before = world.sight();
                               world.lose_ledger();
                               REQUIRE(world.rebuild() == agent::ExitStatus::kOk);
                               const auto after = world.sight();
                               for (const auto& [key, record] : before.held)
                                 REQUIRE(after.held.contains(key));
                               for (const auto& [path, digest] : before.generations)
                                 REQUIRE(after.generations.contains(path));
                               // Ages count from a listing, which a new ledger does not know.
                               REQUIRE(world.prune() == agent::ExitStatus::kIncomplete);
                               REQUIRE(world.pull() == agent::ExitStatus::kOk);
                               for (int i = 0; i < 4; ++i)
                                 REQUIRE(world.prune() == agent::ExitStatus::kOk);
                             }};
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  torture_disk(scenario, kPrune, fault, Loss::kSome);
}

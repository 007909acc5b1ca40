#include "tests/agent/pull/pull_torture.h"

using namespace pull_torture;

namespace {

using agent::AdoptOptions;
using agent::ExitStatus;
using How = agent::AdoptOptions::How;

// How many steps each scene has; a test that finds another number says what to do.
constexpr Steps kLinks{.io_error = 865, .half_written = 195, .requests = 4};
constexpr Steps kMoves{.io_error = 877, .half_written = 201};
constexpr Steps kCopies{.no_space = 185, .half_written = 201};
constexpr int kOfTheDirectory = 28;
constexpr int kOfTheDirectoryMoved = 40;

const AdoptOptions kWanted = {.orphans = true, .quarantine = true};

AdoptOptions wanted(How how) {
  auto options = kWanted;
  options.how = how;
  return options;
}

// It is called again, and then a pull fetches what the directory could not give.
Scenario of_an_adoption(How how, bool has_links, bool own_disk = false) {
  return {[=](TortureWorld& world) { world.set_the_scene_of_an_adoption(has_links, own_disk); },
          [=](TortureWorld& world) { (void)world.adopt(wanted(how)); },
          [=](TortureWorld& world) {
            const auto again = world.adopt(wanted(how));
            REQUIRE((again == ExitStatus::kOk || again == ExitStatus::kIncomplete));
            if (how == How::kMove) REQUIRE(world.left_in_directory().empty());
            REQUIRE(world.pull() == ExitStatus::kAlarm);
          }};
}

}  // namespace

TEST_CASE("an adoption that fails anywhere is finished by the next", "[torture][of-custody]") {
  const auto given = GENERATE_COPY(from_range(kWaysToFail));
  CAPTURE(given.has_links, static_cast<int>(given.fault), static_cast<int>(given.loss));
  torture_disk(of_an_adoption(given.has_links ? How::kAny : How::kCopy, given.has_links),
               given.has_links ? kLinks : kCopies, given.fault, given.loss);
}

TEST_CASE("a file that is moved is there or held, wherever it fails", "[torture][of-custody]") {
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  torture_disk(of_an_adoption(How::kMove, true), kMoves, fault,
               fault == test::Fault::kPowerCut ? Loss::kSome : Loss::kAll);
}

TEST_CASE("an adoption goes on where a request failed", "[torture][of-custody]") {
  torture_network(of_an_adoption(How::kAny, true), kLinks, test::NetworkFault::Kind::kCut, 100);
}

TEST_CASE("an adoption from a disk of its own goes on where that failed", "[torture][of-custody]") {
  const bool moves = GENERATE(false, true);
  CAPTURE(moves);
  Disturbance disturbance;
  disturbance.set = [](TortureWorld& world, int step) {
    world.other().fail_at(static_cast<std::uint64_t>(step), test::Fault::kIoError);
  };
  disturbance.steps = [](TortureWorld& world) { return static_cast<int>(world.other().steps()); };
  disturbance.struck = [](TortureWorld& world) { return world.other().struck(); };
  torture(of_an_adoption(moves ? How::kMove : How::kAny, true, true), disturbance,
          moves ? kOfTheDirectoryMoved : kOfTheDirectory);
}

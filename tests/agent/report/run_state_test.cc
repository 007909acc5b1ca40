#include "agent/status/run_state.h"

#include <set>
#include <string_view>

#include "agent/status/status.h"
#include "tests/support/catch.h"

using agent::RunState;

TEST_CASE("each state of a run has a name of its own", "[status]") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < agent::kRunStateNames.size(); ++i) {
    const auto state = static_cast<RunState>(i);
    CHECK(names.insert(agent::name_of(state)).second);
    CHECK(agent::run_state_of(agent::name_of(state)) == state);
  }
}

TEST_CASE("a state that only a newer holdfast knows is no failure, and no success either",
          "[status]") {
  const auto read = agent::status_from_json(R"({"schema": 1, "state": "melancholy"})");
  REQUIRE(read);
  CHECK(read->state == RunState::kUnknown);
  CHECK(read->state != RunState::kOk);
  CHECK_FALSE(agent::is_failure(read->state));
}

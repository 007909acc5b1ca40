#include "agent/alarms/small_sets.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using agent::SetMade;

namespace {

SetMade set_of(const std::vector<std::pair<std::string, std::uint64_t>>& parts) {
  SetMade set;
  std::vector<std::string> names;
  for (const auto& [name, size_bytes] : parts) {
    ++set.parts;
    set.size_bytes += size_bytes;
    set.largest_bytes = std::max(set.largest_bytes, size_bytes);
    names.push_back(name);
  }
  set.forms = agent::forms_of(names);
  return set;
}

SetMade akeeba(int numbered, std::uint64_t last = 100) {
  std::vector<std::pair<std::string, std::uint64_t>> parts = {{"-tok3n.jpa", last}};
  for (int i = 1; i <= numbered; ++i) {
    parts.emplace_back("-tok3n.j0" + std::to_string(i), 1000);
  }
  return set_of(parts);
}

const std::vector<SetMade> kWhole(3, akeeba(3));

}  // namespace

TEST_CASE("a set is complete with as many parts as those before it", "[sets]") {
  CHECK(agent::is_complete(akeeba(3), kWhole));
  CHECK_FALSE(agent::is_complete(akeeba(2), kWhole));
  CHECK(agent::is_complete(akeeba(0), {}));
  CHECK_FALSE(agent::is_complete(akeeba(1), {}));
}

TEST_CASE("a part that the last ones had is lacking", "[sets]") {
  CHECK(agent::lacks(akeeba(3), kWhole) == 0);
  CHECK(agent::lacks(akeeba(2), kWhole) == 1);
  CHECK(agent::lacks(akeeba(4), kWhole) == 0);
  const auto gap = set_of({{"-x.jpa", 1100}, {"-x.j01", 1000}, {"-x.j03", 1000}});
  CHECK(agent::lacks(gap, kWhole) == 1);
  const auto no_end = set_of({{"-x.j01", 1000}, {"-x.j02", 1000}, {"-x.j03", 1000}});
  CHECK(agent::lacks(no_end, kWhole) == 1);
}

TEST_CASE("a site that shrinks a little has one part less, and lacks none", "[sets]") {
  CHECK(agent::lacks(akeeba(2, 990), kWhole) == 0);
  CHECK(agent::lacks(akeeba(2), {akeeba(3), akeeba(2), akeeba(3)}) == 0);
}

TEST_CASE("a set is judged by what it is as a whole", "[sets]") {
  agent::SourceConfig config;
  CHECK_FALSE(agent::why_small(config, akeeba(2), kWhole, "s"));
  config.shrink_alarm_share = 0.5;
  CHECK_FALSE(agent::why_small(config, akeeba(3), kWhole, "s"));
  CHECK(agent::why_small(config, akeeba(2), kWhole, "s")
            .value_or("")
            .starts_with("it has 3 of 4 parts"));
  const std::vector<SetMade> single(10, set_of({{".tar", 1000}}));
  CHECK_FALSE(agent::why_small(config, set_of({{".tar", 500}}), single, "s"));
  CHECK(agent::why_small(config, set_of({{".tar", 499}}), single, "s"));
  config.shrink_alarm_share.reset();
  config.min_size_bytes = 3000;
  CHECK_FALSE(agent::why_small(config, akeeba(3), {}, "s"));
  CHECK(agent::why_small(config, akeeba(1), {}, "s"));
}

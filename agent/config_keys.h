#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/config.h"

namespace agent {

/// One key of a section: its name, and how its value gets into the configuration. `take` returns
/// nullopt, or what is wrong with the value.
template <typename Target>
struct KeyRule {
  std::string_view name;
  std::function<std::optional<std::string>(Target&, const std::string&)> take;
};

/// The keys that each section may have; contract section 1.
std::span<const KeyRule<Config>> disk_rules();
std::span<const KeyRule<Config>> agent_rules();
std::span<const KeyRule<SourceConfig>> source_rules();

}  // namespace agent

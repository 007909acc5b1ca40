#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/config/config.h"

namespace agent {

/// What is told of a key, in the manual and wherever else: this is the only place that says it.
/// Names of other keys and of values stand in `backticks`.
struct KeyWords {
  std::string_view form;      ///< what the value is: "SIZE", or the words to choose from, "yes|no"
  std::string_view standard;  ///< what holds without the key; "required", "none"
  std::string_view meaning;   ///< in one sentence, or two; empty: the key is reserved
};

/// One key of a section: its name, what is told of it, and how its value gets into the
/// configuration. `set` returns nullopt, or what is wrong with the value.
template <typename Target>
struct KeyRule {
  std::string_view name;
  KeyWords words;
  std::function<std::optional<std::string>(Target&, const std::string&)> set;
};

/// The keys that each section may have; contract section 1.
std::span<const KeyRule<Config>> disk_rules();
std::span<const KeyRule<Config>> agent_rules();
std::span<const KeyRule<SourceConfig>> source_rules();
std::span<const KeyRule<DrillConfig>> drill_rules();

}  // namespace agent

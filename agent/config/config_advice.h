#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"

namespace agent {

/// What people put into a configuration that means something else to them than to S3, with what to
/// write in its stead. nullopt: nothing of the kind.
struct ConfigAdvice {
  std::string key;      ///< whose line it is
  std::string message;  ///< the mistake first, then the remedy
};
std::optional<ConfigAdvice> advise_on_source(const SourceConfig& source);

}  // namespace agent

#pragma once

#include <optional>

#include "agent/base/units.h"
#include "agent/config/config.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Whether `holdfast drill --due` runs it now: long enough before its success is older than
/// `every` that something which looks once a day comes in time. One that has failed is tried again
/// the next day.
bool is_drill_due(const DrillConfig& drill, const std::optional<store::DrillMemory>& memory,
                  Time now);

}  // namespace agent

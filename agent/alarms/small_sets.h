#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "store/ledger/ledger.h"

namespace agent {

using SetMade = store::Ledger::SetMade;

/// What kinds of parts a set has, from their names without the set's: what all of them begin with
/// is left out, and so are numbers. Of more than 64 nothing is said.
std::vector<SetMade::Form> forms_of(const std::vector<std::string>& names);

/// Whether no more of the set is to come, by those before it: it has as many parts as the one of
/// the last three that had most. Where there is none before it, whether it is of one part.
bool is_complete(const SetMade& set, const std::vector<SetMade>& recent);

/// How many parts it lacks that each of the last three sets had. Of numbered parts, the last ones
/// may be missing where the whole has shrunk by less than half of one.
std::uint64_t lacks(const SetMade& set, const std::vector<SetMade>& recent);

/// What is wrong with a set that is complete, or will be no more: a part that is lacking, too few
/// bytes for `min_size`, or for `shrink_alarm`. `recent`: those of its stream before it.
std::optional<std::string> why_small(const SourceConfig& config, const SetMade& set,
                                     const std::vector<SetMade>& recent, std::string_view stream);

}  // namespace agent

#pragma once

#include <string>

#include "store/ledger/ledger.h"

namespace agent {

/// What the alarms `corrupt` and `missing` say of a held content that was not read as it was
/// recorded, and that a person can do.
std::string damage_message(const store::Reading& reading);

}  // namespace agent

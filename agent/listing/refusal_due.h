#pragma once

#include "store/ledger/records.h"

namespace agent {

/// Whether a refused content is to be asked for again. What the bucket lists and does not have is
/// due at every run, and an archived content after a day. One that is unreadable, that broke its
/// promise or that was deleted is due after one day, then after two, four and so on, at most 30. A
/// day is 20 hours here, as a nightly run may come a little earlier than the one before it.
bool is_due(const store::Refusal& refusal, store::Time now);

}  // namespace agent

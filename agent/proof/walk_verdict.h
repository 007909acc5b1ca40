#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/proof/walk.h"
#include "store/ledger/records.h"

namespace agent {

/// What the walk of a content means, held against its name and its stream.
struct WalkVerdict {
  WalkAnswer answer;
  store::Unsound unsound = store::Unsound::kNo;
};

/// So many sets make a habit.
inline constexpr std::size_t kSetsOfHabit = 3;
/// More are not looked at.
inline constexpr std::size_t kMaxSetsOfHabit = 7;

/// Pure. `past`: what sound contents of the stream showed before this one, the newest first. What
/// is broken is unsound where its name, or what came before, says that it should be whole; what is
/// packed in it, where its name says what that is. A sound one is unsound where it has less than a
/// quarter of the tables, or else of the members, that any of the last sets had, if there were
/// three of them.
WalkVerdict weigh(std::string_view key, WalkAnswer answer,
                  const std::vector<store::WalkRecord>& past);

/// As the ledger keeps it, and back.
store::WalkRecord record_of(const WalkAnswer& answer);
WalkAnswer answer_of(const store::WalkRecord& record);

/// What a sound one showed, for a person: "gzip, in it tar; 24 members; gzip's CRC-32 is right".
std::string found_words(const WalkAnswer& answer);

}  // namespace agent

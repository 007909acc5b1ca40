#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "store/ledger/records.h"

namespace agent {

/// More contents of one key than this are not told apart.
inline constexpr std::size_t kMaxGenerations = 10'000;

/// The first of `contents` that `id` means, as given with --generation: its file name WHEN-ID, or 8
/// or more first hex digits of its SHA-256. nullopt: it means none. The error is a sentence, for an
/// id that is too short or means different contents.
Result<std::optional<store::Generation>> choose_generation(
    const std::vector<store::Generation>& contents, std::string_view id, std::string_view source);

}  // namespace agent

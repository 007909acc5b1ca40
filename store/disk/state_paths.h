#pragma once

#include <string_view>

namespace store {

/// Fixed places on the disk. `.holdfast` cannot be the name of a source.
inline constexpr std::string_view kStateDirectory = ".holdfast";
inline constexpr std::string_view kMarkerPath = ".holdfast/disk.json";
inline constexpr std::string_view kLedgerPath = ".holdfast/ledger.db";
inline constexpr std::string_view kLockPath = ".holdfast/lock";
inline constexpr std::string_view kStagingDirectory = ".holdfast/staging";

}  // namespace store

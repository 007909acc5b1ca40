#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace store {

/// What an alarm can be, the gravest first.
enum class AlarmKind {
  kMassChange,
  kWritable,
  kNothing,
  kCorrupt,
  kMissing,
  kChanged,
  kMismatch,
  kUnreadable,
  kGhost,
  kUnsound,
  kDrill,
  kExpiring,
  kStale,
  kRotation,
  kSmall,
  kForeign,
};

/// Their names, as the ledger, the status file and the hooks have them, in the same order.
inline constexpr std::array<std::string_view, 16> kAlarmNames = {
    "mass-change", "writable",   "nothing", "corrupt", "missing", "changed",
    "mismatch",    "unreadable", "ghost",   "unsound", "drill",   "expiring",
    "stale",       "rotation",   "small",   "foreign"};

constexpr std::string_view name_of(AlarmKind kind) {
  return kAlarmNames[static_cast<std::size_t>(kind)];
}

static_assert(name_of(AlarmKind::kForeign) == "foreign");

}  // namespace store

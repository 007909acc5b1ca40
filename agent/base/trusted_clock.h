#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "agent/base/clock.h"
#include "s3client/session.h"
#include "store/ledger/records.h"

namespace agent {

/// What is known of the time, for one source at one moment.
struct TimeWitnesses {
  store::Time local{};                          ///< this machine's clock
  std::optional<store::Time> newest_recorded;   ///< by this machine's clock, in earlier runs
  std::optional<store::Time> doubt_after;       ///< of the source; see Ledger::doubt_ages()
  std::optional<s3::ServerTime> server;         ///< of the source; none when it has not answered
  std::span<const s3::ServerTime> all_servers;  ///< one of each that has answered
};

/// The time to record, and whether an age can be counted from it.
struct TrustedTime {
  store::Time now{};
  /// Our clock cannot be right, or has leapt to where the server says that it is not.
  bool in_doubt = false;
};

/// Ages are ours: the time to record is that of this machine's clock. Only where that is provably
/// wrong, earlier than what it recorded before or than this program, the servers' are asked: what
/// two of them agree on, or else the source's own. They never lead back before what is recorded.
/// What is recorded in doubt is only a guess, and counts from when the clock is right again.
TrustedTime trusted_time(const TimeWitnesses& witnesses);

/// Earlier than this program: no clock that says so is right.
store::Time built_at();

/// This machine's clock is earlier than what it recorded before, or than this program.
bool is_provably_wrong(store::Time local, const std::optional<store::Time>& newest_recorded);

/// How far the server's clock is ahead of ours.
std::chrono::milliseconds skew(s3::ServerTime server, Clock::WallTime local);

}  // namespace agent

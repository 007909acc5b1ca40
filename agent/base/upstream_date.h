#pragma once

#include "s3client/server_clock.h"
#include "store/disk/time.h"

namespace agent {

/// The server's date, as the ledger keeps it: the same clock under its two names.
constexpr store::UpstreamTime upstream_time(s3::ServerDate date) {
  return store::UpstreamTime{date.time_since_epoch()};
}
constexpr s3::ServerDate server_date(store::UpstreamTime time) {
  return s3::ServerDate{time.time_since_epoch()};
}

}  // namespace agent

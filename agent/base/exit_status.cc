#include "agent/base/exit_status.h"

#include "agent/base/failure_meaning.h"
#include "s3client/error.h"
#include "store/disk/error.h"

namespace agent {

ExitStatus status_of(const s3::Error& error) {
  switch (error.kind) {
    case s3::ErrorKind::kDenied:
    case s3::ErrorKind::kBadCredentials:
    case s3::ErrorKind::kExpiredToken:
    case s3::ErrorKind::kClockSkew:
      return ExitStatus::kRefused;
    default:
      return is_about_time(error) ? ExitStatus::kRefused : ExitStatus::kIncomplete;
  }
}

ExitStatus status_of(const store::Error& error) {
  return error.kind == store::ErrorKind::kBusy ? ExitStatus::kNotNow : ExitStatus::kDiskFailed;
}

}  // namespace agent

#include "agent/base/failure_meaning.h"

namespace agent {

bool is_about_time(const s3::Error& error) {
  return error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired" ||
         error.code == "RequestInTheFuture";
}

FailureMeaning meaning_of(const s3::Error& error) {
  switch (error.kind) {
    case s3::ErrorKind::kNetwork:
    case s3::ErrorKind::kThrottled:
    case s3::ErrorKind::kServer:
    case s3::ErrorKind::kProtocol:
      return FailureMeaning::kRetry;
    case s3::ErrorKind::kClockSkew:
    case s3::ErrorKind::kWrongRegion:
    case s3::ErrorKind::kRedirect:
    case s3::ErrorKind::kRefusedOption:
      return FailureMeaning::kRetryNow;
    case s3::ErrorKind::kExpiredToken:
      return FailureMeaning::kReload;
    case s3::ErrorKind::kChanged:
      return FailureMeaning::kChanged;
    case s3::ErrorKind::kNotFound:
      return FailureMeaning::kGone;
    case s3::ErrorKind::kArchived:
      return FailureMeaning::kArchived;
    case s3::ErrorKind::kDenied:
    case s3::ErrorKind::kUnreadable:
      return FailureMeaning::kUnreadable;
    case s3::ErrorKind::kAborted:
      return FailureMeaning::kStopped;
    case s3::ErrorKind::kRangeInvalid:
    case s3::ErrorKind::kInvalid:
      return is_about_time(error) ? FailureMeaning::kStopSource : FailureMeaning::kSkip;
    case s3::ErrorKind::kTls:
    case s3::ErrorKind::kBadCredentials:
    case s3::ErrorKind::kNoSuchBucket:
      return FailureMeaning::kStopSource;
  }
  return FailureMeaning::kSkip;
}

}  // namespace agent

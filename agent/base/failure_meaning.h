#pragma once

#include "s3client/error.h"

namespace agent {

/// What a failed request means for the run, by its kind; s3client/error_kind.h makes the kind of
/// what the server said, and s3client/retried_answer.h of what says "not now".
enum class FailureMeaning {
  kRetry,       ///< try the same again after a pause
  kRetryNow,    ///< the session has learned something: once more, at once
  kReload,      ///< the credentials have expired: load them again, then once more
  kChanged,     ///< no longer what was listed: look again
  kGone,        ///< deleted since the listing
  kArchived,    ///< readable after a restore
  kUnreadable,  ///< this object cannot be read with these credentials
  kStopped,     ///< we were asked to stop
  kSkip,        ///< final for this object
  kStopSource,  ///< final for the source
};
FailureMeaning meaning_of(const s3::Error& error);

/// The signature's time is refused, whatever else is asked for: where to sign by the server's clock
/// did not help, nothing will.
bool is_about_time(const s3::Error& error);

}  // namespace agent

#pragma once

#include <string>
#include <string_view>

#include "agent/base/exit_status.h"
#include "s3client/error.h"
#include "store/disk/error.h"

namespace agent {

/// What a failed request means for the run. The only place where the libraries' kinds are weighed.
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

/// The exit status of a source that this error stopped.
ExitStatus status_of(const s3::Error& error);
/// The exit status of a run that this error stopped.
ExitStatus status_of(const store::Error& error);

/// One sentence: what happened and what to do. `action` is the IAM action that was needed, for
/// example "s3:GetObject".
std::string explain(const s3::Error& error, std::string_view action);
std::string explain(const store::Error& error);
/// Likewise, of the file of one content; see store::concerns_a_content().
std::string explain_bad_file(const store::Error& error);
/// Likewise, of a key that could not be given a name on the disk; see store::concerns_a_name().
std::string explain_refused_name(const store::Error& error);

}  // namespace agent

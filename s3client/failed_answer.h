#pragma once

#include <chrono>
#include <optional>

#include "s3client/error.h"
#include "s3client/responses.h"
#include "s3client/session_state.h"
#include "s3client/transport.h"

namespace s3 {

/// A response that is not what was asked for.
struct FailedAnswer {
  HttpHead head;
  ErrorBody body;
  std::string beginning;                                  ///< of the body as it came
  std::optional<std::chrono::milliseconds> clock_offset;  ///< what this very response taught
};

/// Takes out of the head what the server echoes of our secrets, before anything of it is kept.
void redact(HttpHead& head, const SignedRequest& request);

/// Makes an Error of it, and teaches the session what it says about region, host and options.
///
/// A wrong region that the server does not name is kInvalid (301) or kBadCredentials (400): S3
/// always names it on GET, in x-amz-bucket-region or <Region>, so there is no extra HeadBucket.
Error learn_from_failure(SessionState& session, const Operation& operation,
                         const SignedRequest& request, const FailedAnswer& answer);

}  // namespace s3

#pragma once

#include <optional>
#include <string>

#include "s3client/error.h"
#include "s3client/failed_answer.h"
#include "s3client/session_state.h"

namespace s3 {

/// What a failed answer says of the region that the request was signed for. Where the server names
/// another one, the session signs for that from now on, and the kind is kWrongRegion: the request
/// is to be made again. It is believed once; a server that names one region after the other is
/// kInvalid, with the remedy in `message`. nullopt: the region is not what the answer is about.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: PermanentRedirect,
/// AuthorizationHeaderMalformed.
std::optional<ErrorKind> learn_from_region(SessionState& session, const SignedRequest& request,
                                           const FailedAnswer& answer, std::string& message);

}  // namespace s3

#pragma once

#include <string>

#include "s3client/session_state.h"
#include "s3client/transport.h"

namespace s3 {

/// A small answer, whatever its status.
struct PlainAnswer {
  HttpHead head;
  std::string body;  ///< no more of it than kMaxAnswerBytes
};

inline constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 20;

/// One request and its whole answer. The session learns the server's clock from it. Errors are the
/// transport's.
Result<PlainAnswer> exchange(SessionState& session, Transport& transport,
                             const SignedRequest& request);

}  // namespace s3

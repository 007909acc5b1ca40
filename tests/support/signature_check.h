#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/http_message.h"

namespace fake_s3 {

struct User {
  std::string access_key_id;
  std::string secret_access_key;
  bool may_write = false;
  std::string session_token = {};  ///< empty: none is asked for
  bool token_expired = false;
};

/// An S3 error answer: the status and what the XML says.
struct Refusal {
  int status = 403;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details = {};  ///< further elements
};

/// Pieces of SigV4, as the server computes them from what it received.
struct SignatureInput {
  std::string_view service = "s3";
  std::string_view region;
  std::string_view secret_access_key;
  std::vector<std::string> signed_headers;  ///< as in the Authorization header
  std::string_view payload_hash;
};
std::string canonical_request(const HttpRequest& request, const SignatureInput& input);
/// Lower-case hex.
std::string signature(const HttpRequest& request, const SignatureInput& input);

struct SignatureRules {
  std::string_view region;
  std::chrono::sys_seconds now;
  std::chrono::seconds max_skew{900};
};

struct Verdict {
  const User* user = nullptr;      ///< nullptr: nobody signed, or refused
  std::optional<Refusal> refusal;  ///< set: the request is not answered
};

/// Who signed this request with an Authorization header? Written from AWS's description of SigV4,
/// and not from the client under test. Nobody at all is no refusal here.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
Verdict check_signature(const HttpRequest& request, const std::vector<User>& users,
                        const SignatureRules& rules);

/// The SHA-256 of a body against x-amz-content-sha256, which was signed.
std::optional<Refusal> check_payload(const HttpRequest& request, std::string_view body);

}  // namespace fake_s3

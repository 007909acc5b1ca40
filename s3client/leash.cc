#include "s3client/leash.h"

#include <algorithm>
#include <array>

#include "s3client/exchange.h"
#include "s3client/responses.h"
#include "s3client/session_state.h"

namespace s3 {
namespace {

Result<Leash::Answer> answer_to(SessionState& session, Transport& transport,
                                const SignedRequest& request) {
  const auto came = exchange(session, transport, request);
  if (!came) return came.error();
  return Leash::Answer{came->head.status, as_ascii(parse_error_body(came->body).code)};
}

// Whatever the signature put into it goes again.
SignedRequest without_signature(SignedRequest request) {
  constexpr std::array<std::string_view, 4> kOfSignature = {
      "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"};
  std::erase_if(request.http.headers, [&](const Header& header) {
    return std::find(kOfSignature.begin(), kOfSignature.end(), header.first) != kOfSignature.end();
  });
  return request;
}

}  // namespace

Result<Leash::Answer> Leash::upload_part(std::string_view key, std::string_view no_upload) {
  SessionState& session = *session_->impl_->state;
  Operation operation;
  operation.method = "PUT";
  operation.key = key;
  operation.query = {{"partNumber", "1"}, {"uploadId", std::string(no_upload)}};
  return answer_to(session, transport_, session.sign(operation));
}

Result<Leash::Answer> Leash::delete_null_version(std::string_view key) {
  SessionState& session = *session_->impl_->state;
  Operation operation;
  operation.method = "DELETE";
  operation.key = key;
  operation.query = {{"versionId", "null"}};
  return answer_to(session, transport_, session.sign(operation));
}

Result<Leash::Answer> Leash::get_unsigned(std::string_view key) {
  SessionState& session = *session_->impl_->state;
  Operation operation;
  operation.method = "GET";
  operation.key = key;
  operation.headers = {{"range", "bytes=0-0"}};
  return answer_to(session, transport_, without_signature(session.sign(operation)));
}

Result<Leash::Answer> Leash::list_unsigned(std::string_view prefix) {
  SessionState& session = *session_->impl_->state;
  Operation operation;
  operation.method = "GET";
  operation.query = {{"list-type", "2"}, {"prefix", std::string(prefix)}, {"max-keys", "1"}};
  return answer_to(session, transport_, without_signature(session.sign(operation)));
}

}  // namespace s3

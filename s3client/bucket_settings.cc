#include "s3client/bucket_settings.h"

#include <optional>

#include "s3client/exchange.h"
#include "s3client/failed_answer.h"
#include "s3client/responses.h"
#include "s3client/session_state.h"

namespace s3 {

Result<std::string> BucketSettings::read(std::string_view name) {
  SessionState& session = *session_->impl_->state;
  Operation operation;
  operation.method = "GET";
  operation.query.emplace_back(std::string(name), "");
  operation.may_be_unknown = true;
  const auto request = session.sign(operation);
  auto answer = exchange(session, transport_, request);
  if (!answer) return answer.error();
  if (answer->head.status == 200) return std::move(answer->body);
  FailedAnswer failed;
  failed.body = parse_error_body(answer->body);
  failed.beginning = answer->body.substr(0, 1024);
  failed.head = std::move(answer->head);
  return learn_from_failure(session, operation, request, failed);
}

}  // namespace s3

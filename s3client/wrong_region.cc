#include "s3client/wrong_region.h"

#include <fmt/format.h>

namespace s3 {
namespace {

bool asks_for_region(const FailedAnswer& answer) {
  return answer.head.status == 301 || answer.head.status == 400 ||
         answer.body.code == "AuthorizationHeaderMalformed" ||
         answer.body.code == "PermanentRedirect";
}

}  // namespace

std::optional<ErrorKind> learn_from_region(SessionState& session, const SignedRequest& request,
                                           const FailedAnswer& answer, std::string& message) {
  if (!asks_for_region(answer)) return std::nullopt;
  const std::string* const header = answer.head.find("x-amz-bucket-region");
  const std::string& told = header == nullptr || header->empty() ? answer.body.region : *header;
  if (is_region_name(told) && told != request.region) {
    if (session.learn_region(told, request.region) == RegionLesson::kLearned) {
      message = fmt::format("the bucket is in region {}, not {}", told, request.region);
      return ErrorKind::kWrongRegion;
    }
    message = fmt::format(
        "the server asks for region {}, and asked for {} before; set the right "
        "region and endpoint",
        told, session.region());
    return ErrorKind::kInvalid;
  }
  if (answer.head.status == 301) {
    message = fmt::format(
        "the bucket cannot be reached at {} in region {}, and the server does not "
        "say where it is; set the right region and endpoint",
        session.origin(), request.region);
    return ErrorKind::kInvalid;
  }
  if (answer.body.code == "AuthorizationHeaderMalformed") return ErrorKind::kBadCredentials;
  return std::nullopt;
}

}  // namespace s3

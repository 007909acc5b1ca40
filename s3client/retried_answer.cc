#include "s3client/retried_answer.h"

#include <algorithm>
#include <iterator>

namespace s3 {
namespace {

constexpr std::string_view kThrottledCodes[] = {
    "BandwidthLimitExceeded", "RequestLimitExceeded", "ServiceUnavailable",  "SlowDown",
    "SlowDownRead",           "Throttling",           "ThrottlingException", "TooManyRequests",
};

constexpr std::string_view kServerCodes[] = {"InternalError", "OperationAborted", "RequestTimeout"};

template <typename List>
bool is_in(const List& list, std::string_view code) {
  return std::find(std::begin(list), std::end(list), code) != std::end(list);
}

}  // namespace

std::optional<ErrorKind> retried_code(std::string_view code) {
  if (is_in(kThrottledCodes, code)) return ErrorKind::kThrottled;
  if (is_in(kServerCodes, code)) return ErrorKind::kServer;
  return std::nullopt;
}

std::optional<ErrorKind> retried_status(int status) {
  // An error may come under 200, when the server had begun to answer.
  constexpr int kOk = 200;
  constexpr int kRequestTimeout = 408;
  constexpr int kTooManyRequests = 429;
  constexpr int kFirstOfServer = 500;
  constexpr int kUnavailable = 503;
  if (status == kTooManyRequests || status == kUnavailable) return ErrorKind::kThrottled;
  if (status == kOk || status == kRequestTimeout || status >= kFirstOfServer) {
    return ErrorKind::kServer;
  }
  return std::nullopt;
}

}  // namespace s3

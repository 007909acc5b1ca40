#include "s3client/clock_offset.h"

#include "s3client/dates.h"

namespace s3 {
namespace {

constexpr std::chrono::minutes kLongestRoundTrip{15};
constexpr std::chrono::minutes kThreshold{4};

}  // namespace

std::optional<std::chrono::milliseconds> clock_offset_of(const HttpHead& head, ClockTime sent,
                                                         ClockTime received) {
  const std::string* date = head.find("date");
  if (date == nullptr || head.find("age") != nullptr) return std::nullopt;
  if (received < sent || received - sent > kLongestRoundTrip) return std::nullopt;
  const auto server = parse_http_date(*date);
  if (!server) return std::nullopt;
  return ClockTime{server->time_since_epoch()} - (sent + (received - sent) / 2);
}

std::chrono::sys_seconds signing_time(ClockTime sent, std::chrono::milliseconds offset) {
  return std::chrono::floor<std::chrono::seconds>(sent + offset);
}

TimeBlame time_blame(std::string_view code) {
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired" || code == "RequestInTheFuture") {
    return TimeBlame::kDefinite;
  }
  if (code == "InvalidSignatureException" || code == "SignatureDoesNotMatch" ||
      code == "AuthFailure") {
    return TimeBlame::kPossible;
  }
  return TimeBlame::kNone;
}

bool worth_signing_again(TimeBlame blame, std::chrono::milliseconds used,
                         std::optional<std::chrono::milliseconds> learned) {
  if (!learned || blame == TimeBlame::kNone) return false;
  return blame == TimeBlame::kDefinite || std::chrono::abs(*learned - used) > kThreshold;
}

}  // namespace s3

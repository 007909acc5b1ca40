#include "s3client/failed_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "s3client/clock_offset.h"
#include "s3client/dates.h"
#include "s3client/error_kind.h"
#include "s3client/wrong_region.h"

namespace s3 {
namespace {

constexpr std::string_view kDeleteMarkerHeader = "x-amz-delete-marker";

std::string header_or(const HttpHead& head, std::string_view name, const std::string& otherwise) {
  const std::string* value = head.find(name);
  return value == nullptr || value->empty() ? otherwise : *value;
}

ErrorAnswer refusal_of(const Operation& operation, const FailedAnswer& answer) {
  return {answer.head.status,
          answer.body.code,
          answer.body.message,
          !operation.key.empty(),
          operation.method == "HEAD",
          header_or(answer.head, kDeleteMarkerHeader, "") == "true" ||
              answer.body.resource_type == "DeleteMarker"};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

/// Retry-After is a number of seconds or a date; the other one is Amazon's own, in milliseconds.
std::chrono::milliseconds pause_asked_for(const HttpHead& head, ClockTime now) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  constexpr milliseconds kMaxPause = std::chrono::hours{24};
  const auto bounded = [&](milliseconds pause) {
    return std::clamp(pause, milliseconds{0}, kMaxPause);
  };
  const auto own = whole_number(header_or(head, "x-amz-retry-after", ""));
  if (own) return milliseconds{std::clamp<std::int64_t>(*own, 0, kMaxPause.count())};
  const auto text = header_or(head, "retry-after", "");
  if (const auto number = whole_number(text)) {
    return seconds{std::clamp<std::int64_t>(*number, 0, kMaxPause / seconds{1})};
  }
  const auto date = parse_http_date(text);
  if (!date) return milliseconds{0};
  // By the server's own clock, where it tells it.
  const auto there = parse_http_date(header_or(head, "date", ""));
  return bounded(there ? *date - *there : ClockTime{date->time_since_epoch()} - now);
}

/// A server may echo what we sent, and messages end up in logs and mails. To be done before
/// anything is cut short: of a secret that is cut the rest is not found.
void redact(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "<redacted>");
  }
}

void redact(std::string& text, const SignedRequest& request) {
  redact(text, request.signature);
  redact(text, request.credentials->secret_access_key.reveal());
  redact(text, request.credentials->session_token.reveal());
}

std::string fit_to_print(std::string text, const SignedRequest& request) {
  redact(text, request);
  return as_ascii(text);
}

/// A web page in the stead of an error; a proxy's own page about a server that is away is none.
Hint page_hint(const FailedAnswer& answer) {
  constexpr int kServersOwn = 500;
  const bool is_s3 = !answer.body.code.empty() || answer.head.find("x-amz-request-id") != nullptr;
  if (is_s3 || answer.head.status >= kServersOwn || answer.beginning.empty()) return Hint::kNone;
  return hint_of_page(header_or(answer.head, "content-type", ""), answer.beginning);
}

std::string page_message(const FailedAnswer& answer, const SignedRequest& request) {
  const auto target = header_or(answer.head, "location", "");
  if (target.empty()) return "a web page came";
  return fmt::format("a web page came, which redirects to \"{}\"", fit_to_print(target, request));
}

std::string no_s3_error(const Operation& operation) {
  return operation.method == "HEAD" ? "a HEAD tells no more" : "the answer is not an S3 error";
}

std::optional<ErrorKind> redirect_kind(SessionState& session, const Operation& operation,
                                       const SignedRequest& request, const FailedAnswer& answer,
                                       std::string& message) {
  if (answer.head.status != 307) return std::nullopt;
  const std::string target = header_or(answer.head, "location", answer.body.endpoint);
  if (request.redirected) {
    message = "the server redirected a request that it had redirected before";
    return ErrorKind::kInvalid;
  }
  if (!session.learn_redirect(operation.key, target)) {
    message = fmt::format("the server redirects to \"{}\", which is not its own domain",
                          fit_to_print(target, request));
    return ErrorKind::kInvalid;
  }
  message = "the server redirects to another of its hosts";
  return ErrorKind::kRedirect;
}

std::optional<ErrorKind> clock_kind(const Operation& operation, const SignedRequest& request,
                                    const FailedAnswer& answer, std::string& message) {
  TimeBlame blame = time_blame(answer.body.code);
  // A HEAD that is refused for its time says nothing but 403.
  if (operation.method == "HEAD" && answer.head.status == 403) blame = TimeBlame::kPossible;
  if (!worth_signing_again(blame, request.clock_offset, answer.clock_offset)) return std::nullopt;
  message = fmt::format("the server's clock is {} s off ours",
                        std::chrono::round<std::chrono::seconds>(*answer.clock_offset).count());
  return ErrorKind::kClockSkew;
}

/// nullopt: it is not the operation that the server lacks. Asked before the option is blamed: to
/// leave that out helps nothing, and would be remembered against a server that knows it.
std::optional<ErrorKind> operation_kind(const Operation& operation, const FailedAnswer& answer,
                                        std::string& code) {
  const ErrorAnswer refusal = refusal_of(operation, answer);
  const std::string& argument = answer.body.argument;
  const bool names_option =
      !argument.empty() &&
      std::any_of(operation.options.begin(), operation.options.end(),
                  [&](auto option) { return may_refuse_option(refusal, argument, option); });
  if (!operation.may_be_unknown || !is_unknown_operation(refusal) || names_option) {
    return std::nullopt;
  }
  code = kNotImplemented;
  return ErrorKind::kInvalid;
}

std::optional<ErrorKind> option_kind(SessionState& session, const Operation& operation,
                                     const FailedAnswer& answer) {
  const auto refusal = refusal_of(operation, answer);
  const auto doubted = std::find_if(
      operation.options.begin(), operation.options.end(),
      [&](auto option) { return may_refuse_option(refusal, answer.body.argument, option); });
  if (doubted == operation.options.end()) return std::nullopt;
  session.doubt_option(operation, *doubted);
  return ErrorKind::kRefusedOption;
}

}  // namespace

void redact(HttpHead& head, const SignedRequest& request) {
  for (Header& header : head.headers) redact(header.second, request);
}

Error learn_from_failure(SessionState& session, const Operation& operation,
                         const SignedRequest& request, const FailedAnswer& answer) {
  Error error;
  error.http_status = answer.head.status;
  error.code = fit_to_print(answer.body.code, request);
  error.message = fit_to_print(answer.body.message, request);
  error.request_id =
      fit_to_print(header_or(answer.head, "x-amz-request-id", answer.body.request_id), request);
  error.hint = page_hint(answer);
  if (error.hint == Hint::kWebPage) {
    error.message = page_message(answer, request);
  } else if (error.code.empty() && error.message.empty()) {
    error.message = no_s3_error(operation);
  }

  auto kind = clock_kind(operation, request, answer, error.message);
  if (!kind) kind = learn_from_region(session, request, answer, error.message);
  if (!kind) kind = redirect_kind(session, operation, request, answer, error.message);
  if (!kind) kind = operation_kind(operation, answer, error.code);
  if (!kind) kind = option_kind(session, operation, answer);
  const auto refusal = refusal_of(operation, answer);
  if (!kind && error.hint == Hint::kNone) error.hint = hint_of(refusal);
  // Whatever it denies, it says nothing of the bucket.
  if (!kind && error.hint == Hint::kWebPage) kind = ErrorKind::kProtocol;
  error.kind = kind ? *kind : kind_of(refusal);
  error.retry_after = pause_asked_for(answer.head, session.now());
  error.is_delete_marker =
      error.kind == ErrorKind::kNotFound && refusal_of(operation, answer).is_delete_marker;
  return error;
}

}  // namespace s3

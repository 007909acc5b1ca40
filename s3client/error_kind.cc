#include "s3client/error_kind.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "s3client/ascii.h"
#include "s3client/retried_answer.h"

namespace s3 {
namespace {

struct CodeKind {
  std::string_view code;
  ErrorKind kind;
};

/// Codes that mean the same under whatever status a server sends them; those that only say "not
/// now" are in retried_answer.cc.
constexpr CodeKind kCodes[] = {
    {"AuthFailure", ErrorKind::kBadCredentials},
    {"ExpiredToken", ErrorKind::kExpiredToken},
    {"ExpiredTokenException", ErrorKind::kExpiredToken},
    {"InvalidAccessKeyId", ErrorKind::kBadCredentials},
    {"InvalidClientTokenId", ErrorKind::kBadCredentials},
    {"InvalidObjectState", ErrorKind::kArchived},
    {"InvalidSecurity", ErrorKind::kBadCredentials},
    {"InvalidSignatureException", ErrorKind::kBadCredentials},
    {"InvalidToken", ErrorKind::kBadCredentials},
    {"InvalidTokenId", ErrorKind::kBadCredentials},  // MinIO: a bad or an old session token
    {"NoSuchBucket", ErrorKind::kNoSuchBucket},
    {"NotSignedUp", ErrorKind::kBadCredentials},
    {"PreconditionFailed", ErrorKind::kChanged},
    {"RequestExpired", ErrorKind::kInvalid},
    {"RequestInTheFuture", ErrorKind::kInvalid},
    {"RequestTimeTooSkewed", ErrorKind::kInvalid},
    {"SignatureDoesNotMatch", ErrorKind::kBadCredentials},
    {"TokenRefreshRequired", ErrorKind::kExpiredToken},
    {"UnrecognizedClientException", ErrorKind::kBadCredentials},
};

struct CodeHint {
  std::string_view code;
  std::string_view message;  ///< lower case; part of it; empty: any
  Hint hint;
};

/// Garage says AccessDenied to whatever is wrong with a key:
/// https://git.deuxfleurs.fr/Deuxfleurs/garage/src/branch/main-v2/src/api/common/signature
constexpr CodeHint kHints[] = {
    {"AccessDenied", "no such key:", Hint::kUnknownKey},
    {"AccessDenied", "invalid signature", Hint::kWrongSecret},
    {"InvalidAccessKeyId", "", Hint::kUnknownKey},
    {"InvalidClientTokenId", "", Hint::kUnknownKey},
    {"InvalidSignatureException", "", Hint::kWrongSecret},
    {"InvalidToken", "", Hint::kWrongToken},
    {"InvalidTokenId", "", Hint::kWrongToken},
    {"NoSuchBucket", "bucket not found:", Hint::kForeignBucket},
    {"SignatureDoesNotMatch", "", Hint::kWrongSecret},
};

std::optional<ErrorKind> kind_of_code(std::string_view code) {
  const auto* const found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                         [&](const CodeKind& known) { return known.code == code; });
  if (found == std::end(kCodes)) return retried_code(code);
  return found->kind;
}

bool mentions(std::string_view text, std::string_view lower_case_word) {
  return lower_case(text).find(lower_case_word) != std::string::npos;
}

/// The action "kms:Decrypt" in S3's message, or "the KMS key"; not the "kms" in some key's name.
bool is_about_kms(const ErrorAnswer& refusal) {
  return refusal.code.starts_with("KMS.") || mentions(refusal.message, "kms:") ||
         mentions(refusal.message, " kms ");
}

bool is_about_encryption(const ErrorAnswer& refusal) {
  return mentions(refusal.message, "encrypt") || is_about_kms(refusal);
}

bool is_unreadable(const ErrorAnswer& refusal) {
  if (!refusal.on_object) return false;
  if (refusal.code.starts_with("KMS.")) return true;
  if (refusal.status == 403) return is_about_kms(refusal);
  if (refusal.status != 400) return false;
  if (refusal.head) return true;
  return (refusal.code == "InvalidRequest" || refusal.code == "InvalidArgument") &&
         is_about_encryption(refusal);
}

ErrorKind kind_of_status(const ErrorAnswer& refusal) {
  switch (refusal.status) {
    case 401:
      return ErrorKind::kBadCredentials;
    case 403:
      return ErrorKind::kDenied;
    case 404:
      return refusal.on_object ? ErrorKind::kNotFound : ErrorKind::kNoSuchBucket;
    case 405:
      return refusal.is_delete_marker ? ErrorKind::kNotFound : ErrorKind::kInvalid;
    case 412:
      return ErrorKind::kChanged;
    case 416:
      return ErrorKind::kRangeInvalid;
    case 501:
      // What a server does not have for an object it will not have the next time.
      if (refusal.on_object) return ErrorKind::kInvalid;
      break;
    default:
      break;
  }
  if (const auto again = retried_status(refusal.status)) return *again;
  // A captive portal's 302, a 204 and so on: no S3 server answers so to what we ask.
  return refusal.status < 400 ? ErrorKind::kProtocol : ErrorKind::kInvalid;
}

}  // namespace

ErrorKind kind_of(const ErrorAnswer& refusal) {
  if (const auto kind = kind_of_code(refusal.code)) return *kind;
  if (is_unreadable(refusal)) return ErrorKind::kUnreadable;
  const auto hint = hint_of(refusal);
  if (hint == Hint::kUnknownKey || hint == Hint::kWrongSecret) return ErrorKind::kBadCredentials;
  if (refusal.code == "AccessDenied") return ErrorKind::kDenied;
  return kind_of_status(refusal);
}

Hint hint_of(const ErrorAnswer& refusal) {
  for (const CodeHint& known : kHints) {
    if (refusal.code == known.code && mentions(refusal.message, known.message)) return known.hint;
  }
  constexpr int kBadRequest = 400;
  const bool by_uploader =
      refusal.status == kBadRequest && is_unreadable(refusal) && !is_about_kms(refusal);
  return by_uploader ? Hint::kUploadersKey : Hint::kNone;
}

Hint hint_of_page(std::string_view content_type, std::string_view beginning) {
  // nginx, Apache, and all that is written in Go.
  constexpr std::string_view kPlainToTls[] = {
      "plain http request was sent to https port",
      "speaking plain http to an ssl-enabled server port",
      "client sent an http request to an https server",
  };
  const std::string text = lower_case(beginning);
  for (const auto saying : kPlainToTls) {
    if (text.find(saying) != std::string::npos) return Hint::kUseHttps;
  }
  const std::size_t first = std::min(text.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), text.size());
  const std::string_view page = std::string_view(text).substr(first);
  const bool is_html = page.starts_with("<!doctype html") || page.starts_with("<html") ||
                       lower_case(content_type).starts_with("text/html");
  return is_html ? Hint::kWebPage : Hint::kNone;
}

bool is_unknown_operation(const ErrorAnswer& refusal) {
  return refusal.status == 405 || refusal.status == 501 || refusal.code == kNotImplemented;
}

bool may_refuse_option(const ErrorAnswer& refusal, std::string_view argument,
                       std::string_view option) {
  const bool plausible = refusal.status == 501 ||
                         (refusal.status == 400 &&
                          (refusal.head || refusal.code == "InvalidArgument" ||
                           refusal.code == "InvalidRequest" || refusal.code == kNotImplemented));
  if (!plausible || is_about_encryption(refusal)) return false;
  const std::string_view stem = option.substr(0, option.find('-'));
  return argument.empty() || mentions(argument, stem);
}

}  // namespace s3

#include "tests/support/signature_check.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "tests/support/content.h"

namespace fake_s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  return digest;
}

std::string hmac(std::string_view key, std::string_view text) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string canonical_query(std::string_view query) {
  std::vector<Header> pairs;
  for (const auto& [name, value] : parse_query(query)) {
    pairs.emplace_back(percent_encode(name, false), percent_encode(value, false));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string result;
  for (const auto& [name, value] : pairs) {
    result += fmt::format("{}{}={}", result.empty() ? "" : "&", name, value);
  }
  return result;
}

std::string canonical_value(const HttpRequest& request, std::string_view name) {
  std::string joined;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    if (!joined.empty()) joined += ',';
    joined += value;
  }
  const auto last = std::unique(joined.begin(), joined.end(),
                                [](char a, char b) { return a == ' ' && b == ' '; });
  joined.erase(last, joined.end());
  return joined;
}

std::string join(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ";"));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string scope(const HttpRequest& request, const SignatureInput& input) {
  return fmt::format("{}/{}/{}/aws4_request", request.value_or_empty("x-amz-date").substr(0, 8),
                     input.region, input.service);
}

struct Authorization {
  std::string access_key_id;
  std::string date;
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;
  std::string signature;
};

std::optional<Authorization> parse_authorization(std::string_view text) {
  if (!text.starts_with(kAlgorithm)) return std::nullopt;
  text.remove_prefix(kAlgorithm.size());
  Authorization result;
  for (const std::string& item : split(text, ',')) {
    const std::string_view field = trim(item);
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (name == "Credential") {
      const auto parts = split(value, '/');
      if (parts.size() != 5 || parts[4] != "aws4_request") return std::nullopt;
      result.access_key_id = parts[0];
      result.date = parts[1];
      result.region = parts[2];
      result.service = parts[3];
    } else if (name == "SignedHeaders") {
      result.signed_headers = split(value, ';');
    } else if (name == "Signature") {
      result.signature = value;
    }
  }
  const bool complete =
      !result.date.empty() && !result.signed_headers.empty() && !result.signature.empty();
  return complete ? std::optional(result) : std::nullopt;
}

// "20130524T000000Z"
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t count) {
    return parse_number(text.substr(from, count)).value_or(99);
  };
  const year_month_day date(year(static_cast<int>(parse_number(text.substr(0, 4)).value_or(0))),
                            month(static_cast<unsigned>(number(4, 2))),
                            day(static_cast<unsigned>(number(6, 2))));
  const auto hour = number(9, 2);
  const auto minute = number(11, 2);
  const auto second = number(13, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

std::vector<std::string> unsigned_headers(const HttpRequest& request,
                                          const std::vector<std::string>& signed_headers) {
  std::vector<std::string> missing;
  const auto is_signed = [&](const std::string& name) {
    return std::find(signed_headers.begin(), signed_headers.end(), name) != signed_headers.end();
  };
  for (const auto& [name, value] : request.headers) {
    if ((name == "host" || name.starts_with("x-amz-")) && !is_signed(name)) missing.push_back(name);
  }
  return missing;
}

std::optional<Refusal> check_time(const HttpRequest& request, const SignatureRules& rules) {
  const std::string_view sent = request.value_or_empty("x-amz-date");
  const auto time = parse_time(sent);
  if (!time) {
    return Refusal{403, "AccessDenied", "AWS authentication requires a valid x-amz-date header"};
  }
  if (std::chrono::abs(*time - rules.now) <= rules.max_skew) return std::nullopt;
  return Refusal{403,
                 "RequestTimeTooSkewed",
                 "The difference between the request time and the current time is too large.",
                 {{"RequestTime", std::string(sent)},
                  {"ServerTime", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(rules.now))},
                  {"MaxAllowedSkewMilliseconds",
                   std::to_string(std::chrono::milliseconds(rules.max_skew).count())}}};
}

std::optional<Refusal> check_token(const HttpRequest& request, const User& user) {
  const std::string_view token = request.value_or_empty("x-amz-security-token");
  if (token != user.session_token) {
    return Refusal{400, "InvalidToken", "The provided token is malformed or otherwise invalid."};
  }
  if (user.token_expired) {
    return Refusal{400, "ExpiredToken", "The provided token has expired."};
  }
  return std::nullopt;
}

std::optional<Refusal> check_scope(const Authorization& authorization,
                                   const SignatureRules& rules) {
  if (authorization.region == rules.region && authorization.service == "s3") return std::nullopt;
  if (authorization.region != rules.region) {
    return Refusal{400,
                   "AuthorizationHeaderMalformed",
                   fmt::format("The authorization header is malformed; the region '{}' is wrong; "
                               "expecting '{}'",
                               authorization.region, rules.region),
                   {{"Region", std::string(rules.region)}}};
  }
  return Refusal{400, "AuthorizationHeaderMalformed",
                 fmt::format("The authorization header is malformed; incorrect service \"{}\". "
                             "This endpoint belongs to \"s3\".",
                             authorization.service)};
}

std::optional<Refusal> check_user(const HttpRequest& request, const Authorization& authorization,
                                  const User& user, const SignatureRules& rules) {
  if (auto refusal = check_scope(authorization, rules)) return refusal;
  if (auto refusal = check_time(request, rules)) return refusal;
  const std::string* payload_hash = request.find("x-amz-content-sha256");
  if (payload_hash == nullptr) {
    return Refusal{400, "InvalidRequest",
                   "Missing required header for this request: x-amz-content-sha256"};
  }
  const auto missing = unsigned_headers(request, authorization.signed_headers);
  if (!missing.empty()) {
    return Refusal{403,
                   "AccessDenied",
                   "There were headers present in the request which were not signed",
                   {{"HeadersNotSigned", fmt::format("{}", fmt::join(missing, ", "))}}};
  }
  const SignatureInput input{"s3", rules.region, user.secret_access_key,
                             authorization.signed_headers, *payload_hash};
  const auto& names = authorization.signed_headers;
  if (!std::is_sorted(names.begin(), names.end()) ||
      authorization.date != request.value_or_empty("x-amz-date").substr(0, 8) ||
      authorization.signature != signature(request, input)) {
    return Refusal{403,
                   "SignatureDoesNotMatch",
                   "The request signature we calculated does not match the signature you provided. "
                   "Check your key and signing method.",
                   {{"AWSAccessKeyId", user.access_key_id},
                    {"CanonicalRequest", canonical_request(request, input)}}};
  }
  return check_token(request, user);
}

}  // namespace

std::string canonical_request(const HttpRequest& request, const SignatureInput& input) {
  std::string headers;
  for (const std::string& name : input.signed_headers) {
    headers += fmt::format("{}:{}\n", name, canonical_value(request, name));
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                     percent_encode(percent_decode(request.path(), false), true),
                     canonical_query(request.query()), headers, join(input.signed_headers),
                     input.payload_hash);
}

std::string signature(const HttpRequest& request, const SignatureInput& input) {
  const std::string_view time = request.value_or_empty("x-amz-date");
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope(request, input),
                                          to_hex(sha256(canonical_request(request, input))));
  std::string key = hmac(fmt::format("AWS4{}", input.secret_access_key), time.substr(0, 8));
  for (const std::string_view part :
       {input.region, input.service, std::string_view("aws4_request")}) {
    key = hmac(key, part);
  }
  return to_hex(hmac(key, to_sign));
}

Verdict check_signature(const HttpRequest& request, const std::vector<User>& users,
                        const SignatureRules& rules) {
  const std::string* header = request.find("authorization");
  if (header == nullptr) return {};
  const auto authorization = parse_authorization(*header);
  if (!authorization) {
    return {nullptr, Refusal{400, "AuthorizationHeaderMalformed",
                             "The authorization header that you provided is not valid."}};
  }
  const auto user = std::find_if(users.begin(), users.end(), [&](const User& candidate) {
    return candidate.access_key_id == authorization->access_key_id;
  });
  if (user == users.end()) {
    return {nullptr, Refusal{403,
                             "InvalidAccessKeyId",
                             "The AWS Access Key Id you provided does not exist in our records.",
                             {{"AWSAccessKeyId", authorization->access_key_id}}}};
  }
  auto refusal = check_user(request, *authorization, *user, rules);
  const User* accepted = refusal ? nullptr : &*user;
  return {accepted, std::move(refusal)};
}

std::optional<Refusal> check_payload(const HttpRequest& request, std::string_view body) {
  const std::string_view promised = request.value_or_empty("x-amz-content-sha256");
  if (promised == "UNSIGNED-PAYLOAD" || promised == to_hex(sha256(body))) return std::nullopt;
  if (promised.starts_with("STREAMING-")) {
    return Refusal{501, "NotImplemented", "Signed chunks are not supported here."};
  }
  return Refusal{400, "XAmzContentSHA256Mismatch",
                 "The provided 'x-amz-content-sha256' header does not match what was computed."};
}

}  // namespace fake_s3

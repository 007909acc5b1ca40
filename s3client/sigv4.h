#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "s3client/credentials.h"
#include "s3client/transport.h"

namespace s3 {

/// AWS Signature Version 4 as S3 does it: the path is encoded once and never normalised. Pure: the
/// time is an argument.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

/// SHA-256 of nothing: the payload hash of a request without a body.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Name and value, not encoded.
using QueryParameter = std::pair<std::string, std::string>;

struct SigningScope {
  std::string_view region;
  std::string_view service;
  std::chrono::sys_seconds time;
};

struct SignableRequest {
  std::string_view method;
  std::string_view path;  ///< percent-encoded, as it is sent
  std::span<const QueryParameter> query;
  std::span<const Header> headers;  ///< those to be signed, in any order and case
  std::string_view payload_hash;
};

struct Signed {
  std::string canonical_query;  ///< encoded and sorted: to be sent as it is
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
  std::string authorization;  ///< the header's value
};

/// Good for one day, region and service.
using SigningKey = std::array<std::byte, 32>;
SigningKey derive_signing_key(const Secret& secret_access_key, const SigningScope& scope);

Signed sign(const SignableRequest& request, const SigningScope& scope,
            std::string_view access_key_id, const SigningKey& key);

/// Lower-case hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace s3

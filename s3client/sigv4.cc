#include "s3client/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <vector>

#include "s3client/dates.h"
#include "s3client/uri_encode.h"

namespace s3 {
namespace {

using Digest = std::array<std::byte, 32>;

const unsigned char* octets(const void* data) { return static_cast<const unsigned char*>(data); }

Digest sha256(std::string_view bytes) {
  Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), static_cast<unsigned char*>(static_cast<void*>(&digest)),
             nullptr, EVP_sha256(), nullptr);
  return digest;
}

Digest hmac(std::span<const std::byte> key, std::string_view message) {
  Digest digest{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(message.data()),
       message.size(), static_cast<unsigned char*>(static_cast<void*>(&digest)), nullptr);
  return digest;
}

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(digest.size() * 2, '0');
  for (std::size_t i = 0; i < digest.size(); ++i) {
    out[2 * i] = kDigits[std::to_integer<std::size_t>(digest[i] >> 4)];
    out[2 * i + 1] = kDigits[std::to_integer<std::size_t>(digest[i] & std::byte{0xF})];
  }
  return out;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void append_lower(std::string& out, std::string_view name) {
  for (const char c : name) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
}

/// Trimmed, and every run of white space one space.
void append_collapsed(std::string& out, std::string_view value) {
  bool gap = false;
  bool any = false;
  for (const char c : value) {
    if (is_space(c)) {
      gap = any;
    } else {
      if (gap) out.push_back(' ');
      out.push_back(c);
      gap = false;
      any = true;
    }
  }
}

std::string canonical_query(std::span<const QueryParameter> query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(uri_encode(name, Slash::kEncode), uri_encode(value, Slash::kEncode));
  }
  // By name and then value: sorting the joined "name=value" would put "a-b=" before "a=".
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

struct CanonicalHeaders {
  std::string lines;         // "host:example.org\n..."
  std::string signed_names;  // "host;x-amz-date"
};

CanonicalHeaders canonical_headers(std::span<const Header> headers) {
  std::vector<std::pair<std::string, std::string_view>> sorted;
  sorted.reserve(headers.size());
  for (const auto& [name, value] : headers) {
    append_lower(sorted.emplace_back(std::string{}, value).first, name);
  }
  // Stable: the values of a repeated header keep their order.
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders out;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto& [name, value] = sorted[i];
    if (i > 0 && sorted[i - 1].first == name) {
      out.lines.back() = ',';
    } else {
      if (i > 0) out.signed_names.push_back(';');
      out.signed_names.append(name);
      out.lines.append(name).push_back(':');
    }
    append_collapsed(out.lines, value);
    out.lines.push_back('\n');
  }
  return out;
}

std::string credential_scope(std::string_view date, const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
}

std::string_view day_of(std::string_view timestamp) { return timestamp.substr(0, 8); }

}  // namespace

SigningKey derive_signing_key(const Secret& secret_access_key, const SigningScope& scope) {
  const Secret first("AWS4" + secret_access_key.reveal());
  const std::string timestamp = amz_timestamp(scope.time);
  const Digest date = hmac(std::as_bytes(std::span(first.reveal())), day_of(timestamp));
  return hmac(hmac(hmac(date, scope.region), scope.service), "aws4_request");
}

Signed sign(const SignableRequest& request, const SigningScope& scope,
            std::string_view access_key_id, const SigningKey& key) {
  const CanonicalHeaders headers = canonical_headers(request.headers);
  const std::string timestamp = amz_timestamp(scope.time);
  const std::string credential = credential_scope(day_of(timestamp), scope);
  Signed out;
  out.canonical_query = canonical_query(request.query);
  out.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, out.canonical_query,
                  headers.lines, headers.signed_names, request.payload_hash);
  out.string_to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", timestamp, credential,
                                   sha256_hex(out.canonical_request));
  out.signature = hex(hmac(key, out.string_to_sign));
  out.authorization =
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  access_key_id, credential, headers.signed_names, out.signature);
  return out;
}

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

}  // namespace s3

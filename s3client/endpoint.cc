#include "s3client/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace s3 {
namespace {

constexpr std::string_view kAwsDomains[] = {".amazonaws.com", ".amazonaws.com.cn"};

Error invalid(std::string message) {
  return Error{ErrorKind::kInvalid, 0, "", std::move(message), ""};
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool is_host(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[') {
    return host.size() > 2 && host.back() == ']' &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") ==
               std::string_view::npos;
  }
  return host.front() != '.' && std::all_of(host.begin(), host.end(), [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
         });
}

std::uint16_t default_port(bool tls) { return tls ? 443 : 80; }

std::optional<Endpoint> parse_authority(bool tls, std::string_view authority) {
  Endpoint endpoint;
  endpoint.tls = tls;
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  endpoint.host = lower_case(authority.substr(0, colon));
  if (!is_host(endpoint.host)) return std::nullopt;
  if (colon == std::string_view::npos) return endpoint;
  const std::string_view digits = authority.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, endpoint.port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || endpoint.port == 0) return std::nullopt;
  // The Host header that is signed must be the one that libcurl sends: without a default port.
  if (endpoint.port == default_port(tls)) endpoint.port = 0;
  return endpoint;
}

/// "s3.", "s3-" and so on: S3's own host below amazonaws.com, where anybody can have a name.
bool is_s3_host(std::string_view host) {
  return host.starts_with("s3.") || host.starts_with("s3-");
}

bool is_bucket_host_label(std::string_view bucket) {
  return is_alphanumeric(bucket.front()) && is_alphanumeric(bucket.back()) &&
         std::all_of(bucket.begin(), bucket.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

bool is_ip_address(std::string_view host) {
  return host.front() == '[' || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string Endpoint::authority() const {
  return port == 0 ? host : fmt::format("{}:{}", host, port);
}

std::string Endpoint::origin() const { return (tls ? "https://" : "http://") + authority(); }

Result<Endpoint> parse_endpoint(std::string_view url) {
  constexpr std::string_view kTls = "https://";
  constexpr std::string_view kPlain = "http://";
  const bool tls = url.starts_with(kTls);
  if (!tls && !url.starts_with(kPlain)) {
    return invalid(fmt::format("endpoint \"{}\" must begin with https:// or http://", url));
  }
  std::string_view authority = url.substr(tls ? kTls.size() : kPlain.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  auto endpoint = parse_authority(tls, authority);
  if (!endpoint) {
    return invalid(fmt::format("endpoint \"{}\" is not of the form https://host[:port]", url));
  }
  return *std::move(endpoint);
}

Endpoint aws_endpoint(std::string_view region) {
  const std::string_view tail = region.starts_with("cn-") ? ".cn" : "";
  return {true, fmt::format("s3.{}.amazonaws.com{}", region, tail), 0};
}

bool is_aws(const Endpoint& endpoint) {
  return std::any_of(std::begin(kAwsDomains), std::end(kAwsDomains),
                     [&](std::string_view domain) { return endpoint.host.ends_with(domain); });
}

bool follows_region(const Endpoint& endpoint) {
  return is_aws(endpoint) && is_s3_host(endpoint.host) && endpoint.tls && endpoint.port == 0;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && is_ip_address(host));
}

bool is_region_name(std::string_view text) {
  constexpr std::size_t kLongest = 63;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

Result<Address> address_of(const Endpoint& endpoint, Addressing addressing,
                           std::string_view bucket) {
  if (bucket.empty()) return invalid("the bucket has no name");
  const bool fits = is_bucket_host_label(bucket) && !is_ip_address(endpoint.host);
  switch (addressing) {
    case Addressing::kPath:
      return Address{endpoint, false};
    case Addressing::kVirtual:
      if (!fits) {
        return invalid(
            fmt::format("bucket \"{}\" cannot be part of the host name at {}; use path "
                        "style addressing",
                        bucket, endpoint.origin()));
      }
      return Address{endpoint, true};
    case Addressing::kAuto:
      break;
  }
  // The certificate is for *.host, and the star matches no dot.
  const bool dotted = endpoint.tls && bucket.find('.') != std::string_view::npos;
  return Address{endpoint, is_aws(endpoint) && fits && !dotted};
}

std::optional<Address> redirect_target(const Endpoint& endpoint, std::string_view bucket,
                                       std::string_view target) {
  bool tls = endpoint.tls;
  if (const std::size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    tls = target.starts_with("https://");
    target.remove_prefix(scheme + 3);
  }
  if (tls != endpoint.tls) return std::nullopt;
  auto next = parse_authority(tls, target.substr(0, target.find('/')));
  if (!next) return std::nullopt;

  Address address{*std::move(next), false};
  const std::string label = std::string(bucket) + ".";
  if (address.endpoint.host.starts_with(label)) {
    address.virtual_host = true;
    address.endpoint.host.erase(0, label.size());
  }
  const std::string& host = address.endpoint.host;
  const bool same = host == endpoint.host || host.ends_with("." + endpoint.host);
  const bool both_s3 = is_aws(endpoint) && is_aws(address.endpoint) && is_s3_host(host);
  if (!same && !both_s3) return std::nullopt;
  return address;
}

}  // namespace s3

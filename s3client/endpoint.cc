#include "s3client/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "s3client/ascii.h"

namespace s3 {
namespace {

/// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
/// and botocore's partitions.json
struct Partition {
  std::string_view region_prefix;
  std::string_view domain;
};
constexpr Partition kPartitions[] = {
    {"cn-", ".amazonaws.com.cn"},    {"eusc-", ".amazonaws.eu"},
    {"us-iso-", ".c2s.ic.gov"},      {"us-isob-", ".sc2s.sgov.gov"},
    {"eu-isoe-", ".cloud.adc-e.uk"}, {"us-isof-", ".csp.hci.ic.gov"},
    {"", ".amazonaws.com"},  // any other region, us-gov-* among them
};

std::string_view domain_of(std::string_view region) {
  return std::find_if(std::begin(kPartitions), std::end(kPartitions),
                      [&](const Partition& partition) {
                        return region.starts_with(partition.region_prefix);
                      })
      ->domain;
}

/// ".amazonaws.com" of "s3.amazonaws.com"; empty when it is none of AWS's.
std::string_view aws_domain(std::string_view host) {
  for (const Partition& partition : kPartitions) {
    if (host.ends_with(partition.domain)) return partition.domain;
  }
  return {};
}

Error invalid(std::string message) {
  return Error{ErrorKind::kInvalid, 0, "", std::move(message), ""};
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
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

/// What SigV4 leaves as it is, so that a server that encodes the path anew, as AWS has it, comes to
/// the same signature.
bool is_plain_path(std::string_view path) {
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    constexpr std::string_view kOthers = "/-._~";
    return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
  });
  if (!plain) return false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the '/' that each segment begins with
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    path.remove_prefix(segment.size());
  }
  return true;
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

/// "eu-west-1", "us-gov-east-1", "eusc-de-east-1": ends in a number, and begins with no form of S3.
bool looks_like_region(std::string_view text) {
  constexpr std::string_view kNoRegions[] = {"external-", "accelerate", "accesspoint", "outposts"};
  return is_region_name(text) && text.find('-') != std::string_view::npos && text.back() >= '0' &&
         text.back() <= '9' &&
         std::none_of(std::begin(kNoRegions), std::end(kNoRegions),
                      [&](std::string_view other) { return text.starts_with(other); });
}

/// What stands before and behind the region in one of S3's own hosts: "s3-fips.dualstack.".
struct RegionalHost {
  std::string_view form;
  std::string_view region;  ///< empty: it names none, and means us-east-1
};

/// https://docs.aws.amazon.com/general/latest/gr/s3.html
std::optional<RegionalHost> regional_host(std::string_view host) {
  const std::string_view domain = aws_domain(host);
  if (domain.empty()) return std::nullopt;
  const std::string_view name = host.substr(0, host.size() - domain.size());
  // The older hosts are told by a '-' before the region; what they mean has a newer form.
  if (name == "s3" || name == "s3-external-1") return RegionalHost{"s3.", ""};
  constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {"s3-fips.dualstack.", "s3-fips.dualstack."},
      {"s3-fips.", "s3-fips."},
      {"s3-fips-", "s3-fips."},
      {"s3.dualstack.", "s3.dualstack."},
      {"s3.", "s3."},
      {"s3-", "s3."}};
  for (const auto& [start, form] : kForms) {
    if (!name.starts_with(start)) continue;
    const std::string_view region = name.substr(start.size());
    if (looks_like_region(region)) return RegionalHost{form, region};
  }
  return std::nullopt;
}

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool is_bucket_host_label(std::string_view bucket) {
  constexpr std::size_t kLongestLabel = 63;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  while (true) {
    const std::string_view label = bucket.substr(0, bucket.find('.'));
    if (label.empty() || label.size() > kLongestLabel || !plain(label.front()) ||
        !plain(label.back()) ||
        !std::all_of(label.begin(), label.end(), [&](char c) { return plain(c) || c == '-'; })) {
      return false;
    }
    if (label.size() == bucket.size()) return true;
    bucket.remove_prefix(label.size() + 1);
  }
}

bool is_ip_address(std::string_view host) {
  return host.front() == '[' || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string Endpoint::authority() const {
  return port == 0 ? host : fmt::format("{}:{}", host, port);
}

std::string Endpoint::origin() const { return (tls ? "https://" : "http://") + authority() + path; }

Result<Endpoint> parse_endpoint(std::string_view url) {
  constexpr std::string_view kTls = "https://";
  constexpr std::string_view kPlain = "http://";
  // Where there is a user there is likely a password.
  if (url.find('@') != std::string_view::npos) {
    return invalid(
        "an endpoint has no user and no password in it; they belong in credentials_file");
  }
  const bool tls = url.starts_with(kTls);
  if (!tls && !url.starts_with(kPlain)) {
    return invalid(fmt::format("\"{}\" does not begin with https:// or http://", url));
  }
  std::string_view rest = url.substr(tls ? kTls.size() : kPlain.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  auto endpoint = parse_authority(tls, rest.substr(0, slash));
  if (!endpoint || !is_plain_path(rest.substr(slash))) {
    return invalid(fmt::format("\"{}\" is not of the form https://HOST[:PORT][/PATH]", url));
  }
  endpoint->path = rest.substr(slash);
  return *std::move(endpoint);
}

Endpoint aws_endpoint(std::string_view region) {
  return {true, fmt::format("s3.{}{}", region, domain_of(region)), 0};
}

bool is_aws(const Endpoint& endpoint) { return !aws_domain(endpoint.host).empty(); }

std::optional<Endpoint> in_region(const Endpoint& endpoint, std::string_view region) {
  if (!endpoint.tls || endpoint.port != 0 || !endpoint.path.empty()) return std::nullopt;
  const auto host = regional_host(endpoint.host);
  if (!host) return std::nullopt;
  return Endpoint{true, fmt::format("{}{}{}", host->form, region, domain_of(region)), 0};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && is_ip_address(host));
}

bool may_do_without_tls(std::string_view host, bool allow_http) {
  return allow_http || is_loopback(host);
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
  // In a path they would be another one.
  if (bucket == "." || bucket == "..") return invalid("this cannot be a bucket's name");
  const bool fits = is_bucket_host_label(bucket) && !is_ip_address(endpoint.host);
  switch (addressing) {
    case Addressing::kPath:
      return Address{endpoint, false};
    case Addressing::kVirtual:
      if (!fits) {
        return invalid(
            fmt::format("\"{}.{}\" is not a host name: the bucket cannot be part of one {}; write "
                        "\"addressing = path\"",
                        bucket, endpoint.host,
                        is_ip_address(endpoint.host) ? "with an IP address" : "with this name"));
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
  const std::size_t slash = std::min(target.find('/'), target.size());
  auto next = parse_authority(tls, target.substr(0, slash));
  if (!next || next->port != endpoint.port) return std::nullopt;
  // A bare authority, and a URL below our own path, are of the same service there.
  const std::string_view path = target.substr(slash);
  if (path.empty() || path.starts_with(endpoint.path + "/")) next->path = endpoint.path;

  Address address{*std::move(next), false};
  const std::string label = std::string(bucket) + ".";
  if (address.endpoint.host.starts_with(label)) {
    address.virtual_host = true;
    address.endpoint.host.erase(0, label.size());
  }
  const std::string& host = address.endpoint.host;
  const bool same = host == endpoint.host || host.ends_with("." + endpoint.host);
  const bool both_s3 =
      is_aws(endpoint) && aws_domain(host) == aws_domain(endpoint.host) && is_s3_host(host);
  if (!same && !both_s3) return std::nullopt;
  if (!same) {
    // Who asked by FIPS or dual-stack goes on so.
    const auto ours = regional_host(endpoint.host);
    const auto theirs = regional_host(host);
    if (ours && ours->form != "s3.") {
      auto there = theirs && !theirs->region.empty() ? in_region(endpoint, theirs->region)
                                                     : std::optional<Endpoint>();
      if (!there) return std::nullopt;
      address.endpoint = *std::move(there);
    }
  }
  return address;
}

}  // namespace s3

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "s3client/error.h"
#include "s3client/session.h"

namespace s3 {

/// Scheme, host and port of a server.
struct Endpoint {
  bool tls = true;
  std::string host;        ///< lower case; an IPv6 literal in brackets
  std::uint16_t port = 0;  ///< 0: the scheme's own

  /// "host[:port]": the Host header.
  std::string authority() const;
  /// "https://host[:port]"
  std::string origin() const;
};

/// Where a bucket is reached: https://bucket.host/key or https://host/bucket/key.
struct Address {
  Endpoint endpoint;
  bool virtual_host = false;
};

/// "https://host[:port]", a trailing '/' allowed. kInvalid for anything else.
Result<Endpoint> parse_endpoint(std::string_view url);

/// https://s3.REGION.amazonaws.com; amazonaws.com.cn for cn-*.
Endpoint aws_endpoint(std::string_view region);
bool is_aws(const Endpoint& endpoint);
/// s3.REGION.amazonaws.com and its like follow the region; VPC endpoints and other servers do not.
bool follows_region(const Endpoint& endpoint);

/// localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);

/// A name that can stand in a host name: letters, digits, '-' and '_'. A region ends up there.
bool is_region_name(std::string_view text);

/// kInvalid for an empty bucket, or one that cannot stand in a host name when it has to.
Result<Address> address_of(const Endpoint& endpoint, Addressing addressing,
                           std::string_view bucket);

/// Where a 307 sends us. `target` is a URL (Location) or a bare authority (<Endpoint>). nullopt
/// when it leaves the domain (S3's own hosts for AWS; the endpoint's host or one below it for other
/// servers) or changes the scheme: a signed request goes nowhere else.
std::optional<Address> redirect_target(const Endpoint& endpoint, std::string_view bucket,
                                       std::string_view target);

}  // namespace s3

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "s3client/error.h"
#include "s3client/session.h"

namespace s3 {

/// Scheme, host and port of a server, and the path below which it speaks S3.
struct Endpoint {
  bool tls = true;
  std::string host;        ///< lower case; an IPv6 literal in brackets
  std::uint16_t port = 0;  ///< 0: the scheme's own
  std::string path = {};   ///< "/storage/v1/s3", sent and signed as it stands here; mostly empty

  /// "host[:port]": the Host header.
  std::string authority() const;
  /// "https://host[:port][/path]"
  std::string origin() const;
};

/// Where a bucket is reached: https://bucket.host[/path]/key or https://host[/path]/bucket/key.
struct Address {
  Endpoint endpoint;
  bool virtual_host = false;
};

/// "https://host[:port][/path]", a trailing '/' allowed. kInvalid for anything else. A path has the
/// characters that nothing on the way encodes anew, and no empty, "." or ".." segment.
Result<Endpoint> parse_endpoint(std::string_view url);

/// https://s3.REGION.amazonaws.com; other partitions than the commercial one have a domain of their
/// own: amazonaws.com.cn for cn-*, amazonaws.eu for eusc-* and so on.
Endpoint aws_endpoint(std::string_view region);
bool is_aws(const Endpoint& endpoint);
/// The same endpoint of another region: FIPS stays FIPS, and dual-stack dual-stack. nullopt where
/// the host names no region in one of S3's own forms, as of VPC endpoints and other servers.
std::optional<Endpoint> in_region(const Endpoint& endpoint, std::string_view region);

/// localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);

/// Whether requests to this host may go in the clear, where "endpoint" says http://: to this
/// machine, and to another one only where `allow_http` says that it is meant.
bool may_do_without_tls(std::string_view host, bool allow_http);

/// A name that can stand in a host name: letters, digits, '-' and '_'. A region ends up there.
bool is_region_name(std::string_view text);

/// kInvalid for an empty bucket, "." and "..", and one that cannot stand in a host name when it has
/// to.
Result<Address> address_of(const Endpoint& endpoint, Addressing addressing,
                           std::string_view bucket);

/// Where a 307 sends us. `target` is a URL (Location) or a bare authority (<Endpoint>). nullopt
/// when it leaves the domain (S3's own hosts for AWS; the endpoint's host or one below it for other
/// servers), or changes the scheme or the port: a signed request goes nowhere else.
std::optional<Address> redirect_target(const Endpoint& endpoint, std::string_view bucket,
                                       std::string_view target);

}  // namespace s3

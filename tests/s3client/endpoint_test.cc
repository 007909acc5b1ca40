#include "s3client/endpoint.h"

#include <string>
#include <tuple>
#include <utility>

#include "tests/support/catch.h"

using s3::Addressing;
using s3::parse_endpoint;

TEST_CASE("an endpoint is a scheme, a host and perhaps a port") {
  CHECK(parse_endpoint("https://S3.Example.org")->origin() == "https://s3.example.org");
  CHECK(parse_endpoint("http://127.0.0.1:9000/")->origin() == "http://127.0.0.1:9000");
  CHECK(parse_endpoint("http://[::1]:9000")->authority() == "[::1]:9000");
  CHECK(parse_endpoint("https://[2001:DB8::1]")->authority() == "[2001:db8::1]");
}

TEST_CASE("a default port is dropped, as it is from the Host header") {
  CHECK(parse_endpoint("https://h:443")->authority() == "h");
  CHECK(parse_endpoint("http://h:80")->authority() == "h");
  CHECK(parse_endpoint("http://h:443")->authority() == "h:443");
}

TEST_CASE("what is no endpoint is refused") {
  const std::string url =
      GENERATE("", "h", "ftp://h", "https://", "https://h:0", "https://h:65536",
               "https://h:", "https://h:9x", "https://h/a?x", "https://h?x", "https://h//a",
               "https://h/a//", "https://h/../a", "https://h/./a", "https://h/a b", "https://h/%41",
               "https://h/a+b", "https://h:0/a", "https://h/#a", "https://user@h", "https://h h",
               "https://[::1", "https://[]", "https://[::g]", "https://.h", "https://h\r\nx: y");
  CAPTURE(url);
  REQUIRE_FALSE(parse_endpoint(url).has_value());
  CHECK(parse_endpoint(url).error().kind == s3::ErrorKind::kInvalid);
}

TEST_CASE("an endpoint may have a path, which is part of its name") {
  CHECK(parse_endpoint("https://nas/s3/")->origin() == "https://nas/s3");
  CHECK(parse_endpoint("https://nas/s3/")->authority() == "nas");
  CHECK(parse_endpoint("https://p.supabase.co/storage/v1/s3")->path == "/storage/v1/s3");
  CHECK(parse_endpoint("http://[::1]:9000/A_b-1.c~/")->origin() == "http://[::1]:9000/A_b-1.c~");
  CHECK(parse_endpoint("https://h/")->path.empty());
}

TEST_CASE("an endpoint with a user is refused, and its password is not repeated") {
  const auto refused = parse_endpoint("https://user:hunter2@h/s3");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("AWS has an endpoint for each region, and each partition a domain of its own") {
  const std::pair<const char*, const char*> rows[] = {
      {"eu-west-1", "https://s3.eu-west-1.amazonaws.com"},
      {"us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"},
      {"cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"},
      {"eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu"},
      {"us-iso-east-1", "https://s3.us-iso-east-1.c2s.ic.gov"},
      {"us-isob-east-1", "https://s3.us-isob-east-1.sc2s.sgov.gov"},
      {"eu-isoe-west-1", "https://s3.eu-isoe-west-1.cloud.adc-e.uk"},
      {"us-isof-south-1", "https://s3.us-isof-south-1.csp.hci.ic.gov"}};
  for (const auto& [region, origin] : rows) {
    CAPTURE(region);
    CHECK(s3::aws_endpoint(region).origin() == origin);
    CHECK(s3::is_aws(s3::aws_endpoint(region)));
  }
  CHECK_FALSE(s3::is_aws(*parse_endpoint("https://s3.amazonaws.com.evil.example")));
}

TEST_CASE("an endpoint keeps its form in another region, and its domain follows the region") {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"s3.amazonaws.com", "eu-west-1", "s3.eu-west-1.amazonaws.com"},
      {"s3.us-east-1.amazonaws.com", "eu-west-1", "s3.eu-west-1.amazonaws.com"},
      {"s3-us-west-2.amazonaws.com", "eu-west-1", "s3.eu-west-1.amazonaws.com"},
      {"s3-external-1.amazonaws.com", "us-west-2", "s3.us-west-2.amazonaws.com"},
      {"s3-fips.us-east-1.amazonaws.com", "us-west-2", "s3-fips.us-west-2.amazonaws.com"},
      {"s3-fips-us-gov-west-1.amazonaws.com", "us-gov-east-1",
       "s3-fips.us-gov-east-1.amazonaws.com"},
      {"s3.dualstack.us-east-1.amazonaws.com", "eu-west-1", "s3.dualstack.eu-west-1.amazonaws.com"},
      {"s3-fips.dualstack.us-east-1.amazonaws.com", "ca-central-1",
       "s3-fips.dualstack.ca-central-1.amazonaws.com"},
      {"s3.cn-north-1.amazonaws.com.cn", "cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"},
      {"s3.eusc-de-east-1.amazonaws.eu", "eusc-de-west-1", "s3.eusc-de-west-1.amazonaws.eu"},
      // What names no region in one of these forms stays as it is.
      {"bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com", "eu-west-1", nullptr},
      {"s3-accelerate.amazonaws.com", "eu-west-1", nullptr},
      {"s3-accelerate.dualstack.amazonaws.com", "eu-west-1", nullptr},
      {"s3-accesspoint.us-east-1.amazonaws.com", "eu-west-1", nullptr},
      {"s3.us-east-1.amazonaws.com:8443", "eu-west-1", nullptr},
      {"s3.us-east-1.amazonaws.com/path", "eu-west-1", nullptr},
      {"s3.eu-central-003.backblazeb2.com", "eu-west-1", nullptr},
      {"s3.example.org", "eu-west-1", nullptr}};
  for (const auto& [host, region, there] : rows) {
    CAPTURE(host, region);
    const auto moved = s3::in_region(*parse_endpoint(std::string("https://") + host), region);
    REQUIRE(moved.has_value() == (there != nullptr));
    if (moved) CHECK(moved->authority() == there);
  }
}

TEST_CASE("loopback addresses are told from others") {
  for (const char* host : {"localhost", "b.localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    CAPTURE(host);
    CHECK(s3::is_loopback(host));
  }
  for (const char* host : {"127.evil.example", "localhost.example", "10.0.0.1", "[::2]"}) {
    CAPTURE(host);
    CHECK_FALSE(s3::is_loopback(host));
  }
}

TEST_CASE("auto addressing is virtual for AWS and path style for the rest") {
  const auto aws = s3::aws_endpoint("eu-west-1");
  const auto other = *parse_endpoint("https://s3.example.org");
  CHECK(s3::address_of(aws, Addressing::kAuto, "bucket")->virtual_host);
  CHECK_FALSE(s3::address_of(other, Addressing::kAuto, "bucket")->virtual_host);
  CHECK_FALSE(s3::address_of(aws, Addressing::kAuto, "with.dots")->virtual_host);
  CHECK_FALSE(s3::address_of(aws, Addressing::kAuto, "Old_Name")->virtual_host);
  CHECK(s3::address_of(other, Addressing::kVirtual, "bucket")->virtual_host);
  CHECK_FALSE(s3::address_of(aws, Addressing::kPath, "bucket")->virtual_host);
}

TEST_CASE("a bucket that cannot stand in a host name is refused where it would have to") {
  const auto host = *parse_endpoint("https://s3.example.org");
  const auto address = *parse_endpoint("http://[::1]:9000");
  for (const std::string bucket :
       {"evil.example/", "Old_Name", "a..b", ".a", "a.", "-a", "a-", "a.-b", "a_b", "\xC3\xA9"}) {
    CAPTURE(bucket);
    CHECK_FALSE(s3::address_of(host, Addressing::kVirtual, bucket).has_value());
  }
  CHECK_FALSE(s3::address_of(host, Addressing::kVirtual, std::string(64, 'a')).has_value());
  CHECK(s3::address_of(host, Addressing::kVirtual, std::string(63, 'a')).has_value());
  CHECK_FALSE(s3::address_of(address, Addressing::kVirtual, "bucket").has_value());
  CHECK_FALSE(s3::address_of(host, Addressing::kPath, "..").has_value());
  CHECK_FALSE(s3::address_of(host, Addressing::kAuto, "").has_value());
}

TEST_CASE("a redirect is followed within the server's domain only") {
  struct Row {
    const char* endpoint;
    const char* target;
    const char* authority;  // nullptr: refused
    bool virtual_host;
  };
  const Row rows[] = {
      {"https://s3.us-east-1.amazonaws.com", "bucket.s3-us-west-2.amazonaws.com",
       "s3-us-west-2.amazonaws.com", true},
      {"https://s3.us-east-1.amazonaws.com", "https://s3.us-west-2.amazonaws.com/bucket/k",
       "s3.us-west-2.amazonaws.com", false},
      {"https://s3.us-east-1.amazonaws.com", "http://s3.us-west-2.amazonaws.com/", nullptr, false},
      {"https://s3.us-east-1.amazonaws.com", "ec2-1-2-3-4.compute.amazonaws.com", nullptr, false},
      {"https://s3.us-east-1.amazonaws.com", "s3.amazonaws.com.evil.example", nullptr, false},
      {"https://s3.us-east-1.amazonaws.com", "https://evil.example/", nullptr, false},
      {"https://s3.example.org", "https://node7.s3.example.org/bucket", "node7.s3.example.org",
       false},
      {"https://s3.example.org", "https://example.org/", nullptr, false},
      {"https://s3.example.org", "https://evils3.example.org/", nullptr, false},
      {"https://s3.example.org", "https://u@evil.example/", nullptr, false},
      // Another port is another server: on a machine of many users anybody's.
      {"http://127.0.0.1:9000", "http://127.0.0.1:9001/bucket/k", nullptr, false},
      {"http://127.0.0.1:9000", "http://127.0.0.1:9000/bucket/k", "127.0.0.1:9000", false},
      {"https://s3.example.org", "https://s3.example.org:8443/bucket/k", nullptr, false},
      {"https://s3.example.org", "https://s3.example.org:443/bucket/k", "s3.example.org", false},
      {"https://s3.example.org", "https://node7.s3.example.org:22/bucket", nullptr, false},
      {"https://s3.us-east-1.amazonaws.com", "bucket.s3.us-west-2.amazonaws.com:8443", nullptr,
       false},
      {"https://s3.cn-north-1.amazonaws.com.cn", "bucket.s3.us-west-2.amazonaws.com", nullptr,
       false},
      // The form is kept.
      {"https://s3-fips.us-east-1.amazonaws.com", "bucket.s3.us-west-2.amazonaws.com",
       "s3-fips.us-west-2.amazonaws.com", true},
      {"https://s3.dualstack.us-east-1.amazonaws.com", "bucket.s3-us-west-2.amazonaws.com",
       "s3.dualstack.us-west-2.amazonaws.com", true},
      {"https://s3-fips.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com", nullptr, true},
      {"https://s3-fips.us-east-1.amazonaws.com:443", "s3-fips.us-east-1.amazonaws.com",
       "s3-fips.us-east-1.amazonaws.com", false},
      {"https://s3.example.org", "", nullptr, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.endpoint, row.target);
    const auto address = s3::redirect_target(*parse_endpoint(row.endpoint), "bucket", row.target);
    REQUIRE(address.has_value() == (row.authority != nullptr));
    if (!address) continue;
    CHECK(address->endpoint.authority() == row.authority);
    CHECK(address->virtual_host == row.virtual_host);
  }
}

#include "s3client/endpoint.h"

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
  const std::string url = GENERATE("", "h", "ftp://h", "https://", "https://h:0", "https://h:65536",
                                   "https://h:", "https://h:9x", "https://h/path", "https://h?x",
                                   "https://user@h", "https://h h", "https://[::1", "https://[]",
                                   "https://[::g]", "https://.h", "https://h\r\nx: y");
  CAPTURE(url);
  REQUIRE_FALSE(parse_endpoint(url).has_value());
  CHECK(parse_endpoint(url).error().kind == s3::ErrorKind::kInvalid);
}

TEST_CASE("AWS has an endpoint for each region, and China a domain of its own") {
  CHECK(s3::aws_endpoint("eu-west-1").origin() == "https://s3.eu-west-1.amazonaws.com");
  CHECK(s3::aws_endpoint("cn-north-1").origin() == "https://s3.cn-north-1.amazonaws.com.cn");
  CHECK(s3::is_aws(s3::aws_endpoint("cn-north-1")));
  CHECK_FALSE(s3::is_aws(*parse_endpoint("https://s3.amazonaws.com.evil.example")));
  CHECK(s3::follows_region(*parse_endpoint("https://s3.amazonaws.com")));
  CHECK_FALSE(
      s3::follows_region(*parse_endpoint("https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com")));
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
  CHECK_FALSE(s3::address_of(host, Addressing::kVirtual, "evil.example/").has_value());
  CHECK_FALSE(s3::address_of(address, Addressing::kVirtual, "bucket").has_value());
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
      {"http://127.0.0.1:9000", "http://127.0.0.1:9001/bucket/k", "127.0.0.1:9001", false},
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

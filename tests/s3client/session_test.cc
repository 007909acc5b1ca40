#include "s3client/session.h"

#include <thread>

#include "s3client/sigv4.h"
#include "tests/s3client/world.h"

using s3::ErrorKind;

namespace {

const std::vector<s3::Header> kEmptyObject = {{"content-length", "0"}};

const std::string kEmptyPage =
    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

ErrorKind list_kind(ClientWorld& world) {
  const auto page = world.client().list_page("", "", nullptr);
  REQUIRE_FALSE(page.has_value());
  return page.error().kind;
}

std::string last_url(const ClientWorld& world) { return world.transport.requests().back().url; }

bool signed_for(const ClientWorld& world, const std::string& region) {
  return world.transport.sent_header("authorization").find("/" + region + "/s3/") !=
         std::string::npos;
}

/// Asks for a key, and signs what was sent once more, from nothing.
void check_signature(ClientWorld& world, const std::string& region) {
  world.answer(404);
  std::ignore = world.client().head(object_request("k"));
  std::vector<s3::Header> headers = world.transport.requests().back().headers;
  std::erase_if(headers, [](const s3::Header& header) {
    return header.first == "authorization" || header.first == "accept-encoding";
  });
  const s3::SigningScope scope{region, "s3", std::chrono::floor<std::chrono::seconds>(*world.now)};
  const s3::Signed again =
      s3::sign({"HEAD", "/bucket/k", {}, headers, s3::kEmptyPayloadHash}, scope, "AKIDEXAMPLE",
               s3::derive_signing_key(s3::Secret(*world.secret_key), scope));
  CHECK(world.transport.sent_header("authorization") == again.authorization);
}

s3::Result<std::shared_ptr<s3::Session>> open(const std::string& endpoint,
                                              const std::string& region = "us-east-1") {
  s3::SessionOptions options;
  options.endpoint = endpoint;
  options.bucket = "bucket";
  options.region = region;
  options.now = [] { return s3::ClockTime{}; };
  options.credentials = []() -> s3::Result<s3::Credentials> { return s3::Credentials{}; };
  return s3::Session::open(std::move(options));
}

}  // namespace

TEST_CASE("a session without an endpoint goes to AWS's for the region") {
  CHECK((*open("", "eu-west-1"))->endpoint() == "https://s3.eu-west-1.amazonaws.com");
  CHECK((*open("https://s3.example.org:9000"))->endpoint() == "https://s3.example.org:9000");
}

TEST_CASE("a session is refused for a bad endpoint or region") {
  CHECK(open("s3.example.org").error().kind == ErrorKind::kInvalid);
  CHECK(open("", "evil.example/").error().kind == ErrorKind::kInvalid);
}

TEST_CASE("a session is refused when the credentials cannot be had") {
  s3::SessionOptions options;
  options.bucket = "bucket";
  options.now = [] { return s3::ClockTime{}; };
  options.credentials = []() -> s3::Result<s3::Credentials> {
    return tl::unexpected(s3::Error{ErrorKind::kBadCredentials, 0, "", "no file", ""});
  };
  CHECK(s3::Session::open(std::move(options)).error().message == "no file");
}

TEST_CASE("a bucket is addressed by host on AWS and by path elsewhere") {
  ClientWorld aws = ClientWorld::aws("eu-west-1");
  aws.answer(200, {}, kEmptyPage);
  REQUIRE(aws.client().list_page("", "", nullptr).has_value());
  CHECK(last_url(aws).starts_with("https://bucket.s3.eu-west-1.amazonaws.com/?"));
  CHECK(aws.transport.sent_header("host") == "bucket.s3.eu-west-1.amazonaws.com");
  aws.answer(404);
  std::ignore = aws.client().head(object_request("a/b"));
  CHECK(last_url(aws) == "https://bucket.s3.eu-west-1.amazonaws.com/a/b");

  s3::SessionOptions options;
  options.endpoint = "http://[::1]:9000";
  ClientWorld other(std::move(options));
  other.answer(404);
  std::ignore = other.client().head(object_request("a/b"));
  CHECK(last_url(other) == "http://[::1]:9000/bucket/a/b");
  CHECK(other.transport.sent_header("host") == "[::1]:9000");
}

TEST_CASE("the right region is learned from a header or a body, and signed for from then on") {
  ClientWorld world = ClientWorld::aws();
  SECTION("301 with a header") {
    world.error(301, "PermanentRedirect", "use another endpoint", "",
                {{"x-amz-bucket-region", "eu-central-1"}});
  }
  SECTION("400 with an element") {
    world.error(400, "AuthorizationHeaderMalformed", "wrong", "<Region>eu-central-1</Region>");
  }
  SECTION("400 of another name with a header") {
    world.error(400, "IllegalLocationConstraintException", "", "",
                {{"x-amz-bucket-region", "eu-central-1"}});
  }
  CHECK_FALSE(world.session->corrected_region().has_value());
  CHECK(list_kind(world) == ErrorKind::kWrongRegion);
  CHECK(world.session->corrected_region() == "eu-central-1");
  CHECK(world.session->region() == "eu-central-1");
  world.answer(200, {}, kEmptyPage);
  REQUIRE(world.client().list_page("", "", nullptr).has_value());
  CHECK(signed_for(world, "eu-central-1"));
  CHECK(last_url(world).starts_with("https://bucket.s3.eu-central-1.amazonaws.com/"));
  // The name for what is kept about this server stays.
  CHECK(world.session->endpoint() == "https://s3.us-east-1.amazonaws.com");
}

TEST_CASE("a HEAD learns the region from the header") {
  ClientWorld world = ClientWorld::aws();
  world.answer(GENERATE(301, 400), {{"x-amz-bucket-region", "eu-central-1"}});
  CHECK(world.client().head(object_request("k")).error().kind == ErrorKind::kWrongRegion);
  CHECK(world.session->region() == "eu-central-1");
}

TEST_CASE("a server of another make keeps its host when the region is corrected") {
  ClientWorld world;
  world.error(400, "AuthorizationHeaderMalformed", "", "<Region>garage</Region>");
  world.answer(200, {}, kEmptyPage);
  CHECK(list_kind(world) == ErrorKind::kWrongRegion);
  REQUIRE(world.client().list_page("", "", nullptr).has_value());
  CHECK(signed_for(world, "garage"));
  CHECK(last_url(world).starts_with("https://s3.example.org:9000/bucket?"));
}

TEST_CASE("a second correction is final, and names both regions") {
  ClientWorld world = ClientWorld::aws();
  world.error(301, "PermanentRedirect", "", "", {{"x-amz-bucket-region", "eu-central-1"}});
  world.error(301, "PermanentRedirect", "", "", {{"x-amz-bucket-region", "eu-west-1"}});
  CHECK(list_kind(world) == ErrorKind::kWrongRegion);
  const auto page = world.client().list_page("", "", nullptr);
  CHECK(page.error().kind == ErrorKind::kInvalid);
  CHECK(page.error().message.find("eu-central-1") != std::string::npos);
  CHECK(page.error().message.find("eu-west-1") != std::string::npos);
  CHECK(world.session->region() == "eu-central-1");
}

TEST_CASE("a region that is not named, or no name, or ours, is not learned") {
  ClientWorld world = ClientWorld::aws();
  world.error(301, "PermanentRedirect", "");
  world.error(301, "PermanentRedirect", "", "", {{"x-amz-bucket-region", "us-east-1"}});
  world.error(301, "PermanentRedirect", "", "", {{"x-amz-bucket-region", "evil.example/"}});
  world.error(400, "AuthorizationHeaderMalformed", "");
  CHECK(list_kind(world) == ErrorKind::kInvalid);
  CHECK(list_kind(world) == ErrorKind::kInvalid);
  CHECK(list_kind(world) == ErrorKind::kInvalid);
  CHECK(list_kind(world) == ErrorKind::kBadCredentials);
  CHECK_FALSE(world.session->corrected_region().has_value());
}

TEST_CASE("requests that were under way while another learned the region are all told to retry") {
  ClientWorld world = ClientWorld::aws();
  const s3::Header right{"x-amz-bucket-region", "eu-central-1"};
  // The second answer comes within the first request: both were signed for the wrong region.
  world.transport.answer({301, {right}, "", std::nullopt, [&] {
                            world.transport.answer({301, {right}, ""});
                            CHECK(list_kind(world) == ErrorKind::kWrongRegion);
                          }});
  CHECK(list_kind(world) == ErrorKind::kWrongRegion);
}

TEST_CASE("a temporary redirect is followed once, for its key, within the domain") {
  ClientWorld world = ClientWorld::aws();
  auto client = world.client();
  world.error(307, "TemporaryRedirect", "",
              "<Endpoint>bucket.s3-us-west-2.amazonaws.com</Endpoint>");
  Collector sink;
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kRedirect);
  const std::string location = "https://bucket.s3-us-west-2.amazonaws.com/k";
  world.answer(307, {{"location", location}});
  CHECK(client.head(object_request("k")).error().kind == ErrorKind::kInvalid);

  world.answer(307, {{"location", location}});
  CHECK(client.head(object_request("k")).error().kind == ErrorKind::kRedirect);
  world.answer(404);
  std::ignore = client.head(object_request("other"));
  CHECK(last_url(world) == "https://bucket.s3.us-east-1.amazonaws.com/other");
  world.answer(404);
  std::ignore = client.head(object_request("k"));
  CHECK(last_url(world) == location);
  CHECK(world.transport.sent_header("host") == "bucket.s3-us-west-2.amazonaws.com");
  world.answer(404);
  std::ignore = client.head(object_request("k"));
  CHECK(last_url(world) == "https://bucket.s3.us-east-1.amazonaws.com/k");
}

TEST_CASE("the path of an endpoint is sent, and signed as it is sent") {
  s3::SessionOptions options;
  options.endpoint = "https://nas.example/storage/v1/s3/";
  ClientWorld world(std::move(options));
  world.answer(404);
  std::ignore = world.client().head(object_request("a b/c"));
  CHECK(last_url(world) == "https://nas.example/storage/v1/s3/bucket/a%20b/c");
  CHECK(world.transport.sent_header("host") == "nas.example");
  CHECK(world.session->endpoint() == "https://nas.example/storage/v1/s3");
  const std::vector<s3::Header> headers = {
      {"host", "nas.example"},
      {"x-amz-checksum-mode", "ENABLED"},
      {"x-amz-content-sha256", std::string(s3::kEmptyPayloadHash)},
      {"x-amz-date", world.transport.sent_header("x-amz-date")}};
  const s3::SigningScope scope{"us-east-1", "s3",
                               std::chrono::floor<std::chrono::seconds>(*world.now)};
  const auto expected =
      s3::sign({"HEAD", "/storage/v1/s3/bucket/a%20b/c", {}, headers, s3::kEmptyPayloadHash}, scope,
               "AKIDEXAMPLE", s3::derive_signing_key(s3::Secret(*world.secret_key), scope));
  CHECK(world.transport.sent_header("authorization") == expected.authorization);
  world.answer(404);
  std::ignore = world.client().list_page("", "", nullptr);
  CHECK(last_url(world).starts_with("https://nas.example/storage/v1/s3/bucket?"));
  // Within its own service a redirect keeps the path.
  world.answer(307, {{"location", "https://n2.nas.example/storage/v1/s3/bucket/k"}});
  world.answer(404);
  auto client = world.client();
  CHECK(client.head(object_request("k")).error().kind == ErrorKind::kRedirect);
  std::ignore = client.head(object_request("k"));
  CHECK(last_url(world) == "https://n2.nas.example/storage/v1/s3/bucket/k");
}

TEST_CASE("a FIPS endpoint is still one when its region is corrected") {
  s3::SessionOptions options;
  options.endpoint = "https://s3-fips.us-east-1.amazonaws.com";
  ClientWorld world(std::move(options));
  world.answer(301, {{"x-amz-bucket-region", "us-gov-west-1"}});
  world.answer(404);
  std::ignore = world.client().head(object_request("k"));
  std::ignore = world.client().head(object_request("k"));
  CHECK(last_url(world) == "https://bucket.s3-fips.us-gov-west-1.amazonaws.com/k");
}

TEST_CASE("a redirect to a foreign host or to plain HTTP is refused, and nothing is sent there") {
  ClientWorld world = ClientWorld::aws();
  const std::string location = GENERATE("https://evil.example/k", "", "nonsense://",
                                        "http://bucket.s3-us-west-2.amazonaws.com/k");
  world.answer(307, {{"location", location}});
  world.answer(404);
  CHECK(world.client().head(object_request("k")).error().kind == ErrorKind::kInvalid);
  std::ignore = world.client().head(object_request("k"));
  CHECK(last_url(world) == "https://bucket.s3.us-east-1.amazonaws.com/k");
}

TEST_CASE("a checksum-mode is refused when the same request without it succeeds") {
  ClientWorld world;
  const int status = GENERATE(400, 501);
  const std::string code = status == 501 ? "NotImplemented" : "InvalidArgument";
  const std::string message = "Unsupported header 'x-amz-checksum-mode'";
  auto client = world.client();
  Collector sink;
  world.error(status, code, message);
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kRefusedOption);
  CHECK(world.session->refused_options().empty());
  SECTION("and left out from then on") {
    world.answer(200, kEmptyObject);
    CHECK(client.get(object_request("k"), sink).has_value());
    CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
    CHECK(world.session->refused_options() == std::vector<std::string>{"checksum-mode"});
    world.answer(200, kEmptyObject);
    CHECK(client.get(object_request("l"), sink).has_value());
    CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
  }
  SECTION("and not when that is refused too") {
    world.error(status, code, message);
    CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kInvalid);
    CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
    CHECK(world.session->refused_options().empty());
    world.answer(200, kEmptyObject);
    CHECK(client.get(object_request("k"), sink).has_value());
    CHECK(world.transport.sent_header("x-amz-checksum-mode") == "ENABLED");
  }
  SECTION("which another request does not show") {
    world.answer(200, kEmptyObject);
    CHECK(client.get(object_request("l"), sink).has_value());
    CHECK(world.transport.sent_header("x-amz-checksum-mode") == "ENABLED");
    CHECK(world.session->refused_options().empty());
  }
}

TEST_CASE("a HEAD that is refused with 400 doubts its option before it says that it is encrypted") {
  ClientWorld world;
  auto client = world.client();
  world.answer(400);
  CHECK(client.head(object_request("k")).error().kind == ErrorKind::kRefusedOption);
  const bool knows_it = GENERATE(true, false);
  world.answer(knows_it ? 400 : 200, kEmptyObject);
  const auto head = client.head(object_request("k"));
  CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
  CHECK(head.has_value() == !knows_it);
  if (knows_it) CHECK(head.error().kind == ErrorKind::kUnreadable);
  CHECK(world.session->refused_options().size() == (knows_it ? 0 : 1));
}

TEST_CASE("a question for a part carries no option that could be blamed") {
  ClientWorld world;
  auto request = object_request("k");
  request.part_number = 2;
  const int status = GENERATE(400, 501);
  world.answer(status);
  const auto part = world.client().head(request);
  CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
  CHECK(part.error().kind == (status == 501 ? ErrorKind::kInvalid : ErrorKind::kUnreadable));
  CHECK(world.session->refused_options().empty());
}

TEST_CASE("an option is not dropped for what another argument or encryption is to blame for") {
  ClientWorld world;
  world.error(400, "InvalidArgument", "Invalid version id specified",
              "<ArgumentName>versionId</ArgumentName>");
  world.error(400, "InvalidRequest", "The object was stored using Server Side Encryption");
  world.error(400, "InvalidArgument", "The continuation token provided is incorrect",
              "<ArgumentName>continuation-token</ArgumentName>");
  Collector sink;
  auto client = world.client();
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kInvalid);
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kUnreadable);
  CHECK(list_kind(world) == ErrorKind::kInvalid);
  CHECK(world.session->refused_options().empty());
}

TEST_CASE("a refused encoding-type is dropped, and keys are then taken as they are") {
  ClientWorld world;
  world.error(400, "InvalidArgument", "Invalid Encoding Method specified in Request",
              "<ArgumentName>encoding-type</ArgumentName>");
  CHECK(list_kind(world) == ErrorKind::kRefusedOption);
  world.answer(200, {},
               "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b</Key>"
               "<Size>1</Size></Contents></ListBucketResult>");
  const auto page = world.client().list_page("", "", nullptr);
  REQUIRE(page.has_value());
  CHECK(page->objects.at(0).key == "a+b");
  CHECK(last_url(world).find("encoding-type") == std::string::npos);
}

TEST_CASE("a server that does not know what else a listing may tell is not asked for it") {
  ClientWorld world;
  const auto header = [&] {
    return world.transport.sent_header("x-amz-optional-object-attributes");
  };
  const std::string empty = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
  // As AWS says it of a header that a bucket does not support.
  world.error(501, "NotImplemented",
              "A header you provided implies functionality that is not implemented",
              "<Header>x-amz-optional-object-attributes</Header>");
  CHECK(list_kind(world) == ErrorKind::kRefusedOption);
  CHECK(header() == "RestoreStatus");
  world.answer(200, {}, empty);
  CHECK(world.client().list_page("", "", nullptr).has_value());
  CHECK(header().empty());
  CHECK(last_url(world).find("encoding-type=url") != std::string::npos);
  CHECK(world.session->refused_options() == std::vector<std::string>{"optional-object-attributes"});
}

TEST_CASE("of two options that may be to blame each is doubted in its turn") {
  ClientWorld world;
  for (int i = 0; i < 2; ++i) {
    world.error(400, "InvalidArgument");
    CHECK(list_kind(world) == ErrorKind::kRefusedOption);
  }
  world.answer(200, {}, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  CHECK(world.client().list_page("", "", nullptr).has_value());
  CHECK(last_url(world).find("encoding-type") == std::string::npos);
  CHECK(world.session->refused_options() == std::vector<std::string>{"encoding-type"});
}

TEST_CASE("an option refused in an earlier run is left out from the start") {
  ClientWorld world;
  world.session->refuse_option("checksum-mode");
  world.answer(404);
  std::ignore = world.client().head(object_request("k"));
  CHECK(world.transport.sent_header("x-amz-checksum-mode").empty());
}

TEST_CASE("credentials are loaded anew, with their token, and sign from then on") {
  ClientWorld world;
  world.error(400, "ExpiredToken", "The provided token has expired.");
  CHECK(list_kind(world) == ErrorKind::kExpiredToken);
  const std::string before = world.transport.sent_header("authorization");
  CHECK(world.transport.sent_header("x-amz-security-token").empty());
  *world.session_token = "fresh";
  REQUIRE(world.session->reload_credentials().has_value());
  world.answer(200, {}, kEmptyPage);
  REQUIRE(world.client().list_page("", "", nullptr).has_value());
  CHECK(world.transport.sent_header("x-amz-security-token") == "fresh");
  CHECK(world.transport.sent_header("authorization").find("x-amz-security-token") !=
        std::string::npos);
}

TEST_CASE("the signing key follows the day, the region and the credentials") {
  ClientWorld world;
  check_signature(world, "us-east-1");
  check_signature(world, "us-east-1");
  *world.now += std::chrono::hours{24};
  check_signature(world, "us-east-1");
  world.error(400, "AuthorizationHeaderMalformed", "", "<Region>garage</Region>");
  CHECK(list_kind(world) == ErrorKind::kWrongRegion);
  check_signature(world, "garage");
  *world.secret_key = "another-secret-key";
  REQUIRE(world.session->reload_credentials().has_value());
  check_signature(world, "garage");
}

TEST_CASE("requester pays is signed, where asked for") {
  s3::SessionOptions options;
  options.request_payer = true;
  ClientWorld world(std::move(options));
  world.answer(404);
  std::ignore = world.client().head(object_request("k"));
  CHECK(world.transport.sent_header("x-amz-request-payer") == "requester");
  CHECK(world.transport.sent_header("authorization").find("x-amz-request-payer") !=
        std::string::npos);
}

TEST_CASE("every request is counted, failed ones too") {
  ClientWorld world;
  world.answer(200, {}, kEmptyPage);
  std::ignore = world.client().list_page("", "", nullptr);
  std::ignore = world.client().list_page("", "", nullptr);
  CHECK(world.session->requests() == 2);
}

TEST_CASE("a session is shared by threads") {
  ClientWorld world;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([session = world.session, i] {
      ScriptedTransport transport;
      s3::Client client(session, transport);
      for (int n = 0; n < 50; ++n) {
        transport.answer({200, {{"date", "Thu, 01 Jan 2026 00:00:01 GMT"}}, kEmptyPage});
        std::ignore = client.list_page("", "", nullptr);
        session->refuse_option("option-" + std::to_string(i));
        std::ignore = session->reload_credentials();
        std::ignore = session->server_now();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(world.session->requests() == 200);
  CHECK(world.session->refused_options().size() == 4);
}

#include <filesystem>

#include "s3client/error_kind.h"
#include "tests/s3client/world.h"

using s3::ErrorKind;

namespace {

struct Row {
  int status;
  const char* code;
  const char* message;
  ErrorKind on_get;
  ErrorKind on_list;
};

constexpr const char* kSseC =
    "The object was stored using a form of Server Side Encryption. The correct parameters must be "
    "provided to retrieve the object.";
constexpr const char* kKmsDenied =
    "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on this resource";

const Row kRows[] = {
    {400, "ExpiredToken", "", ErrorKind::kExpiredToken, ErrorKind::kExpiredToken},
    {403, "ExpiredToken", "", ErrorKind::kExpiredToken, ErrorKind::kExpiredToken},
    {403, "InvalidAccessKeyId", "", ErrorKind::kBadCredentials, ErrorKind::kBadCredentials},
    {403, "SignatureDoesNotMatch", "", ErrorKind::kBadCredentials, ErrorKind::kBadCredentials},
    {400, "InvalidToken", "", ErrorKind::kBadCredentials, ErrorKind::kBadCredentials},
    {401, "Unauthorized", "", ErrorKind::kBadCredentials, ErrorKind::kBadCredentials},
    {403, "AccessDenied", "Access Denied", ErrorKind::kDenied, ErrorKind::kDenied},
    {403, "AllAccessDisabled", "", ErrorKind::kDenied, ErrorKind::kDenied},
    {403, "AccessDenied", kKmsDenied, ErrorKind::kUnreadable, ErrorKind::kDenied},
    {403, "AccessDenied", "no s3:GetObject on kms-dump.gz", ErrorKind::kDenied, ErrorKind::kDenied},
    {403, "KMS.DisabledException", "", ErrorKind::kUnreadable, ErrorKind::kDenied},
    {400, "KMS.NotFoundException", "", ErrorKind::kUnreadable, ErrorKind::kInvalid},
    {400, "InvalidRequest", kSseC, ErrorKind::kUnreadable, ErrorKind::kInvalid},
    {403, "InvalidObjectState", "", ErrorKind::kArchived, ErrorKind::kArchived},
    {404, "NoSuchKey", "", ErrorKind::kNotFound, ErrorKind::kNoSuchBucket},
    {404, "NoSuchVersion", "", ErrorKind::kNotFound, ErrorKind::kNoSuchBucket},
    {404, "NoSuchBucket", "", ErrorKind::kNoSuchBucket, ErrorKind::kNoSuchBucket},
    {405, "MethodNotAllowed", "", ErrorKind::kInvalid, ErrorKind::kInvalid},
    {412, "PreconditionFailed", "", ErrorKind::kChanged, ErrorKind::kChanged},
    {416, "InvalidRange", "", ErrorKind::kRangeInvalid, ErrorKind::kRangeInvalid},
    {429, "TooManyRequests", "", ErrorKind::kThrottled, ErrorKind::kThrottled},
    {503, "SlowDown", "", ErrorKind::kThrottled, ErrorKind::kThrottled},
    {400, "RequestTimeout", "", ErrorKind::kServer, ErrorKind::kServer},
    {500, "InternalError", "", ErrorKind::kServer, ErrorKind::kServer},
    {409, "OperationAborted", "", ErrorKind::kServer, ErrorKind::kServer},
    {400, "MalformedXML", "", ErrorKind::kInvalid, ErrorKind::kInvalid},
    {403, "RequestTimeTooSkewed", "no Date came", ErrorKind::kInvalid, ErrorKind::kInvalid},
};

}  // namespace

TEST_CASE("an S3 error says what to do about it, on an object and on a listing") {
  for (const Row& row : kRows) {
    CAPTURE(row.status, row.code, row.message);
    World world;
    world.error(row.status, row.code, row.message);
    world.error(row.status, row.code, row.message);
    auto client = world.client();
    Collector sink;
    const auto got = client.get(object_request("k"), sink);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().kind == row.on_get);
    CHECK(got.error().http_status == row.status);
    CHECK(got.error().code == row.code);
    CHECK(got.error().request_id == "R1");
    CHECK(sink.heads.empty());
    CHECK(sink.body.empty());
    const auto listed = client.list_page("", "", nullptr);
    REQUIRE_FALSE(listed.has_value());
    CHECK(listed.error().kind == row.on_list);
  }
}

TEST_CASE("a status alone says what to do, when the body is HTML or empty") {
  const std::pair<int, ErrorKind> rows[] = {
      {302, ErrorKind::kProtocol},       {304, ErrorKind::kProtocol},  {204, ErrorKind::kProtocol},
      {401, ErrorKind::kBadCredentials}, {403, ErrorKind::kDenied},    {404, ErrorKind::kNotFound},
      {408, ErrorKind::kServer},         {429, ErrorKind::kThrottled}, {418, ErrorKind::kInvalid},
      {500, ErrorKind::kServer},         {502, ErrorKind::kServer},    {503, ErrorKind::kThrottled},
      {504, ErrorKind::kServer}};
  for (const auto& [status, kind] : rows) {
    for (const char* body : {"", "<html><h1>no</h1><br></html>"}) {
      CAPTURE(status, body);
      World world;
      world.answer(status, {{"x-amz-request-id", "R2"}}, body);
      Collector sink;
      const auto got = world.client().get(object_request("k"), sink);
      REQUIRE_FALSE(got.has_value());
      CHECK(got.error().kind == kind);
      CHECK(s3::describe(got.error()) ==
            std::to_string(status) + ": the answer is not an S3 error (request R2)");
    }
  }
}

TEST_CASE("a delete marker is not found, by header or body") {
  World world;
  world.error(405, "MethodNotAllowed", "", "", {{"x-amz-delete-marker", "true"}});
  world.error(405, "MethodNotAllowed", "", "<ResourceType>DeleteMarker</ResourceType>");
  world.answer(405, {{"x-amz-delete-marker", "true"}});
  auto client = world.client();
  Collector sink;
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kNotFound);
  CHECK(client.get(object_request("k"), sink).error().kind == ErrorKind::kNotFound);
  CHECK(client.head(object_request("k")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a HEAD that is refused has only its status to go by") {
  const std::pair<int, ErrorKind> rows[] = {
      {501, ErrorKind::kRefusedOption}, {403, ErrorKind::kDenied},
      {404, ErrorKind::kNotFound},      {412, ErrorKind::kChanged},
      {416, ErrorKind::kRangeInvalid},  {500, ErrorKind::kServer}};
  for (const auto& [status, kind] : rows) {
    CAPTURE(status);
    World world;
    world.answer(status);
    CHECK(world.client().head(object_request("k")).error().kind == kind);
    CHECK(world.session->refused_options().empty());
  }
}

TEST_CASE("a listing of 200 that carries an error is classed by its code") {
  const std::pair<const char*, ErrorKind> rows[] = {{"InternalError", ErrorKind::kServer},
                                                    {"SlowDown", ErrorKind::kThrottled},
                                                    {"ServiceUnavailable", ErrorKind::kThrottled},
                                                    {"Whatever", ErrorKind::kServer}};
  for (const auto& [code, kind] : rows) {
    CAPTURE(code);
    World world;
    world.error(200, code, "try again");
    const auto page = world.client().list_page("", "", nullptr);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().kind == kind);
    CHECK(s3::describe(page.error()) == std::string("200 ") + code + ": try again (request R1)");
  }
}

TEST_CASE("an error body is read up to a limit") {
  World world;
  std::string body = "<Error><Code>SlowDown</Code><Message>m</Message><Junk>";
  body.append(std::size_t{1} << 20U, 'x');
  world.answer(400, {}, body + "</Junk></Error>");
  Collector sink;
  CHECK(world.client().get(object_request("k"), sink).error().kind == ErrorKind::kThrottled);
}

TEST_CASE("an error body that breaks off is still an error of its status") {
  World world;
  world.transport.answer({403,
                          {},
                          "<Error><Code>AccessDenied</Code><Mess",
                          s3::Error{ErrorKind::kNetwork, 403, "", "cut", ""}});
  Collector sink;
  CHECK(world.client().get(object_request("k"), sink).error().kind == ErrorKind::kDenied);
}

TEST_CASE("an error is described in one line") {
  CHECK(s3::describe({ErrorKind::kDenied, 403, "AccessDenied", "Access Denied", "4442"}) ==
        "403 AccessDenied: Access Denied (request 4442)");
  CHECK(s3::describe({ErrorKind::kNetwork, 0, "", "connection refused", ""}) ==
        "connection refused");
  CHECK(s3::describe({ErrorKind::kServer, 502, "", "", ""}) == "502");
  CHECK(s3::describe({}) == "unknown error");
}

TEST_CASE("no description holds a secret, even if the server echoes what we sent") {
  World world;
  *world.session_token = "very-secret-token";
  REQUIRE(world.session->reload_credentials().has_value());
  world.transport.answer({200, {}, "", s3::Error{ErrorKind::kNetwork, 0, "", "x", ""}});
  auto client = world.client();
  Collector sink;
  std::ignore = client.get(object_request("k"), sink);
  // Signed at the same second, the next request has this signature, too.
  const std::string authorization = world.transport.sent_header("authorization");
  const std::string signature = authorization.substr(authorization.find("Signature=") + 10);
  REQUIRE(signature.size() == 64);
  REQUIRE(world.transport.sent_header("x-amz-security-token") == "very-secret-token");
  world.error(403, "AccessDenied",
              "you sent " + authorization + " with very-secret-token and very-secret-key");
  world.error(400, "very-secret-token", "");
  const auto echoed = client.get(object_request("k"), sink);
  REQUIRE_FALSE(echoed.has_value());
  const std::string text = s3::describe(echoed.error());
  CAPTURE(text);
  CHECK(world.transport.sent_header("authorization") == authorization);
  CHECK(text.find(signature) == std::string::npos);
  CHECK(text.find("very-secret") == std::string::npos);
  CHECK(text.find("<redacted>") != std::string::npos);
  const auto as_code = client.get(object_request("k"), sink);
  CHECK(s3::describe(as_code.error()).find("very-secret") == std::string::npos);
}

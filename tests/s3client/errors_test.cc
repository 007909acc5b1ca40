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
    ClientWorld world;
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
      ClientWorld world;
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

TEST_CASE("an answer that shows its cause is told by that") {
  struct Cause {
    int status;
    const char* code;
    const char* message;
    bool on_object;
    ErrorKind kind;
    s3::Hint hint;
  };
  const Cause rows[] = {
      {403, "InvalidAccessKeyId", "", false, ErrorKind::kBadCredentials, s3::Hint::kUnknownKey},
      {403, "SignatureDoesNotMatch", "", true, ErrorKind::kBadCredentials, s3::Hint::kWrongSecret},
      {400, "InvalidToken", "", false, ErrorKind::kBadCredentials, s3::Hint::kWrongToken},
      // MinIO
      {403, "InvalidTokenId", "The security token included in the request is invalid", false,
       ErrorKind::kBadCredentials, s3::Hint::kWrongToken},
      // Garage
      {403, "AccessDenied", "Forbidden: No such key: GK31c2f218a2e44f485b94239e", false,
       ErrorKind::kBadCredentials, s3::Hint::kUnknownKey},
      {403, "AccessDenied", "Forbidden: Invalid signature", true, ErrorKind::kBadCredentials,
       s3::Hint::kWrongSecret},
      {403, "AccessDenied", "Forbidden: Operation is not allowed for this key.", false,
       ErrorKind::kDenied, s3::Hint::kNone},
      {404, "NoSuchBucket", "Bucket not found: site", false, ErrorKind::kNoSuchBucket,
       s3::Hint::kForeignBucket},
      {404, "NoSuchBucket", "The specified bucket does not exist", false, ErrorKind::kNoSuchBucket,
       s3::Hint::kNone},
      {400, "InvalidRequest", "Bad request: Object is encrypted", true, ErrorKind::kUnreadable,
       s3::Hint::kUploadersKey},
      {400, "InvalidRequest", kSseC, true, ErrorKind::kUnreadable, s3::Hint::kUploadersKey},
      {403, "AccessDenied", kKmsDenied, true, ErrorKind::kUnreadable, s3::Hint::kNone},
      {400, "KMS.NotFoundException", "", true, ErrorKind::kUnreadable, s3::Hint::kNone},
      {403, "AccessDenied", "Access Denied", false, ErrorKind::kDenied, s3::Hint::kNone},
  };
  for (const Cause& row : rows) {
    CAPTURE(row.status, row.code, row.message);
    ClientWorld world;
    world.error(row.status, row.code, row.message);
    auto client = world.client();
    Collector sink;
    const auto error = row.on_object ? client.get(object_request("k"), sink).error()
                                     : client.list_page("", "", nullptr).error();
    CHECK(error.kind == row.kind);
    CHECK(error.hint == row.hint);
  }
}

TEST_CASE("a web page is told from an S3 error, and from a server's own trouble") {
  const std::tuple<int, s3::Header, const char*, s3::Hint> rows[] = {
      {403, {"server", "x"}, "<!DOCTYPE html><html>Log in</html>", s3::Hint::kWebPage},
      {404, {"server", "x"}, " \r\n<HTML><body>", s3::Hint::kWebPage},
      {401, {"content-type", "text/html; charset=utf-8"}, "<br>", s3::Hint::kWebPage},
      {302, {"location", "http://portal.example/?u=very-secret-key"}, "<html>", s3::Hint::kWebPage},
      {502, {"server", "nginx"}, "<html>Bad Gateway</html>", s3::Hint::kNone},
      {404, {"x-amz-request-id", "R"}, "<html>", s3::Hint::kNone},
      {404, {"server", "x"}, "", s3::Hint::kNone},
      // nginx, Go, Apache
      {400,
       {"content-type", "text/html"},
       "<html><title>400 The plain HTTP request was sent to HTTPS port</title>",
       s3::Hint::kUseHttps},
      {400,
       {"server", "x"},
       "Client sent an HTTP request to an HTTPS server.\n",
       s3::Hint::kUseHttps},
      {400,
       {"server", "x"},
       "<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
       s3::Hint::kUseHttps}};
  for (const auto& [status, header, body, hint] : rows) {
    CAPTURE(status, body);
    ClientWorld world;
    world.answer(status, {header}, body);
    const auto listed = world.client().list_page("", "", nullptr);
    REQUIRE_FALSE(listed.has_value());
    CHECK(listed.error().hint == hint);
    // What a portal denies is neither the credentials' fault nor the bucket's.
    if (hint == s3::Hint::kWebPage) CHECK(listed.error().kind == ErrorKind::kProtocol);
    CHECK(s3::describe(listed.error()).find("very-secret") == std::string::npos);
    const bool told = listed.error().message.find("a web page came") != std::string::npos;
    CHECK(told == (hint == s3::Hint::kWebPage));
  }
}

TEST_CASE("what came in the stead of a listing is told") {
  const std::pair<const char*, const char*> rows[] = {
      {"<!DOCTYPE html><html><head><title>MinIO Console</title></head></html>", "a web page came"},
      {"<html><body>Log in</body></html>", "a web page came"},
      {"<?xml version=\"1.0\"?><ListAllMyBucketsResult "
       "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Buckets/></ListAllMyBucketsResult>",
       "the list of all buckets came, and not what is in this one"},
      {"<other/>", "the listing is refused: it is not the document that was asked for"}};
  for (const auto& [body, message] : rows) {
    CAPTURE(body);
    s3::SessionOptions options;
    options.addressing = GENERATE(s3::Addressing::kPath, s3::Addressing::kVirtual);
    const bool virtual_host = options.addressing == s3::Addressing::kVirtual;
    ClientWorld world(std::move(options));
    world.answer(200, {}, body);
    world.answer(200, {}, body);
    auto client = world.client();
    const auto page = client.list_page("", "", nullptr);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().message == message);
    const bool use_path = page.error().hint == s3::Hint::kUsePath;
    CHECK(use_path == (virtual_host && std::string(body).find("AllMy") != std::string::npos));
    CHECK(client.list_versions_page("", "", "", nullptr).error().message == message);
  }
}

TEST_CASE("a session says which key it signs with, and where that was found") {
  ClientWorld world;
  CHECK(world.session->credentials_in_use() == "the key AKIDEXAMPLE");
}

TEST_CASE("a delete marker is not found, by header or body") {
  ClientWorld world;
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
    ClientWorld world;
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
    ClientWorld world;
    world.error(200, code, "try again");
    const auto page = world.client().list_page("", "", nullptr);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().kind == kind);
    CHECK(s3::describe(page.error()) == std::string("200 ") + code + ": try again (request R1)");
  }
}

TEST_CASE("an error body is read up to a limit") {
  ClientWorld world;
  std::string body = "<Error><Code>SlowDown</Code><Message>m</Message><Junk>";
  body.append(std::size_t{1} << 20U, 'x');
  world.answer(400, {}, body + "</Junk></Error>");
  Collector sink;
  CHECK(world.client().get(object_request("k"), sink).error().kind == ErrorKind::kThrottled);
}

TEST_CASE("an error body that breaks off is still an error of its status") {
  ClientWorld world;
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
  ClientWorld world;
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

TEST_CASE("what a server echoes in headers is taken out before anything of it is kept") {
  ClientWorld world;
  *world.session_token = "very-secret-token";
  REQUIRE(world.session->reload_credentials().has_value());
  world.answer(200, {{"content-length", "0"},
                     {"etag", "\"very-secret-token\""},
                     {"x-amz-expiration", "rule-id=\"very-secret-key\""},
                     {"x-amz-storage-class", "very-secret-token"}});
  const auto head = world.client().head(object_request("k"));
  REQUIRE(head.has_value());
  CHECK(head->etag == "<redacted>");
  CHECK(head->expiration == "rule-id=\"<redacted>\"");
  CHECK(head->storage_class == "<redacted>");
}

TEST_CASE("no part of a secret is left where a message is cut") {
  const std::string secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
  for (const bool in_target : {false, true}) {
    for (std::size_t filler = 500 - secret.size(); filler <= 500; filler += 3) {
      CAPTURE(in_target, filler);
      ClientWorld world;
      *world.secret_key = secret;
      REQUIRE(world.session->reload_credentials().has_value());
      const std::string echo = std::string(filler, '.') + secret;
      if (in_target) {
        world.answer(307, {{"location", "https://evil.example/" + echo.substr(22)}});
      } else {
        world.error(403, "AccessDenied", echo);
      }
      Collector sink;
      const auto text = s3::describe(world.client().get(object_request("k"), sink).error());
      for (std::size_t i = 0; i + 4 <= secret.size(); ++i) {
        CHECK(text.find(secret.substr(i, 4)) == std::string::npos);
      }
    }
  }
}

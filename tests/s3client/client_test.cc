#include "s3client/client.h"

#include "tests/s3client/world.h"

using s3::ErrorKind;

namespace {

std::string page_of(const std::string& inside) {
  return "<ListBucketResult>" + inside + "</ListBucketResult>";
}

const std::string kEmptyPage = page_of("<IsTruncated>false</IsTruncated>");

std::string truncated_page(const std::string& token) {
  return page_of("<IsTruncated>true</IsTruncated><NextContinuationToken>" + token +
                 "</NextContinuationToken>");
}

std::vector<s3::Header> object_headers(std::size_t size_bytes) {
  return {{"content-length", std::to_string(size_bytes)}, {"etag", "\"abc\""}};
}

s3::GetRequest resume(std::uint64_t offset_bytes) {
  s3::GetRequest request = object_request("k");
  request.offset_bytes = offset_bytes;
  request.if_match = "abc";
  return request;
}

}  // namespace

TEST_CASE("a listing asks for one encoded page, with everything in the query encoded") {
  ClientWorld world;
  world.answer(200, {}, kEmptyPage);
  REQUIRE(world.client().list_page("a b/+", "1+a%2F/=&", nullptr).has_value());
  CHECK(world.transport.requests().at(0).method == "GET");
  CHECK(world.transport.requests().at(0).url ==
        "https://s3.example.org:9000/bucket?continuation-token=1%2Ba%252F%2F%3D%26&"
        "encoding-type=url&list-type=2&max-keys=1000&prefix=a%20b%2F%2B");
}

TEST_CASE("a listing passes on objects and token") {
  ClientWorld world;
  world.answer(200, {}, truncated_page("next"));
  const auto page = world.client().list_page("", "", nullptr);
  REQUIRE(page.has_value());
  CHECK(page->next_token == "next");
}

TEST_CASE("a listing that gives back its own token is a server error, not an endless loop") {
  ClientWorld world;
  world.answer(200, {}, truncated_page("same"));
  const auto page = world.client().list_page("", "same", nullptr);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kServer);
}

TEST_CASE("a listing stops when the caller says so") {
  ClientWorld world;
  world.answer(200, {}, kEmptyPage);
  const auto page = world.client().list_page("", "", [] { return false; });
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kAborted);
}

TEST_CASE("a listing that is no XML is a server error and stops the transfer") {
  ClientWorld world;
  world.answer(200, {}, "<html><p>It works!</html>");
  CHECK(world.client().list_page("", "", nullptr).error().kind == ErrorKind::kServer);
}

TEST_CASE("an object is delivered in order, after its head") {
  ClientWorld world;
  const std::string body = "the quick brown fox jumps over the lazy dog";
  world.answer(200, object_headers(body.size()), body);
  Collector sink;
  const auto head = world.client().get(object_request("k"), sink);
  REQUIRE(head.has_value());
  CHECK(head->size_bytes == body.size());
  CHECK(sink.heads.size() == 1);
  CHECK(sink.body == body);
  CHECK(world.transport.sent_header("x-amz-checksum-mode") == "ENABLED");
  CHECK(world.transport.sent_header("accept-encoding") == "identity");
  CHECK(world.transport.sent_header("range").empty());
  CHECK(world.transport.sent_header("x-amz-content-sha256") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("all that S3 must see is signed, and Accept-Encoding is not") {
  ClientWorld world;
  world.answer(206, {{"content-length", "1"}, {"content-range", "bytes 1-1/2"}}, "x");
  Collector sink;
  REQUIRE(world.client().get(resume(1), sink).has_value());
  CHECK(world.transport.sent_header("authorization")
            .find("SignedHeaders=host;if-match;range;x-amz-checksum-mode;x-amz-content-sha256;"
                  "x-amz-date,") != std::string::npos);
  CHECK(world.transport.sent_header("range") == "bytes=1-");
  CHECK(world.transport.sent_header("if-match") == "\"abc\"");
  CHECK(world.transport.sent_header("host") == "s3.example.org:9000");
}

TEST_CASE("a key goes into the path byte by byte, whatever it looks like") {
  ClientWorld world;
  const std::pair<std::string, std::string> rows[] = {
      {"a/../b", "/bucket/a/../b"},
      {"/a//b/", "/bucket//a//b/"},
      {"..", "/bucket/.."},
      {"a b+c?d#e%41", "/bucket/a%20b%2Bc%3Fd%23e%2541"},
      {std::string("\x01\xff\0", 3), "/bucket/%01%FF%00"},
  };
  for (const auto& [key, path] : rows) {
    CAPTURE(path);
    world.answer(200, object_headers(0));
    Collector sink;
    REQUIRE(world.client().get(object_request(key), sink).has_value());
    CHECK(world.transport.requests().back().url == "https://s3.example.org:9000" + path);
  }
}

TEST_CASE("a version and a part are asked for in the query") {
  ClientWorld world;
  s3::GetRequest request = object_request("k");
  request.version_id = "a/b+c";
  request.part_number = 3;
  world.answer(206, {{"content-length", "5"}, {"x-amz-mp-parts-count", "4"}});
  const auto head = world.client().head(request);
  REQUIRE(head.has_value());
  CHECK(head->size_bytes == 5);
  CHECK(head->parts_count == 4);
  CHECK(world.transport.requests().back().method == "HEAD");
  CHECK(world.transport.requests().back().url.ends_with(
      "/bucket/k?partNumber=3&versionId=a%2Fb%2Bc"));
}

TEST_CASE("what cannot be sent is refused before it is sent") {
  ClientWorld world;
  Collector sink;
  CHECK(world.client().get(object_request(""), sink).error().kind == ErrorKind::kInvalid);
  s3::GetRequest request = object_request("k");
  request.if_match = "abc\r\nx-evil: 1";
  CHECK(world.client().get(request, sink).error().kind == ErrorKind::kInvalid);
  CHECK(world.transport.requests().empty());
}

TEST_CASE("a resumed object is delivered from its offset on") {
  ClientWorld world;
  auto headers = object_headers(6);
  headers.emplace_back("content-range", "bytes 4-9/10");
  world.answer(206, headers, "456789");
  Collector sink;
  const auto head = world.client().get(resume(4), sink);
  REQUIRE(head.has_value());
  CHECK(head->offset_bytes == 4);
  CHECK(head->size_bytes == 10);
  CHECK(sink.body == "456789");
}

TEST_CASE("a server that ignores Range delivers nothing") {
  ClientWorld world;
  world.answer(200, object_headers(10), "0123456789");
  Collector sink;
  CHECK(world.client().get(resume(4), sink).error().kind == ErrorKind::kProtocol);
  CHECK(sink.heads.empty());
  CHECK(sink.body.empty());
}

TEST_CASE("a server that ignores If-Match and has another content delivers nothing") {
  ClientWorld world;
  world.answer(206,
               {{"content-length", "6"}, {"content-range", "bytes 4-9/10"}, {"etag", "\"other\""}},
               "456789");
  Collector sink;
  CHECK(world.client().get(resume(4), sink).error().kind == ErrorKind::kChanged);
  CHECK(sink.body.empty());
}

TEST_CASE("fewer or more bytes than promised are never a success") {
  ClientWorld world;
  world.answer(200, object_headers(10), "01234");
  Collector few;
  CHECK(world.client().get(object_request("k"), few).error().kind == ErrorKind::kNetwork);
  CHECK(few.body == "01234");
  world.answer(200, object_headers(3), "0123456789");
  Collector many;
  CHECK(world.client().get(object_request("k"), many).error().kind == ErrorKind::kProtocol);
  CHECK(many.body.size() <= 3);
}

TEST_CASE("a sink can stop the transfer at its head, in its body and in between") {
  ClientWorld world;
  for (int i = 0; i < 3; ++i) world.answer(200, object_headers(20), std::string(20, 'x'));
  Collector at_head;
  at_head.accept_object = false;
  CHECK(world.client().get(object_request("k"), at_head).error().kind == ErrorKind::kAborted);
  CHECK(at_head.body.empty());
  Collector in_body;
  in_body.stop_at = 10;
  CHECK(world.client().get(object_request("k"), in_body).error().kind == ErrorKind::kAborted);
  CHECK(in_body.body.size() < 20);
  Collector between;
  between.go_on = false;
  CHECK(world.client().get(object_request("k"), between).error().kind == ErrorKind::kAborted);
}

TEST_CASE("a transport's failure is passed on with what was delivered before it") {
  ClientWorld world;
  world.transport.answer(
      {200, object_headers(10), "01234", s3::Error{ErrorKind::kNetwork, 200, "", "reset", ""}});
  Collector sink;
  const auto got = world.client().get(object_request("k"), sink);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::kNetwork);
  CHECK(got.error().message == "reset");
  CHECK(sink.body == "01234");
}

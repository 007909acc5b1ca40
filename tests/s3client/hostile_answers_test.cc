// Answers that no server should give, byte by byte as they come over the wire. What is asked for is
// an object that was listed with 5 bytes.
#include "s3client/curl_transport.h"
#include "tests/s3client/raw_server.h"
#include "tests/s3client/world.h"

using s3::ErrorKind;

namespace {

const std::string kEtag = "ETag: \"0123456789abcdef0123456789abcdef\"\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\n" + kEtag;

struct Asked {
  s3::Result<s3::ObjectHead> result;
  std::string body;
  std::size_t connections = 0;
};

/// Asks for the object once. The connection ends behind the answer.
Asked ask(const std::string& answer, std::uint64_t offset = 0) {
  RawServer server({once(answer), once(answer)});
  s3::SessionOptions options;
  options.endpoint = server.url("");
  const ClientWorld world(options);
  s3::TransportOptions transport_options;
  transport_options.stall_timeout = std::chrono::seconds(20);
  const auto transport = s3::make_curl_transport(transport_options);
  s3::Client client(world.session, *transport);
  auto request = object_request("k");
  request.listed_size_bytes = 5;
  request.offset_bytes = offset;
  Collector sink;
  auto result = client.get(request, sink);
  return {std::move(result), std::move(sink.body), server.connections()};
}

}  // namespace

TEST_CASE("no odd answer passes for an object of another length than it has", "[hostile]") {
  struct Row {
    const char* what;
    std::string answer;
    std::size_t most_bytes;  ///< that may be handed over before it is found out
  };
  const Row row = GENERATE_COPY(
      Row{"a length below zero", kOk + "Content-Length: -5\r\n\r\nhello, world", 5},
      Row{"a length beyond 2^63", kOk + "Content-Length: 9223372036854775808\r\n\r\nhello", 5},
      Row{"a length beyond 2^64", kOk + "Content-Length: 18446744073709551621\r\n\r\nhello", 5},
      Row{"two lengths", kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 6},
      Row{"two lengths, the shorter last",
          kOk + "Content-Length: 7\r\nContent-Length: 5\r\n\r\nhello", 7},
      Row{"fewer bytes than promised", kOk + "Content-Length: 5\r\n\r\nhell", 4},
      Row{"more bytes than were listed, and no length", kOk + "\r\nhello, world", 5},
      Row{"fewer bytes than were listed, and no length", kOk + "\r\nhell", 4},
      Row{"a chunk that ends early",
          kOk + "Transfer-Encoding: chunked\r\n\r\n5;name=\"value\"\r\nhel", 5},
      Row{"no last chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 5},
      Row{"a chunk of a size beyond 2^64",
          kOk + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", 5},
      Row{"a chunk of a size below zero",
          kOk + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 0},
      Row{"more in chunks than was listed",
          kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", 5},
      Row{"a transfer that says to be packed and is not",
          kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0},
      Row{"nothing new", "HTTP/1.1 304 Not Modified\r\n" + kEtag + "\r\n", 0},
      Row{"nothing at all", "HTTP/1.1 204 No Content\r\n" + kEtag + "\r\n", 0},
      Row{"a part",
          "HTTP/1.1 206 Partial Content\r\n" + kEtag +
              "Content-Length: 5\r\nContent-Range: bytes 0-4/5\r\n\r\nhello",
          0},
      Row{"several ranges",
          "HTTP/1.1 206 Partial Content\r\n" + kEtag +
              "Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 5\r\n\r\nhello",
          0},
      Row{"no status", "HTTP/1.1 OK\r\n" + kEtag + "Content-Length: 5\r\n\r\nhello", 0},
      Row{"no head", "hello", 0},
      Row{"a status that is none",
          "HTTP/1.1 999 ???\r\n" + kEtag + "Content-Length: 5\r\n\r\nhello", 0});
  CAPTURE(row.what);
  const auto asked = ask(row.answer);
  CHECK_FALSE(asked.result.has_value());
  CHECK(asked.body.size() <= row.most_bytes);
  CHECK(asked.connections == 1);
}

TEST_CASE("an answer that is odd and complete is taken", "[hostile]") {
  const std::string answer = GENERATE_COPY(
      kOk +
          "Transfer-Encoding: chunked\r\n\r\n5;name=\"a;b\";other\r\nhello\r\n0\r\nx-t: 1\r\n\r\n",
      kOk + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nETag: \"other\"\r\n\r\n" + kOk +
          "Content-Length: 5\r\n\r\nhello",
      kOk +
          "Content-Length: 5\r\nLast-Modified: Fri, 31 Dec 9999 23:59:59 GMT\r\n"
          "Date: Mon, 01 Jan 0001 00:00:00 GMT\r\n\r\nhello",
      kOk +
          "Content-Length: 5\r\nx-amz-mp-parts-count: 4294967296\r\nx-amz-checksum-crc32: "
          "==========\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\n" + kEtag + "ETag: \"second\"\r\nContent-Length: 5\r\n\r\nhello");
  const auto asked = ask(answer);
  if (!asked.result) FAIL(asked.result.error().message);
  CHECK(asked.body == "hello");
  CHECK(asked.result->etag == "0123456789abcdef0123456789abcdef");
  CHECK(asked.result->parts_count == 0);
}

TEST_CASE("the rest of an object comes from where it was asked for, or not at all", "[hostile]") {
  const auto partial = [](const std::string& range, const std::string& body) {
    return "HTTP/1.1 206 Partial Content\r\n" + kEtag +
           "Content-Length: " + std::to_string(body.size()) + "\r\nContent-Range: " + range +
           "\r\n\r\n" + body;
  };
  const auto right = ask(partial("bytes 3-4/5", "lo"), 3);
  REQUIRE(right.result.has_value());
  CHECK(right.body == "lo");
  const std::string answer = GENERATE_COPY(
      partial("bytes 2-4/5", "llo"), partial("bytes 3-4/6", "lo"), partial("bytes 3-3/5", "l"),
      partial("bytes 3-5/5", "lo!"), partial("bytes 3-4/*", "lo"), partial("bytes 0-4/5", "hello"),
      partial("bytes -3-4/5", "lo"), partial("bytes 3-18446744073709551615/0", "lo"),
      partial("bytes 3-4/5\r\nContent-Range: bytes 0-4/5", "hello"),
      kOk + "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 304 Not Modified\r\n" + kEtag + "\r\n");
  const auto asked = ask(answer, 3);
  CHECK_FALSE(asked.result.has_value());
  CHECK(asked.body.empty());
}

TEST_CASE("no answer leads to a file, another host or another port", "[hostile]") {
  RawServer victim({once(kOk + "Content-Length: 5\r\n\r\nhello")});
  const std::string url = victim.url("/b/k");
  const std::string gopher = "gopher://127.0.0.1:" + std::to_string(victim.port()) + "/x";
  const std::string target =
      GENERATE_COPY(as<std::string>(), "file:///etc/hostname", url, "//127.0.0.1/b/k", gopher,
                    "http://[::1]/b/k", "http://169.254.169.254/latest/meta-data/", "");
  const std::string status = GENERATE("301 Moved Permanently", "302 Found", "303 See Other",
                                      "307 Temporary Redirect", "308 Permanent Redirect");
  CAPTURE(target, status);
  const auto asked =
      ask("HTTP/1.1 " + status + "\r\nLocation: " + target + "\r\nContent-Length: 5\r\n\r\nhello");
  CHECK_FALSE(asked.result.has_value());
  CHECK(asked.body.empty());
  CHECK(asked.connections == 1);
  CHECK(victim.connections() == 0);
}

TEST_CASE("what an error says at length, or packed, costs little", "[hostile]") {
  const std::string endless(std::size_t{8} << 20, 'x');
  const auto asked = ask("HTTP/1.1 500 Oh\r\nContent-Length: " + std::to_string(endless.size()) +
                         "\r\n\r\n<Error><Code>" + endless);
  REQUIRE_FALSE(asked.result.has_value());
  CHECK(asked.result.error().kind == ErrorKind::kServer);
  CHECK(asked.result.error().code.size() + asked.result.error().message.size() < 2000);
}

TEST_CASE("no pause that a server asks for is below zero or longer than a day", "[hostile]") {
  const auto [asked, seconds] =
      GENERATE(table<std::string, std::int64_t>({{"7", 7},
                                                 {"-7", 0},
                                                 {"9223372036854775807", 86'400},
                                                 {"-9223372036854775808", 0},
                                                 {"99999999999999999999", 0},
                                                 {"soon", 0},
                                                 {"1e9", 0},
                                                 {"Fri, 31 Dec 9999 23:59:59 GMT", 86'400},
                                                 {"Mon, 01 Jan 0001 00:00:00 GMT", 0},
                                                 {"Thu, 01 Jan 2026 00:00:30 GMT", 30}}));
  CAPTURE(asked);
  ClientWorld world;
  world.error(503, "SlowDown", "", "", {{"retry-after", asked}});
  const auto answer = world.client().head(object_request("k"));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::kThrottled);
  CHECK(answer.error().retry_after == std::chrono::seconds(seconds));
}

#include "s3client/curl_transport.h"

#include <cstdlib>

#include "tests/s3client/raw_server.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using fake_s3::SocketStream;
using s3::ErrorKind;

namespace {

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name:  Value \r\n\r\nhello";

struct Recorder final : s3::ResponseSink {
  bool on_head(const s3::HttpHead& a_head) override {
    ++heads;
    head = a_head;
    return accept_head;
  }
  bool on_body(std::span<const std::byte> bytes) override {
    body.append(static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size());
    if (on_bytes) on_bytes();
    return accept_body;
  }
  bool keep_going() override {
    ++questions;
    return go_on;
  }

  int heads = 0;
  s3::HttpHead head;
  std::string body;
  bool accept_head = true;
  bool accept_body = true;
  bool go_on = true;
  int questions = 0;
  std::function<void()> on_bytes;
};

std::unique_ptr<s3::Transport> transport(std::chrono::milliseconds stall = 20s) {
  s3::TransportOptions options;
  options.stall_timeout = stall;
  return s3::make_curl_transport(options);
}

s3::HttpRequest get(const std::string& url) { return {"GET", url, {}}; }

ErrorKind kind_of(const s3::Result<void>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().kind;
}

void say_nothing(RawServer& server, SocketStream& stream) {
  if (server.read_request(stream)) stream.pause(1min);
}

}  // namespace

TEST_CASE("a response is handed over with lower-case header names") {
  RawServer server({once(kHello)});
  Recorder sink;
  REQUIRE(transport()->perform(get(server.url()), sink).has_value());
  CHECK(sink.heads == 1);
  CHECK(sink.head.status == 200);
  REQUIRE(sink.head.find("x-name") != nullptr);
  CHECK(*sink.head.find("x-name") == "Value");
  CHECK(sink.head.find("x-other") == nullptr);
  CHECK(sink.body == "hello");
}

TEST_CASE("path and headers go out exactly as they were given") {
  RawServer server({once(kHello)});
  Recorder sink;
  const std::string path = "/bucket/a/../b//./c%2F%01+~?x=%20&y=";
  s3::HttpRequest request = get(server.url(path));
  request.headers = {{"host", "named.example:1"}, {"accept-encoding", "identity"}, {"x-a", "b"}};
  REQUIRE(transport()->perform(request, sink).has_value());
  const std::string sent = server.requests().at(0);
  CAPTURE(sent);
  CHECK(sent.starts_with("GET " + path + " HTTP/1.1\r\n"));
  CHECK(sent.find("\r\nHost: named.example:1\r\n") != std::string::npos);
  CHECK(sent.find("127.0.0.1") == std::string::npos);
  CHECK(sent.find("accept-encoding: identity\r\n") != std::string::npos);
  CHECK(sent.find("Accept-Encoding:") == std::string::npos);
  CHECK(sent.find("x-a: b\r\n") != std::string::npos);
  CHECK(sent.find("Expect") == std::string::npos);
  CHECK(sent.find("User-Agent: holdfast/") != std::string::npos);
}

TEST_CASE("one connection serves many requests, of every method") {
  const std::string empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  RawServer server({[&](RawServer& self, SocketStream& stream) {
    for (const std::string& answer :
         {kHello, std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), empty, empty,
          kHello}) {
      if (!self.read_request(stream) || !stream.send(answer)) return;
    }
    stream.pause(1min);
  }});
  auto client = transport();
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "GET"}) {
    CAPTURE(method);
    Recorder sink;
    REQUIRE(client->perform({method, server.url(), {}}, sink).has_value());
    CHECK(sink.body == (std::string(method) == "GET" ? "hello" : ""));
  }
  CHECK(server.connections() == 1);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 5);
  CHECK(requests[1].starts_with("HEAD / "));
  CHECK(requests[2].starts_with("PUT / "));
  CHECK(requests[2].find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(requests[3].starts_with("DELETE / "));
  CHECK(requests[4].starts_with("GET / "));
}

TEST_CASE("a reused connection that turns out dead is replaced, once and unseen") {
  const bool by_reset = GENERATE(false, true);
  const std::string method = GENERATE("GET", "HEAD");
  CAPTURE(by_reset, method);
  RawServer server({[&](RawServer& self, SocketStream& stream) {
                      if (!self.read_request(stream) || !stream.send(kHello)) return;
                      self.read_request(stream);
                      if (by_reset) stream.reset();
                    },
                    once(kHello)});
  auto client = transport();
  Recorder first;
  REQUIRE(client->perform(get(server.url()), first).has_value());
  Recorder second;
  REQUIRE(client->perform({method, server.url(), {}}, second).has_value());
  CHECK(second.heads == 1);
  CHECK(server.connections() == 2);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a second dead connection is a network error, and there is no third") {
  const RawServer::Handler die = [](RawServer& self, SocketStream& stream) {
    self.read_request(stream);
  };
  RawServer server({[](RawServer& self, SocketStream& stream) {
                      if (self.read_request(stream) && stream.send(kHello))
                        self.read_request(stream);
                    },
                    die, die});
  auto client = transport();
  Recorder first;
  REQUIRE(client->perform(get(server.url()), first).has_value());
  Recorder second;
  CHECK(kind_of(client->perform(get(server.url()), second)) == ErrorKind::kNetwork);
  CHECK(second.heads == 0);
  CHECK(server.connections() == 2);
}

TEST_CASE("a connection that breaks after the first byte of a response is not retried") {
  RawServer server({[](RawServer& self, SocketStream& stream) {
                      if (!self.read_request(stream) || !stream.send(kHello)) return;
                      if (self.read_request(stream)) stream.send("HTTP/1.1 200 OK\r\n");
                    },
                    once(kHello)});
  auto client = transport();
  Recorder first;
  REQUIRE(client->perform(get(server.url()), first).has_value());
  Recorder second;
  CHECK(kind_of(client->perform(get(server.url()), second)) == ErrorKind::kNetwork);
  CHECK(server.connections() == 1);
}

TEST_CASE("a body shorter than its length is a network error, after what came of it") {
  RawServer server({once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")});
  Recorder sink;
  const auto result = transport()->perform(get(server.url()), sink);
  CHECK(kind_of(result) == ErrorKind::kNetwork);
  CHECK(result.error().http_status == 200);
  CHECK(sink.body == "hello");
}

TEST_CASE("a body longer than its length is cut, and does not spill into the next response") {
  RawServer server({once("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello"), once(kHello)});
  auto client = transport();
  Recorder first;
  REQUIRE(client->perform(get(server.url()), first).has_value());
  CHECK(first.body == "hel");
  Recorder second;
  REQUIRE(client->perform(get(server.url()), second).has_value());
  CHECK(second.body == "hello");
}

TEST_CASE("a transfer that stalls is a network error, before and within the body") {
  const std::string begin =
      GENERATE("", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  CAPTURE(begin);
  RawServer server({[&](RawServer& self, SocketStream& stream) {
    if (self.read_request(stream) && stream.send(begin)) stream.pause(1min);
  }});
  Recorder sink;
  const auto start = std::chrono::steady_clock::now();
  const auto result = transport(200ms)->perform(get(server.url()), sink);
  CHECK(kind_of(result) == ErrorKind::kNetwork);
  CHECK(result.error().message == "nothing came for 0.2 s");
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("the first byte of a listing may take longer than that of an object") {
  const auto slowly = [](RawServer& self, SocketStream& stream) {
    if (!self.read_request(stream)) return;
    stream.pause(1500ms);
    (void)stream.send(kHello);
  };
  RawServer server({slowly, slowly});
  auto client = transport(300ms);
  auto request = get(server.url());
  request.is_text = true;
  Recorder text;
  CHECK(client->perform(request, text).has_value());
  CHECK(text.body == "hello");
  request.is_text = false;
  Recorder object;
  CHECK(kind_of(client->perform(request, object)) == ErrorKind::kNetwork);
}

TEST_CASE("time that the sink itself takes is no stall") {
  RawServer server({once(kHello)});
  Recorder sink;
  sink.on_bytes = [] { std::this_thread::sleep_for(1500ms); };
  CHECK(transport(1s)->perform(get(server.url()), sink).has_value());
}

TEST_CASE("a transfer ends when its sink says so") {
  RawServer server({always(kHello), always(kHello), say_nothing});
  auto client = transport();
  Recorder at_head;
  at_head.accept_head = false;
  CHECK(kind_of(client->perform(get(server.url()), at_head)) == ErrorKind::kAborted);
  CHECK(at_head.body.empty());
  Recorder at_body;
  at_body.accept_body = false;
  CHECK(kind_of(client->perform(get(server.url()), at_body)) == ErrorKind::kAborted);
  Recorder waiting;
  waiting.go_on = false;
  CHECK(kind_of(client->perform(get(server.url()), waiting)) == ErrorKind::kAborted);
}

TEST_CASE("the sink is asked at least once a second while nothing comes") {
  RawServer server({say_nothing});
  Recorder sink;
  CHECK(kind_of(transport(2500ms)->perform(get(server.url()), sink)) == ErrorKind::kNetwork);
  CHECK(sink.questions >= 3);
}

TEST_CASE("a redirect is a response like any other") {
  RawServer server(
      {once("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n"
            "Content-Length: 0\r\n\r\n")});
  Recorder sink;
  REQUIRE(transport()->perform(get(server.url()), sink).has_value());
  CHECK(sink.head.status == 301);
  CHECK(server.connections() == 1);
}

TEST_CASE("interim responses are skipped, and trailers are no headers") {
  RawServer server(
      {once("HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n")});
  Recorder sink;
  REQUIRE(transport()->perform(get(server.url()), sink).has_value());
  CHECK(sink.heads == 1);
  CHECK(sink.head.status == 200);
  CHECK(sink.head.find("x-early") == nullptr);
  CHECK(sink.body == "hello");
}

TEST_CASE("a server that does not speak HTTP, or says nothing, is a network error") {
  const std::string garbage = GENERATE("", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 nonsense\r\n\r\n");
  CAPTURE(garbage);
  RawServer server({once(garbage)});
  Recorder sink;
  CHECK(kind_of(transport()->perform(get(server.url()), sink)) == ErrorKind::kNetwork);
}

TEST_CASE("a refused connection is a network error, and what is no URL is invalid") {
  std::string url;
  {
    RawServer server({});
    url = server.url();
  }
  Recorder sink;
  auto client = transport();
  CHECK(kind_of(client->perform(get(url), sink)) == ErrorKind::kNetwork);
  CHECK(kind_of(client->perform(get("file:///etc/passwd"), sink)) == ErrorKind::kInvalid);
  CHECK(kind_of(client->perform(get("http://a b/"), sink)) == ErrorKind::kInvalid);
}

TEST_CASE("a proxy from the environment is not used for loopback") {
  REQUIRE(::setenv("http_proxy", "http://127.0.0.1:1", 1) == 0);
  RawServer server({once(kHello)});
  Recorder sink;
  const auto result = transport()->perform(get(server.url()), sink);
  Recorder proxied;
  const auto elsewhere = transport()->perform(get("http://s3.example.org/"), proxied);
  ::unsetenv("http_proxy");
  CHECK(result.has_value());
  // Elsewhere it is: port 1 refuses.
  REQUIRE_FALSE(elsewhere.has_value());
  CHECK(elsewhere.error().message.find("127.0.0.1 port 1") != std::string::npos);
}

TEST_CASE("the password of a proxy is in no message, however the proxy is written") {
  for (const char* proxy : {"http://user:hunter2@[::1", "http://user:hunter2@h:port",
                            "nonsense://user:hunter2@h", "http://user:hunter2 @127.0.0.1:1"}) {
    CAPTURE(proxy);
    REQUIRE(::setenv("http_proxy", proxy, 1) == 0);
    Recorder sink;
    const auto asked = transport()->perform(get("http://s3.example.org/"), sink);
    ::unsetenv("http_proxy");
    REQUIRE_FALSE(asked.has_value());
    CHECK_FALSE(asked.error().message.empty());
    CHECK(asked.error().message.find("hunter2") == std::string::npos);
  }
}

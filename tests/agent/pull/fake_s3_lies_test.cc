#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/raw_client.h"
#include "tests/support/test_certificate.h"
#include "tests/support/text.h"

namespace {

using fake_s3::Lie;
using fake_s3::LieKind;
using fake_s3::RawClient;
using fake_s3::RawResponse;
using fake_s3::Server;
using test::contains;

// A server with the object b/k that lies about it.
std::unique_ptr<Server> lying_server(const Lie& lie) {
  auto server = Server::start({}).value();
  server->put("b", "k", "0123456789");
  server->put("b", "l", "second");
  server->lie(lie);
  return server;
}

RawResponse get_once(const Server& server, const std::string& target,
                     std::vector<fake_s3::Header> headers = {}) {
  return RawClient(server.port(), fake_s3::reader()).get(target, std::move(headers));
}

}  // namespace

TEST_CASE("a body can arrive damaged", "[fake_s3]") {
  SECTION("cut short") {
    const auto server = lying_server({LieKind::kTruncate, "GET", "k", 4});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.status == 200);
    CHECK(response.header("content-length") == "10");
    CHECK(response.body == "0123");
    CHECK_FALSE(response.complete);
    CHECK_FALSE(response.reset);
  }
  SECTION("ended by a reset") {
    const auto server = lying_server({LieKind::kReset, "GET", "k", 4});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.body == "0123");
    CHECK(response.reset);
  }
  SECTION("with a byte flipped, wherever the range begins") {
    const auto server = lying_server({LieKind::kFlip, "GET", "k", 4});
    CHECK(get_once(*server, "/b/k").body == "0123556789");
    CHECK(get_once(*server, "/b/k", {{"range", "bytes=3-"}}).body == "3556789");
    CHECK(get_once(*server, "/b/k", {{"range", "bytes=5-"}}).body == "56789");
  }
  SECTION("longer than promised") {
    const auto server = lying_server({LieKind::kTooLong, "GET", "k", 3});
    RawClient client(server->port(), fake_s3::reader());
    CHECK(client.get("/b/k").body == "0123456789");
    client.send_text("!");
    CHECK(client.receive(false).status == 0);
  }
  SECTION("with a wrong length") {
    const auto server = lying_server({LieKind::kWrongContentLength, "GET", "k", 5});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.header("content-length") == "15");
    CHECK(response.body == "0123456789");
  }
  SECTION("without a length") {
    const auto server = lying_server({LieKind::kOmitHeader, "GET", "k", 0, "content-length"});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.header("content-length").empty());
    CHECK(response.body == "0123456789");
  }
}

TEST_CASE("a range can be ignored or misnamed", "[fake_s3]") {
  const std::vector<fake_s3::Header> range = {{"range", "bytes=4-"}};
  const auto ignoring = lying_server({LieKind::kIgnoreRange, "GET", "k"});
  const RawResponse whole = get_once(*ignoring, "/b/k", range);
  CHECK(whole.status == 200);
  CHECK(whole.body == "0123456789");
  const auto wrong = lying_server({LieKind::kWrongContentRange, "GET", "k", 2});
  const RawResponse shifted = get_once(*wrong, "/b/k", range);
  CHECK(shifted.status == 206);
  CHECK(shifted.header("content-range") == "bytes 6-11/10");
  CHECK(shifted.body == "456789");
}

TEST_CASE("a question for a part can be refused, ignored or answered as if the part were all",
          "[fake_s3]") {
  const auto server = Server::start({}).value();
  const std::string etag = server->put_multipart("b", "k", "aaaabbbbcc", 4);
  RawClient client(server->port(), fake_s3::reader());
  SECTION("refused, for some") {
    server->lie({LieKind::kRefuseParts, "HEAD", "k", 501, "2,3"});
    CHECK(client.head("/b/k?partNumber=1").status == 206);
    CHECK(client.head("/b/k?partNumber=2").status == 501);
    CHECK(client.head("/b/k?partNumber=3").status == 501);
    CHECK(client.head("/b/k").status == 200);
  }
  SECTION("ignored") {
    server->lie({LieKind::kIgnoreParts, "HEAD", "k"});
    const RawResponse whole = client.head("/b/k?partNumber=1");
    CHECK(whole.status == 200);
    CHECK(whole.header("content-length") == "10");
    CHECK(whole.header("x-amz-mp-parts-count").empty());
  }
  SECTION("with the ETag of the part, which is what a condition is about") {
    server->lie({LieKind::kPartEtags, "HEAD", "k"});
    const std::string own = fmt::format("\"{}\"", fake_s3::md5_hex("aaaa"));
    const RawResponse refused =
        client.head("/b/k?partNumber=1", {{"if-match", fmt::format("\"{}\"", etag)}});
    CHECK(refused.status == 412);
    CHECK(refused.header("etag") == own);
    const RawResponse part = client.head("/b/k?partNumber=1");
    CHECK(part.status == 200);
    CHECK(part.header("etag") == own);
    CHECK(part.header("content-length") == "4");
    CHECK(part.header("x-amz-mp-parts-count") == "3");
  }
  SECTION("numbered as the uploader liked") {
    server->edit("b", "k", [](fake_s3::Object& object) { object.part_numbers = {3, 7, 100}; });
    CHECK(client.head("/b/k?partNumber=1").status == 416);
    CHECK(client.head("/b/k?partNumber=100").header("content-length") == "2");
  }
}

TEST_CASE("an object can change between two requests", "[fake_s3]") {
  const auto server = lying_server({LieKind::kChange, "GET", "k", 0, "", 2, 1});
  const RawResponse before = get_once(*server, "/b/k");
  const RawResponse resumed =
      get_once(*server, "/b/k", {{"range", "bytes=4-"}, {"if-match", before.header("etag")}});
  CHECK(resumed.status == 412);
  const RawResponse after = get_once(*server, "/b/k");
  CHECK(after.body.size() == before.body.size());
  CHECK(after.header("etag") == "\"" + fake_s3::md5_hex(after.body) + "\"");
  CHECK(after.header("etag") != before.header("etag"));
}

TEST_CASE("an answer can be an error, as often as is said", "[fake_s3]") {
  const auto server = lying_server({LieKind::kError, "GET", "k", 503, "SlowDown", 2, 2});
  RawClient client(server->port(), fake_s3::reader());
  std::string statuses;
  for (int i = 0; i < 5; ++i) statuses += fmt::format("{} ", client.get("/b/k").status);
  CHECK(statuses == "200 503 503 200 200 ");
  CHECK(client.get("/b/l").status == 200);
  CHECK(client.head("/b/k").status == 200);
}

TEST_CASE("answers that are no answers", "[fake_s3]") {
  SECTION("an error inside a success") {
    const auto server = lying_server({LieKind::kErrorIn200, "", "k"});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.status == 200);
    CHECK(contains(response.body, "<Code>InternalError</Code>"));
  }
  SECTION("another region") {
    const auto server = lying_server({LieKind::kWrongRegion, "", "", 0, "eu-west-1"});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.status == 301);
    CHECK(response.header("x-amz-bucket-region") == "eu-west-1");
  }
  SECTION("another host") {
    const auto server = lying_server({LieKind::kWrongHost, "", "", 0, "http://127.0.0.1:9"});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.status == 307);
    CHECK(response.header("location") == "http://127.0.0.1:9/b/k");
  }
  SECTION("a proxy's page") {
    const auto server = lying_server({LieKind::kHtml, "", "", 502});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.status == 502);
    CHECK(contains(response.body, "<html>"));
  }
  SECTION("an optional header is refused") {
    const auto server = lying_server({LieKind::kRefuseChecksumMode, "", ""});
    CHECK(get_once(*server, "/b/k", {{"x-amz-checksum-mode", "ENABLED"}}).status == 400);
    CHECK(get_once(*server, "/b/k").status == 200);
  }
  SECTION("headers missing or made up") {
    const auto server = lying_server({LieKind::kOmitHeader, "", "k", 0, "etag"});
    server->lie({LieKind::kSetHeader, "", "k", 0, "Last-Modified=never"});
    const RawResponse response = get_once(*server, "/b/k");
    CHECK(response.header("etag").empty());
    CHECK(response.header("last-modified") == "never");
  }
}

TEST_CASE("a listing can be wrong in many ways", "[fake_s3]") {
  const std::string listing(fake_s3::kListing);
  const auto listed = [&](LieKind kind, std::int64_t number = 0) {
    const auto server = lying_server({kind, "GET", listing, number});
    return get_once(*server, "/b?list-type=2&encoding-type=url").body;
  };
  const std::string honest = listed(LieKind::kCloseAfter);
  REQUIRE(contains(honest, "<Key>k</Key>"));
  CHECK(listed(LieKind::kCutXml, 100) == honest.substr(0, 100));
  const std::string cut = listed(LieKind::kCutXml);
  CHECK(cut.size() == honest.size() / 2);
  CHECK(cut.starts_with(honest.substr(0, 100)));
  CHECK_FALSE(contains(listed(LieKind::kGarbageXml), "ListBucketResult"));
  CHECK(contains(listed(LieKind::kBombXml), "<!ENTITY"));
  CHECK(contains(listed(LieKind::kEmptyListing), "<KeyCount>0</KeyCount><IsTruncated>false"));
  CHECK(contains(listed(LieKind::kEmptyPage), "<KeyCount>0</KeyCount><IsTruncated>true"));
  CHECK_FALSE(contains(listed(LieKind::kNoToken), "NextContinuationToken"));
  CHECK(contains(listed(LieKind::kNoToken), "<IsTruncated>true"));
  CHECK_FALSE(contains(listed(LieKind::kNoEncodingType), "EncodingType"));
  const std::string reversed = listed(LieKind::kReversedPage);
  CHECK(reversed.find("<Key>l</Key>") < reversed.find("<Key>k</Key>"));
}

TEST_CASE("an empty page goes on, and the same page never ends", "[fake_s3]") {
  const std::string listing(fake_s3::kListing);
  const auto next = [](const std::string& xml) {
    const auto begin = xml.find("<NextContinuationToken>") + 23;
    return fake_s3::percent_encode(xml.substr(begin, xml.find("</NextContinuationToken>") - begin),
                                   false);
  };
  const std::string target = "/b?list-type=2&continuation-token=";
  {
    const auto server = lying_server({LieKind::kEmptyPage, "GET", listing, 0, "", 1, 1});
    const std::string first = get_once(*server, "/b?list-type=2").body;
    const RawResponse second = get_once(*server, target + next(first));
    CHECK(contains(second.body, "<Key>k</Key>"));
    CHECK(contains(second.body, "<IsTruncated>false"));
  }
  {
    const auto server = lying_server({LieKind::kSamePage, "GET", listing});
    const std::string first = get_once(*server, "/b?list-type=2").body;
    const std::string second = get_once(*server, target + next(first)).body;
    CHECK(next(second) == next(first));
    CHECK(contains(second, "<Key>k</Key>"));
  }
}

TEST_CASE("connections can die in every state", "[fake_s3]") {
  SECTION("right after an answer") {
    const auto server = lying_server({LieKind::kCloseAfter, "GET", "k"});
    RawClient client(server->port(), fake_s3::reader());
    const RawResponse first = client.get("/b/k");
    CHECK(first.complete);
    CHECK(first.header("connection").empty());
    CHECK(client.get("/b/k").status == 0);
  }
  SECTION("when they are used again, and only then") {
    const auto server = lying_server({LieKind::kNoAnswer, "GET", "k", 1});
    RawClient client(server->port(), fake_s3::reader());
    CHECK(client.get("/b/k").complete);
    CHECK(client.get("/b/k").status == 0);
    CHECK(get_once(*server, "/b/k").complete);
  }
  SECTION("not at all: the server stalls, until the client leaves") {
    const auto server = lying_server({LieKind::kStall, "GET", "k", 4});
    server->allow_anonymous_reads(true);
    {
      RawClient leaving(server->port(), fake_s3::reader());
      leaving.send_text("GET /b/k HTTP/1.1\r\nhost: h\r\n\r\n");
      CHECK(server->wait_until(
          [](const fake_s3::Counters& now) { return now.object_bytes_sent == 4; }));
    }
    CHECK(get_once(*server, "/b/l").complete);
  }
  SECTION("with the server, which does not wait for a stalled client") {
    auto server = lying_server({LieKind::kStall, "GET", "k", 4});
    server->allow_anonymous_reads(true);
    RawClient client(server->port(), fake_s3::reader());
    client.send_text("GET /b/k HTTP/1.1\r\nhost: h\r\n\r\n");
    REQUIRE(server->wait_until(
        [](const fake_s3::Counters& now) { return now.object_bytes_sent == 4; }));
    server.reset();
    const RawResponse response = client.receive(false);
    CHECK_FALSE(response.complete);
  }
}

TEST_CASE("an answer can be slow or late", "[fake_s3]") {
  const auto begin = std::chrono::steady_clock::now();
  SECTION("slow") {
    const auto server = lying_server({LieKind::kSlow, "GET", "k", 40});
    CHECK(get_once(*server, "/b/k").body == "0123456789");
  }
  SECTION("late") {
    const auto server = lying_server({LieKind::kDelay, "GET", "k", 200});
    CHECK(get_once(*server, "/b/k").body == "0123456789");
  }
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(190));
}

TEST_CASE("the journal tells what was asked", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k ey", "0123456789");
  {
    RawClient client(server->port(), fake_s3::reader());
    client.get("/b?list-type=2");
    client.get("/b/k%20ey", {{"range", "bytes=4-"}, {"if-match", "*"}});
    client.head("/b/k%20ey");
  }
  get_once(*server, "/b/none");
  const fake_s3::Counters counters = server->counters();
  CHECK(counters.connections == 2);
  CHECK(counters.listings == 1);
  CHECK(counters.gets == 2);
  CHECK(counters.heads == 1);
  CHECK(counters.object_bytes_sent == 6);
  const auto journal = server->journal();
  REQUIRE(journal.size() == 4);
  CHECK(journal[0].listing);
  CHECK(journal[1].key == "k ey");
  CHECK(journal[1].range == "bytes=4-");
  CHECK(journal[1].if_match == "*");
  CHECK(journal[1].status == 206);
  CHECK(journal[1].sent_bytes == 6);
  CHECK(journal[2].connection == 1);
  CHECK(journal[3].connection == 2);
  CHECK(journal[3].status == 404);
  for (const auto& entry : journal) {
    CHECK(std::none_of(entry.headers.begin(), entry.headers.end(),
                       [](const auto& header) { return header.first == "authorization"; }));
  }
  server->reset_journal();
  CHECK(server->journal().empty());
  CHECK(server->counters().requests() == 0);
}

TEST_CASE("many clients are served at once", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "0123456789");
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      RawClient client(server->port(), fake_s3::reader());
      for (int j = 0; j < 50; ++j) good += client.get("/b/k").body == "0123456789" ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(good == 400);
  CHECK(server->counters().gets == 400);
}

TEST_CASE("a lie can be written on the command line", "[fake_s3]") {
  const Lie error = fake_s3::parse_lie("error:GET:listing:503/SlowDown:2").value();
  CHECK(error.kind == LieKind::kError);
  CHECK(error.method == "GET");
  CHECK(error.key == fake_s3::kListing);
  CHECK(error.number == 503);
  CHECK(error.text == "SlowDown");
  CHECK(error.from == 1);
  CHECK(error.count == 2);
  const Lie cut = fake_s3::parse_lie("truncate:*:*:1000:2+1").value();
  CHECK(cut.method.empty());
  CHECK(cut.key.empty());
  CHECK(cut.number == 1000);
  CHECK(cut.from == 2);
  CHECK(cut.count == 1);
  CHECK(fake_s3::parse_lie("same-page:GET:listing").value().count == fake_s3::kAlways);
  CHECK(fake_s3::parse_lie("wrong-host:GET:k:http://127.0.0.1:9:always").value().text ==
        "http://127.0.0.1:9");
  CHECK_FALSE(fake_s3::parse_lie("truncat:GET:k:1"));
  CHECK_FALSE(fake_s3::parse_lie("truncate:GET:k:many"));
  CHECK_FALSE(fake_s3::parse_lie("truncate:GET:k:1:often"));
  CHECK_FALSE(fake_s3::parse_lie("bomb-xml:GET:listing:1"));
}

namespace {

// Whether a client that trusts only this certificate gets through the handshake.
bool shakes_hands(std::uint16_t port, const std::string& trusted_pem) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  BIO* pem = BIO_new_mem_buf(trusted_pem.data(), static_cast<int>(trusted_pem.size()));
  X509* trusted = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  BIO* connection = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(connection, fmt::format("127.0.0.1:{}", port).c_str());
  SSL* ssl = nullptr;
  BIO_get_ssl(connection, &ssl);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1");
  const bool done = BIO_do_connect(connection) == 1 && BIO_do_handshake(connection) == 1;
  BIO_free_all(connection);
  X509_free(trusted);
  BIO_free(pem);
  SSL_CTX_free(context);
  return done;
}

}  // namespace

TEST_CASE("TLS is spoken with a certificate made for the test, or refused", "[fake_s3]") {
  fake_s3::Options options;
  options.tls = fake_s3::make_certificate();
  const auto server = Server::start(options).value();
  CHECK(server->url().starts_with("https://"));
  CHECK(shakes_hands(server->port(), options.tls->certificate_pem));
  CHECK_FALSE(shakes_hands(server->port(), fake_s3::make_certificate().certificate_pem));
  server->lie({LieKind::kTlsFailure, "", "", 0, "", 1, 1});
  CHECK_FALSE(shakes_hands(server->port(), options.tls->certificate_pem));
  CHECK(shakes_hands(server->port(), options.tls->certificate_pem));
}

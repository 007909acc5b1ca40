#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "s3client/ca_file.h"
#include "s3client/curl_transport.h"
#include "s3client/tls_ciphers.h"
#include "tests/s3client/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate.h"

using namespace std::chrono_literals;
using fake_s3::SocketStream;
using s3::ErrorKind;

namespace {

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct Recorder final : s3::ResponseSink {
  bool on_head(const s3::HttpHead& head) override {
    status = head.status;
    return true;
  }
  bool on_body(std::span<const std::byte> /*bytes*/) override { return true; }
  int status = 0;
};

struct TlsSetup {
  explicit TlsSetup(const fake_s3::CertificateOptions& options = {})
      : identity(fake_s3::make_certificate(options)) {
    test::write_file(directory / "ca.pem", identity.certificate_pem);
  }

  std::shared_ptr<fake_s3::TlsContext> context() const {
    auto made = fake_s3::TlsContext::make(identity);
    REQUIRE(made.has_value());
    return *made;
  }

  s3::Result<void> ask(const std::string& url, const std::string& ca_file) const {
    s3::TransportOptions options;
    options.ca_file = ca_file;
    Recorder sink;
    return s3::make_curl_transport(options)->perform({"GET", url, {}}, sink);
  }
  std::string ca_file() const { return directory / "ca.pem"; }

  test::TempDir directory;
  fake_s3::TlsIdentity identity;
};

ErrorKind kind_of(const s3::Result<void>& result) {
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().message);
  CHECK_FALSE(result.error().message.empty());
  return result.error().kind;
}

unsigned long name_hash(const std::string& certificate_pem) {
  BIO* const bio =
      BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size()));
  X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  const unsigned long hash = X509_subject_name_hash(certificate);
  X509_free(certificate);
  BIO_free(bio);
  return hash;
}

std::string offered_ciphers(const char* list, const char* suites) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  REQUIRE(SSL_CTX_set_cipher_list(context, list) == 1);
  REQUIRE(SSL_CTX_set_ciphersuites(context, suites) == 1);
  const auto* const ciphers = SSL_CTX_get_ciphers(context);
  std::string names;
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    names += std::string(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i))) + " ";
  }
  SSL_CTX_free(context);
  return names;
}

}  // namespace

TEST_CASE("a server with a certificate of the given authority is talked to, on one connection") {
  const TlsSetup setup;
  RawServer server({always(kHello)}, setup.context());
  s3::TransportOptions options;
  options.ca_file = setup.ca_file();
  const auto client = s3::make_curl_transport(options);
  for (int i = 0; i < 3; ++i) {
    Recorder sink;
    REQUIRE(client->perform({"GET", server.url(), {}}, sink).has_value());
    CHECK(sink.status == 200);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a reused TLS connection that turns out dead is replaced, and raises no SIGPIPE") {
  const TlsSetup setup;
  const bool by_reset = GENERATE(false, true);
  CAPTURE(by_reset);
  RawServer server({[&](RawServer& self, SocketStream& stream) {
                      if (!self.read_request(stream) || !stream.send(kHello)) return;
                      if (by_reset) stream.reset();
                    },
                    always(kHello)},
                   setup.context());
  s3::TransportOptions options;
  options.ca_file = setup.ca_file();
  const auto client = s3::make_curl_transport(options);
  for (int i = 0; i < 5; ++i) {
    Recorder sink;
    REQUIRE(client->perform({"GET", server.url(), {}}, sink).has_value());
  }
  CHECK(server.connections() == 2);
}

TEST_CASE("a certificate of another authority is refused") {
  const TlsSetup setup;
  const TlsSetup other;
  RawServer server({always(kHello), always(kHello)}, setup.context());
  CHECK(kind_of(setup.ask(server.url(), other.ca_file())) == ErrorKind::kTls);
  CHECK(kind_of(setup.ask(server.url(), "")) == ErrorKind::kTls);
  CHECK(server.requests().empty());
}

TEST_CASE("a certificate for another name, or out of date, is refused") {
  fake_s3::CertificateOptions options;
  SECTION("another name") { options.ip_address = "127.0.0.2"; }
  SECTION("out of date") { options.valid_for = -1h; }
  const TlsSetup setup(options);
  RawServer server({always(kHello)}, setup.context());
  CHECK(kind_of(setup.ask(server.url(), setup.ca_file())) == ErrorKind::kTls);
  CHECK(server.requests().empty());
}

TEST_CASE("a CA file that is not there is refused") {
  const TlsSetup setup;
  RawServer server({always(kHello)}, setup.context());
  CHECK(kind_of(setup.ask(server.url(), setup.directory / "missing.pem")) == ErrorKind::kTls);
}

// Only in a mount namespace of its own can a test have a CA of the system's. A thread can have one;
// a forked child of a process with threads may not even allocate.
TEST_CASE("a given CA stands in the stead of all the system's, those in its directory too") {
  const TlsSetup systems;
  fake_s3::CertificateOptions another_name;
  another_name.dns_name = "given.example";
  const TlsSetup given(another_name);
  RawServer server({always(kHello), always(kHello)}, systems.context());
  std::filesystem::create_directory(systems.directory / "certs");
  test::write_file(systems.directory /
                       fmt::format("certs/{:08x}.0", name_hash(systems.identity.certificate_pem)),
                   systems.identity.certificate_pem);
  // The bundle of the system's that Debian's libcurl reads besides.
  test::write_file(systems.directory / "certs/ca-certificates.crt", given.identity.certificate_pem);
  enum : int { kBelieved, kRefused, kNoNamespace };
  const auto ask = [&](const std::string& ca_file) {
    int outcome = kNoNamespace;
    std::thread([&] {
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount((systems.directory / "certs").c_str(), "/etc/ssl/certs", nullptr, MS_BIND,
                  nullptr) != 0) {
        return;
      }
      s3::TransportOptions options;
      options.ca_file = ca_file;
      Recorder sink;
      const auto got = s3::make_curl_transport(options)->perform({"GET", server.url(), {}}, sink);
      outcome = got ? kBelieved : kRefused;
    }).join();
    return outcome;
  };
  const int with_the_systems = ask("");
  if (with_the_systems != kBelieved) {
    // Where libcurl knows no directory at all there is nothing to turn off.
    WARN("SKIPPED: no mount namespace to be had, or a libcurl without a directory of CAs");
    return;
  }
  CHECK(ask(given.ca_file()) == kRefused);
}

TEST_CASE("a CA file that no certificate can be had from is found without a server") {
  const test::TempDir directory;
  const auto problem = [&](const std::string& path) {
    const auto usable = s3::check_ca_file(path);
    return usable ? "none" : usable.error().message;
  };
  test::write_file(directory / "empty.pem", "");
  test::write_file(directory / "key.pem", "-----BEGIN PRIVATE KEY-----\n");
  test::write_file(directory / "ca.pem", TlsSetup().identity.certificate_pem);
  test::write_file(directory / "told.pem", "Issuer: me\n" + TlsSetup().identity.certificate_pem);
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK(problem(directory / "ca.pem") == "none");
  CHECK(problem(directory / "told.pem") == "none");
  CHECK(problem(directory / "missing.pem").find("No such file") != std::string::npos);
  CHECK(problem("").find("No such file") != std::string::npos);
  CHECK(problem(directory / "empty.pem").find("has no certificate in it") != std::string::npos);
  CHECK(problem(directory / "key.pem").find("has no certificate in it") != std::string::npos);
  CHECK(problem(directory.path()).find("is not a regular file") != std::string::npos);
  CHECK(problem(directory / "fifo").find("is not a regular file") != std::string::npos);
}

TEST_CASE("a server that speaks no TLS, or refuses ours, is a TLS error") {
  const TlsSetup setup;
  const bool alert = GENERATE(false, true);
  CAPTURE(alert);
  RawServer server({[&](RawServer& /*self*/, SocketStream& stream) {
    if (alert) return stream.refuse_tls();
    char hello[4096];
    stream.receive(hello);
    stream.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    stream.finish();
  }});
  const std::string url = fmt::format("https://127.0.0.1:{}/", server.port());
  CHECK(kind_of(setup.ask(url, setup.ca_file())) == ErrorKind::kTls);
}

TEST_CASE("a port that speaks no TLS, and one that does, are told from other trouble") {
  const TlsSetup setup;
  const auto hint = [&](const std::string& url) {
    const auto asked = setup.ask(url, setup.ca_file());
    REQUIRE_FALSE(asked.has_value());
    INFO(asked.error().message);
    return asked.error().hint;
  };
  RawServer plain({[&](RawServer& /*self*/, SocketStream& stream) {
    char hello[4096];
    stream.receive(hello);
    stream.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    stream.finish();
  }});
  CHECK(hint(fmt::format("https://127.0.0.1:{}/", plain.port())) == s3::Hint::kUseHttp);
  // A TLS alert is what OpenSSL's servers answer plain HTTP with.
  RawServer tls({[&](RawServer& /*self*/, SocketStream& stream) { stream.refuse_tls(); }});
  CHECK(hint(fmt::format("http://127.0.0.1:{}/", tls.port())) == s3::Hint::kUseHttps);
  RawServer other({always(kHello)}, setup.context());
  CHECK(hint(fmt::format("https://localhost.localdomain.invalid:{}/", other.port())) ==
        s3::Hint::kNone);
}

TEST_CASE("a connection that breaks within the handshake is a network error") {
  const TlsSetup setup;
  const bool by_reset = GENERATE(false, true);
  CAPTURE(by_reset);
  RawServer server({[&](RawServer& /*self*/, SocketStream& stream) {
    char hello[4096];
    stream.receive(hello);
    if (by_reset) stream.reset();
  }});
  const std::string url = fmt::format("https://127.0.0.1:{}/", server.port());
  CHECK(kind_of(setup.ask(url, setup.ca_file())) == ErrorKind::kNetwork);
}

TEST_CASE("ChaCha20 is offered first where the CPU has no AES, and AES stays on offer") {
  const s3::CipherOrder order = s3::cipher_order(false);
  REQUIRE(order.tls12 != nullptr);
  REQUIRE(order.tls13 != nullptr);
  const std::string names = offered_ciphers(order.tls12, order.tls13);
  CAPTURE(names);
  CHECK(names.starts_with("TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256 "));
  const std::size_t chacha = names.find("ECDHE-ECDSA-CHACHA20-POLY1305");
  const std::size_t aes = names.find("ECDHE-ECDSA-AES128-GCM-SHA256");
  CHECK(aes != std::string::npos);
  CHECK(chacha < aes);
}

TEST_CASE("where the CPU has AES, libcurl's own order is kept") {
  CHECK(s3::cipher_order(true).tls12 == nullptr);
  CHECK(s3::cipher_order(true).tls13 == nullptr);
}

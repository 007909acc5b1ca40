#include "s3client/endpoint_probe.h"

#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate.h"

namespace {

std::unique_ptr<fake_s3::Server> tls_server(const fake_s3::CertificateOptions& certificate,
                                            const std::string& ca_file) {
  fake_s3::Options options;
  options.tls = fake_s3::make_certificate(certificate);
  test::write_file(ca_file, options.tls->certificate_pem);
  return fake_s3::Server::start(options).value();
}

}  // namespace

TEST_CASE("a server that answers is connected to, and asked nothing", "[endpoint_probe]") {
  auto server = fake_s3::Server::start({}).value();
  const auto report = s3::probe_endpoint(server->url(), "");
  CHECK(report.name_error.empty());
  CHECK(report.route_error.empty());
  CHECK(report.tls_error.empty());
  CHECK_FALSE(report.tls);
  CHECK(report.address == "127.0.0.1");
  CHECK(server->counters().requests() == 0);
}

TEST_CASE("a port where nobody listens is a matter of the route", "[endpoint_probe]") {
  std::string url;
  {
    auto server = fake_s3::Server::start({}).value();
    url = server->url();
  }
  const auto report = s3::probe_endpoint(url, "");
  CHECK(report.name_error.empty());
  CHECK_FALSE(report.route_error.empty());
}

TEST_CASE("a certificate is trusted by its CA, and tells when it ends", "[endpoint_probe]") {
  const test::TempDir dir;
  auto server = tls_server({}, dir / "ca.pem");
  const auto report = s3::probe_endpoint(server->url(), dir / "ca.pem");
  CHECK(report.tls);
  CHECK(report.tls_error == "");
  REQUIRE(report.certificate_ends);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  CHECK(*report.certificate_ends > now + std::chrono::hours(23));
  CHECK(*report.certificate_ends < now + std::chrono::hours(25));
}

TEST_CASE("a certificate of nobody we know, or that has ended, is a matter of TLS",
          "[endpoint_probe]") {
  const test::TempDir dir;
  fake_s3::CertificateOptions certificate;
  const bool expired = GENERATE(true, false);
  if (expired) certificate.valid_for = -std::chrono::hours(1);
  auto server = tls_server(certificate, dir / "ca.pem");
  const auto report = s3::probe_endpoint(server->url(), expired ? dir / "ca.pem" : "");
  CHECK_FALSE(report.tls_error.empty());
  CHECK(report.hint == s3::Hint::kNone);
}

TEST_CASE("TLS to a port that speaks plain HTTP is told apart", "[endpoint_probe]") {
  auto server = fake_s3::Server::start({}).value();
  const auto report = s3::probe_endpoint("https" + server->url().substr(4), "");
  CHECK_FALSE(report.tls_error.empty());
  CHECK(report.hint == s3::Hint::kUseHttp);
}

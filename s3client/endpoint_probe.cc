#include "s3client/endpoint_probe.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <memory>
#include <string_view>

#include "s3client/endpoint.h"
#include "s3client/responses.h"

namespace s3 {
namespace {

constexpr long kConnectTimeoutMs = 20'000;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

// "Mar  5 12:00:00 2027 GMT"
std::optional<std::chrono::sys_seconds> parse_certificate_time(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%b %d %H:%M:%S %Y", &parts) == nullptr) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

// Of the first certificate, which is the server's own.
void read_certificate(CURL* easy, EndpointReport& report) {
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == nullptr) return;
  if (info->num_of_certs < 1) return;
  constexpr std::string_view kEnds = "Expire date:";
  constexpr std::string_view kIssuer = "Issuer:";
  for (const auto* line = *info->certinfo; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (text.starts_with(kEnds)) {
      report.certificate_ends = parse_certificate_time(std::string(text.substr(kEnds.size())));
    } else if (text.starts_with(kIssuer)) {
      report.issuer = printable(text.substr(kIssuer.size()));
    }
  }
}

void tell(CURLcode code, std::string message, EndpointReport& report) {
  switch (code) {
    case CURLE_OK:
      return;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      report.name_error = std::move(message);
      return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CIPHER:
      if (message.find("wrong version number") != std::string::npos) report.hint = Hint::kUseHttp;
      report.tls_error = std::move(message);
      return;
    default:
      report.route_error = std::move(message);
  }
}

}  // namespace

EndpointReport probe_endpoint(const std::string& url, const std::string& ca_file) {
  EndpointReport report;
  report.tls = url.starts_with("https://");
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  if (!easy) return report;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(easy.get(), option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_CERTINFO, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(CURLOPT_ERRORBUFFER, error_text.data());
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file.empty()) {
    set(CURLOPT_CAINFO, ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  const auto endpoint = parse_endpoint(url);
  if (endpoint && is_loopback(endpoint->host)) set(CURLOPT_PROXY, "");
  const auto code = curl_easy_perform(easy.get());
  const std::string_view text = error_text.data();
  // libcurl repeats a proxy's password.
  const bool tellable = !text.empty() && text.find('@') == std::string_view::npos;
  tell(code, printable(tellable ? text : curl_easy_strerror(code)), report);
  if (code != CURLE_OK) return report;
  const char* address = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address) {
    report.address = address;
  }
  if (report.tls) read_certificate(easy.get(), report);
  return report;
}

}  // namespace s3

#include "s3client/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <iterator>
#include <new>
#include <utility>

#include "s3client/ascii.h"
#include "s3client/ca_file.h"
#include "s3client/endpoint.h"
#include "s3client/responses.h"
#include "s3client/tls_ciphers.h"
#include "s3client/transfer_pace.h"

namespace s3 {
namespace {

using Clock = std::chrono::steady_clock;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

HeaderList header_list(const std::vector<Header>& headers) {
  HeaderList list;
  std::string line;
  for (const auto& [name, value] : headers) {
    line.assign(name).append(": ").append(value);
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    std::ignore = list.release();
    list.reset(longer);
  }
  return list;
}

bool goes_to_loopback(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto endpoint = parse_endpoint(url.substr(0, url.find('/', scheme + 3)));
  return endpoint && is_loopback(endpoint->host);
}

/// One transfer, as libcurl's callbacks see it.
class Transfer {
 public:
  Transfer(ResponseSink& sink, const TransportOptions& limits, bool is_text)
      : sink_(sink), pace_(limits, is_text) {}

  static std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    self.pace_.head_line(Clock::now(), size);
    return self.header_line({data, size}) ? size : self.stop();
  }

  static std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    const auto begun = Clock::now();
    const bool go_on = self.sink_.on_body(std::as_bytes(std::span(data, size)));
    self.pace_.body(begun, Clock::now(), size);
    return go_on ? size : self.stop();
  }

  static int on_request(void* user, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                        int /*local_port*/) {
    static_cast<Transfer*>(user)->pace_.sent(Clock::now());
    return CURL_PREREQFUNC_OK;
  }

  static int on_progress(void* user, curl_off_t /*to_get*/, curl_off_t /*got*/,
                         curl_off_t /*to_put*/, curl_off_t /*put*/) {
    auto& self = *static_cast<Transfer*>(user);
    if (!self.sink_.keep_going()) {
      self.aborted_ = true;
    } else if (auto too_long = self.pace_.verdict(Clock::now())) {
      self.too_long_ = std::move(too_long);
    }
    return self.aborted_ || self.too_long_ ? 1 : 0;
  }

  bool aborted() const { return aborted_; }
  const std::optional<std::string>& too_long() const { return too_long_; }
  bool was_sent() const { return pace_.was_sent(); }
  bool has_head() const { return head_done_; }
  int status() const { return head_done_ ? head_.status : 0; }

 private:
  /// No number of bytes that a callback is given: libcurl takes it for an error.
  std::size_t stop() {
    aborted_ = true;
    return 0;
  }

  bool header_line(std::string_view line) {
    if (head_done_) return true;  // a trailer
    if (line.starts_with("HTTP/")) {
      head_ = {};
      const std::size_t space = line.find(' ');
      if (space != std::string_view::npos) {
        std::from_chars(line.data() + space + 1, line.data() + line.size(), head_.status);
      }
      return true;
    }
    line = trim(line);
    if (line.empty()) {
      constexpr int kFirstFinalStatus = 200;
      if (head_.status < kFirstFinalStatus) return true;
      head_done_ = true;
      pace_.head_done(Clock::now(), head_.status);
      return sink_.on_head(head_);
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    head_.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
    return true;
  }

  ResponseSink& sink_;
  TransferPace pace_;
  HttpHead head_;
  bool head_done_ = false;
  bool aborted_ = false;
  std::optional<std::string> too_long_;
};

/// A handshake fails with one code for a peer that we cannot agree with, where OpenSSL says what is
/// wrong ("error:0A00010B:SSL routines::wrong version number"), and for a peer that went away.
bool is_refused_handshake(std::string_view message) {
  return message.find("error:") != std::string_view::npos &&
         message.find("unexpected eof") == std::string_view::npos;
}

/// libcurl repeats a proxy that it cannot make out, with the user and password in it.
std::string words_for(CURLcode code, std::string_view message) {
  const bool may_tell_password = message.find('@') != std::string_view::npos;
  return as_ascii(message.empty() || may_tell_password ? curl_easy_strerror(code) : message);
}

/// Where to, and whom to trust there.
void set_way(CURL* easy, const std::string& url, const std::string& ca_file) {
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (goes_to_loopback(url)) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!replaces_system_cas(ca_file)) return;
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
  // libcurl knows the directory of the system's too.
  curl_easy_setopt(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

/// OpenSSL's words for an answer that is none of TLS, and libcurl's for one that is none of HTTP.
Hint hint_of(CURLcode code, std::string_view message, bool tls) {
  constexpr std::string_view kNoTls[] = {"wrong version number", "packet length too long",
                                         "record layer failure", "unknown protocol",
                                         "http request"};
  if (tls) {
    const bool none =
        code == CURLE_SSL_CONNECT_ERROR &&
        std::any_of(std::begin(kNoTls), std::end(kNoTls), [&](std::string_view words) {
          return message.find(words) != std::string_view::npos;
        });
    return none ? Hint::kUseHttp : Hint::kNone;
  }
  const bool no_http = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
                       code == CURLE_GOT_NOTHING;
  return no_http ? Hint::kUseHttps : Hint::kNone;
}

ErrorKind kind_of(CURLcode code, std::string_view message) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return ErrorKind::kInvalid;
    case CURLE_SSL_CONNECT_ERROR:
      return is_refused_handshake(message) ? ErrorKind::kTls : ErrorKind::kNetwork;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return ErrorKind::kTls;
    default:
      return ErrorKind::kNetwork;
  }
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(TransportOptions options)
      : options_(std::move(options)),
        ciphers_(cipher_order(cpu_has_aes())),
        easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
  }

  Result<void> perform(const HttpRequest& request, ResponseSink& sink) override {
    if (!request.url.starts_with("https://") && !request.url.starts_with("http://")) {
      return Error{ErrorKind::kInvalid, 0, "", "the URL is not one of HTTP", ""};
    }
    const HeaderList headers = header_list(request.headers);
    Transfer transfer(sink, options_, request.is_text);
    // Keeps connections and TLS sessions, forgets every option of the request before.
    curl_easy_reset(easy_.get());
    error_text_.front() = '\0';
    configure(request, headers.get(), transfer);
    return outcome(curl_easy_perform(easy_.get()), transfer, request.url.starts_with("https://"));
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  void configure(const HttpRequest& request, curl_slist* headers, Transfer& transfer) {
    constexpr long kBufferBytes = 512L * 1024;
    set_way(easy_.get(), request.url, options_.ca_file);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_ERRORBUFFER, error_text_.data());
    set(CURLOPT_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set_method(request.method);
    set_tls();
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_PREREQFUNCTION, &Transfer::on_request);
    set(CURLOPT_PREREQDATA, &transfer);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
  }

  void set_method(const std::string& method) {
    if (method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (method == "PUT") {
      // POSTFIELDS makes it say Content-Length: 0, which CUSTOMREQUEST alone does not.
      set(CURLOPT_POSTFIELDS, "");
      set(CURLOPT_POSTFIELDSIZE, 0L);
      set(CURLOPT_CUSTOMREQUEST, "PUT");
    } else if (method != "GET") {
      set(CURLOPT_CUSTOMREQUEST, method.c_str());
    }
  }

  void set_tls() {
    if (ciphers_.tls12 != nullptr) set(CURLOPT_SSL_CIPHER_LIST, ciphers_.tls12);
    if (ciphers_.tls13 != nullptr) set(CURLOPT_TLS13_CIPHERS, ciphers_.tls13);
  }

  Result<void> outcome(CURLcode code, const Transfer& transfer, bool tls) const {
    const auto failed = [&](ErrorKind kind, std::string message) {
      return Error{kind, transfer.status(), "", std::move(message), ""};
    };
    if (transfer.aborted()) return failed(ErrorKind::kAborted, "stopped");
    if (transfer.too_long()) return failed(ErrorKind::kNetwork, *transfer.too_long());
    if (code == CURLE_OK && transfer.has_head()) return {};
    if (code == CURLE_OK) return failed(ErrorKind::kNetwork, "the server sent no response");
    const std::string_view text = error_text_.data();
    auto error = failed(kind_of(code, text), words_for(code, text));
    error.hint = hint_of(code, text, tls);
    error.is_unreachable = error.kind == ErrorKind::kNetwork && !transfer.was_sent();
    return error;
  }

  const TransportOptions options_;
  const CipherOrder ciphers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

// Once, however many threads come here first; libcurl has no later moment to undo it.
void initialise_once() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) throw std::bad_alloc();
}

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
      report.issuer = as_ascii(text.substr(kIssuer.size()));
    }
  }
}

void tell(CURLcode code, std::string_view text, EndpointReport& report) {
  report.hint = hint_of(code, text, report.tls);
  const auto words = words_for(code, text);
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY) {
    report.name_error = words;
  } else if (code == CURLE_SSL_CONNECT_ERROR || kind_of(code, text) == ErrorKind::kTls) {
    report.tls_error = words;
  } else {
    report.route_error = words;
  }
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(const TransportOptions& options) {
  initialise_once();
  return std::make_unique<CurlTransport>(options);
}

EndpointReport probe_endpoint(const std::string& url, const std::string& ca_file) {
  constexpr long kConnectTimeoutMs = 20'000;
  initialise_once();
  EndpointReport report;
  report.tls = url.starts_with("https://");
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  std::array<char, CURL_ERROR_SIZE> error_text{};
  set_way(easy.get(), url, ca_file);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, error_text.data());
  const auto code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    tell(code, error_text.data(), report);
    return report;
  }
  const char* address = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address) {
    report.address = address;
  }
  if (report.tls) read_certificate(easy.get(), report);
  return report;
}

std::string curl_version_text() { return ::curl_version(); }

}  // namespace s3

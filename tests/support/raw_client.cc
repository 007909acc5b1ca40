#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fake_s3 {
namespace {

constexpr time_t kTimeoutSeconds = 20;

// The connection as a request line with its headers, signed as the server will check it.
HttpRequest signed_request(const RawRequest& raw, std::uint16_t port, const User& user) {
  HttpRequest request;
  request.method = raw.method;
  request.target = raw.target;
  request.headers = raw.headers;
  if (request.find("host") == nullptr) {
    request.headers.emplace_back("host", fmt::format("127.0.0.1:{}", port));
  }
  if (!raw.body.empty()) {
    request.headers.emplace_back("content-length", std::to_string(raw.body.size()));
  }
  if (!raw.is_signed) return request;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string payload_hash = "UNSIGNED-PAYLOAD";
  request.headers.emplace_back(
      "x-amz-date", fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(now + raw.clock_offset)));
  request.headers.emplace_back("x-amz-content-sha256", payload_hash);
  std::vector<std::string> names;
  for (const auto& [name, value] : request.headers) names.push_back(name);
  std::sort(names.begin(), names.end());
  const SignatureInput input{"s3", raw.region, user.secret_access_key, names, payload_hash};
  request.headers.emplace_back(
      "authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}/{}/s3/aws4_request, SignedHeaders={}, "
                  "Signature={}",
                  user.access_key_id, request.value_or_empty("x-amz-date").substr(0, 8), raw.region,
                  fmt::join(names, ";"), signature(request, input)));
  return request;
}

}  // namespace

std::string RawResponse::header(std::string_view name) const {
  for (const auto& [candidate, value] : headers) {
    if (candidate == name) return value;
  }
  return {};
}

RawClient::RawClient(std::uint16_t port, User user) : port_(port), user_(std::move(user)) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{kTimeoutSeconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  // A failure shows at the first receive.
  [[maybe_unused]] const int connected =
      connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

RawClient::~RawClient() { close(fd_); }

RawResponse RawClient::send(const RawRequest& raw) {
  HttpRequest request = signed_request(raw, port_, user_);
  request.headers.insert(request.headers.end(), raw.unsigned_headers.begin(),
                         raw.unsigned_headers.end());
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
  send_text(text + "\r\n" + raw.body);
  return receive(raw.method == "HEAD");
}

RawResponse RawClient::get(const std::string& target, std::vector<Header> headers) {
  return send({"GET", target, std::move(headers)});
}

RawResponse RawClient::head(const std::string& target, std::vector<Header> headers) {
  return send({"HEAD", target, std::move(headers)});
}

void RawClient::send_text(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool RawClient::fill(RawResponse& response) {
  char chunk[64 * 1024];
  const ssize_t count = recv(fd_, chunk, sizeof chunk, 0);
  if (count < 0) response.reset = errno == ECONNRESET;
  if (count <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return true;
}

RawResponse RawClient::receive(bool to_head) {
  RawResponse response;
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (!fill(response)) return response;
  }
  const auto end = buffer_.find("\r\n\r\n") + 4;
  response.status = static_cast<int>(parse_number(buffer_.substr(9, 3)).value_or(0));
  // A response head has the shape of a request head but for its first line.
  const auto first_line = buffer_.find("\r\n");
  if (const auto head =
          parse_request_head("GET / HTTP/1.1" + buffer_.substr(first_line, end - first_line))) {
    response.headers = head->headers;
  }
  buffer_.erase(0, end);
  const auto length = parse_number(response.header("content-length"));
  const bool bodiless =
      to_head || response.status / 100 == 1 || response.status == 204 || response.status == 304;
  const std::uint64_t wanted = bodiless ? 0 : length.value_or(UINT64_MAX);
  while (buffer_.size() < wanted && fill(response)) {
  }
  response.body = buffer_.substr(0, std::min<std::uint64_t>(wanted, buffer_.size()));
  buffer_.erase(0, response.body.size());
  response.complete = bodiless || (length && response.body.size() == *length);
  return response;
}

}  // namespace fake_s3

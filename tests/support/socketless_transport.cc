#include "tests/support/socketless_transport.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace test {

namespace {

constexpr std::uint64_t kPieceBytes = 256 * 1024;

// As a server receives it: the transport adds what libcurl would.
fake_s3::HttpRequest received(const s3::HttpRequest& request) {
  const std::string_view url = request.url;
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = std::min(url.find('/', host), url.size());
  fake_s3::HttpRequest http;
  http.method = request.method;
  http.target = url.substr(path);
  for (const auto& [name, value] : request.headers) {
    http.headers.emplace_back(fake_s3::lower(name), fake_s3::trim(value));
  }
  if (http.find("host") == nullptr) {
    http.headers.emplace_back("host", url.substr(host, path - host));
  }
  return http;
}

s3::HttpHead head_of(const fake_s3::Answer& answer) {
  s3::HttpHead head;
  head.status = answer.status;
  for (const auto& [name, value] : answer.headers) {
    head.headers.emplace_back(fake_s3::lower(name), value);
  }
  head.headers.emplace_back("content-length", std::to_string(answer.body_size_bytes()));
  return head;
}

bool read_body(const fake_s3::Answer& answer, std::uint64_t offset, std::span<char> into) {
  if (answer.content) return answer.content->read(answer.offset_bytes + offset, into);
  std::copy_n(answer.text.data() + offset, into.size(), into.data());
  return true;
}

}  // namespace

s3::Result<void> SocketlessTransport::perform(const s3::HttpRequest& request,
                                              s3::ResponseSink& sink) {
  const auto ended = [](s3::ErrorKind kind) {
    return s3::Error{kind, 0, "", "the transfer was ended", ""};
  };
  const fake_s3::HttpRequest http = received(request);
  const fake_s3::Answer answer = server_.answer(http);
  if (!sink.keep_going() || !sink.on_head(head_of(answer))) return ended(s3::ErrorKind::kAborted);
  const std::uint64_t size = request.method == "HEAD" ? 0 : answer.body_size_bytes();
  std::vector<char> piece;
  for (std::uint64_t offset = 0; offset < size; offset += piece.size()) {
    piece.resize(std::min(kPieceBytes, size - offset));
    if (!read_body(answer, offset, piece)) return ended(s3::ErrorKind::kNetwork);
    if (!sink.on_body(std::as_bytes(std::span(piece))) || !sink.keep_going()) {
      return ended(s3::ErrorKind::kAborted);
    }
  }
  return {};
}

}  // namespace test

#include "tests/support/delivery.h"

#include <fmt/format.h>

#include <algorithm>

namespace fake_s3 {
namespace {

constexpr std::uint64_t kPaceBytes = 256 * 1024;
constexpr int kSlicesPerSecond = 20;

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 503:
      return "Slow Down";
    default:
      return "Status";
  }
}

class Sender {
 public:
  Sender(Connection& connection, const HttpRequest& request, const Answer& answer,
         const Delivery& delivery, const Progress& progress)
      : connection_(connection),
        answer_(answer),
        delivery_(delivery),
        progress_(progress),
        is_head_(request.method == "HEAD") {}

  void send() {
    buffer_ = head();
    const std::uint64_t size = is_head_ ? 0 : answer_.body_size_bytes();
    const std::uint64_t planned =
        std::min({size, delivery_.cut_bytes.value_or(size), delivery_.stall_bytes.value_or(size)});
    const bool delivered = send_body(planned) && send_extra();
    if (delivery_.stall_bytes && delivered) {
      while (connection_.pause(std::chrono::hours(1))) {
      }
    }
    end(delivered && planned == size);
  }

 private:
  std::string head() const {
    std::string text = fmt::format("HTTP/1.1 {} {}\r\n", answer_.status, reason(answer_.status));
    for (const auto& [name, value] : answer_.headers) {
      text += fmt::format("{}: {}\r\n", name, value);
    }
    const bool bodiless = answer_.status == 204 || answer_.status == 304;
    if (!bodiless && !delivery_.omit_length) {
      text += fmt::format(
          "Content-Length: {}\r\n",
          static_cast<std::int64_t>(answer_.body_size_bytes()) + delivery_.length_error_bytes);
    }
    return text + "\r\n";
  }

  std::uint64_t chunk_limit() const {
    if (delivery_.bytes_per_second == 0) return kPaceBytes;
    return std::clamp<std::uint64_t>(delivery_.bytes_per_second / kSlicesPerSecond, 1, kPaceBytes);
  }

  bool append(std::uint64_t offset, std::uint64_t count) {
    const std::size_t begin = buffer_.size();
    if (answer_.content) {
      buffer_.resize(begin + count);
      const std::span<char> out(buffer_.data() + begin, count);
      if (!answer_.content->read(answer_.offset_bytes + offset, out)) return false;
    } else {
      buffer_.append(answer_.text, offset, count);
    }
    if (delivery_.flip_bytes && *delivery_.flip_bytes >= offset &&
        *delivery_.flip_bytes < offset + count) {
      char& byte = buffer_[begin + *delivery_.flip_bytes - offset];
      byte = static_cast<char>(byte ^ 1);
    }
    return true;
  }

  // The head goes out with the first bytes of the body: one write for a small answer.
  bool send_body(std::uint64_t planned) {
    using std::chrono::milliseconds;
    std::uint64_t offset = 0;
    do {
      const std::uint64_t count = std::min(chunk_limit(), planned - offset);
      if (!append(offset, count)) return false;
      progress_(count);
      if (!connection_.send(buffer_)) return false;
      buffer_.clear();
      offset += count;
      if (delivery_.bytes_per_second == 0 || offset == planned) continue;
      const auto slice = milliseconds(count * 1000 / delivery_.bytes_per_second);
      if (!connection_.pause(slice)) return false;
    } while (offset < planned);
    return true;
  }

  bool send_extra() {
    return delivery_.extra_bytes == 0 || connection_.send(std::string(delivery_.extra_bytes, '!'));
  }

  void end(bool complete) {
    const bool told_wrong = delivery_.extra_bytes > 0 || delivery_.length_error_bytes != 0;
    if (delivery_.by_reset) {
      connection_.reset();
    } else if (!complete || told_wrong || delivery_.cut_bytes || delivery_.omit_length ||
               delivery_.close_after) {
      connection_.close();
    }
  }

  Connection& connection_;
  const Answer& answer_;
  const Delivery& delivery_;
  const Progress& progress_;
  const bool is_head_;
  std::string buffer_;
};

}  // namespace

void deliver(Connection& connection, const HttpRequest& request, const Answer& answer,
             const Delivery& delivery, const Progress& progress) {
  Sender(connection, request, answer, delivery, progress).send();
}

}  // namespace fake_s3

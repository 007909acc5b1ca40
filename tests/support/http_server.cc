#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

namespace fake_s3 {
namespace {

constexpr std::size_t kMaxHeadBytes = 256 * 1024;
constexpr std::uint64_t kMaxIgnoredBodyBytes = 1024 * 1024;

// Signals belong to the program's own thread; and OpenSSL writes without MSG_NOSIGNAL.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

bool Connection::fill() {
  char chunk[16 * 1024];
  const std::size_t count = stream_.receive(chunk);
  buffer_.append(chunk, count);
  return count > 0;
}

std::optional<HttpRequest> Connection::next_request() {
  auto end = buffer_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (buffer_.size() > kMaxHeadBytes || !fill()) return std::nullopt;
    // As real servers answer whoever speaks TLS to them.
    if (buffer_.front() < 'A' || buffer_.front() > 'Z') {
      static_cast<void>(send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
      return std::nullopt;
    }
    end = buffer_.find("\r\n\r\n");
  }
  auto request = parse_request_head(std::string_view(buffer_).substr(0, end + 4));
  buffer_.erase(0, end + 4);
  if (!request) return std::nullopt;
  chunked_ = lower(request->value_or_empty("transfer-encoding")) == "chunked";
  body_size_bytes_ = parse_number(request->value_or_empty("content-length")).value_or(0);
  expects_continue_ = lower(request->value_or_empty("expect")) == "100-continue";
  body_unread_ = chunked_ || body_size_bytes_ > 0;
  keep_alive_ = lower(request->value_or_empty("connection")) != "close";
  request->number_on_connection = ++requests_;
  return request;
}

bool Connection::read_exactly(std::uint64_t count, std::string& out) {
  while (buffer_.size() < count) {
    if (!fill()) return false;
  }
  out.append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

bool Connection::read_line(std::string& line) {
  while (buffer_.find("\r\n") == std::string::npos) {
    if (!fill()) return false;
  }
  const auto end = buffer_.find("\r\n");
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool Connection::read_chunks(std::string& body) {
  std::string line;
  while (read_line(line)) {
    std::uint64_t size = 0;
    std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (size == 0) return read_line(line);
    if (!read_exactly(size, body) || !read_line(line)) return false;
  }
  return false;
}

bool Connection::read_body(std::string& body) {
  body.clear();
  if (!body_unread_) return true;
  if (expects_continue_ && !send("HTTP/1.1 100 Continue\r\n\r\n")) return false;
  body_unread_ = false;
  return chunked_ ? read_chunks(body) : read_exactly(body_size_bytes_, body);
}

bool Connection::stays_usable() {
  if (!keep_alive_) return false;
  if (!body_unread_) return true;
  std::string ignored;
  return !expects_continue_ && body_size_bytes_ <= kMaxIgnoredBodyBytes && read_body(ignored);
}

void Connection::reset() {
  reset_ = true;
  keep_alive_ = false;
}

tl::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::start(
    HttpServerOptions options) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options.port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, generic, &size) != 0) {
    const int error = errno;
    close(fd);
    return tl::unexpected(
        fmt::format("cannot listen on 127.0.0.1:{}: {}", options.port, std::strerror(error)));
  }
  return std::unique_ptr<HttpServer>(
      new HttpServer(std::move(options), fd, ntohs(address.sin_port)));
}

HttpServer::HttpServer(HttpServerOptions options, int listening_fd, std::uint16_t port)
    : options_(std::move(options)), listening_fd_(listening_fd), port_(port) {
  const SignalsBlocked blocked;  // inherited by every thread from here on
  acceptor_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Worker& worker : workers_) {
      if (worker.stream) worker.stream->interrupt();
    }
  }
  shutdown(listening_fd_, SHUT_RDWR);  // wakes accept()
  acceptor_.join();
  for (Worker& worker : workers_) worker.thread.join();
  close(listening_fd_);
}

void HttpServer::accept_connections() {
  for (std::uint64_t number = 1;; ++number) {
    const int fd = accept4(listening_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    reap();
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    if (fd < 0) {
      // Out of descriptors, or a client that left at once: neither ends the server.
      poll(nullptr, 0, 10);
      continue;
    }
    Worker& worker = workers_.emplace_back();
    worker.stream = std::make_unique<SocketStream>(fd);
    worker.thread = std::thread([this, &worker, number] {
      serve(*worker.stream, number);
      const std::lock_guard done(mutex_);
      worker.stream.reset();  // closes it; not before nobody interrupts it any more
      worker.done = true;
    });
  }
}

void HttpServer::reap() {
  std::list<Worker> finished;
  {
    const std::lock_guard lock(mutex_);
    for (auto worker = workers_.begin(); worker != workers_.end();) {
      const auto next = std::next(worker);
      if (worker->done) finished.splice(finished.end(), workers_, worker);
      worker = next;
    }
  }
  for (Worker& worker : finished) worker.thread.join();
}

void HttpServer::serve(SocketStream& stream, std::uint64_t number) {
  const bool accepted = !options_.accepts || options_.accepts(number);
  if (!accepted) {
    stream.refuse_tls();
    return;
  }
  if (options_.tls && !stream.start_tls(*options_.tls)) return;
  Connection connection(stream);
  while (auto request = connection.next_request()) {
    request->connection = number;
    options_.handler(*request, connection);
    if (connection.stays_usable()) continue;
    if (connection.reset_) {
      stream.reset();
    } else {
      stream.finish();
    }
    return;
  }
}

}  // namespace fake_s3

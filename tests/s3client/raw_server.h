#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/socket_stream.h"

/// A server on loopback that does on its n-th connection what the n-th handler says, byte by byte;
/// further connections are closed at once. One connection at a time.
class RawServer {
 public:
  using Handler = std::function<void(RawServer&, fake_s3::SocketStream&)>;

  explicit RawServer(std::vector<Handler> handlers,
                     std::shared_ptr<fake_s3::TlsContext> tls = nullptr)
      : handlers_(std::move(handlers)), tls_(std::move(tls)) {
    listening_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    REQUIRE(::bind(listening_fd_, generic, size) == 0);
    REQUIRE(::listen(listening_fd_, 16) == 0);
    REQUIRE(::getsockname(listening_fd_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~RawServer() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      if (current_ != nullptr) current_->interrupt();
    }
    ::shutdown(listening_fd_, SHUT_RDWR);
    thread_.join();
    ::close(listening_fd_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string url(const std::string& path = "/") const {
    return fmt::format("{}://127.0.0.1:{}{}", tls_ ? "https" : "http", port_, path);
  }
  std::uint16_t port() const { return port_; }
  std::size_t connections() const {
    const std::scoped_lock lock(mutex_);
    return connections_;
  }
  /// The heads of the requests so far.
  std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

  /// One request without a body; false: the client is gone.
  bool read_request(fake_s3::SocketStream& stream) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (stream.receive({&byte, 1}) == 0) return false;
      head.push_back(byte);
    }
    const std::scoped_lock lock(mutex_);
    requests_.push_back(std::move(head));
    return true;
  }

 private:
  void serve() {
    // A client that goes away within a TLS handshake must not end the whole test program.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    for (;;) {
      const int fd = ::accept4(listening_fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      fake_s3::SocketStream stream(fd);
      std::size_t number = 0;
      {
        const std::scoped_lock lock(mutex_);
        if (stopping_) return;
        number = connections_++;
        current_ = &stream;
      }
      if (number < handlers_.size() && (!tls_ || stream.start_tls(*tls_))) {
        handlers_[number](*this, stream);
      }
      const std::scoped_lock lock(mutex_);
      current_ = nullptr;
    }
  }

  const std::vector<Handler> handlers_;
  const std::shared_ptr<fake_s3::TlsContext> tls_;
  int listening_fd_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  fake_s3::SocketStream* current_ = nullptr;
  std::size_t connections_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// Answers every request with these bytes, as long as the client stays.
inline RawServer::Handler always(const std::string& response) {
  return [response](RawServer& server, fake_s3::SocketStream& stream) {
    while (server.read_request(stream) && stream.send(response)) {
    }
  };
}

/// Answers one request with these bytes and ends the connection.
inline RawServer::Handler once(const std::string& response) {
  return [response](RawServer& server, fake_s3::SocketStream& stream) {
    if (server.read_request(stream)) stream.send(response);
  };
}

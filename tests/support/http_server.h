#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tl/expected.hpp>

#include "tests/support/http_message.h"
#include "tests/support/socket_stream.h"

namespace fake_s3 {

/// What a handler answers on.
class Connection {
 public:
  explicit Connection(SocketStream& stream) : stream_(stream) {}

  bool send(std::string_view bytes) { return stream_.send(bytes); }
  /// Sleeps; false as soon as the client is gone or the server stops.
  bool pause(std::chrono::milliseconds duration) { return stream_.pause(duration); }
  /// The body of this request, after a 100 where one is awaited; false when it did not come.
  /// Not called: a body that is on its way is ignored; after an Expect the connection ends.
  bool read_body(std::string& body);
  /// The connection ends after this answer.
  void close() { keep_alive_ = false; }
  /// The same, by RST.
  void reset();

 private:
  friend class HttpServer;
  std::optional<HttpRequest> next_request();
  bool stays_usable();
  bool fill();
  bool read_exactly(std::uint64_t count, std::string& out);
  bool read_line(std::string& line);
  bool read_chunks(std::string& body);

  SocketStream& stream_;
  std::string buffer_;  ///< received, not yet consumed
  std::uint64_t body_size_bytes_ = 0;
  std::uint64_t requests_ = 0;
  bool chunked_ = false;
  bool expects_continue_ = false;
  bool body_unread_ = false;
  bool keep_alive_ = true;
  bool reset_ = false;
};

struct HttpServerOptions {
  std::uint16_t port = 0;  ///< 0: the kernel chooses
  std::shared_ptr<TlsContext> tls;
  /// Called for every request, from its connection's thread.
  std::function<void(const HttpRequest&, Connection&)> handler;
  /// Called for every connection with its number; false: the TLS handshake fails.
  std::function<bool(std::uint64_t)> accepts;
};

/// HTTP/1.1 on 127.0.0.1, a thread for each connection.
class HttpServer {
 public:
  static tl::expected<std::unique_ptr<HttpServer>, std::string> start(HttpServerOptions options);
  /// Ends every connection, and returns when no handler runs any more.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  struct Worker {
    std::unique_ptr<SocketStream> stream;
    std::thread thread;
    bool done = false;
  };

  HttpServer(HttpServerOptions options, int listening_fd, std::uint16_t port);
  void accept_connections();
  void serve(SocketStream& stream, std::uint64_t number);
  void reap();

  const HttpServerOptions options_;
  const int listening_fd_;
  const std::uint16_t port_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<Worker> workers_;
  std::thread acceptor_;
};

}  // namespace fake_s3

#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace fake_s3 {

/// A certificate chain and its key, both PEM.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

/// The server's side of TLS, shared by its connections.
class TlsContext {
 public:
  static tl::expected<std::shared_ptr<TlsContext>, std::string> make(const TlsIdentity& identity);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class SocketStream;
  explicit TlsContext(void* context) : context_(context) {}
  void* context_;
};

/// One accepted connection, plain or TLS. Used by one thread, except for interrupt().
class SocketStream {
 public:
  explicit SocketStream(int fd);
  ~SocketStream();
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  /// The handshake; false when the client and we did not agree.
  bool start_tls(const TlsContext& context);
  /// Reads the client's hello and answers with a fatal alert.
  void refuse_tls();

  /// 0: the end, or an error.
  std::size_t receive(std::span<char> out);
  bool send(std::string_view bytes);
  /// Sleeps; false as soon as the peer is gone or the stream was interrupted.
  bool pause(std::chrono::milliseconds duration);
  /// Waits until the peer's kernel has everything, then makes the end a RST.
  void reset();
  /// Says that no more comes, and reads for a moment, so that the peer gets our answer and no RST.
  void finish();
  /// From any thread: ends every call above, now and later.
  void interrupt();

 private:
  const int fd_;
  void* tls_ = nullptr;
};

}  // namespace fake_s3

#include "tests/support/socket_stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace fake_s3 {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  const Bio chain = memory_bio(identity.certificate_pem);
  const Bio key_text = memory_bio(identity.key_pem);
  const std::unique_ptr<X509, Free> leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!leaf || !key || SSL_CTX_use_certificate(context, leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return false;
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_extra_chain_cert(context, next);  // takes ownership
  }
  ERR_clear_error();  // the end of the chain is reported as an error
  return true;
}

SSL* ssl(void* tls) { return static_cast<SSL*>(tls); }

}  // namespace

tl::expected<std::shared_ptr<TlsContext>, std::string> TlsContext::make(
    const TlsIdentity& identity) {
  std::shared_ptr<TlsContext> context(new TlsContext(SSL_CTX_new(TLS_server_method())));
  if (!use_identity(static_cast<SSL_CTX*>(context->context_), identity)) {
    return tl::unexpected<std::string>("the TLS certificate or its key cannot be used");
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

SocketStream::SocketStream(int fd) : fd_(fd) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

SocketStream::~SocketStream() {
  SSL_free(ssl(tls_));
  close(fd_);
}

bool SocketStream::start_tls(const TlsContext& context) {
  tls_ = SSL_new(static_cast<SSL_CTX*>(context.context_));
  return SSL_set_fd(ssl(tls_), fd_) == 1 && SSL_accept(ssl(tls_)) == 1;
}

void SocketStream::refuse_tls() {
  char hello[4096];
  receive(hello);
  constexpr char kHandshakeFailure[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28};
  send({kHandshakeFailure, sizeof kHandshakeFailure});
  finish();
}

std::size_t SocketStream::receive(std::span<char> out) {
  const auto limit = std::min<std::size_t>(out.size(), INT_MAX);
  const ssize_t count = tls_ != nullptr ? SSL_read(ssl(tls_), out.data(), static_cast<int>(limit))
                                        : recv(fd_, out.data(), limit, 0);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

bool SocketStream::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto limit = std::min<std::size_t>(bytes.size(), INT_MAX);
    const ssize_t count = tls_ != nullptr
                              ? SSL_write(ssl(tls_), bytes.data(), static_cast<int>(limit))
                              : ::send(fd_, bytes.data(), limit, MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool SocketStream::pause(std::chrono::milliseconds duration) {
  const auto limit = std::clamp<std::int64_t>(duration.count(), 0, INT_MAX);
  pollfd waiting{fd_, POLLRDHUP, 0};
  return poll(&waiting, 1, static_cast<int>(limit)) == 0;
}

void SocketStream::reset() {
  using namespace std::chrono_literals;
  // A RST throws away what is still on its way, and the peer would get less than it was to get.
  for (int unsent = 0; ioctl(fd_, SIOCOUTQ, &unsent) == 0 && unsent > 0;) {
    if (!pause(1ms)) break;
  }
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void SocketStream::finish() {
  using namespace std::chrono_literals;
  if (tls_ != nullptr) SSL_shutdown(ssl(tls_));
  shutdown(fd_, SHUT_WR);
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  char rest[4096];
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, 2000) <= 0 || recv(fd_, rest, sizeof rest, 0) <= 0) return;
  }
}

void SocketStream::interrupt() { shutdown(fd_, SHUT_RDWR); }

}  // namespace fake_s3

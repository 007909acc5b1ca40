#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/http_message.h"
#include "tests/support/signature_check.h"

namespace fake_s3 {

struct RawResponse {
  int status = 0;  ///< 0: the connection ended before a head
  std::vector<Header> headers;
  std::string body;       ///< what came of it
  bool complete = false;  ///< as many bytes as Content-Length promised
  bool reset = false;     ///< the connection ended by RST

  std::string header(std::string_view name) const;
};

struct RawRequest {
  std::string method = "GET";
  std::string target = "/";  ///< sent exactly as it is
  std::vector<Header> headers = {};
  std::string body = {};
  std::vector<Header> unsigned_headers = {};  ///< added after signing
  std::string region = "us-east-1";
  std::chrono::seconds clock_offset{0};  ///< of the client
  bool is_signed = true;
};

/// A client with no opinion: one connection, plain HTTP, every byte in the caller's hand. To try
/// the fake server with, and whatever no decent client would send.
class RawClient {
 public:
  RawClient(std::uint16_t port, User user);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  RawResponse send(const RawRequest& request);
  RawResponse get(const std::string& target, std::vector<Header> headers = {});
  RawResponse head(const std::string& target, std::vector<Header> headers = {});

  void send_text(std::string_view text);
  RawResponse receive(bool to_head);

 private:
  bool fill(RawResponse& response);

  const std::uint16_t port_;
  const User user_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace fake_s3

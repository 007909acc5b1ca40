#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s3client/error.h"

namespace s3 {

using Header = std::pair<std::string, std::string>;

struct HttpRequest {
  std::string method;  ///< "GET" or "HEAD"; the leash probe also sends "PUT" and "DELETE"
  std::string url;     ///< percent-encoded; sent exactly as it is, path included
  std::vector<Header> headers;
  /// A text that is made for us, as a listing: its first byte may take minutes, and all of it has
  /// to come within a time. Else the floor on the rate holds for the body.
  bool is_text = false;
};

/// Status line and headers of a response. Names are lower case.
struct HttpHead {
  int status = 0;
  std::vector<Header> headers;

  /// The first value; nullptr when there is none.
  const std::string* find(std::string_view name) const;
};

/// Takes a response as it comes. Called from the thread that called perform(), in order: on_head
/// exactly once (never for a 1xx), then on_body any number of times.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  /// false: the transfer ends with kAborted.
  virtual bool on_head(const HttpHead& head) = 0;
  virtual bool on_body(std::span<const std::byte> bytes) = 0;
  /// Asked at least once a second, also while nothing arrives; false: kAborted.
  virtual bool keep_going() { return true; }
};

/// One HTTP exchange. An instance belongs to one thread at a time and keeps its connections alive
/// for the next request. Tests put a scripted one in its place.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Success: the whole response arrived (the number of bytes that Content-Length promised); its
  /// status may be any. Never follows a redirect, never retries but once on a reused connection
  /// that turned out dead before the first byte of a response. Whatever the server does, it ends:
  /// what is no body has a limit of time, and a body a floor on its rate. Errors: kNetwork, kTls,
  /// kAborted, kInvalid.
  virtual Result<void> perform(const HttpRequest& request, ResponseSink& sink) = 0;
};

}  // namespace s3

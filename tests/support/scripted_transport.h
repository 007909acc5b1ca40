#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "s3client/transport.h"

/// What one exchange does.
struct ScriptedAnswer {
  int status = 200;
  std::vector<s3::Header> headers;
  std::string body;
  std::optional<s3::Error> failure = std::nullopt;  ///< after head and body; status 0: no response
  std::function<void()> before = nullptr;           ///< after the request, before the head
};

/// A transport without a network: plays its answers in order and keeps the requests.
class ScriptedTransport final : public s3::Transport {
 public:
  /// Bodies are handed over in pieces of this size.
  explicit ScriptedTransport(std::size_t piece_bytes = 7) : piece_bytes_(piece_bytes) {}

  void answer(ScriptedAnswer answer) { answers_.push_back(std::move(answer)); }
  /// kNetwork when the script is at its end.
  s3::Result<void> perform(const s3::HttpRequest& request, s3::ResponseSink& sink) override;

  const std::vector<s3::HttpRequest>& requests() const { return requests_; }
  /// Of the last request; empty when it has none.
  std::string sent_header(std::string_view name) const;

 private:
  const std::size_t piece_bytes_;
  std::deque<ScriptedAnswer> answers_;
  std::vector<s3::HttpRequest> requests_;
};

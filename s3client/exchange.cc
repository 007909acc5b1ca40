#include "s3client/exchange.h"

#include <algorithm>

#include "s3client/clock_offset.h"
#include "s3client/failed_answer.h"

namespace s3 {
namespace {

class Collector final : public ResponseSink {
 public:
  Collector(SessionState& session, const SignedRequest& request)
      : session_(session), request_(request) {}

  bool on_head(const HttpHead& head) override {
    const auto offset = clock_offset_of(head, request_.sent, session_.now());
    if (offset) session_.learn_clock_offset(*offset);
    answer.head = head;
    redact(answer.head, request_);
    return true;
  }

  bool on_body(std::span<const std::byte> bytes) override {
    const auto part = bytes.first(std::min(kMaxAnswerBytes - answer.body.size(), bytes.size()));
    answer.body.append(static_cast<const char*>(static_cast<const void*>(part.data())),
                       part.size());
    is_full = part.size() < bytes.size();
    return !is_full;
  }

  PlainAnswer answer;
  bool is_full = false;

 private:
  SessionState& session_;
  const SignedRequest& request_;
};

}  // namespace

Result<PlainAnswer> exchange(SessionState& session, Transport& transport,
                             const SignedRequest& request) {
  Collector collector(session, request);
  auto sent = transport.perform(request.http, collector);
  if (!sent && !collector.is_full) return sent.error();
  return std::move(collector.answer);
}

}  // namespace s3

#include "tests/support/scripted_transport.h"

#include <span>

namespace {

s3::Result<void> play(const ScriptedAnswer& answer, std::size_t piece_bytes,
                      s3::ResponseSink& sink) {
  const auto aborted = [] {
    return tl::unexpected(s3::Error{s3::ErrorKind::kAborted, 0, "", "stopped", ""});
  };
  if (!sink.keep_going()) return aborted();
  if (answer.status != 0 && !sink.on_head({answer.status, answer.headers})) return aborted();
  std::span<const std::byte> rest = std::as_bytes(std::span(answer.body));
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(piece_bytes, rest.size()));
    if (!sink.on_body(piece) || !sink.keep_going()) return aborted();
    rest = rest.subspan(piece.size());
  }
  if (answer.failure) return tl::unexpected(*answer.failure);
  return {};
}

}  // namespace

s3::Result<void> ScriptedTransport::perform(const s3::HttpRequest& request,
                                            s3::ResponseSink& sink) {
  requests_.push_back(request);
  if (answers_.empty()) {
    return tl::unexpected(
        s3::Error{s3::ErrorKind::kNetwork, 0, "", "the script is at its end", ""});
  }
  const ScriptedAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  if (answer.before) answer.before();
  return play(answer, piece_bytes_, sink);
}

std::string ScriptedTransport::sent_header(std::string_view name) const {
  if (requests_.empty()) return "";
  for (const auto& [sent_name, value] : requests_.back().headers) {
    if (sent_name == name) return value;
  }
  return "";
}

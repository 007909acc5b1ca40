#include <algorithm>
#include <string>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/fetch/fetcher.h"
#include "agent/proof/sidecar.h"

namespace agent {
namespace {

// For good: asking again would not help. A fault that passes would make us believe a size.
bool says_nothing(const s3::Error& sidecar_error) {
  switch (meaning_of(sidecar_error)) {
    case FailureMeaning::kGone:
    case FailureMeaning::kArchived:
    case FailureMeaning::kUnreadable:
    case FailureMeaning::kSkip:
      return true;
    default:
      return false;
  }
}

class MemorySink final : public s3::BodySink {
 public:
  explicit MemorySink(const Halt& halt) : halt_(halt) {}
  bool on_object(const s3::ObjectHead& head) override {
    too_long_ = head.size_bytes > kMaxBytes;
    return !too_long_;
  }
  bool on_bytes(std::span<const std::byte> bytes) override {
    for (const auto byte : bytes) text_.push_back(static_cast<char>(byte));
    return keep_going();
  }
  bool keep_going() override { return !halt_.load(); }
  bool too_long() const { return too_long_; }
  const std::string& text() const { return text_; }

 private:
  static constexpr std::uint64_t kMaxBytes = 64 * 1024;
  const Halt& halt_;
  bool too_long_ = false;
  std::string text_;
};

}  // namespace

SidecarRead Fetcher::read_sidecar(SidecarJob job, s3::Client& client, s3::Session& session) {
  const auto& key = job.content.job.wanted.key;
  s3::GetRequest get;
  get.key = key + job.suffix;
  bool too_long = false;
  std::string text;
  const auto result = retrier_.run<s3::ObjectHead>(session, [&] {
    MemorySink sink(shared_.halt);
    auto head = client.get(get, sink);
    too_long = sink.too_long();
    text = sink.text();
    return head;
  });
  if (!result) {
    if (too_long || says_nothing(result.error())) return SidecarRead{std::move(job), std::string()};
    return SidecarRead{std::move(job), result.error()};
  }
  auto hex = digest_in_sidecar(text, std::string_view(key).substr(key.rfind('/') + 1),
                               sidecar_kind(job.suffix).digits);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return SidecarRead{std::move(job), std::move(hex)};
}

}  // namespace agent

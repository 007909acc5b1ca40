#include "agent/fetch/get_trial.h"

#include <algorithm>
#include <tuple>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/upstream_date.h"

namespace agent {
namespace {

bool is_cheaper(const store::Pending& a, const store::Pending& b) {
  const auto rank = [](const store::Pending& wanted) {
    return std::make_tuple(wanted.upstream.size_bytes == 0, wanted.upstream.size_bytes);
  };
  return rank(a) < rank(b);
}

// The first bytes are enough.
class Taste final : public s3::BodySink {
 public:
  explicit Taste(const std::atomic<bool>& stop) : stop_(stop) {}
  bool on_object(const s3::ObjectHead&) override { return keep_going(); }
  bool on_bytes(std::span<const std::byte> bytes) override {
    came_bytes_ += bytes.size();
    return came_bytes_ < kEnoughBytes && keep_going();
  }
  bool keep_going() override { return !stop_.load(); }
  bool has_enough() const { return came_bytes_ >= kEnoughBytes; }

 private:
  static constexpr std::uint64_t kEnoughBytes = 16 * 1024;
  const std::atomic<bool>& stop_;
  std::uint64_t came_bytes_ = 0;
};

s3::GetRequest request_for(const store::Pending& wanted) {
  const auto& upstream = wanted.upstream;
  s3::GetRequest request;
  request.key = wanted.key;
  request.version_id = upstream.version_id;
  request.listed_size_bytes = upstream.size_bytes;
  request.listed =
      s3::ListingFacts{upstream.etag, upstream.size_bytes, server_date(wanted.last_modified)};
  return request;
}

bool concerns_it_alone(const s3::Error& error) {
  const auto meaning = meaning_of(error);
  return meaning == FailureMeaning::kArchived || meaning == FailureMeaning::kGone ||
         meaning == FailureMeaning::kChanged || meaning == FailureMeaning::kUnreadable ||
         meaning == FailureMeaning::kSkip;
}

}  // namespace

void TrialChoice::offer(const store::Pending& wanted) {
  const auto at = std::upper_bound(best_.begin(), best_.end(), wanted, is_cheaper);
  if (best_.size() == kMaxTried && at == best_.end()) return;
  best_.insert(at, wanted);
  if (best_.size() > kMaxTried) best_.pop_back();
}

GetTrial try_get(const std::vector<store::Pending>& candidates, s3::Client& client,
                 s3::Session& session, Retrier& retrier, const std::atomic<bool>& stop) {
  GetTrial trial;
  for (const auto& wanted : candidates) {
    bool enough = false;
    const auto result = retrier.run<s3::ObjectHead>(session, [&] {
      Taste taste(stop);
      auto head = client.get(request_for(wanted), taste);
      enough = taste.has_enough();
      return head;
    });
    trial.key = wanted.key;
    if (result || enough) {
      trial.error.reset();
      return trial;
    }
    trial.error = result.error();
    if (!concerns_it_alone(*trial.error)) break;
  }
  return trial;
}

}  // namespace agent

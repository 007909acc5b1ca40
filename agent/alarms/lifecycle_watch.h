#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/retry.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// What one x-amz-expiration header says.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
struct ExpiryNotice {
  std::string rule;
  store::UpstreamTime date{};
};
std::optional<ExpiryNotice> parse_expiration(std::string_view header);

/// Watches for lifecycle rules that were not there before: who may not delete can let a bucket
/// delete, and a reader sees it in a header. What the first run that reads anything sees is the
/// base line.
class LifecycleWatch {
 public:
  explicit LifecycleWatch(RunContext& context);

  /// Of every GET: `header` as sent, empty when there was none.
  store::Status see(const Job& job, const std::string& header);

  /// At the end of a run. A source of which nothing was read for a day is asked by a HEAD of its
  /// newest archive.
  store::Status finish(std::size_t source, s3::Client& client, Retrier& retrier);

 private:
  struct State {
    std::optional<store::Ledger::Expiry> known;
    bool seen = false;
  };
  store::Result<State*> state_of(std::size_t source);
  store::Status compare(std::size_t source, State& state, const ExpiryNotice& notice,
                        store::UpstreamTime last_modified);
  store::Status ask(std::size_t source, s3::Client& client, Retrier& retrier);

  RunContext& context_;
  std::vector<State> states_;
};

}  // namespace agent

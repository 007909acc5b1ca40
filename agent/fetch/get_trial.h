#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/retry.h"
#include "s3client/client.h"
#include "s3client/session.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Which few of what is wanted are cheapest to try a GET with. Memory does not grow with what is
/// offered.
class TrialChoice {
 public:
  void offer(const store::Pending& wanted);
  /// The smallest first; what is empty comes last, as folder markers are.
  const std::vector<store::Pending>& best() const { return best_; }

 private:
  static constexpr std::size_t kMaxTried = 3;
  std::vector<store::Pending> best_;
};

/// What one GET showed. A listing alone does not show that what it lists can be read.
struct GetTrial {
  std::string key;                 ///< that was asked for last
  std::optional<s3::Error> error;  ///< nullopt: its first bytes came
};

/// Asks for the candidates in turn until one gives its first bytes or it is plain why none does.
/// One that is archived, gone or rewritten says nothing about the rest. Nothing is kept, and of a
/// large object the connection is closed early. `candidates` is not empty.
GetTrial try_get(const std::vector<store::Pending>& candidates, s3::Client& client,
                 s3::Session& session, Retrier& retrier, const std::atomic<bool>& stop);

}  // namespace agent

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/retry.h"
#include "s3client/client.h"
#include "s3client/session.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Chooses the few wanted contents that are cheapest to try a GET with. Its memory does not grow
/// with what is offered.
class TrialChoice {
 public:
  void offer(const store::Pending& wanted);
  /// The smallest first. Empty contents come last, as they are often folder markers.
  const std::vector<store::Pending>& best() const { return best_; }

 private:
  static constexpr std::size_t kMaxTried = 3;
  std::vector<store::Pending> best_;
};

/// What the last GET showed. A listing alone does not show that its objects can be read.
struct GetTrial {
  std::string key;                 ///< the key that was asked for
  std::optional<s3::Error> error;  ///< nullopt where its first bytes came
};

/// Asks for the candidates in turn, until one gives its first bytes or a failure shows that none
/// will. A candidate that is archived, gone or overwritten says nothing about the others. The bytes
/// are dropped, and the connection to a large object is closed early. Requires that `candidates` is
/// not empty.
GetTrial try_get(const std::vector<store::Pending>& candidates, s3::Client& client,
                 s3::Session& session, Retrier& retrier, const std::atomic<bool>& stop);

}  // namespace agent

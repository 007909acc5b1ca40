#include "agent/fetch/doubted_contents.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

// Contents that wait in staging for other witnesses.
constexpr std::size_t kMaxDoubted = 16;

}  // namespace

store::Result<DoubtedContents::Outcome> DoubtedContents::add(Fetched fetched, ProofLevel level) {
  const auto source = fetched.job.source;
  const auto is_alike = [&](const Doubted& one) {
    return one.fetched.job.source == source && one.level == level;
  };
  const auto opaque = evidence_.doubt(fetched, level);
  if (!opaque) return opaque.error();
  Outcome outcome;
  if (!*opaque) {
    const auto alike = std::count_if(waiting_.begin(), waiting_.end(), is_alike);
    if (static_cast<std::size_t>(alike) >= kMaxDoubted) {
      outcome.wrong = std::move(fetched);
    } else {
      waiting_.push_back({std::move(fetched), level});
    }
    return outcome;
  }
  outcome.right.push_back(std::move(fetched));
  for (auto& one : std::exchange(waiting_, {})) {
    if (is_alike(one)) {
      outcome.right.push_back(std::move(one.fetched));
    } else {
      waiting_.push_back(std::move(one));
    }
  }
  return outcome;
}

std::vector<DoubtedContents::Doubted> DoubtedContents::give_up() {
  return std::exchange(waiting_, {});
}

}  // namespace agent

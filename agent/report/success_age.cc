#include "agent/report/success_age.h"

#include <algorithm>

namespace agent {

std::chrono::seconds usual_age(const std::vector<Time>& runs) {
  using std::chrono::hours;
  using std::chrono::seconds;
  std::vector<seconds> gaps;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i] > runs[i - 1]) gaps.push_back(runs[i] - runs[i - 1]);
  }
  std::sort(gaps.begin(), gaps.end());
  // What somebody started by hand on the first day says nothing yet.
  const bool often = gaps.size() + 1 >= kRunsKept;
  const bool seldom = gaps.size() >= 2 && gaps.front() > kStandardAge;
  if (!often && !seldom) return kStandardAge;
  const auto usual = seldom ? gaps.back() : gaps[gaps.size() * 3 / 4];
  return usual + std::max<seconds>(usual / 12, hours{1});
}

}  // namespace agent

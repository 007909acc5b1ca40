#include "agent/retry.h"

#include <algorithm>

namespace agent {

std::chrono::milliseconds backoff(int tries, bool throttled, double unit) {
  constexpr double kCapMs = 20'000;
  const double base_ms = throttled ? 1000 : 250;
  const double ceiling_ms =
      std::min(kCapMs, base_ms * static_cast<double>(1ULL << std::min(tries, 20)));
  return std::chrono::milliseconds{static_cast<std::int64_t>(ceiling_ms * unit)};
}

Retrier::Retrier(unsigned retries, Clock& clock, const StopFlag& stop, std::uint32_t seed)
    : retries_(retries), clock_(clock), stop_(stop), random_(seed) {}

bool Retrier::correct(s3::Session& session, Verdict verdict, Tries& tries) {
  if (++tries.corrections > kCorrections) return false;
  return verdict != Verdict::kReload || session.reload_credentials().has_value();
}

bool Retrier::again(s3::Session& session, const s3::Error& error, Tries& tries) {
  const auto verdict = verdict_on(error);
  if (stop_.load()) return false;
  if (verdict == Verdict::kRetryNow || verdict == Verdict::kReload) {
    if (!correct(session, verdict, tries)) return false;
    ++counts_[&session];
    return true;
  }
  if (verdict != Verdict::kRetry) return false;
  if (++tries.failures >= static_cast<int>(retries_)) return false;
  const bool throttled = error.kind == s3::ErrorKind::kThrottled;
  const double unit = std::uniform_real_distribution<double>(0, 1)(random_);
  clock_.sleep(backoff(tries.failures - 1, throttled, unit), stop_);
  if (stop_.load()) return false;
  ++counts_[&session];
  return true;
}

std::uint64_t Retrier::retries(const s3::Session& session) const {
  const auto found = counts_.find(&session);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace agent

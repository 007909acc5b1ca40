#include "agent/base/retry.h"

#include <algorithm>

namespace agent {

std::chrono::milliseconds backoff(int tries, bool throttled, double unit) {
  constexpr double kCapMs = 20'000;
  const double base_ms = throttled ? 1000 : 250;
  const double ceiling_ms =
      std::min(kCapMs, base_ms * static_cast<double>(1ULL << std::min(tries, 20)));
  return std::chrono::milliseconds{static_cast<std::int64_t>(ceiling_ms * unit)};
}

Retrier::Retrier(unsigned retries, Clock& clock, const Halt& halt, std::uint32_t seed)
    : retries_(retries), clock_(clock), halt_(halt), random_(seed) {}

Retrier::Tries Retrier::start() {
  Tries tries;
  tries.since = clock_.steady_now();
  return tries;
}

void Retrier::progressed(Tries& tries) {
  const auto patience = tries.patience;
  tries = start();
  tries.patience = std::max(patience, std::chrono::seconds{1});
}

bool Retrier::correct(s3::Session& session, FailureMeaning meaning, Tries& tries) {
  if (++tries.corrections > kCorrections) return false;
  if (meaning != FailureMeaning::kReload) return true;
  // Where those that were loaded have expired too, nobody has renewed them yet.
  if (std::exchange(tries.reloaded, true)) return false;
  return session.reload_credentials().has_value();
}

bool Retrier::wait_for_network(Tries& tries) {
  const auto away = clock_.steady_now() - tries.since;
  if (away >= tries.patience || tries.waited >= tries.patience) return false;
  // Half of it at least: nobody else has to be spared, and two minutes should last so long.
  const auto pause = backoff(tries.cuts++, false, (1 + unit()) / 2);
  tries.waited += pause;
  halt_.sleep(clock_, pause);
  return true;
}

bool Retrier::wait_for_server(s3::Session& session, const s3::Error& error, Tries& tries) {
  const bool throttled = error.kind == s3::ErrorKind::kThrottled;
  // Once for each request: those that wait have not come again.
  if (throttled && tries.failures == 0 && throttled_) throttled_(session);
  if (++tries.failures >= static_cast<int>(retries_)) return false;
  const auto pause =
      std::max(backoff(tries.failures - 1, throttled, unit()),
               std::min<std::chrono::milliseconds>(error.retry_after, kLongestPause));
  halt_.sleep(clock_, pause);
  return true;
}

bool Retrier::again(s3::Session& session, const s3::Error& error, Tries& tries) {
  const auto meaning = meaning_of(error);
  if (halt_.load()) return false;
  bool once_more = false;
  if (meaning == FailureMeaning::kRetryNow || meaning == FailureMeaning::kReload) {
    once_more = correct(session, meaning, tries);
  } else if (meaning == FailureMeaning::kRetry) {
    once_more = error.kind == s3::ErrorKind::kNetwork ? wait_for_network(tries)
                                                      : wait_for_server(session, error, tries);
  }
  if (!once_more || halt_.load()) return false;
  ++counts_[&session];
  return true;
}

std::uint64_t Retrier::retries(const s3::Session& session) const {
  const auto found = counts_.find(&session);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace agent

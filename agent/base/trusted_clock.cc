#include "agent/base/trusted_clock.h"

#include <algorithm>

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// So far may two clocks be apart that are both right enough to count days.
constexpr days kAgreement{1};

// The only way from a server's time to one that is recorded.
store::Time as_ours(s3::ServerTime server) {
  return store::Time(std::chrono::floor<seconds>(server.time_since_epoch()));
}

std::optional<store::Time> latest_of_two(std::span<const s3::ServerTime> servers) {
  std::optional<store::Time> latest;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    for (std::size_t k = i + 1; k < servers.size(); ++k) {
      if (std::chrono::abs(servers[i] - servers[k]) > kAgreement) continue;
      const auto both = as_ours(std::min(servers[i], servers[k]));
      latest = std::max(latest.value_or(both), both);
    }
  }
  return latest;
}

bool contradicts(const std::optional<s3::ServerTime>& server, store::Time local) {
  return server && std::chrono::abs(as_ours(*server) - local) > kAgreement;
}

}  // namespace

store::Time built_at() {
  constexpr int kDay = HOLDFAST_BUILT_ON;
  return std::chrono::sys_days{std::chrono::year{kDay / 10'000} /
                               std::chrono::month{kDay / 100 % 100} / std::chrono::day{kDay % 100}};
}

bool is_provably_wrong(store::Time local, const std::optional<store::Time>& newest_recorded) {
  return local < std::max(built_at(), newest_recorded.value_or(built_at()));
}

TrustedTime trusted_time(const TimeWitnesses& witnesses) {
  const auto& newest = witnesses.newest_recorded;
  if (!is_provably_wrong(witnesses.local, newest)) {
    // It may have been off for long, or the clock was put ahead; the server is the only other
    // witness, and cannot decide it.
    const bool has_leapt = !newest || witnesses.local - *newest > kAgreement;
    return {witnesses.local, has_leapt && contradicts(witnesses.server, witnesses.local)};
  }
  auto floor = std::max(built_at(), newest.value_or(built_at()));
  floor = std::max(floor, witnesses.doubt_after.value_or(floor)) + seconds{1};
  auto guess = latest_of_two(witnesses.all_servers);
  if (!guess && witnesses.server) guess = as_ours(*witnesses.server);
  return {std::max(floor, guess.value_or(floor)), true};
}

std::chrono::milliseconds skew(s3::ServerTime server, Clock::WallTime local) {
  return server.time_since_epoch() - local.time_since_epoch();
}

}  // namespace agent

#include "agent/run/run_context.h"

namespace agent {
namespace {

// One time of each server: two buckets of one have one clock between them.
std::vector<s3::ServerTime> times_of_servers(const std::vector<SourceRun>& sources) {
  std::map<std::string, s3::ServerTime> by_endpoint;
  for (const auto& source : sources) {
    const auto now = source.session ? source.session->server_now() : std::nullopt;
    if (now) by_endpoint.try_emplace(source.session->endpoint(), *now);
  }
  std::vector<s3::ServerTime> times;
  times.reserve(by_endpoint.size());
  for (const auto& [endpoint, now] : by_endpoint) times.push_back(now);
  return times;
}

}  // namespace

TrustedTime RunContext::reckoned(const SourceRun& source) const {
  const auto all = times_of_servers(sources);
  TimeWitnesses witnesses;
  witnesses.local = environment.clock.now_s();
  witnesses.newest_recorded = newest_recorded;
  witnesses.doubt_after = source.doubt_after;
  if (source.session) witnesses.server = source.session->server_now();
  witnesses.all_servers = all;
  return trusted_time(witnesses);
}

std::optional<std::chrono::milliseconds> RunContext::clock_skew(const SourceRun& source) const {
  const auto server = source.session ? source.session->server_now() : std::nullopt;
  if (!server) return std::nullopt;
  return skew(*server, environment.clock.now());
}

}  // namespace agent

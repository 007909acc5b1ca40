#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/environment.h"
#include "agent/exit_status.h"
#include "agent/mirror.h"
#include "agent/promise.h"
#include "agent/status_board.h"
#include "s3client/session.h"

namespace agent {

/// One source during a run. Only the thread that owns the ledger touches it; `session` is
/// thread-safe by itself.
struct SourceRun {
  explicit SourceRun(const SourceConfig* of) : config(of) {}

  const SourceConfig* config;
  store::SourceId id = 0;
  std::shared_ptr<s3::Session> session;  ///< none when the source stopped before its first request
  EndpointTrust trust;
  bool stopped = false;  ///< nothing more is asked of it in this run
  ExitStatus status = ExitStatus::kOk;
  int failed_in_a_row = 0;  ///< objects that the network did not give us
};

/// What the parts of one pull share.
struct RunContext {
  const Config& config;
  const Environment& environment;
  Mirror& mirror;
  StatusBoard& board;
  std::vector<SourceRun> sources{};
  Clock::Steady deadline = Clock::Steady::max();  ///< no download starts after it
  std::atomic<std::uint64_t> received_bytes{0};
  ExitStatus run_status = ExitStatus::kOk;  ///< of what concerns no single source

  bool stopping() const { return environment.stop.load(); }
  bool out_of_time() const { return environment.clock.steady_now() >= deadline; }

  /// The time to record: this machine's clock, or the server's where ours is so far off that it
  /// must be wrong. A backup that was held "in 1970" would be stale for ever after.
  store::Time now(const SourceRun& source) const {
    const auto local = environment.clock.now_s();
    if (!source.session) return local;
    const auto offset = source.session->clock_offset();
    const bool plausible = offset < std::chrono::days{1} && offset > -std::chrono::days{1};
    return plausible ? local : local + std::chrono::duration_cast<std::chrono::seconds>(offset);
  }

  void fail_source(SourceRun& source, ExitStatus status) const {
    source.status = graver(source.status, status);
  }
  /// Reports a problem with one source or key.
  void report(const SourceRun& source, const std::string& key, const std::string& message) const {
    environment.log.error({source.config->name, key, message});
  }
  template <typename Change>
  void figures(const SourceRun& source, const Change& change) const {
    board.update([&](Status& status) { change(*status.find(source.config->name)); });
  }
};

}  // namespace agent

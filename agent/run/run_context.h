#pragma once

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/base/halt.h"
#include "agent/base/trusted_clock.h"
#include "agent/config/config.h"
#include "agent/proof/part_hints.h"
#include "agent/proof/source_trust.h"
#include "agent/run/open_mirror.h"
#include "agent/run/time_limit.h"
#include "agent/status/status_board.h"
#include "s3client/session.h"
#include "store/custody/failing_disk.h"

namespace agent {

/// What earlier runs know of a source's listings. Not changed while it is listed.
struct ListingMemory {
  bool is_first = true;  ///< none has ended cleanly
  bool cuts = false;     ///< its server calls listings complete that are not
  bool in_order = true;  ///< its server lists in the byte order of the keys
  bool is_due = true;    ///< to be asked on after its last key, as once a day
  std::optional<std::string> last_expected = {};  ///< the last key that has to come
  store::Time begun{};
};

/// One source during a run. Only the thread that owns the ledger touches it; `session` is
/// thread-safe by itself.
struct SourceRun {
  explicit SourceRun(const SourceConfig* of) : config(of) {}

  const SourceConfig* config;
  store::SourceId id = 0;
  std::optional<store::Time> listed_before;  ///< by the last run that did
  std::optional<store::Time> doubt_after;    ///< see Ledger::doubt_ages()
  std::shared_ptr<s3::Session> session;  ///< none when the source stopped before its first request
  SourceTrust trust;
  std::shared_ptr<PartHints> part_hints = std::make_shared<PartHints>();  ///< of its endpoint
  ListingMemory listing;
  /// How far the listing of this run may be believed.
  enum class ListingResult { kNo, kInDoubt, kWhole };
  ListingResult listed = ListingResult::kNo;
  bool wants_refused = false;  ///< see Planner::want_refused()
  bool stopped = false;        ///< nothing more is asked of it in this run
  ExitStatus status = ExitStatus::kOk;
  int unreachable_in_a_row = 0;  ///< objects for which there was not even a connection
  int cut_in_a_row = 0;          ///< objects that the network did not give us
  bool server_failed = false;    ///< what stopped it was the server, or the way there
  bool failed_last_time = false;
  bool other_reading = false;   ///< its endpoint knows keys by their other reading
  bool any_unreadable = false;  ///< something was not readable in an earlier run
  mutable std::map<std::string, std::uint64_t> told;  ///< lines by kind; see report_one_of()

  /// Others waited for the network in vain.
  bool is_impatient() const { return unreachable_in_a_row > 0 || cut_in_a_row >= 3; }
};

/// The key that a worker took up last, for the person who watches. Thread-safe.
class AtWork {
 public:
  void set(const std::string& key) {
    const std::lock_guard lock(mutex_);
    key_ = key;
  }
  std::string get() const {
    const std::lock_guard lock(mutex_);
    return key_;
  }

 private:
  mutable std::mutex mutex_;
  std::string key_;
};

/// What the parts of one pull share.
struct RunContext {
  /// Lines for one kind of trouble of one source.
  static constexpr std::uint64_t kMaxTold = 10;

  const Config& config;
  const Environment& environment;
  Mirror& mirror;
  StatusBoard& board;
  std::vector<SourceRun> sources{};
  TimeLimit limit{};
  std::atomic<std::uint64_t> received_bytes{0};
  std::atomic<std::uint64_t> received_archives{0};  ///< whole, but not proven yet
  std::atomic<std::uint64_t> recorded_archives{0};  ///< proven, and held
  AtWork at_work{};
  std::atomic<std::uint64_t> planned_archives{0};  ///< by the sources that have their plans
  std::atomic<std::uint64_t> planned_bytes{0};
  store::UnreadableFiles unreadable{};
  ExitStatus run_status = ExitStatus::kOk;       ///< of what concerns no single source
  ExitStatus left_status = ExitStatus::kOk;      ///< of sources that left the configuration
  std::optional<store::Time> newest_recorded{};  ///< by this machine's clock, before this run

  bool stopping() const { return environment.stop.load(); }
  Halt halt() const { return {environment.stop, environment.clock, limit.cut_off}; }
  bool out_of_time() const { return environment.clock.steady_now() >= limit.deadline; }

  /// The time to record of a source, and whether ages can be counted from it.
  TrustedTime reckoned(const SourceRun& source) const;
  store::Time now(const SourceRun& source) const { return reckoned(source).now; }

  /// How far the server's clock is ahead of ours; nullopt: it has not answered.
  std::optional<std::chrono::milliseconds> clock_skew(const SourceRun& source) const;

  void fail_source(SourceRun& source, ExitStatus status) const {
    source.status = graver(source.status, status);
  }
  /// Reports a problem with one source or key.
  void report(const SourceRun& source, const std::string& key, const std::string& message) const {
    environment.log.error({source.config->name, key, message});
  }
  /// Likewise, of something that may befall any number of keys: the first of a kind are told, and
  /// tell_rest(), at the end of the run, says how many more there were.
  void report_one_of(const SourceRun& source, const std::string& kind, const std::string& key,
                     const std::string& message) const {
    if (++source.told[kind] <= kMaxTold) report(source, key, message);
  }
  void report_one_of(const SourceRun& source, store::AlarmKind kind, const std::string& key,
                     const std::string& message) const {
    report_one_of(source, std::string(store::name_of(kind)), key, message);
  }
  void tell_rest(const SourceRun& source) const {
    for (const auto& [kind, count] : source.told) {
      if (count <= kMaxTold) continue;
      report(source, "", fmt::format("and {} more like these ({})", count - kMaxTold, kind));
    }
    source.told.clear();
  }
  template <typename Change>
  void figures(const SourceRun& source, const Change& change) const {
    board.update([&](StatusReport& status) { change(*status.find(source.config->name)); });
  }
};

}  // namespace agent

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "agent/base/clock.h"
#include "agent/fetch/range_share.h"
#include "agent/proof/job.h"

namespace agent {

/// The source that a work belongs to.
std::size_t source_of(const Work& work);

/// A lane helps with a transfer that another one owns, until `must_go` is set.
struct RangeHelp {
  std::size_t source = 0;
  std::shared_ptr<RangeShare> share;
  std::shared_ptr<std::atomic<bool>> must_go;
};

/// How a lane's help ended.
enum class HelpEnd {
  kOver = 1,   ///< there is nothing more to do, `must_go` says so, or nobody is to help any more
  kThrottled,  ///< the server wants fewer connections
};
using LaneWork = std::variant<Job, SidecarJob, RangeHelp>;

/// Hands work to the lanes, so that no source has them all while another waits: each that wants one
/// has its share, and what is over while nobody goes without. A lane for which no source has
/// anything, nor may have, helps with a large transfer, and goes as soon as there is work.
/// Thread-safe.
class WorkQueue final : public RangeShares {
 public:
  WorkQueue(std::size_t lanes, std::size_t sources);

  /// There are so many, and not what was expected. Before anything is pushed.
  void set_lanes(std::size_t lanes);
  /// `now`: since when it waits.
  void push(Work work, Clock::Steady now);
  /// Waits for work that may run now; nullopt once the queue is closed.
  std::optional<LaneWork> pop();
  /// What pop() gave is done; `give_way`: the job's, nullptr for a sidecar.
  void finished(std::size_t source, const std::shared_ptr<std::atomic<bool>>& give_way);
  /// The help that pop() gave has ended. kThrottled: as lower(), before anybody is given other
  /// work.
  void finished(const RangeHelp& help, HelpEnd end);
  void close();

  void offer(std::size_t source, std::shared_ptr<RangeShare> share) override;
  void withdraw(const std::shared_ptr<RangeShare>& share) override;

  /// Whether the source may still come and want a lane, though it has nothing queued.
  void set_expected(std::size_t source, bool expected);
  /// The server wants fewer connections: one lane less from here on, but never none.
  void lower(std::size_t source);
  /// What is queued for it, and does not run yet.
  std::size_t queued(std::size_t source) const;

  /// Where a source has waited for longer than `patience` and all lanes are taken: has one of them
  /// given back by a work that has run for as long, and for twice as long each time it is asked for
  /// that again. What has given one back goes behind what has not, and makes way for it at once.
  void make_room(Clock::Steady now, std::chrono::milliseconds patience);

 private:
  struct Queued {
    Work work;
    Clock::Steady since;
  };
  struct Source {
    std::deque<Queued> queued;
    std::size_t running = 0;
    std::size_t most = 0;
    bool expected = false;
  };
  struct Running {
    std::size_t source;
    std::shared_ptr<std::atomic<bool>> give_way;
    unsigned gave_way;
    Clock::Steady since;
  };

  struct Offer {
    std::size_t source;
    std::shared_ptr<RangeShare> share;
  };

  // All of these require the lock.
  bool wants(const Source& source) const { return source.expected || !source.queued.empty(); }
  bool may_run(std::size_t index) const;
  std::optional<std::size_t> next() const;
  std::optional<RangeHelp> next_help() const;
  std::size_t helpers_of(std::size_t source) const;
  void send_helper_away(std::optional<std::size_t> source);
  void have_one_lane_less(std::size_t source);
  static bool is_late(const Source& source);
  bool is_in_vain(const Source& source, std::chrono::milliseconds patience) const;
  bool may_be_asked(const Running& one, bool for_newcomer,
                    std::chrono::milliseconds patience) const;

  std::size_t lanes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Source> sources_;
  std::vector<Running> jobs_;  ///< that run now
  std::size_t running_ = 0;    ///< these, and sidecars
  std::vector<Offer> offers_;
  std::vector<RangeHelp> helping_;
  Clock::Steady now_{};  ///< the newest that was told
  std::size_t turn_ = 0;
  bool closed_ = false;
};

}  // namespace agent

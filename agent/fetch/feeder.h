#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/fetch/room_left.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// Chooses what is fetched next: what has to be done again first, then one of each source in turn,
/// the newest first, so that neither a long backlog nor another source holds back last night's
/// archive. What could not be had in an earlier run comes after what was never tried, and a source
/// whose server failed us last time after the others. Never what free_space.h has no room for.
class Feeder {
 public:
  explicit Feeder(RunContext& context);

  /// The source has its plan: from here on it is fed.
  void open(std::size_t source) { positions_[source].open = true; }

  /// nullopt when there is nothing, or nothing for which there is room until the downloads under
  /// way have ended. `reserved` is what these may still take; only sources for which
  /// `has_room` are looked at.
  store::Result<std::optional<Job>> next(const Reserved& reserved,
                                         const std::function<bool(std::size_t)>& has_room);

  /// The job comes again before all others of its source.
  void again(Job job) { positions_[job.source].again.push_back(std::move(job)); }
  /// The job comes again once no source has anything else.
  void later(Job job) { late_.push_back(std::move(job)); }

  /// Whether the source may have more than what is late.
  bool has_more(std::size_t source) const;

 private:
  struct Position {
    bool open = false;
    bool goes_last = false;
    store::Ledger::Setbacks pass = store::Ledger::Setbacks::kNone;
    std::deque<Job> again;
    std::deque<store::Pending> ahead;
    std::optional<store::Pending> last;
    bool exhausted = false;
    bool told_of_space = false;  ///< something was left out for want of it
    bool told_of_size = false;   ///< and something because no file may be so large
    bool told_of_files = false;  ///< and something because the disk takes no more files
  };

  store::Result<bool> fill(std::size_t source);
  void leave_out(std::size_t source, const store::Pending& pending, RoomLeft::Fit why);
  store::Result<Job> job_of(std::size_t source, store::Pending pending) const;
  void make_ready(Job& job) const;
  store::Result<std::optional<Job>> next_of(std::size_t source, const Reserved& reserved);
  store::Result<std::optional<Job>> first_that_fits(std::deque<Job>& jobs,
                                                    const Reserved& reserved);

  RunContext& context_;
  RoomLeft space_;
  std::vector<Position> positions_;
  std::deque<Job> late_;
  std::size_t turn_ = 0;
  bool waiting_ = false;  ///< the last next() left something out for want of space for now
};

}  // namespace agent

#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/job.h"
#include "agent/run_context.h"

namespace agent {

/// Chooses what is fetched next: what has to be done again first, then one of each source in turn,
/// the newest first, so that neither a long backlog nor another source holds back last night's
/// archive. Never what would leave less than `min_free` on the disk.
class Feeder {
 public:
  explicit Feeder(RunContext& context);

  /// nullopt when there is nothing, or nothing for which there is room until the downloads under
  /// way have ended. `reserved_bytes` is what these may still write.
  store::Result<std::optional<Job>> next(std::uint64_t reserved_bytes);

  /// The job comes again before all others.
  void again(Job job) { again_.push_back(std::move(job)); }

 private:
  struct Position {
    std::deque<store::Pending> ahead;
    std::optional<store::Pending> last;
    bool exhausted = false;
    bool told_of_space = false;  ///< something was left out for want of it
    bool told_of_size = false;   ///< and something because no file may be so large
  };

  store::Result<bool> fill(std::size_t source);
  store::Result<bool> fits(const Job& job, std::uint64_t reserved_bytes);
  store::Result<std::uint64_t> staged_bytes(const Job& job);
  void leave_out(std::size_t source, const store::Pending& pending);
  std::string why_left_out(std::uint64_t size_bytes) const;
  store::Result<Job> job_of(std::size_t source, store::Pending pending) const;

  RunContext& context_;
  const std::uint64_t largest_file_bytes_;
  std::vector<Position> positions_;
  std::deque<Job> again_;
  std::size_t turn_ = 0;
};

}  // namespace agent

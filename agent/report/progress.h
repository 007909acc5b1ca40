#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/run/run_context.h"

namespace agent {

struct ProgressFigures {
  std::uint64_t archives = 0;  ///< received, or read
  std::uint64_t archives_total = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::chrono::milliseconds elapsed{0};
  std::string at_work{};                    ///< the key at work
  std::optional<std::uint64_t> recorded{};  ///< of those received; shown where it is less
};

/// "[####....] 12/40 archives, 1.2 GiB of 4.0 GiB, 23.1 MiB/s, 2m 10s left, db/shop.sql.zst", or as
/// much of it as `columns` has room for, 40 being enough for the bar, the counts and some of the
/// name. Never longer, whatever the key is.
std::string progress_line(const ProgressFigures& figures, std::size_t columns);

/// Draws the line on the terminal until it is destroyed; draws nothing where there is none.
class Progress {
 public:
  virtual ~Progress() = default;
};
std::unique_ptr<Progress> make_progress(const RunContext& context);
/// Of any work: `look` says how far it is, but for the time, from another thread.
std::unique_ptr<Progress> make_progress(const Environment& environment,
                                        std::function<ProgressFigures()> look);

}  // namespace agent

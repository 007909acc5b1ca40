#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/run_context.h"

namespace agent {

struct ProgressFigures {
  std::uint64_t archives = 0;
  std::uint64_t archives_total = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::chrono::milliseconds elapsed{0};
};

/// "[######....] 12/40 archives, 1.2 of 4.0 GiB, 23.1 MiB/s, 2m 10s left": at most `width` bytes.
std::string progress_line(const ProgressFigures& figures, std::size_t width);

/// Draws the line on the terminal until it is destroyed; draws nothing off one.
class Progress {
 public:
  virtual ~Progress() = default;
};
std::unique_ptr<Progress> make_progress(const RunContext& context);
/// Of any work: `look` says how far it is, but for the time, from another thread.
std::unique_ptr<Progress> make_progress(const Environment& environment,
                                        std::function<ProgressFigures()> look);

}  // namespace agent

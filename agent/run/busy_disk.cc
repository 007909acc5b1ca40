#include "agent/run/busy_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace agent {
namespace {

constexpr std::chrono::hours kTooLong{24};

}  // namespace

std::string describe_busy_disk(const std::optional<store::LockHolder>& holder, Time now) {
  if (!holder) return "another holdfast is at work on this disk; let it finish";
  const auto age = std::max(now - holder->since, std::chrono::seconds{0});
  return fmt::format(
      "another holdfast (pid {}) has been at work on this disk for {}, since {}; {}", holder->pid,
      format_duration(age), format_time(holder->since),
      holds_for_too_long(*holder, now)
          ? fmt::format("see whether it hangs, and if so end it: kill {}", holder->pid)
          : "let it finish");
}

bool holds_for_too_long(const store::LockHolder& holder, Time now) {
  return now - holder.since >= kTooLong;
}

}  // namespace agent

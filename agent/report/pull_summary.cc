#include "agent/report/pull_summary.h"

#include <fmt/format.h>

#include <vector>

#include "agent/base/units.h"
#include "agent/report/told.h"

namespace agent {
namespace {

constexpr std::size_t kMaxNamed = 3;

struct Sums {
  RunFigures run;
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
};

Sums sums_of(const StatusReport& status) {
  Sums sums;
  for (const auto& source : status.sources) {
    sums.archives += source.archives;
    sums.size_bytes += source.size_bytes;
    if (source.last_attempt_at != status.started_at) continue;
    sums.run.listed += source.run.listed;
    sums.run.fresh += source.run.fresh;
    sums.run.fresh_bytes += source.run.fresh_bytes;
    sums.run.changed += source.run.changed;
    sums.run.failed += source.run.failed;
    sums.run.requests += source.run.requests;
  }
  return sums;
}

std::string archives(std::uint64_t count) { return counted(count, "archive", "archives"); }

std::string what_came(const Sums& sums, std::chrono::seconds elapsed) {
  const auto& run = sums.run;
  auto line = run.fresh == 0 ? fmt::format("nothing new: {} listed", archives(run.listed))
                             : fmt::format("{} came ({}), read back from the disk and verified",
                                           archives(run.fresh), format_size(run.fresh_bytes));
  if (run.changed > 0) line += fmt::format("; {} changed", run.changed);
  if (run.failed > 0) line += fmt::format("; {} failed", run.failed);
  return line + fmt::format("; {}, {}", counted(run.requests, "request", "requests"),
                            format_duration(elapsed));
}

std::string what_is_held(const StatusReport& status, const Sums& sums) {
  auto line = fmt::format("{} ({}) in {}", archives(sums.archives), format_size(sums.size_bytes),
                          counted(status.sources.size(), "source", "sources"));
  if (status.disk.total_bytes > 0) {
    line += fmt::format("; {} free of {}", format_size(status.disk.free_bytes),
                        format_size(status.disk.total_bytes));
  }
  return line;
}

// Empty: nothing.
std::string trouble_of(const SourceStatus& source) {
  std::string text;
  const auto add = [&](const std::string& piece) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", piece);
  };
  if (source.hold) add("on HOLD");
  if (is_failure(source.state))
    add(source.state == RunState::kIncomplete ? "incomplete" : "failed");
  if (source.alarm_count > 0) add(counted(source.alarm_count, "alarm open", "alarms open"));
  return text.empty() ? text : fmt::format("{}: {}", source.name, text);
}

std::string what_needs_you(const StatusReport& status, bool colour) {
  const auto word = [&](const char* code, const std::string& text) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  };
  std::vector<std::string> all;
  for (const auto& source : status.sources) {
    if (auto trouble = trouble_of(source); !trouble.empty()) all.push_back(std::move(trouble));
  }
  if (all.empty() && !is_failure(status.state)) return word("32", "nothing");
  std::string text = is_failure(status.state) ? word("31", std::string(name_of(status.state)))
                                              : word("33", "attention");
  for (std::size_t i = 0; i < all.size() && i < kMaxNamed; ++i) text += "; " + all[i];
  if (all.size() > kMaxNamed) text += fmt::format("; and {} more", all.size() - kMaxNamed);
  return text + " ('holdfast status' says more)";
}

}  // namespace

std::string pull_summary(const StatusReport& status, std::chrono::seconds elapsed, bool colour) {
  const auto sums = sums_of(status);
  return fmt::format("pulled      {}\nheld        {}\nneeds you   {}", what_came(sums, elapsed),
                     what_is_held(status, sums), what_needs_you(status, colour));
}

}  // namespace agent

#include "agent/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "agent/ticker.h"
#include "agent/units.h"

namespace agent {
namespace {

constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kLineWidth = 79;
constexpr std::chrono::milliseconds kInterval{250};

std::string bar(const ProgressFigures& figures) {
  const double share = figures.total_bytes == 0
                           ? 0
                           : std::min(1.0, static_cast<double>(figures.size_bytes) /
                                               static_cast<double>(figures.total_bytes));
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
  return std::string(filled, '#') + std::string(kBarWidth - filled, '.');
}

std::string time_left(const ProgressFigures& figures, double bytes_per_second) {
  if (bytes_per_second < 1 || figures.size_bytes >= figures.total_bytes) return "";
  const auto left = static_cast<double>(figures.total_bytes - figures.size_bytes);
  return ", " +
         format_duration(std::chrono::seconds{static_cast<std::int64_t>(left / bytes_per_second)}) +
         " left";
}

class TerminalProgress final : public Progress {
 public:
  TerminalProgress(const RunContext& context, std::uint64_t archives, std::uint64_t total_bytes)
      : context_(context),
        archives_(archives),
        total_bytes_(total_bytes),
        begun_(context.environment.clock.steady_now()),
        ticker_(kInterval, [this] { draw(); }) {}
  ~TerminalProgress() override { std::fputs("\r\x1b[K", stderr); }

 private:
  void draw() const {
    ProgressFigures figures;
    figures.archives_total = archives_;
    figures.total_bytes = total_bytes_;
    figures.size_bytes = context_.received_bytes.load();
    const auto elapsed = context_.environment.clock.steady_now() - begun_;
    figures.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed);
    context_.board.update([&](const Status& status) {
      for (const auto& source : status.sources) {
        if (source.last_attempt_at == status.started_at) figures.archives += source.run.fresh;
      }
    });
    std::fputs(("\r\x1b[K" + progress_line(figures, kLineWidth)).c_str(), stderr);
    std::fflush(stderr);
  }

  const RunContext& context_;
  const std::uint64_t archives_;
  const std::uint64_t total_bytes_;
  const Clock::Steady begun_;
  const Ticker ticker_;  // last: it draws from the members above
};

}  // namespace

std::string progress_line(const ProgressFigures& figures, std::size_t width) {
  const double seconds = std::max(0.001, static_cast<double>(figures.elapsed.count()) / 1000);
  const double rate = static_cast<double>(figures.size_bytes) / seconds;
  auto line = fmt::format("[{}] {}/{} archives, {} of {}, {}/s{}", bar(figures), figures.archives,
                          figures.archives_total, format_size(figures.size_bytes),
                          format_size(figures.total_bytes),
                          format_size(static_cast<std::uint64_t>(rate)), time_left(figures, rate));
  line.resize(std::min(line.size(), width));
  return line;
}

std::unique_ptr<Progress> make_progress(const RunContext& context) {
  if (!context.environment.terminal) return nullptr;
  std::uint64_t archives = 0;
  std::uint64_t total_bytes = 0;
  for (const auto& source : context.sources) {
    const auto backlog = context.mirror.ledger.backlog(source.id);
    if (!backlog) continue;
    archives += backlog->archives;
    total_bytes += backlog->size_bytes;
  }
  return std::make_unique<TerminalProgress>(context, archives, total_bytes);
}

}  // namespace agent

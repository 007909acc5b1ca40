#include "agent/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

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
  TerminalProgress(Clock& clock, std::function<ProgressFigures()> look)
      : clock_(clock),
        look_(std::move(look)),
        begun_(clock.steady_now()),
        ticker_(kInterval, [this] { draw(); }) {}
  ~TerminalProgress() override { std::fputs("\r\x1b[K", stderr); }

 private:
  void draw() const {
    auto figures = look_();
    figures.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - begun_);
    std::fputs(("\r\x1b[K" + progress_line(figures, kLineWidth)).c_str(), stderr);
    std::fflush(stderr);
  }

  Clock& clock_;
  const std::function<ProgressFigures()> look_;
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

std::unique_ptr<Progress> make_progress(const Environment& environment,
                                        std::function<ProgressFigures()> look) {
  if (!environment.terminal) return nullptr;
  return std::make_unique<TerminalProgress>(environment.clock, std::move(look));
}

std::unique_ptr<Progress> make_progress(const RunContext& context) {
  if (!context.environment.terminal) return nullptr;
  return make_progress(context.environment, [&context] {
    ProgressFigures figures;
    figures.archives_total = context.planned_archives.load();
    figures.total_bytes = context.planned_bytes.load();
    figures.size_bytes = context.received_bytes.load();
    context.board.update([&](const Status& status) {
      for (const auto& source : status.sources) {
        if (source.last_attempt_at == status.started_at) figures.archives += source.run.fresh;
      }
    });
    return figures;
  });
}

}  // namespace agent

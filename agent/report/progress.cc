#include "agent/report/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "agent/base/printable.h"
#include "agent/base/ticker.h"
#include "agent/base/units.h"

namespace agent {
namespace {

constexpr std::size_t kNarrow = 60;  // below that there is no room for words
constexpr std::size_t kShortestName = 8;
constexpr std::size_t kShortestLine = 39;
constexpr std::chrono::milliseconds kInterval{250};

double share_of(const ProgressFigures& figures) {
  if (figures.total_bytes == 0) return 0;
  return std::min(
      1.0, static_cast<double>(figures.size_bytes) / static_cast<double>(figures.total_bytes));
}

std::string bar(double share, std::size_t width) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(width - filled, '.'));
}

std::string time_left(const ProgressFigures& figures, double bytes_per_second) {
  if (bytes_per_second < 1 || figures.size_bytes >= figures.total_bytes) return "";
  const auto left = static_cast<double>(figures.total_bytes - figures.size_bytes);
  return ", " +
         format_duration(std::chrono::seconds{static_cast<std::int64_t>(left / bytes_per_second)}) +
         " left";
}

// Where in a name the part begins that fits into so many columns. Each character that is not ASCII
// is taken to be two of them wide, as some are.
std::size_t beginning_of_end(const std::string& name, std::size_t columns) {
  std::size_t used = 0;
  std::size_t begin = name.size();
  while (begin > 0) {
    auto at = begin - 1;
    while (at > 0 && (static_cast<unsigned char>(name[at]) & 0xC0U) == 0x80U) --at;
    used += static_cast<unsigned char>(name[at]) < 0x80 ? 1U : 2U;
    if (used > columns) break;
    begin = at;
  }
  return begin;
}

// The end of a name tells most of it.
std::string end_of_name(const std::string& key, std::size_t columns) {
  constexpr std::string_view kDots = "...";
  const auto name = printable_name(key);
  const auto begin = beginning_of_end(name, columns);
  if (begin == 0) return name;
  if (columns < kDots.size() + kShortestName) return name.substr(begin);
  return fmt::format("{}{}", kDots, name.substr(beginning_of_end(name, columns - kDots.size())));
}

void add_if_fits(std::string& line, const std::string& piece, std::size_t columns) {
  if (line.size() + piece.size() <= columns) line += piece;
}

void add_name(std::string& line, const std::string& key, const char* comma, std::size_t columns) {
  const auto used = line.size() + std::string_view(comma).size();
  if (key.empty() || used + kShortestName > columns) return;
  line += comma + end_of_name(key, columns - used);
}

std::string narrow_line(const ProgressFigures& figures, std::size_t columns) {
  auto line = fmt::format("{} {:.0f}%", bar(share_of(figures), 8), 100 * share_of(figures));
  add_if_fits(line, fmt::format(" {}/{}", figures.archives, figures.archives_total), columns);
  add_name(line, figures.at_work, " ", columns);
  return line;
}

std::string wide_line(const ProgressFigures& figures, std::size_t columns) {
  const double seconds = std::max(0.001, static_cast<double>(figures.elapsed.count()) / 1000);
  const double rate = static_cast<double>(figures.size_bytes) / seconds;
  auto line = fmt::format("{} {}/{} archives", bar(share_of(figures), columns < 100 ? 10 : 20),
                          figures.archives, figures.archives_total);
  const auto sizes =
      fmt::format(", {} of {}", format_size(figures.size_bytes), format_size(figures.total_bytes));
  add_if_fits(line, sizes, columns);
  // Some room is the name's.
  const auto most = columns - std::min<std::size_t>(columns / 4, figures.at_work.size() + 2);
  add_if_fits(line, fmt::format(", {}/s", format_size(static_cast<std::uint64_t>(rate))), most);
  add_if_fits(line, time_left(figures, rate), most);
  if (figures.recorded.value_or(figures.archives) < figures.archives) {
    add_if_fits(line, fmt::format(", {} recorded", *figures.recorded), most);
  }
  add_name(line, figures.at_work, ", ", columns);
  return line;
}

class TerminalProgress final : public Progress {
 public:
  TerminalProgress(const Environment& environment, std::function<ProgressFigures()> look)
      : clock_(environment.clock),
        columns_(environment.columns),
        look_(std::move(look)),
        begun_(clock_.steady_now()),
        ticker_(kInterval, [this] { draw(); }) {}
  ~TerminalProgress() override { std::fputs("\r\x1b[K", stderr); }

 private:
  void draw() const {
    auto figures = look_();
    figures.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - begun_);
    // In the last column some terminals begin a new line.
    const auto columns = std::max<std::size_t>(columns_(), 2) - 1;
    std::fputs(("\r\x1b[K" + progress_line(figures, columns)).c_str(), stderr);
    std::fflush(stderr);
  }

  Clock& clock_;
  const std::function<std::size_t()> columns_;
  const std::function<ProgressFigures()> look_;
  const Clock::Steady begun_;
  const Ticker ticker_;  // last: it draws from the members above
};

}  // namespace

std::string progress_line(const ProgressFigures& figures, std::size_t columns) {
  auto line = columns < kNarrow ? narrow_line(figures, columns) : wide_line(figures, columns);
  // Only a terminal of a few columns has no room for the figures, which are ASCII.
  if (columns < kShortestLine) line.resize(std::min(line.size(), columns));
  return line;
}

std::unique_ptr<Progress> make_progress(const Environment& environment,
                                        std::function<ProgressFigures()> look) {
  if (!environment.columns) return nullptr;
  return std::make_unique<TerminalProgress>(environment, std::move(look));
}

std::unique_ptr<Progress> make_progress(const RunContext& context) {
  return make_progress(context.environment, [&context] {
    ProgressFigures figures;
    figures.archives_total = context.planned_archives.load();
    figures.total_bytes = context.planned_bytes.load();
    figures.size_bytes = context.received_bytes.load();
    // What is fetched once more comes twice.
    figures.archives = std::min(context.received_archives.load(), figures.archives_total);
    figures.recorded = context.recorded_archives.load();
    figures.at_work = context.at_work.get();
    return figures;
  });
}

}  // namespace agent

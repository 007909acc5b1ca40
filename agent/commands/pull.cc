#include "agent/commands/pull.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "agent/base/log_failure.h"
#include "agent/base/ticker.h"
#include "agent/commands/dry_run.h"
#include "agent/commands/pull_run.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/pull_status.h"
#include "agent/report/pull_summary.h"
#include "agent/report/reports.h"
#include "agent/report/watch.h"
#include "agent/run/busy_disk.h"
#include "agent/run/carry.h"
#include "agent/run/run_context.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

ExitStatus without_mirror(const MirrorError& error, const Config& config,
                          const Environment& environment, StatusBoard& board, Watch& watch) {
  if (!error.locked) {
    environment.log.error({"", "", error.message});
    show_absent_disk(error, environment, board);
    write_reports(config, environment, board.snapshot(), &error);
    return error.status;
  }
  // The other run writes the status; it is not ours to touch. That it takes its time is no news to
  // anybody but who waits for it, until it has taken a day.
  const bool hangs = error.holder && holds_for_too_long(*error.holder, environment.clock.now_s());
  if (hangs || environment.terminal || !error.holder) {
    environment.log.error({"", "", error.message});
  } else {
    environment.log.info({"", "", error.message});
  }
  if (hangs) watch.ended_early(error.status, error.message);
  return error.status;
}

// A run that received less says nothing of the line.
void note_rate(const RunContext& context, Clock::Steady begun, Clock::Steady ended,
               StatusBoard& board) {
  constexpr std::uint64_t kEnoughBytes = std::uint64_t{1} << 20;
  const auto took = std::chrono::duration<double>(ended - begun).count();
  const auto received = context.received_bytes.load();
  if (received < kEnoughBytes || took <= 0) return;
  board.update([&](StatusReport& status) {
    status.bytes_per_second = static_cast<std::uint64_t>(static_cast<double>(received) / took);
  });
}

void prepare(RunContext& context, const std::vector<const SourceConfig*>& selected) {
  for (const auto* source : selected) context.sources.emplace_back(source);
  const auto newest = context.mirror.ledger.newest_own_time();
  if (newest) context.newest_recorded = *newest;
}

ExitStatus show_what_would_come(const Config& config, const PullOptions& options,
                                const Environment& environment,
                                const std::vector<const SourceConfig*>& selected,
                                StatusBoard& board,
                                const std::function<void(const std::string&)>& print) {
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  RunContext context{config, environment, *mirror, board};
  prepare(context, selected);
  return dry_run(context, options, print);
}

// What was said while the other disk was here comes before all that this run may have to say:
// without it nothing is assessed.
ExitStatus run_carried(RunContext& context) {
  const auto fail = [&](const store::Error& error) {
    return log_failure(context.environment.log, "", error);
  };
  const auto taken = carry_in(context.config, context.environment, context.mirror);
  if (!taken) return fail(taken.error());
  const auto exit = run_pull(context);
  const auto left = carry_out(context.config, context.environment, context.mirror);
  return left ? exit : graver(exit, fail(left.error()));
}

// `begun`: the disk is ours, and so is the status.
ExitStatus pull_onto_disk(const Config& config, const Environment& environment,
                          const std::vector<const SourceConfig*>& selected, StatusBoard& board,
                          Watch& watch, bool& begun) {
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  if (!mirror) return without_mirror(mirror.error(), config, environment, board, watch);
  RunContext context{config, environment, *mirror, board};
  prepare(context, selected);
  context.limit = TimeLimit::from_now(environment.clock, config.agent.max_runtime);
  show_disk(board, *mirror, config.disk.path);
  show_turn(context);
  begun = true;
  board.publish();
  write_metrics(config, environment, board.snapshot());
  watch.started();
  ExitStatus exit = ExitStatus::kDefect;
  const auto begun_at = environment.clock.steady_now();
  {
    const Ticker ticker(kStatusInterval, [&] {
      board.update([&](StatusReport& status) { status.updated_at = environment.clock.now_s(); });
      board.publish();
    });
    exit = run_carried(context);
  }
  show_turn(context);
  note_rate(context, begun_at, environment.clock.steady_now(), board);
  finish_status(board, environment, exit);
  write_reports(config, environment, board.snapshot());
  return exit;
}

// Nobody shall take a run that a defect has ended for one that is under way.
void end_as_defect(const Config& config, const Environment& environment, StatusBoard& board) {
  finish_status(board, environment, ExitStatus::kDefect);
  try {
    write_reports(config, environment, board.snapshot());
  } catch (const std::exception& defect) {
    environment.log.warning({"", "", fmt::format("the reports are old: {}", defect.what())});
  }
}

// The mirror is closed when it returns. Where the run could begin, the board has its exit status.
ExitStatus pull_once(const Config& config, const Environment& environment,
                     const std::vector<const SourceConfig*>& selected, StatusBoard& board,
                     Watch& watch) {
  bool begun = false;
  try {
    return pull_onto_disk(config, environment, selected, board, watch, begun);
  } catch (const std::exception& defect) {
    const auto message = fmt::format("a defect in holdfast: {}; please report it", defect.what());
    environment.log.error({"", "", message});
    if (begun) {
      end_as_defect(config, environment, board);
    } else {
      watch.ended_early(ExitStatus::kDefect, message);
    }
    return ExitStatus::kDefect;
  }
}

}  // namespace

ExitStatus pull(const Config& config, const PullOptions& options, const Environment& environment,
                const std::function<void(const std::string&)>& print) {
  const auto selected = select_sources(config, options.sources, environment.log);
  if (!selected) return ExitStatus::kUsage;
  StatusBoard board(
      status_at_start(config, environment, *selected),
      [&](const std::string& json) {
        return environment.replace_file(config.agent.status_file, json);
      },
      environment.log);
  if (options.dry_run) {
    return show_what_would_come(config, options, environment, *selected, board, print);
  }
  Watch watch(config, environment);
  const auto begun = environment.clock.steady_now();
  const auto exit = pull_once(config, environment, *selected, board, watch);
  const auto status = board.snapshot();
  if (!status.exit_status) return exit;
  watch.ended(status, exit);
  if (environment.reads_stdout) {
    const auto elapsed = environment.clock.steady_now() - begun;
    print(pull_summary(status, std::chrono::floor<std::chrono::seconds>(elapsed),
                       environment.colour));
  }
  return exit;
}

}  // namespace agent

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/did_you_mean.h"
#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/custody/drill_due.h"
#include "agent/custody/drill_run.h"
#include "agent/report/drill_watch.h"
#include "agent/report/pull_status.h"
#include "agent/run/carry.h"

namespace agent {
namespace {

// The first pull of a large bucket may take days; what a drill has shown is not worth that.
constexpr std::chrono::hours kLongestWait{12};
constexpr std::chrono::milliseconds kLookAgainAfter{1000};

class Drills {
 public:
  Drills(const Config& config, const DrillOptions& options, const Environment& environment,
         const DrillWorld& world, const Print& print)
      : config_(config),
        options_(options),
        environment_(environment),
        world_(world),
        print_(print) {}

  ExitStatus run() {
    std::vector<const DrillConfig*> chosen;
    if (!choose(chosen)) return ExitStatus::kUsage;
    auto status = ExitStatus::kOk;
    for (const auto* drill : chosen) {
      if (environment_.stop.load()) return graver(status, ExitStatus::kIncomplete);
      status = graver(status, run(*drill));
    }
    return status;
  }

 private:
  ExitStatus fail(const DrillConfig& drill, ExitStatus status, const std::string& message) {
    environment_.log.error({drill.source, "", message});
    return status;
  }
  ExitStatus fail(const DrillConfig& drill, const store::Error& error) {
    return fail(drill, status_of(error), explain(error));
  }

  bool choose(std::vector<const DrillConfig*>& chosen) {
    std::vector<std::string_view> names;
    for (const auto& drill : config_.drills) names.push_back(drill.name);
    for (const auto& wanted : options_.names) {
      if (std::find(names.begin(), names.end(), wanted) != names.end()) continue;
      environment_.log.error({"", "",
                              fmt::format("there is no [drill {}] in the configuration{}",
                                          printable(wanted), did_you_mean(wanted, names))});
      return false;
    }
    for (const auto& drill : config_.drills) {
      const auto& named = options_.names;
      const bool is_named = std::find(named.begin(), named.end(), drill.name) != named.end();
      if (named.empty() || is_named) chosen.push_back(&drill);
    }
    // A timer that looks for what is due is right to find nothing.
    if (!chosen.empty() || options_.due) return true;
    environment_.log.error({"", "",
                            "there is no [drill NAME] in the configuration; see \"RESTORE DRILLS\" "
                            "in holdfast(1)"});
    return false;
  }

  ExitStatus run(const DrillConfig& drill) {
    auto mirror = open_mirror(config_, environment_, store::Access::kReadOnly);
    if (!mirror) return fail(drill, mirror.error().status, mirror.error().message);
    if (options_.due) {
      const auto memory = mirror->ledger.drill(drill.name);
      if (!memory) return fail(drill, memory.error());
      if (!is_drill_due(drill, *memory, environment_.clock.now_s())) return ExitStatus::kOk;
    }
    const auto done = run_drill(*std::move(mirror), config_, drill, environment_, world_);
    if (!done) return fail(drill, done.error());
    if (done->interrupted) {
      return fail(
          drill, ExitStatus::kIncomplete,
          fmt::format("the restore drill \"{}\" was interrupted, and nothing is recorded of "
                      "it",
                      drill.name));
    }
    const auto recorded = record(drill, done->run);
    tell(drill, done->run);
    return graver(recorded, done->run.succeeded ? ExitStatus::kOk : ExitStatus::kAlarm);
  }

  // After the pull that may be under way.
  Result<Mirror, MirrorError> open_to_record() {
    const auto until = environment_.clock.steady_now() + kLongestWait;
    while (true) {
      auto mirror = open_mirror(config_, environment_, store::Access::kReadWrite);
      const bool waits = !mirror && mirror.error().locked && !environment_.stop.load() &&
                         environment_.clock.steady_now() < until;
      if (!waits) return mirror;
      environment_.clock.sleep(kLookAgainAfter, environment_.stop);
    }
  }

  ExitStatus record(const DrillConfig& drill, store::DrillRun run) {
    auto mirror = open_to_record();
    if (!mirror) {
      return fail(drill, mirror.error().status,
                  fmt::format("what the restore drill \"{}\" has shown is not recorded: {}",
                              drill.name, mirror.error().message));
    }
    auto done = carry_in(config_, environment_, *mirror);
    if (done) done = record_in(mirror->ledger, drill, run);
    if (!done) return fail(drill, done.error());
    refresh_status_file(config_, environment_, mirror->ledger, run.source, drill.source);
    if (auto left = carry_out(config_, environment_, *mirror); !left) {
      return fail(drill, left.error());
    }
    return ExitStatus::kOk;
  }

  store::Status record_in(store::Ledger& ledger, const DrillConfig& drill, store::DrillRun& run) {
    const auto id = ledger.register_source(drill.source);
    if (!id) return id.error();
    run.source = *id;
    constexpr auto kKind = store::AlarmKind::kDrill;
    const auto now = environment_.clock.now_s();
    return ledger.at_once([&]() -> store::Status {
      if (auto noted = ledger.note_drill(drill.name, *id, run.at); !noted) return noted;
      if (auto recorded = ledger.record_drill(run); !recorded) return recorded;
      if (run.succeeded) return ledger.end_alarm(*id, kKind, drill.name, now);
      return ledger.raise_newest_alarm(*id, kKind, drill.name, words_of_failure(drill, run), now);
    });
  }

  void tell(const DrillConfig& drill, const store::DrillRun& run) {
    if (!run.succeeded) environment_.log.error({drill.source, "", words_of_failure(drill, run)});
    if (options_.json) return print_(json_of(drill, run));
    if (!run.succeeded || (options_.due && !environment_.reads_stdout)) return;
    const auto seconds = [](std::chrono::milliseconds duration) {
      return format_duration(std::chrono::ceil<std::chrono::seconds>(duration));
    };
    print_(fmt::format("{}: {} ({}) of {} restored in {}, worked on for {}{}{}", drill.name,
                       counted(run.archives, "archive", "archives"), format_size(run.size_bytes),
                       format_time(run.made), seconds(run.restore_took), seconds(run.command_took),
                       run.told.empty() ? "" : "; ", run.told));
  }

  static std::string json_of(const DrillConfig& drill, const store::DrillRun& run) {
    return json_line({{"drill", drill.name},
                      {"source", drill.source},
                      {"succeeded", run.succeeded},
                      {"message", run.told},
                      {"printed", printable(run.printed)},
                      {"stream", JsonValue::of_key(run.stream)},
                      {"archives", run.archives},
                      {"bytes", run.size_bytes},
                      {"backup_made_at", format_time(run.made)},
                      {"restore_milliseconds", run.restore_took.count()},
                      {"command_milliseconds", run.command_took.count()}});
  }

  const Config& config_;
  const DrillOptions& options_;
  const Environment& environment_;
  const DrillWorld& world_;
  const Print& print_;
};

}  // namespace

ExitStatus drill_command(const Config& config, const DrillOptions& options,
                         const Environment& environment, const DrillWorld& world,
                         const Print& print) {
  return Drills(config, options, environment, world, print).run();
}

}  // namespace agent

#include <fmt/format.h>

#include <atomic>

#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/commands/commands.h"
#include "agent/custody/damage_alarm.h"
#include "agent/report/progress.h"
#include "agent/run/right_disk.h"
#include "store/content/filesystem_limits.h"
#include "store/custody/rebuild.h"

namespace agent {
namespace {

// A ledger that is in order knows more than the disk does: alarms, a HOLD, what was refused.
store::Result<bool> is_in_order(store::Disk& disk) {
  auto ledger = store::Ledger::open(disk, store::Access::kReadOnly);
  if (!ledger && (ledger.error().kind == store::ErrorKind::kNotFound ||
                  ledger.error().kind == store::ErrorKind::kCorrupt)) {
    return false;
  }
  if (!ledger) return ledger.error();
  const auto wrong = ledger->check();
  if (!wrong && wrong.error().kind == store::ErrorKind::kCorrupt) return false;
  if (!wrong) return wrong.error();
  return !*wrong;
}

std::string text_of(const store::Rebuilt& rebuilt) {
  auto text = fmt::format("the ledger was rebuilt: {} {}, and {} other {} beside them",
                          rebuilt.archives, rebuilt.archives == 1 ? "archive" : "archives",
                          rebuilt.generations, rebuilt.generations == 1 ? "copy" : "copies");
  if (rebuilt.unlisted > 0) {
    text += fmt::format(
        "; {} of them were in no manifest and are known by their names and digests only",
        rebuilt.unlisted);
  }
  if (rebuilt.corrupt + rebuilt.missing > 0) {
    text += fmt::format("; {} corrupt, {} missing", rebuilt.corrupt, rebuilt.missing);
  }
  return text;
}

std::string json_of(const store::Rebuilt& rebuilt) {
  return json_line({{"sources", rebuilt.sources},
                    {"archives", rebuilt.archives},
                    {"beside", rebuilt.generations},
                    {"unlisted", rebuilt.unlisted},
                    {"corrupt", rebuilt.corrupt},
                    {"missing", rebuilt.missing}});
}

// The marker says it; one that does not yet is as old as the manifests, which show it.
store::Result<store::NameRules> rules_of(store::Disk& disk, const store::Marker& marker) {
  if (marker.names) return *marker.names;
  const auto carried = store::carried_name_rules(disk);
  if (!carried) return carried.error();
  return carried->value_or(store::name_rules_of(disk.filesystem_name()));
}

store::Result<store::Rebuilt> rebuild(store::Disk& disk, const store::Marker& marker,
                                      const Environment& environment) {
  const auto rules = rules_of(disk, marker);
  if (!rules) return rules.error();
  std::atomic<std::uint64_t> bytes{0};
  const auto space = disk.space();
  const auto progress = make_progress(environment, [&] {
    ProgressFigures figures;
    figures.size_bytes = bytes.load();
    figures.total_bytes = space ? space->total_bytes - space->free_bytes : 0;
    return figures;
  });
  store::RebuildRequest request;
  request.rules = *rules;
  request.now = environment.clock.now_s();
  request.keep_going = [&] { return !environment.stop.load(); };
  request.progress = [&](std::uint64_t read_bytes) { bytes = read_bytes; };
  request.message = damage_message;
  request.found = [&](std::string_view source, const store::Reading& reading) {
    environment.log.error({std::string(source), reading.holding.key, damage_message(reading)});
  };
  return store::rebuild_ledger(disk, request);
}

}  // namespace

ExitStatus rebuild_command(const Config& config, const RebuildOptions& options,
                           const Environment& environment, const Print& print) {
  const auto guarded = open_guarded_disk(config, environment, store::Access::kReadWrite);
  if (!guarded) {
    environment.log.error({"", "", guarded.error().message});
    return guarded.error().status;
  }
  const auto fail = [&](const store::Error& error) {
    if (environment.stop.load()) {
      environment.log.error({"", "", "interrupted, and nothing was changed; run it again"});
      return ExitStatus::kIncomplete;
    }
    return log_failure(environment.log, "", error);
  };
  const auto in_order = is_in_order(*guarded->disk);
  if (!in_order) return fail(in_order.error());
  if (*in_order) {
    environment.log.error(
        {"", "",
         "the ledger is in order, and knows more than a new one would; nothing was changed. To "
         "rebuild it all the same, move .holdfast/ledger.db away"});
    return ExitStatus::kUsage;
  }
  const auto rebuilt = rebuild(*guarded->disk, guarded->marker, environment);
  if (!rebuilt) return fail(rebuilt.error());
  print(options.json ? json_of(*rebuilt) : text_of(*rebuilt));
  return rebuilt->corrupt + rebuilt->missing > 0 ? ExitStatus::kAlarm : ExitStatus::kOk;
}

}  // namespace agent

#include <fmt/format.h>

#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/custody/prune.h"
#include "agent/custody/prune_explanation.h"
#include "agent/report/pull_status.h"
#include "agent/run/open_mirror.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

std::string copies(std::uint64_t count) {
  return count == 1 ? "1 copy" : fmt::format("{} copies", count);
}

std::string text_of(const SourceConfig& source, const Pruned& pruned, bool dry_run) {
  if (!source.keep.any()) {
    return fmt::format("{}: no keep rule in the configuration, so everything is kept", source.name);
  }
  auto text = fmt::format("{}: {} {} ({}), {} kept", source.name, copies(pruned.removed),
                          dry_run ? "would be removed" : "removed",
                          format_size(pruned.removed_bytes), pruned.kept);
  if (pruned.waiting > 0) {
    text += fmt::format("; {} more in later runs, little at a time", pruned.waiting);
  }
  return text;
}

std::string json_of(const SourceConfig& source, const Pruned& pruned) {
  return json_line({{"source", source.name},
                    {"removed", pruned.removed},
                    {"removed_bytes", pruned.removed_bytes},
                    {"kept", pruned.kept},
                    {"waiting", pruned.waiting},
                    {"frozen", pruned.frozen ? JsonValue(pruned.frozen->why) : nullptr}});
}

class PruneRun {
 public:
  PruneRun(const Config& config, const PruneOptions& options, const Environment& environment,
           Mirror& mirror, const Print& print)
      : config_(config),
        options_(options),
        environment_(environment),
        mirror_(mirror),
        print_(print) {}

  store::Result<ExitStatus> run(const SourceConfig& source) {
    const auto id = mirror_.ledger.find_source(source.name);
    if (!id) return id.error();
    PruneExplanation explanation(source.name, mirror_.rules, options_.json, print_);
    PruneRequest request{config_, source, id->value_or(0), environment_.clock.now_s(), {},
                         false,   {}};
    request.keep_going = [&] { return !environment_.stop.load(); };
    if (options_.dry_run) {
      request.tell = [&](const store::Candidate& candidate, PruneDecision decision, Keeps keeps) {
        explanation.tell(candidate, decision, keeps);
      };
    }
    const auto pruned = prune_source(mirror_, request);
    if (!pruned) return pruned.error();
    if (!options_.json) {
      for (const auto& warning : explanation.warnings()) {
        print_(fmt::format("  note: {}", warning));
      }
    }
    if (!options_.dry_run && *id) {
      refresh_status_file(config_, environment_, mirror_.ledger, **id, source.name);
    }
    return report(source, *pruned);
  }

 private:
  ExitStatus report(const SourceConfig& source, const Pruned& pruned) {
    const bool tells_figures = !pruned.frozen || options_.dry_run;
    if (options_.json && !options_.dry_run) {
      print_(json_of(source, pruned));
    } else if (!options_.json && tells_figures) {
      print_(text_of(source, pruned, options_.dry_run));
    }
    for (const auto& one : pruned.stuck) {
      environment_.log.error({source.name, one.key, explain_bad_file(one.error)});
    }
    if (!pruned.frozen) return pruned.stuck.empty() ? ExitStatus::kOk : ExitStatus::kIncomplete;
    environment_.log.error({source.name, "", pruned.frozen->why});
    return pruned.frozen->status;
  }

  const Config& config_;
  const PruneOptions& options_;
  const Environment& environment_;
  Mirror& mirror_;
  const Print& print_;
};

}  // namespace

ExitStatus prune_command(const Config& config, const PruneOptions& options,
                         const Environment& environment, const Print& print) {
  const auto selected = select_sources(config, options.sources, environment.log);
  if (!selected) return ExitStatus::kUsage;
  auto mirror = open_mirror(config, environment,
                            options.dry_run ? store::Access::kReadOnly : store::Access::kReadWrite);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  auto status = ExitStatus::kOk;
  const auto fail = [&](const std::string& source, const store::Error& error) {
    return graver(status, log_failure(environment.log, source, error));
  };
  PruneRun prune(config, options, environment, *mirror, print);
  for (const auto* source : *selected) {
    const auto done = prune.run(*source);
    if (!done) return fail(source->name, done.error());
    status = graver(status, *done);
    if (environment.stop.load()) return graver(status, ExitStatus::kIncomplete);
  }
  return status;
}

}  // namespace agent

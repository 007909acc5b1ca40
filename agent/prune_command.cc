#include <fmt/format.h>

#include <array>
#include <utility>

#include "agent/commands.h"
#include "agent/failure.h"
#include "agent/json_line.h"
#include "agent/mirror.h"
#include "agent/prune.h"
#include "agent/pull_status.h"
#include "agent/sources.h"
#include "agent/units.h"

namespace agent {
namespace {

constexpr std::array<std::pair<Keep, const char*>, 10> kReasons = {{
    {Keep::kWithin, "within"},
    {Keep::kLast, "last"},
    {Keep::kDaily, "daily"},
    {Keep::kWeekly, "weekly"},
    {Keep::kMonthly, "monthly"},
    {Keep::kYearly, "yearly"},
    {Keep::kNewest, "newest"},
    {Keep::kRotating, "current"},
    {Keep::kDamaged, "damaged"},
    {Keep::kOfNoSeries, "no series"},
}};

std::vector<std::string> reasons_of(Keeps keeps) {
  std::vector<std::string> reasons;
  for (const auto& [keep, name] : kReasons) {
    if ((keeps & static_cast<Keeps>(keep)) != 0) reasons.emplace_back(name);
  }
  return reasons;
}

const char* name_of(PruneDecision decision) {
  switch (decision) {
    case PruneDecision::kKeep:
      return "keep";
    case PruneDecision::kRemove:
      return "remove";
    case PruneDecision::kWait:
      return "wait";
  }
  return "";
}

// The table of a dry run.
class Explanation {
 public:
  Explanation(std::string source, store::NameRules rules, bool json, const Print& print)
      : source_(std::move(source)), rules_(rules), json_(json), print_(print) {}

  void tell(const store::Candidate& candidate, PruneDecision decision, Keeps keeps) {
    if (json_) return print_(json_of(candidate, decision, keeps));
    if (!began_ || candidate.series != series_) {
      series_ = candidate.series;
      print_(fmt::format("{}, series {}", source_,
                         series_.empty() ? "of all its archives" : printable_name(series_)));
      began_ = true;
    }
    const auto why = decision == PruneDecision::kKeep
                         ? fmt::format("{}", fmt::join(reasons_of(keeps), ", "))
                     : decision == PruneDecision::kWait ? "a tenth in one run"
                                                        : "no rule keeps it";
    const auto beside =
        candidate.is_trusted()
            ? std::string()
            : fmt::format("  [{}]",
                          printable(candidate.generation_path.substr(source_.size() + 1)));
    print_(fmt::format("  {:<6}  {}  {:<40}  {:>12}  {}{}", name_of(decision),
                       format_time(candidate.held_since), why, candidate.size_bytes,
                       printable_name(candidate.key), beside));
  }

 private:
  std::string json_of(const store::Candidate& candidate, PruneDecision decision,
                      Keeps keeps) const {
    const auto* const state = candidate.is_trusted()                         ? "held"
                              : candidate.place == store::Place::kSuperseded ? "superseded"
                                                                             : "quarantined";
    return json_line(
        {{"source", source_},
         {"series", printable(candidate.series)},
         {"key", JsonValue::of_key(candidate.key)},
         {"state", state},
         {"path", candidate.is_trusted()
                      ? store::archive_path(source_, candidate.key, rules_, candidate.variant)
                      : candidate.generation_path},
         {"size", candidate.size_bytes},
         {"held_since", format_time(candidate.held_since)},
         {"decision", name_of(decision)},
         {"kept_by", reasons_of(keeps)}});
  }

  const std::string source_;
  const store::NameRules rules_;
  const bool json_;
  const Print& print_;
  std::string series_;
  bool began_ = false;
};

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
    text += fmt::format("; {} more in later runs: one removes a tenth at most", pruned.waiting);
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
    Explanation explanation(source.name, mirror_.rules, options_.json, print_);
    PruneRequest request{config_, source, id->value_or(0), environment_.clock.now_s(), {},
                         false,   {}};
    request.keep_going = [&] { return !environment_.stop.load(); };
    if (options_.dry_run) {
      request.explain = [&](const store::Candidate& candidate, PruneDecision decision,
                            Keeps keeps) { explanation.tell(candidate, decision, keeps); };
    }
    const auto pruned = prune_source(mirror_, request);
    if (!pruned) return pruned.error();
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
    environment.log.error({source, "", explain(error)});
    return graver(status, status_of(error));
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

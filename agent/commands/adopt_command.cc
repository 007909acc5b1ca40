#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "agent/base/failure.h"
#include "agent/base/shell_word.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/custody/adopt_run.h"
#include "agent/custody/mirror_places.h"
#include "agent/report/alarms_to_tell.h"
#include "agent/report/pull_status.h"
#include "agent/run/source_command.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

std::string archives(std::uint64_t count) { return counted(count, "archive", "archives"); }
const char* is_or_are(std::uint64_t count) { return count == 1 ? "is" : "are"; }

std::string text_of(const AdoptOptions& options, const AdoptCounts& counts) {
  const auto directory = printable(options.directory);
  auto text = fmt::format("{}: {} {} from {} ({})", options.source, archives(counts.adopted),
                          options.dry_run ? "would be adopted" : "adopted", directory,
                          format_size(counts.adopted_bytes));
  if (counts.by_size > 0) text += fmt::format(", {} of them by the size alone", counts.by_size);
  if (counts.orphans > 0) {
    text += fmt::format(", {} of them no longer in the bucket", counts.orphans);
  }
  if (counts.held > 0) {
    text += fmt::format("; {} {} held already", counts.held, counts.held == 1 ? "was" : "were");
  }
  if (counts.differ > 0) {
    text += fmt::format("; {} {} from the bucket", counts.differ,
                        counts.differ == 1 ? "differs" : "differ");
  }
  if (counts.quarantined > 0) text += fmt::format(", {} in quarantine now", counts.quarantined);
  if (counts.failed > 0) text += fmt::format("; {} could not be taken", counts.failed);
  if (counts.missing > 0) {
    text += fmt::format("; {} {} not in {}", counts.missing, is_or_are(counts.missing), directory);
  }
  if (counts.unlisted > 0) {
    text +=
        fmt::format("; {} there {} not in the bucket", counts.unlisted, is_or_are(counts.unlisted));
  }
  if (counts.removed > 0) {
    text += fmt::format("; {} {} removed here by retention, and stay so", counts.removed,
                        counts.removed == 1 ? "was" : "were");
  }
  return counts.interrupted ? text + "; it was interrupted, and goes on with the next call" : text;
}

void advise(const AdoptOptions& options, const AdoptRun& run, const Environment& environment) {
  const auto& counts = run.counts();
  if (counts.linked > 0) {
    environment.log.warning(
        {options.source, "",
         fmt::format(
             "{} {} one file with {}: what another program writes into it there changes the "
             "archive; stop that program, and remove the directory when you no longer need "
             "it (--move does that, --copy makes two files of it)",
             archives(counts.linked), counts.linked == 1 ? "shares" : "share", options.directory)});
  }
  if (!run.likely_strip().empty()) {
    environment.log.warning(
        {options.source, "",
         fmt::format(
             "files lie in {} without the beginning of their keys; adopt them with: holdfast "
             "adopt {} --strip {}",
             options.directory, shell_arguments(options.source, options.directory),
             shell_word(run.likely_strip()))});
  }
}

class Adoption {
 public:
  Adoption(const Config& config, const SourceConfig& source, const AdoptOptions& options,
           const Environment& environment, const Print& print)
      : config_(config),
        source_(source),
        options_(options),
        environment_(environment),
        print_(print) {}

  store::Result<ExitStatus> run(SourceMirror& opened) {
    auto disk = environment_.open_disk(options_.directory);
    if (!disk) return cannot_use(disk.error());
    const auto places = MirrorPlaces::of(opened.mirror, config_, environment_);
    if (!places) return places.error();
    const bool removes = options_.how == AdoptOptions::How::kMove;
    if (places->where_is(**disk, removes) == MirrorPlaces::Where::kInIt) return is_our_own();
    auto session = open_session(source_, environment_);
    if (!session) return fail(status_of(session.error()), session.error().message);

    StatusBoard board(
        status_at_start(config_, environment_, {&source_}),
        [](const std::string&) -> Result<void> { return {}; }, environment_.log);
    RunContext context{config_, environment_, opened.mirror, board};
    auto& source = context.sources.emplace_back(&source_);
    if (const auto newest = opened.mirror.ledger.newest_own_time()) {
      context.newest_recorded = *newest;
    }
    source.id = opened.id;
    source.session = std::move(*session);
    // What no pull could have, such as an object in cold storage, may lie there.
    source.wants_refused = true;
    if (!options_.dry_run) {
      const auto id = opened.mirror.ledger.register_source(source_.name);
      if (!id) return id.error();
      source.id = *id;
    }
    AdoptDirectory directory(**disk, *places);
    AdoptRun adopt(context, options_, directory, print_);
    const auto done = adopt.run();
    auto status = source.status;
    if (!options_.dry_run) {
      // What is recorded is told of, whatever became of the rest.
      const auto told = announce_alarms(opened.mirror.ledger, environment_, config_.agent.on_alarm);
      refresh_status_file(config_, environment_, opened.mirror.ledger, source.id, source_.name);
      if (done && !told) return told.error();
    }
    if (!done) return done.error();
    if (source.listed == SourceRun::ListingResult::kNo)
      return graver(status, ExitStatus::kIncomplete);
    print_(text_of(options_, adopt.counts()));
    advise(options_, adopt, environment_);
    return adopt.counts().interrupted ? graver(status, ExitStatus::kIncomplete) : status;
  }

 private:
  ExitStatus fail(ExitStatus status, const std::string& message) const {
    environment_.log.error({source_.name, "", message});
    return status;
  }

  ExitStatus is_our_own() const {
    return fail(ExitStatus::kUsage, fmt::format("{} is the mirror's own; give the directory that "
                                                "the other program filled",
                                                options_.directory));
  }

  ExitStatus cannot_use(const store::Error& error) const {
    if (error.kind == store::ErrorKind::kNotFound) {
      return fail(
          ExitStatus::kUsage,
          fmt::format("there is no directory {}; give the one that the other program filled",
                      options_.directory));
    }
    return fail(ExitStatus::kDiskFailed,
                fmt::format("{} cannot be read: {}", options_.directory, store::describe(error)));
  }

  const Config& config_;
  const SourceConfig& source_;
  const AdoptOptions& options_;
  const Environment& environment_;
  const Print& print_;
};

}  // namespace

ExitStatus adopt_command(const Config& config, const AdoptOptions& options,
                         const Environment& environment, const Print& print) {
  const auto selected = select_sources(config, {options.source}, environment.log);
  if (!selected) return ExitStatus::kUsage;
  Adoption adoption(config, *selected->front(), options, environment, print);
  return on_source(config, options.source, environment, store::Access::kReadWrite,
                   [&](SourceMirror& opened) { return adoption.run(opened); });
}

}  // namespace agent

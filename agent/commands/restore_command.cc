#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "agent/base/below.h"
#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/custody/mirror_places.h"
#include "agent/custody/restore_copy.h"
#include "agent/custody/restore_selection.h"
#include "agent/report/progress.h"
#include "agent/run/source_command.h"
#include "store/content/digest.h"
#include "store/content/filesystem_limits.h"

namespace agent {
namespace {

using What = Restored::What;

struct Counts {
  std::uint64_t restored = 0;
  std::uint64_t restored_bytes = 0;
  std::uint64_t there = 0;
  std::uint64_t in_the_way = 0;
  std::uint64_t damaged = 0;
  bool interrupted = false;
};

std::string text_line(const std::string& source, const Restorable& content) {
  auto line =
      fmt::format("{:>12}  {}  {:<16}  {}", content.size_bytes, format_time(content.held_since),
                  store::name_of(content.verified_by), printable_name(content.key));
  if (content.state == "held") return line;
  return fmt::format("{}  [{}]", line, printable(content.from_path.substr(source.size() + 1)));
}

std::string json_of(const Restorable& content) {
  return json_line({{"key", JsonValue::of_key(content.key)},
                    {"path", content.from_path},
                    {"state", content.state},
                    {"size", content.size_bytes},
                    {"sha256", store::to_hex(content.sha256)},
                    {"last_modified", format_time(content.last_modified)},
                    {"held_since", format_time(content.held_since)}});
}

std::string archives(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "archive" : "archives");
}

std::string text_of(const RestoreOptions& options, const Counts& counts) {
  auto text = fmt::format("{}: {} restored to {} ({})", options.source, archives(counts.restored),
                          printable(options.to), format_size(counts.restored_bytes));
  if (counts.there > 0) {
    text += fmt::format(", {} {} there already", counts.there, counts.there == 1 ? "was" : "were");
  }
  if (counts.damaged > 0) text += fmt::format(", {} damaged on the mirror", counts.damaged);
  if (counts.in_the_way > 0) text += fmt::format(", {} not written", counts.in_the_way);
  return counts.interrupted ? text + "; it was interrupted" : text;
}

std::string json_of(const RestoreOptions& options, const Counts& counts) {
  return json_line({{"source", options.source},
                    {"to", printable(options.to)},
                    {"restored", counts.restored},
                    {"restored_bytes", counts.restored_bytes},
                    {"there_already", counts.there},
                    {"not_written", counts.in_the_way},
                    {"damaged", counts.damaged},
                    {"interrupted", counts.interrupted}});
}

class RestoreRun {
 public:
  RestoreRun(const Config& config, SourceMirror& source, const RestoreOptions& options,
             const Environment& environment, const Print& print)
      : config_(config),
        source_(source),
        options_(options),
        environment_(environment),
        print_(print) {}

  store::Result<ExitStatus> list() {
    RestoreSelection selection(source_, options_, source_.mirror.rules);
    std::uint64_t count = 0;
    const auto visited = selection.visit([&](const Restorable& content) {
      if (options_.json && count == 0) print_("[");
      print_(options_.json ? (count == 0 ? "  " : ", ") + json_of(content)
                           : text_line(source_.name, content));
      ++count;
      return !environment_.stop.load();
    });
    if (!visited) return visited.error();
    if (count == 0) return nothing(selection);
    if (options_.json) print_("]");
    return environment_.stop.load() ? ExitStatus::kIncomplete : ExitStatus::kOk;
  }

  store::Result<ExitStatus> restore() {
    auto& mirror = source_.mirror.disk();
    const auto target = environment_.open_disk(options_.to);
    if (!target && target.error().kind == store::ErrorKind::kNotFound) {
      return fail(ExitStatus::kUsage,
                  fmt::format("there is no directory {}; make it, or mount its disk", options_.to));
    }
    if (!target) return target_failed(target.error());
    const auto places = MirrorPlaces::of(source_.mirror, config_, environment_);
    if (!places) return places.error();
    if (places->where_is(**target, false) != MirrorPlaces::Where::kElsewhere) {
      return fail(ExitStatus::kUsage,
                  fmt::format("{} lies in the mirror; choose a directory elsewhere", options_.to));
    }
    const bool portable =
        store::name_rules_of((*target)->filesystem_name()) == store::NameRules::kPortable;
    RestoreSelection selection(source_, options_,
                               portable ? store::NameRules::kPortable : source_.mirror.rules);
    RestoreCopy copy(
        mirror, **target, below((*target)->root_path(), mirror.root_path()).value_or(""),
        [this] { return !environment_.stop.load(); },
        [this](std::uint64_t bytes) { done_bytes_ += bytes; });
    auto status = plan(selection, copy, **target);
    if (!status || *status != ExitStatus::kOk) return status;
    return copy_all(selection, copy);
  }

 private:
  ExitStatus fail(ExitStatus status, const std::string& message) {
    environment_.log.error({source_.name, "", message});
    return status;
  }

  ExitStatus nothing(const RestoreSelection& selection) {
    if (!selection.refusal().empty()) return fail(ExitStatus::kUsage, selection.refusal());
    return fail(ExitStatus::kUsage,
                fmt::format("nothing that is held matches; 'holdfast list {}{}' shows what is",
                            source_.name, options_.generation.empty() ? "" : " --all"));
  }

  ExitStatus target_failed(const store::Error& error) {
    const auto why = error.error_number == EACCES
                         ? store::describe(error) + "; choose a directory that you may write to"
                         : explain(error);
    return fail(ExitStatus::kDiskFailed, fmt::format("cannot restore to {}: {}", options_.to, why));
  }

  // What it will come to, before anything is written.
  store::Result<ExitStatus> plan(RestoreSelection& selection, RestoreCopy& copy,
                                 store::Disk& target) {
    std::uint64_t missing_bytes = 0;
    store::Status looked;
    const auto visited = selection.visit([&](const Restorable& content) {
      const auto missing = copy.missing_bytes(content);
      if (!missing) looked = missing.error();
      missing_bytes += missing.value_or(0);
      ++all_.archives_total;
      all_.total_bytes += content.size_bytes;
      return missing && !environment_.stop.load();
    });
    if (!visited) return visited.error();
    if (!looked) return target_failed(looked.error());
    if (all_.archives_total == 0) return nothing(selection);
    const auto space = target.space();
    if (!space) return target_failed(space.error());
    // Some drivers cannot tell.
    if (missing_bytes <= space->free_bytes || space->total_bytes == 0) return ExitStatus::kOk;
    return fail(
        ExitStatus::kDiskFailed,
        fmt::format("{} has {} free, but {} are needed; nothing was written. Make "
                    "room, or choose another directory",
                    options_.to, format_size(space->free_bytes), format_size(missing_bytes)));
  }

  store::Result<ExitStatus> copy_all(RestoreSelection& selection, RestoreCopy& copy) {
    auto status = ExitStatus::kOk;
    store::Status copied;
    const auto visited = [&] {
      const auto progress = make_progress(environment_, [this] {
        auto figures = all_;
        figures.archives = done_.load();
        figures.size_bytes = done_bytes_.load();
        figures.at_work = at_work_.get();
        return figures;
      });
      return selection.visit([&](const Restorable& content) {
        counts_.interrupted = environment_.stop.load();
        if (counts_.interrupted) return false;
        at_work_.set(content.key);
        const auto restored = copy.restore(content);
        if (!restored) copied = restored.error();
        ++done_;
        return restored && note(content, *restored, status);
      });
    }();
    if (copied) copied = copy.sync();
    if (!copied) return target_failed(copied.error());
    if (!visited) return visited.error();
    print_(options_.json ? json_of(options_, counts_) : text_of(options_, counts_));
    return counts_.interrupted ? graver(status, ExitStatus::kIncomplete) : status;
  }

  // False when nothing more can come.
  bool note(const Restorable& content, const Restored& restored, ExitStatus& status) {
    switch (restored.what) {
      case What::kCopied:
        ++counts_.restored;
        counts_.restored_bytes += content.size_bytes;
        return true;
      case What::kThere:
        ++counts_.there;
        return true;
      case What::kStopped:
        counts_.interrupted = true;
        return false;
      case What::kInTheWay:
        ++counts_.in_the_way;
        tell(content, fmt::format("not restored to {}/{}: {}; move what is in the way, or choose "
                                  "another directory",
                                  options_.to, content.to_path, restored.detail));
        break;
      case What::kDamaged:
        ++counts_.damaged;
        tell(content, fmt::format("not restored: the copy on the mirror is damaged: {}. 'holdfast "
                                  "verify' says what else is; 'holdfast pull' repairs it while "
                                  "the bucket has it; 'holdfast list {} --all' shows other "
                                  "generations",
                                  restored.detail, source_.name));
        break;
      case What::kMirrorGone:
        tell(content,
             fmt::format("{}; the mirror is no longer there: look at its cable", restored.detail));
        status = ExitStatus::kDiskFailed;
        return false;
    }
    status = graver(status, ExitStatus::kIncomplete);
    return true;
  }

  void tell(const Restorable& content, const std::string& message) {
    environment_.log.error({source_.name, content.key, message});
  }

  const Config& config_;
  SourceMirror& source_;
  const RestoreOptions& options_;
  const Environment& environment_;
  const Print& print_;
  ProgressFigures all_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> done_bytes_{0};
  AtWork at_work_;
  Counts counts_;
};

}  // namespace

ExitStatus restore_command(const Config& config, const RestoreOptions& options,
                           const Environment& environment, const Print& print) {
  const auto misused = [&](const std::string& message) {
    environment.log.error({options.source, "", message});
    return ExitStatus::kUsage;
  };
  if (options.as_of && !options.generation.empty()) {
    return misused("--as-of and --generation exclude each other: give one of them");
  }
  if (options.to.empty() && !options.list) {
    return misused("give a directory with --to, or see with --list what would be restored");
  }
  const auto restore = [&](SourceMirror& source) {
    RestoreRun run(config, source, options, environment, print);
    return options.list ? run.list() : run.restore();
  };
  return on_source(config, options.source, environment, store::Access::kReadOnly, restore);
}

}  // namespace agent

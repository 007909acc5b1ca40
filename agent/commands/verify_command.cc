#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/commands/verify_open.h"
#include "agent/custody/damage_alarm.h"
#include "agent/report/alarms_to_tell.h"
#include "agent/report/progress.h"
#include "agent/report/pull_status.h"
#include "agent/run/open_mirror.h"
#include "agent/run/sources.h"
#include "store/content/key_path.h"
#include "store/custody/foreign.h"
#include "store/custody/scrub.h"

namespace agent {
namespace {

constexpr std::size_t kExamples = 3;

struct Verified {
  store::ScrubTotals totals;
  std::uint64_t foreign = 0;
};

class VerifyRun {
 public:
  VerifyRun(const Config& config, const VerifyOptions& options, const Environment& environment,
            Mirror& mirror, bool read_only)
      : config_(config),
        options_(options),
        environment_(environment),
        mirror_(mirror),
        read_only_(read_only) {}

  store::Result<Verified> run(const SourceConfig& source) {
    source_ = &source;
    auto& ledger = mirror_.ledger;
    const auto found = ledger.find_source(source.name);
    if (!found) return found.error();
    if (!*found) return Verified{};
    id_ = **found;
    Verified verified;
    auto totals = read();
    if (!totals) return totals.error();
    verified.totals = *totals;
    if (options_.all && !environment_.stop.load()) {
      const auto foreign = look_for_foreign();
      if (!foreign) return foreign.error();
      verified.foreign = *foreign;
      if (auto checked = check_sums(); !checked) return checked.error();
    }
    if (!read_only_) refresh_status_file(config_, environment_, ledger, id_, source.name);
    return verified;
  }

 private:
  store::Result<store::ScrubTotals> read() {
    const auto totals = mirror_.ledger.totals(id_);
    if (!totals) return totals.error();
    const auto held_bytes = mirror_.ledger.held_bytes(id_);
    if (!held_bytes) return held_bytes.error();
    ProgressFigures all;
    all.archives_total =
        totals->archives + (options_.all ? totals->superseded + totals->quarantined : 0);
    all.total_bytes = options_.all ? *held_bytes : totals->size_bytes;
    std::atomic<std::uint64_t> contents{0};
    std::atomic<std::uint64_t> bytes{0};
    const auto progress = make_progress(environment_, [&] {
      auto figures = all;
      figures.archives = contents.load();
      figures.size_bytes = bytes.load();
      figures.at_work = at_work_.get();
      return figures;
    });

    store::ScrubPass pass;
    pass.source = id_;
    pass.source_name = source_->name;
    pass.rules = mirror_.rules;
    pass.generations = options_.all;
    pass.record = !read_only_;
    pass.now = environment_.clock.now_s();
    pass.keep_going = [&] { return !environment_.stop.load(); };
    pass.wanted = [&](const store::Holding& holding) { return wants(holding); };
    pass.progress = [&](std::uint64_t read_bytes) {
      ++contents;
      bytes = read_bytes;
    };
    pass.message = damage_message;
    pass.found = [&](const store::Reading& reading, bool) { tell(reading); };
    return mirror_.scrub(pass);
  }

  bool wants(const store::Holding& holding) {
    if (environment_.stop.load()) return false;
    if (options_.budget_bytes && taken_bytes_ > 0 &&
        taken_bytes_ + holding.size_bytes > *options_.budget_bytes) {
      return false;
    }
    taken_bytes_ += holding.size_bytes;
    at_work_.set(holding.key);
    return true;
  }

  void tell(const store::Reading& reading) const {
    const auto& key = reading.holding.key;
    if (reading.finding == store::Finding::kRight) {
      environment_.log.info(
          {source_->name, key, fmt::format("{} reads right again", reading.path)});
    } else {
      environment_.log.error({source_->name, key, damage_message(reading)});
    }
  }

  store::Result<std::uint64_t> look_for_foreign() {
    std::uint64_t count = 0;
    std::string examples;
    const auto walked = store::visit_foreign(
        mirror_.disk(), mirror_.ledger, id_, source_->name, mirror_.rules,
        [&](const std::string& path) {
          if (++count <= kExamples) examples += (count > 1 ? ", " : "") + path;
          environment_.log.error({source_->name, "",
                                  fmt::format("{}: holdfast did not put this here; find out who "
                                              "did, and move it elsewhere",
                                              path)});
          return !environment_.stop.load();
        });
    if (!walked) return walked.error();
    if (read_only_ || environment_.stop.load()) return count;
    if (auto noted = note_foreign(count, examples); !noted) return noted.error();
    return count;
  }

  store::Status check_sums() {
    if (environment_.stop.load()) return {};
    const auto path = store::sums_path(source_->name);
    if (read_only_) {
      const auto right = mirror_.sums_are_right(id_, source_->name);
      if (!right) return right.error();
      if (!*right) warn_of_sums(path, "; run this again when the disk can be written");
      return {};
    }
    const auto restored = mirror_.restore_sums(id_, source_->name);
    if (!restored) return restored.error();
    if (*restored) warn_of_sums(path, ", and was written again; find out who changed it");
    return {};
  }

  void warn_of_sums(const std::string& path, std::string_view remedy) const {
    environment_.log.warning(
        {source_->name, "", fmt::format("{} did not list what is held{}", path, remedy)});
  }

  store::Status note_foreign(std::uint64_t count, const std::string& examples) {
    const auto now = environment_.clock.now_s();
    if (count == 0) return mirror_.ledger.end_alarm(id_, store::AlarmKind::kForeign, "", now);
    return mirror_.ledger.raise_newest_alarm(
        id_, store::AlarmKind::kForeign, "",
        fmt::format("{} on the disk that holdfast did not put there (for example: {}). Find out "
                    "who writes to this disk, and move what is theirs elsewhere",
                    count == 1 ? "1 file" : fmt::format("{} files", count), examples),
        now);
  }

  const Config& config_;
  const VerifyOptions& options_;
  const Environment& environment_;
  Mirror& mirror_;
  const bool read_only_;
  const SourceConfig* source_ = nullptr;
  store::SourceId id_ = 0;
  std::uint64_t taken_bytes_ = 0;
  AtWork at_work_;
};

std::string text_of(const std::string& source, const Verified& verified) {
  const auto& totals = verified.totals;
  auto text = fmt::format("{}: {} {} read ({}); ", source, totals.contents,
                          totals.contents == 1 ? "copy" : "copies", format_size(totals.bytes));
  const auto wrong = totals.corrupt + totals.missing + verified.foreign;
  text += wrong == 0 ? "all are right"
                     : fmt::format("{} corrupt, {} missing, {} foreign", totals.corrupt,
                                   totals.missing, verified.foreign);
  return totals.interrupted ? text + "; it was interrupted" : text;
}

std::string json_of(const std::string& source, const Verified& verified) {
  const auto& totals = verified.totals;
  return json_line({{"source", source},
                    {"contents", totals.contents},
                    {"bytes", totals.bytes},
                    {"corrupt", totals.corrupt},
                    {"missing", totals.missing},
                    {"foreign", verified.foreign},
                    {"interrupted", totals.interrupted}});
}

// Then nobody is told who is not at a terminal.
bool is_right(const Verified& verified) {
  const auto& totals = verified.totals;
  return !totals.interrupted && totals.corrupt + totals.missing + verified.foreign == 0;
}

ExitStatus status_of(const Verified& verified) {
  const auto& totals = verified.totals;
  if (totals.interrupted) return ExitStatus::kIncomplete;
  return totals.corrupt + totals.missing + verified.foreign > 0 ? ExitStatus::kAlarm
                                                                : ExitStatus::kOk;
}

}  // namespace

ExitStatus verify_command(const Config& config, const VerifyOptions& options,
                          const Environment& environment, const Print& print) {
  const auto selected = select_sources(config, options.sources, environment.log);
  if (!selected) return ExitStatus::kUsage;
  if (options.open && !environment.walk) {
    environment.log.error({"", "",
                           "this holdfast was built without the libraries that open archives; take "
                           "one that has them ('holdfast --version -v' names them)"});
    return ExitStatus::kUsage;
  }
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  const bool read_only = !mirror && mirror.error().read_only;
  if (read_only) mirror = open_mirror(config, environment, store::Access::kReadOnly);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  auto status = ExitStatus::kOk;
  const auto fail = [&](const std::string& source, const store::Error& error) {
    return graver(status, log_failure(environment.log, source, error));
  };
  if (read_only) {
    environment.log.warning(
        {"", "", "the disk is mounted read-only: what is found is reported, but not recorded"});
  }
  if (options.open) {
    status = verify_open(config, options, environment, *mirror, read_only, *selected, print);
    if (read_only) return status;
    const auto told = announce_alarms(mirror->ledger, environment, config.agent.on_alarm);
    return told ? status : fail("", told.error());
  }
  VerifyRun verification(config, options, environment, *mirror, read_only);
  for (const auto* source : *selected) {
    const auto verified = verification.run(*source);
    if (!verified && store::concerns_a_name(verified.error())) {
      environment.log.error({source->name, "", explain(verified.error())});
      status = graver(status, ExitStatus::kIncomplete);
      continue;
    }
    if (!verified) return fail(source->name, verified.error());
    status = graver(status, status_of(*verified));
    if (options.json) {
      print(json_of(source->name, *verified));
    } else if (environment.reads_stdout || !is_right(*verified)) {
      print(text_of(source->name, *verified));
    }
    if (environment.stop.load()) return graver(status, ExitStatus::kIncomplete);
  }
  if (read_only) return status;
  const auto told = announce_alarms(mirror->ledger, environment, config.agent.on_alarm);
  return told ? status : fail("", told.error());
}

}  // namespace agent

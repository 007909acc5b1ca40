#include <fmt/format.h>

#include <utility>

#include "agent/commands.h"
#include "agent/generation_choice.h"
#include "agent/json_line.h"
#include "agent/log.h"
#include "agent/pull_status.h"
#include "agent/source_command.h"
#include "agent/units.h"
#include "store/digest.h"
#include "store/duplicate.h"
#include "store/manifest.h"
#include "store/placement.h"
#include "store/sums.h"
#include "store/supersession.h"

namespace agent {
namespace {

Result<std::optional<store::Generation>> newest_in_quarantine(
    const std::vector<store::Generation>& newest_first) {
  for (const auto& one : newest_first) {
    if (one.place == store::Place::kQuarantine) return one;
  }
  return std::nullopt;
}

class Acceptance {
 public:
  Acceptance(SourceMirror& source, const AcceptOptions& options, Log& log, store::Time now)
      : source_(source), mirror_(source.mirror), options_(options), log_(log), now_(now) {}

  /// What was taken; nullopt after a line that says why nothing was.
  store::Result<std::optional<store::Generation>> run() {
    if (auto healed = tidy(); !healed) return healed.error();
    const auto held = mirror_.ledger.find(source_.id, options_.key);
    if (!held) return held.error();
    if (!*held) {
      return refuse(ExitStatus::kUsage,
                    fmt::format("there is nothing to accept; 'holdfast list {}' shows what is held",
                                options_.source));
    }
    auto chosen = choose();
    if (!chosen || !*chosen) return chosen;
    const auto whole = store::holds(*mirror_.disk, (*chosen)->path, (*chosen)->sha256);
    if (!whole) return whole.error();
    if (!*whole) {
      return refuse(ExitStatus::kIncomplete,
                    fmt::format("{} is no longer what was recorded; the disk may be failing, and "
                                "nothing was changed",
                                (*chosen)->path));
    }
    if (auto taken = take(**held, **chosen); !taken) return taken.error();
    if (auto tidied = tidy(); !tidied) return tidied.error();
    if (auto written = write_sums(); !written) return written.error();
    return chosen;
  }

  ExitStatus status() const { return status_; }

 private:
  std::nullopt_t refuse(ExitStatus status, const std::string& message) {
    log_.error({options_.source, options_.key, message});
    status_ = status;
    return std::nullopt;
  }

  store::Result<std::optional<store::Generation>> choose() {
    const auto found = mirror_.ledger.generations(source_.id, options_.key, kMostGenerations);
    if (!found) return found.error();
    auto chosen = options_.generation.empty()
                      ? newest_in_quarantine(*found)
                      : choose_generation(*found, options_.generation, options_.source);
    if (!chosen) return refuse(ExitStatus::kUsage, chosen.error());
    if (*chosen) return *std::move(chosen);
    return refuse(ExitStatus::kUsage,
                  fmt::format("there is nothing to accept; 'holdfast list {} --all' shows what "
                              "lies beside the archives",
                              options_.source));
  }

  store::Status take(const store::Archive& held, const store::Generation& chosen) {
    const auto staged = store::duplicate_to_staging(*mirror_.disk, chosen.path, chosen.sha256);
    if (!staged) return staged.error();
    store::Placer placer(*mirror_.disk, mirror_.rules);
    const store::Replacement replacement{source_.id, source_.name, held, *staged};
    const auto before =
        store::supersede(mirror_.ledger, placer, mirror_.rules, {&replacement, 1}, now_);
    if (!before) return before.error();
    if (auto synced = placer.sync(); !synced) return synced;
    return store::record_durably(*mirror_.disk, mirror_.ledger, mirror_.rules,
                                 batch_of(held, chosen, before->front()));
  }

  store::Ledger::Batch batch_of(const store::Archive& held, const store::Generation& chosen,
                                const std::optional<store::Generation>& before) const {
    store::Ledger::Batch batch;
    batch.now = now_;
    batch.archives.push_back({source_.id,
                              {chosen.key, held.variant, chosen.upstream, chosen.last_modified,
                               chosen.sha256, chosen.verified_by, chosen.held_since, now_}});
    if (before) batch.generations.push_back({source_.id, *before, std::nullopt});
    batch.ended.push_back({source_.id, "changed", held.key});
    batch.intents.push_back({source_.id, held.key});
    return batch;
  }

  store::Status tidy() {
    return store::recover_supersessions(*mirror_.disk, mirror_.ledger, mirror_.rules);
  }

  store::Status write_sums() {
    if (auto written = store::write_sums(*mirror_.disk, mirror_.ledger, source_.id, source_.name,
                                         mirror_.rules);
        !written) {
      return written;
    }
    return mirror_.ledger.mark_sums_written(source_.id);
  }

  SourceMirror& source_;
  Mirror& mirror_;
  const AcceptOptions& options_;
  Log& log_;
  const store::Time now_;
  ExitStatus status_ = ExitStatus::kOk;
};

std::string json_of(const AcceptOptions& options, const store::Generation& taken) {
  return json_line({{"source", options.source},
                    {"key", printable(options.key)},
                    {"sha256", store::to_hex(taken.sha256)}});
}

std::string text_of(const AcceptOptions& options, const store::Generation& taken) {
  return fmt::format("{}: {} now has the content of {}, {}; the one before is superseded",
                     options.source, printable(options.key), format_time(taken.last_modified),
                     format_size(taken.upstream.size_bytes));
}

}  // namespace

ExitStatus accept_command(const Config& config, const AcceptOptions& options,
                          const Environment& environment, const Print& print) {
  const auto accept = [&](SourceMirror& source) -> store::Result<ExitStatus> {
    Acceptance acceptance(source, options, environment.log, environment.clock.now_s());
    const auto taken = acceptance.run();
    if (!taken) return taken.error();
    if (!*taken) return acceptance.status();
    refresh_status_file(config, environment, source.mirror.ledger, source.id, options.source);
    print(options.json ? json_of(options, **taken) : text_of(options, **taken));
    return ExitStatus::kOk;
  };
  return on_source(config, options.source, environment, store::Access::kReadWrite, accept);
}

}  // namespace agent

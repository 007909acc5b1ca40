#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/commands.h"
#include "agent/failure.h"
#include "agent/mirror.h"
#include "agent/pull_status.h"
#include "agent/sources.h"
#include "agent/units.h"
#include "store/digest.h"
#include "store/duplicate.h"
#include "store/placement.h"
#include "store/sums.h"
#include "store/supersession.h"

namespace agent {
namespace {

// More contents of one key than this are told apart by --generation.
constexpr std::size_t kMostGenerations = 10'000;

// How it ends: with an exit status, after a line that says why.
struct Stop {
  ExitStatus status;
  std::string message;
};

Stop stop(const store::Error& error) { return {status_of(error), explain(error)}; }

class Acceptance {
 public:
  Acceptance(Mirror& mirror, const AcceptOptions& options, store::Time now)
      : mirror_(mirror), options_(options), now_(now) {}

  tl::expected<store::Generation, Stop> run() {
    auto& ledger = mirror_.ledger;
    if (auto healed = tidy(); !healed) return tl::unexpected(stop(healed.error()));
    const auto id = ledger.find_source(options_.source);
    if (!id) return tl::unexpected(stop(id.error()));
    source_ = id->value_or(0);
    const auto held = ledger.find(source_, options_.key);
    if (!held) return tl::unexpected(stop(held.error()));
    if (!*held)
      return nothing(fmt::format("'holdfast list {}' shows what is held", options_.source));
    auto chosen = choose();
    if (!chosen) return chosen;
    const auto whole = store::holds(*mirror_.disk, chosen->path, chosen->sha256);
    if (!whole) return tl::unexpected(stop(whole.error()));
    if (!*whole) {
      return tl::unexpected(Stop{
          ExitStatus::kIncomplete,
          fmt::format("{} is no longer what was recorded; the disk may be failing, and nothing was "
                      "changed",
                      chosen->path)});
    }
    if (auto taken = take(**held, *chosen); !taken) return tl::unexpected(stop(taken.error()));
    if (auto tidied = tidy(); !tidied) return tl::unexpected(stop(tidied.error()));
    if (auto written = write_sums(); !written) return tl::unexpected(stop(written.error()));
    return chosen;
  }

  store::SourceId source() const { return source_; }

 private:
  static tl::unexpected<Stop> nothing(const std::string& remedy) {
    return tl::unexpected(
        Stop{ExitStatus::kUsage, fmt::format("there is nothing to accept; {}", remedy)});
  }

  bool is_meant(const store::Generation& generation) const {
    if (options_.generation.empty()) return generation.place == store::Place::kQuarantine;
    const auto name = generation.path.substr(generation.path.rfind('/') + 1);
    return name == options_.generation ||
           store::to_hex(generation.sha256).starts_with(options_.generation);
  }

  tl::expected<store::Generation, Stop> choose() {
    auto found = mirror_.ledger.generations(source_, options_.key, kMostGenerations);
    if (!found) return tl::unexpected(stop(found.error()));
    const auto chosen =
        std::find_if(found->begin(), found->end(), [&](const auto& one) { return is_meant(one); });
    if (chosen != found->end()) return std::move(*chosen);
    return nothing(fmt::format("'holdfast list {} --all' shows what lies beside the archives",
                               options_.source));
  }

  store::Status take(const store::Archive& held, const store::Generation& chosen) {
    const store::Ledger::Supersession intent{source_, options_.key};
    if (auto begun = mirror_.ledger.begin_supersessions({intent}); !begun) return begun;
    store::Placer placer(*mirror_.disk, mirror_.rules);
    const auto path = store::archive_path(options_.source, held.key, mirror_.rules, held.variant);
    const auto aside = placer.keep_aside(path, {options_.source, store::Place::kSuperseded,
                                                held.key, held.last_modified, held.sha256});
    if (!aside) return tl::unexpected(aside.error());
    const auto staged = store::duplicate_to_staging(*mirror_.disk, chosen.path, chosen.sha256);
    if (!staged) return tl::unexpected(staged.error());
    if (auto synced = placer.sync(); !synced) return synced;
    if (auto replaced = placer.replace(*staged, path); !replaced) return replaced;
    if (auto synced = placer.sync(); !synced) return synced;
    return mirror_.ledger.record_batch(batch_of(held, chosen, *aside, intent));
  }

  store::Ledger::Batch batch_of(const store::Archive& held, const store::Generation& chosen,
                                const std::string& aside,
                                const store::Ledger::Supersession& intent) const {
    store::Ledger::Batch batch;
    batch.now = now_;
    batch.archives.push_back({source_,
                              {chosen.key, held.variant, chosen.upstream, chosen.last_modified,
                               chosen.sha256, chosen.verified_by, chosen.held_since, now_}});
    batch.generations.push_back(
        {source_,
         {held.key, store::Place::kSuperseded, aside, held.upstream, held.last_modified,
          held.sha256, held.verified_by, held.held_since, held.read_at, now_},
         std::nullopt});
    batch.ended.push_back({source_, "changed", held.key});
    batch.intents.push_back(intent);
    return batch;
  }

  store::Status tidy() {
    return store::recover_supersessions(*mirror_.disk, mirror_.ledger, mirror_.rules);
  }

  store::Status write_sums() {
    if (auto written = store::write_sums(*mirror_.disk, mirror_.ledger, source_, options_.source,
                                         mirror_.rules);
        !written) {
      return written;
    }
    return mirror_.ledger.mark_sums_written(source_);
  }

  Mirror& mirror_;
  const AcceptOptions& options_;
  const store::Time now_;
  store::SourceId source_ = 0;
};

}  // namespace

ExitStatus accept_command(const Config& config, const AcceptOptions& options,
                          const Environment& environment, const Print& print) {
  if (!select_sources(config, {options.source}, environment.log)) return ExitStatus::kUsage;
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  Acceptance acceptance(*mirror, options, environment.clock.now_s());
  const auto taken = acceptance.run();
  if (!taken) {
    environment.log.error({options.source, options.key, taken.error().message});
    return taken.error().status;
  }
  refresh_status_file(config, environment, mirror->ledger, acceptance.source(), options.source);
  if (options.json) {
    print(nlohmann::ordered_json{{"source", options.source},
                                 {"key", printable(options.key)},
                                 {"sha256", store::to_hex(taken->sha256)}}
              .dump());
  } else {
    print(fmt::format("{}: {} now has the content of {}, {}; the one before is superseded",
                      options.source, printable(options.key), format_time(taken->last_modified),
                      format_size(taken->upstream.size_bytes)));
  }
  return ExitStatus::kOk;
}

}  // namespace agent

#include "agent/commands/pull_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "agent/alarms/lifecycle_watch.h"
#include "agent/alarms/stale_streams.h"
#include "agent/base/failure.h"
#include "agent/custody/left_sources.h"
#include "agent/custody/prune_phase.h"
#include "agent/custody/scrub_phase.h"
#include "agent/custody/staging_sweep.h"
#include "agent/custody/stale_sums.h"
#include "agent/custody/walk_phase.h"
#include "agent/fetch/fetch_phase.h"
#include "agent/fetch/listings.h"
#include "agent/fetch/workers.h"
#include "agent/listing/list_phase.h"
#include "agent/listing/listing_memory.h"
#include "agent/listing/returned.h"
#include "agent/report/alarms_to_tell.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/drill_watch.h"
#include "agent/report/progress.h"
#include "agent/report/pull_status.h"
#include "agent/run/doubtful_ages.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

// Listings at once: each has a thread and a connection.
constexpr std::size_t kMaxListings = 8;
constexpr std::chrono::hours kRecordTimeEvery{6};

class Pull {
 public:
  explicit Pull(RunContext& context)
      : context_(context),
        begun_(context.environment.clock.steady_now()),
        rate_limit_(context.config.agent.limit_rate_bytes, clock()),
        expiry_(context),
        lane_(context) {
    // One more for this thread.
    retriers_.push_back(make_retrier());
    for (unsigned lane = 0; lane < context_.config.agent.parallel; ++lane) {
      lanes_.push_back(std::make_unique<Lane>(context_));
      retriers_.push_back(make_retrier());
    }
  }

  ~Pull() { withdraw_stop(); }
  Pull(const Pull&) = delete;
  Pull& operator=(const Pull&) = delete;

  ExitStatus run() {
    const auto done = effects();
    if (!done) fail_run(done.error());
    withdraw_stop();
    // Alarms are raised for what is recorded, and told of, whatever became of the rest.
    if (auto raised = raise_alarms(); !raised && done) fail_run(raised.error());
    if (done && context_.run_status == ExitStatus::kOk) {
      if (auto pruned = prune_pulled(context_); !pruned) fail_run(pruned.error());
    }
    fail_unfinished();
    for (auto& source : context_.sources) {
      context_.tell_rest(source);
      finish_source(context_, source, retriers_);
    }
    show_disk(context_.board, context_.mirror, context_.config.disk.path);
    context_.board.update([&](StatusReport& status) {
      show_drills(context_.config, context_.mirror.ledger, status);
    });
    return exit_status();
  }

 private:
  Clock& clock() const { return context_.environment.clock; }

  std::unique_ptr<Retrier> make_retrier() const {
    const auto number = static_cast<std::uint32_t>(retriers_.size());
    return std::make_unique<Retrier>(context_.config.agent.retries, clock(), context_.halt(),
                                     context_.environment.seed + number);
  }

  store::Status effects() {
    for (auto& source : context_.sources) {
      if (auto opened = open_source(source); !opened) return opened;
    }
    if (auto fetched = list_and_fetch(); !fetched) return fetched;
    warn_of_wrong_clock();
    if (auto noted = note_failed_servers(); !noted) return noted;
    for (const auto& source : context_.sources) {
      if (!context_.config.disk.rotates()) break;
      if (auto taken = reinstate_accepted(context_, source); !taken) return taken;
    }
    if (auto written = write_stale_sums(context_); !written) return written;
    if (auto scrubbed = scrub_sources(context_, begun_); !scrubbed) return scrubbed;
    if (auto walked = walk_due(context_); !walked) return walked;
    const bool all = context_.sources.size() == context_.config.sources.size();
    return all ? tend_left_sources(context_, begun_) : store::Status{};
  }

  // Which opening the mirror has told of.
  void fail_unfinished() {
    for (const auto& one : context_.mirror.unfinished) {
      for (auto& source : context_.sources) {
        if (source.config->name != one.source_name) continue;
        context_.fail_source(source, ExitStatus::kIncomplete);
      }
    }
  }

  // Each by itself, as far as it goes: the first error is the run's.
  store::Status raise_alarms() {
    store::Status all;
    const auto note = [&](store::Status raised) {
      if (!raised && all) all = std::move(raised);
    };
    for (std::size_t i = 0; i < context_.sources.size(); ++i) {
      const auto& source = context_.sources[i];
      if (source.id == 0) continue;
      if (source.session) note(expiry_.finish(i, lanes_[0]->client(i), *retriers_[0]));
      // Of a source that is paused nothing is expected.
      if (source.config->enabled) note(raise_arrival_alarms(context_, source));
    }
    if (all) note(record_time());
    if (all) note(raise_rotation_alarm(context_));
    if (all) note(raise_drill_alarms(context_));
    note(announce_alarms(context_.mirror.ledger, context_.environment,
                         context_.config.agent.on_alarm));
    return all;
  }

  // That our clock said so is worth a write now and then.
  store::Status record_time() {
    const auto now = clock().now_s();
    const auto& newest = context_.newest_recorded;
    if (newest && now - *newest < kRecordTimeEvery) return {};
    const bool vouched =
        std::any_of(context_.sources.begin(), context_.sources.end(), [&](const SourceRun& source) {
          return source.session && source.session->server_now() &&
                 !context_.reckoned(source).in_doubt;
        });
    return vouched ? context_.mirror.ledger.note_own_time(now) : store::Status{};
  }

  // In the order of their making: this thread's, the workers', the listings'.
  std::vector<Retrier*> retriers_from(std::size_t first, std::size_t count) const {
    std::vector<Retrier*> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back(retriers_[first + i].get());
    return some;
  }
  std::vector<Retrier*> worker_retriers() const { return retriers_from(1, lanes_.size()); }
  std::vector<Retrier*> last_retriers(std::size_t count) const {
    return retriers_from(retriers_.size() - count, count);
  }

  // All that needs no network.
  store::Status open_source(SourceRun& source) {
    auto& mirror = context_.mirror;
    const auto id = mirror.ledger.register_source(source.config->name);
    if (!id) return id.error();
    source.id = *id;
    context_.figures(source, [&](SourceStatus& figures) {
      figures.run = {};
      show_held(mirror.ledger, source.id, figures);
      show_nights(mirror.ledger, source.id, clock().now_s(), figures);
    });
    const auto blocked = is_blocked(context_, source);
    if (!blocked || *blocked) return blocked ? store::Status{} : blocked.error();
    const auto failed = mirror.ledger.has_failed(source.id);
    if (!failed) return failed.error();
    source.failed_last_time = *failed;
    if (auto recalled = mirror.ledger.recall_setbacks(source.id); !recalled) return recalled;
    const auto refused = mirror.ledger.refusal_counts(source.id);
    if (!refused) return refused.error();
    source.any_unreadable = refused->unreadable > 0;
    if (context_.stopping()) return {};
    if (!source.config->enabled) {
      source.stopped = true;
      return {};
    }
    auto session = open_session(*source.config, context_.environment);
    if (!session) {
      source.stopped = true;
      context_.fail_source(source, status_of(session.error()));
      context_.report(source, "", session.error().message);
      return {};
    }
    source.session = std::move(*session);
    if (auto recalled = recall_facts(context_, source); !recalled) return recalled;
    return recall_listing(context_, source);
  }

  store::Status list(std::size_t index, const PageFeed& pages) {
    auto& source = context_.sources[index];
    // The workers' connections are theirs only while they work.
    auto& lane = pages ? lane_ : *lanes_[0];
    auto listed = list_source(context_, source, lane.client(index), *retriers_[0], nullptr, pages);
    if (const auto backlog = context_.mirror.ledger.backlog(source.id)) {
      context_.planned_archives += backlog->archives;
      context_.planned_bytes += backlog->size_bytes;
    }
    return listed ? settle_time(context_, source) : listed;
  }

  // Those whose server failed last time come after the others.
  std::vector<std::size_t> sources_to_list() const {
    std::vector<std::size_t> order;
    for (const bool failed : {false, true}) {
      for (std::size_t i = 0; i < context_.sources.size(); ++i) {
        const auto& source = context_.sources[i];
        if (source.session && source.failed_last_time == failed) order.push_back(i);
      }
    }
    return order;
  }

  // One source alone is listed straight into its plan; several side by side, and what is listed is
  // fetched meanwhile, so that no server holds up another one's archives.
  store::Status list_and_fetch() {
    const auto order = sources_to_list();
    if (order.empty() || context_.stopping()) return sweep_unwanted(context_);
    if (context_.sources.size() == 1) {
      if (auto listed = list(order.front(), PageFeed{}); !listed) return listed;
      if (auto swept = sweep_unwanted(context_); !swept) return swept;
      return fetch(nullptr);
    }
    if (auto swept = sweep_unwanted(context_); !swept) return swept;
    {
      const auto threads = std::min(order.size(), kMaxListings);
      for (std::size_t i = 0; i < threads; ++i) {
        listing_lanes_.push_back(std::make_unique<Lane>(context_));
        retriers_.push_back(make_retrier());
      }
      Listings listings(context_, order, listing_lanes_, last_retriers(threads));
      if (listings.count() == 0) return fail_without_threads(listings.shortage());
      if (auto fetched = fetch(&listings); !fetched) return fetched;
    }
    // What earlier runs left for plans that are no more.
    return sweep_unwanted(context_);
  }

  store::Status note_failed_servers() {
    for (const auto& source : context_.sources) {
      if (!source.session || context_.stopping()) continue;
      if (auto noted = context_.mirror.ledger.note_failed(source.id, source.server_failed);
          !noted) {
        return noted;
      }
    }
    return {};
  }

  void warn_of_wrong_clock() {
    const SourceRun* worst = nullptr;
    std::chrono::milliseconds most{kMaxClockError};
    for (const auto& source : context_.sources) {
      const auto skew = context_.clock_skew(source);
      if (!skew || std::chrono::abs(*skew) <= most) continue;
      worst = &source;
      most = std::chrono::abs(*skew);
    }
    if (worst == nullptr) return;
    const auto here = clock().now_s();
    const auto there = std::chrono::floor<std::chrono::seconds>(
        clock().now() + context_.clock_skew(*worst).value_or(most));
    const auto both = fmt::format("this machine's clock says {}, that of the server of {} says {}.",
                                  format_time(here), worst->config->name, format_time(there));
    const bool ours = is_provably_wrong(here, context_.newest_recorded);
    context_.environment.log.warning(
        {"", "",
         ours
             ? fmt::format("{} Ours is wrong, because it was later before; until it is right, ages "
                           "are not counted, nothing is removed, and everything else goes on: set "
                           "the clock ('timedatectl set-ntp true')",
                           both)
             : fmt::format("{} Ages go by ours, signatures by the server's, and nothing is removed "
                           "from that source meanwhile; if ours is the wrong one, set the clock "
                           "('timedatectl set-ntp true')",
                           both)});
  }

  store::Status fetch_with(Workers& workers, Listings* listings) {
    const auto plan = [this](std::size_t source, const PageFeed& pages) {
      return list(source, pages);
    };
    try {
      return FetchPhase(context_, workers, expiry_, listings, plan).run();
    } catch (const std::exception&) {
      // Else the other threads would be waited for until all that they have in hand has come.
      stop_ourselves();
      throw;
    }
  }

  store::Status fetch(Listings* listings) {
    const bool anything =
        std::any_of(context_.sources.begin(), context_.sources.end(), [&](const SourceRun& source) {
          const auto pending = context_.mirror.ledger.count_pending(source.id);
          return !pending || *pending > 0;
        });
    if (listings == nullptr && (!anything || context_.stopping())) return {};
    const auto progress = make_progress(context_);
    Workers workers(context_, lanes_, worker_retriers(), rate_limit_);
    if (workers.count() == 0) return fail_without_threads(workers.shortage());
    auto fetched = fetch_with(workers, listings);
    const auto remembered = remember_refusals(context_);
    if (!fetched) {
      // The workers must not go on writing to a disk that has failed.
      stop_ourselves();
      return fetched;
    }
    return remembered;
  }

  // The disk has done nothing wrong: as with a run that is told to stop, what is due is still told.
  store::Status fail_without_threads(const std::string& why) {
    context_.run_status = graver(context_.run_status, ExitStatus::kIncomplete);
    context_.environment.log.error(
        {"", "",
         fmt::format("nothing can be fetched: no thread could be started ({}); raise the limits of "
                     "the user ('ulimit -u', 'ulimit -v'); the next run tries again",
                     why)});
    stop_ourselves();
    return {};
  }

  void stop_ourselves() {
    if (!context_.environment.stop.exchange(true)) stopped_by_us_ = true;
  }

  // The workers are gone, and on_alarm may have its time.
  void withdraw_stop() {
    if (stopped_by_us_) context_.environment.stop.store(false);
  }

  void fail_run(const store::Error& error) {
    context_.run_status = graver(context_.run_status, status_of(error));
    context_.environment.log.error({"", "", explain(error)});
  }

  ExitStatus exit_status() const {
    auto status = graver(context_.run_status, context_.left_status);
    for (const auto& source : context_.sources) status = graver(status, source.status);
    return status;
  }

  RunContext& context_;
  const Clock::Steady begun_;
  RateLimit rate_limit_;
  LifecycleWatch expiry_;
  Lane lane_;  ///< of this thread
  bool stopped_by_us_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<Lane>> listing_lanes_;
  std::vector<std::unique_ptr<Retrier>> retriers_;
};

}  // namespace

ExitStatus run_pull(RunContext& context) {
  try {
    return Pull(context).run();
  } catch (const std::exception& defect) {
    context.environment.log.error(
        {"", "", fmt::format("a defect in holdfast: {}; please report it", defect.what())});
    return ExitStatus::kDefect;
  }
}

}  // namespace agent

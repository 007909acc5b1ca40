#include "agent/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/log.h"
#include "agent/reckoning.h"
#include "agent/units.h"

namespace agent {
namespace {

using store::Candidate;

constexpr std::size_t kAtOnce = 256;
constexpr std::uint64_t kShareOfRun = 10;
// A scrub may stamp a little ahead of the clock, and a clock may be set back by seconds.
constexpr std::chrono::minutes kClockSlack{1};
// A clock by which nothing was listed for so long may be years ahead.
constexpr std::chrono::days kMostSilence{30};

auto age_order(const Candidate& candidate) {
  return std::tie(candidate.held_since, candidate.last_modified, candidate.key,
                  candidate.generation_path);
}

// What is counted together.
enum Lane : std::size_t { kTrustedLane, kSmallLane, kQuarantineLane, kLanes };

Lane lane_of(const Candidate& candidate, const SourceConfig& source) {
  if (!candidate.is_trusted() && candidate.place == store::Place::kQuarantine) {
    return kQuarantineLane;
  }
  return candidate.size_bytes < source.min_size_bytes ? kSmallLane : kTrustedLane;
}

// The rules, applied to the contents of a series as they come.
class SeriesCount {
 public:
  SeriesCount(const SourceConfig& source, store::Ledger::Review& review)
      : source_(source), review_(review) {
    begin();
  }

  store::Status add(const Candidate& candidate) {
    if (candidate.series != series_) {
      if (auto done = finish(); !done) return done;
      series_ = candidate.series;
    }
    lanes_[lane_of(candidate, source_)].add(
        {candidate.held_since, candidate.last_modified, candidate.is_trusted(), candidate.rank});
    return {};
  }

  store::Status finish() {
    for (const auto& lane : lanes_) {
      for (const auto& kept : lane.kept()) {
        if (auto noted = review_.note_kept(kept.rank, kept.keeps); !noted) return noted;
      }
    }
    begin();
    return {};
  }

 private:
  void begin() { lanes_.assign(kLanes, SeriesRetention(source_.keep)); }

  const SourceConfig& source_;
  store::Ledger::Review& review_;
  std::string series_;
  std::vector<SeriesRetention> lanes_;
};

class Prune {
 public:
  Prune(Mirror& mirror, const PruneRequest& request)
      : mirror_(mirror), request_(request), source_(request.source) {}

  store::Result<Pruned> run() {
    if (!source_.keep.any() || request_.id == 0) return pruned_;
    if (auto looked = look_for_alarms(); !looked) return looked.error();
    if (pruned_.frozen && !request_.explain) return pruned_;
    const auto reviewed = mirror_.ledger.is_reviewed(request_.id, rules(), request_.now);
    if (!reviewed) return reviewed.error();
    if (*reviewed && request_.only_if_due) return pruned_;
    auto review = mirror_.ledger.begin_review(
        request_.id, [&](std::string_view key) { return source_.series.of(key); });
    if (!review) return review.error();
    if (auto looked = look_at_clock(review->newest_recorded()); !looked) return looked.error();
    if (pruned_.frozen && !request_.explain) return pruned_;
    auto done = decide(*review);
    if (done) done = request_.explain ? explain(*review) : remove(*review);
    if (done && !request_.explain && !*reviewed) done = note_reviewed();
    if (!done) return done.error();
    return pruned_;
  }

 private:
  // All that a decision depends on besides what is held and the time.
  std::string rules() const {
    const auto& keep = source_.keep;
    const auto within = keep.within ? keep.within->count() : -1;
    return fmt::format("{} {} {} {} {} {} {} {} {}", within, keep.last, keep.daily, keep.weekly,
                       keep.monthly, keep.yearly, source_.min_size_bytes,
                       source_.on_change == OnChange::kGenerations, source_.series.spec());
  }

  // Once something was removed another look is due: what it was kept for may be gone.
  store::Status note_reviewed() {
    if (pruned_.removed + pruned_.waiting > 0) return {};
    return mirror_.ledger.note_reviewed(request_.id, rules(), due_);
  }

  store::Status look_for_alarms() {
    for (const auto& source : request_.config.sources) {
      const auto id = mirror_.ledger.find_source(source.name);
      if (!id) return id.error();
      if (!*id) continue;
      const auto totals = mirror_.ledger.totals(**id);
      if (!totals) return totals.error();
      const auto open = mirror_.ledger.count_open_alarms(**id);
      if (!open) return open.error();
      if (*open == 0 && !totals->hold_since) continue;
      const auto what = totals->hold_since ? "it is on HOLD"
                        : *open == 1       ? "an alarm is open"
                                           : "alarms are open";
      pruned_.frozen = {ExitStatus::kAlarm,
                        fmt::format("nothing is removed while there is trouble: {} ({}). See "
                                    "'holdfast status'; when you know what happened, 'holdfast "
                                    "ack {}'",
                                    source.name, what, source.name)};
      return {};
    }
    return {};
  }

  store::Status look_at_clock(store::Time newest_recorded) {
    if (pruned_.frozen) return {};
    const auto totals = mirror_.ledger.totals(request_.id);
    if (!totals) return totals.error();
    if (request_.now + kClockSlack < newest_recorded || is_provably_wrong(request_.now, {})) {
      freeze(
          fmt::format("this machine's clock says {}, but {} was recorded before. Set the clock "
                      "('timedatectl set-ntp true')",
                      format_time(request_.now), format_time(newest_recorded)));
    } else if (totals->doubt_after) {
      freeze(
          "this machine's clock was wrong at the last pull, so the age of what came is not known "
          "yet. Run 'holdfast pull' first");
    } else if (!totals->listed_at || request_.now - *totals->listed_at > kMostSilence) {
      const auto since =
          totals->listed_at ? "since " + format_time(*totals->listed_at) : std::string("yet");
      freeze(
          fmt::format("by this machine's clock, which says {}, the bucket was not listed {}. See "
                      "that the clock is right, and run 'holdfast pull' first",
                      format_time(request_.now), since));
    }
    return {};
  }

  void freeze(const std::string& why) {
    pruned_.frozen = {ExitStatus::kIncomplete, "nothing is removed: " + why};
  }

  bool has_series(const Candidate& candidate) const {
    return !candidate.series.empty() || source_.series.spec() == "source";
  }

  // What needs no look at the others.
  Keeps keeps_of_itself(const Candidate& candidate) const {
    auto keeps = SeriesRetention::of_itself(source_.keep, request_.now, candidate.held_since);
    if (!has_series(candidate)) keeps = keeps | Keep::kOfNoSeries;
    if (candidate.damaged) keeps = keeps | Keep::kDamaged;
    const bool rotates = candidate.has_others ||
                         (candidate.had_others && source_.on_change == OnChange::kGenerations);
    if (candidate.is_trusted() && rotates) keeps = keeps | Keep::kRotating;
    return keeps;
  }

  // Twice in the same order: what is kept is known once all of a series was seen.
  store::Status decide(store::Ledger::Review& review) {
    SeriesCount count(source_, review);
    store::Status done;
    auto visited = review.visit([&](const Candidate& candidate) {
      const bool counts = has_series(candidate) && !candidate.damaged;
      if (counts) done = count.add(candidate);
      return done.has_value();
    });
    if (visited && done) done = count.finish();
    if (!visited || !done) return visited ? done : visited;
    visited = review.visit_noted([&](const Candidate& candidate) {
      const auto keeps = candidate.keeps | keeps_of_itself(candidate);
      if (keeps == 0) {
        done = review.mark(candidate);
      } else {
        ++pruned_.kept;
        if (keeps == static_cast<Keeps>(Keep::kWithin)) note_ageing(candidate);
      }
      return done.has_value();
    });
    return visited ? done : visited;
  }

  void note_ageing(const Candidate& candidate) {
    const auto until = candidate.held_since + *source_.keep.within + std::chrono::seconds{1};
    due_ = std::min(due_.value_or(until), until);
  }

  store::Result<std::uint64_t> most(bool trusted) const {
    const auto totals = mirror_.ledger.totals(request_.id);
    if (!totals) return totals.error();
    const auto contents = trusted ? totals->archives : totals->superseded + totals->quarantined;
    return std::max<std::uint64_t>(contents / kShareOfRun, 1);
  }

  // Calls `take` with what is due in this run, some at a time.
  template <typename Take>
  store::Status each_due(store::Ledger::Review& review, bool trusted, const Take& take) {
    const auto marked = review.marked(trusted);
    if (!marked) return marked.error();
    const auto limit = most(trusted);
    if (!limit) return limit.error();
    auto left = std::min(*limit, marked->contents);
    pruned_.waiting += marked->contents - left;
    std::optional<Candidate> last;
    while (left > 0 && going()) {
      const auto due = review.oldest_marked(trusted, last ? &*last : nullptr,
                                            std::min<std::uint64_t>(left, kAtOnce));
      if (!due) return due.error();
      if (due->empty()) break;
      if (auto taken = take(*due); !taken) return taken;
      for (const auto& one : *due) {
        ++pruned_.removed;
        pruned_.removed_bytes += one.size_bytes;
      }
      left -= due->size();
      last = due->back();
    }
    pruned_.waiting += left;
    return {};
  }

  store::Status remove(store::Ledger::Review& review) {
    for (const bool trusted : {false, true}) {
      auto removed = each_due(review, trusted, [&](const std::vector<Candidate>& due) {
        std::vector<store::Removal> removals;
        removals.reserve(due.size());
        for (const auto& one : due) {
          if (request_.removing) request_.removing(one);
          removals.push_back(
              {one.key,
               trusted ? store::archive_path(source_.name, one.key, mirror_.rules, one.variant)
                       : one.generation_path,
               trusted});
        }
        return mirror_.begin_removals(request_.id, removals, request_.now);
      });
      if (!removed) return removed;
    }
    auto stuck = mirror_.finish_removals(request_.id, source_.name);
    if (!stuck) return stuck.error();
    pruned_.stuck = *std::move(stuck);
    return {};
  }

  store::Status explain(store::Ledger::Review& review) {
    std::array<std::optional<Candidate>, 2> last_due;
    for (const bool trusted : {false, true}) {
      auto looked = each_due(review, trusted, [&](const std::vector<Candidate>& due) {
        last_due[trusted ? 1 : 0] = due.back();
        return store::Status{};
      });
      if (!looked) return looked;
    }
    return review.visit_noted([&](const Candidate& candidate) {
      const auto keeps = candidate.keeps | keeps_of_itself(candidate);
      const auto& last = last_due[candidate.is_trusted() ? 1 : 0];
      const bool due = last && age_order(candidate) <= age_order(*last);
      request_.explain(candidate,
                       keeps != 0 ? PruneDecision::kKeep
                       : due      ? PruneDecision::kRemove
                                  : PruneDecision::kWait,
                       keeps);
      return going();
    });
  }

  bool going() const { return !request_.keep_going || request_.keep_going(); }

  Mirror& mirror_;
  const PruneRequest& request_;
  const SourceConfig& source_;
  Pruned pruned_;
  std::optional<store::Time> due_;  ///< when the first content outlives keep_within
};

}  // namespace

store::Result<Pruned> prune_source(Mirror& mirror, const PruneRequest& request) {
  return Prune(mirror, request).run();
}

}  // namespace agent

#include "agent/custody/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "agent/config/repository_layout.h"
#include "agent/custody/never_pruned.h"

namespace agent {
namespace {

using store::Candidate;

constexpr std::size_t kPrunedAtOnce = 256;
constexpr std::uint64_t kShareOfRun = 10;

// What is counted together.
enum Tally : std::size_t { kTrustedTally, kSuspectTally, kQuarantineTally, kTallies };

bool is_suspect(const store::HeldSet& set, const SourceConfig& source) {
  return set.unsound || set.small || set.size_bytes < source.min_size_bytes;
}

Tally tally_of(const Candidate& candidate, const SourceConfig& source) {
  if (!candidate.is_trusted() && candidate.place == store::Place::kQuarantine) {
    return kQuarantineTally;
  }
  return is_suspect(candidate.set, source) ? kSuspectTally : kTrustedTally;
}

constexpr std::uint64_t rank_of(std::int64_t set) {
  return std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(set);
}

// The rules, applied to the contents of a stream as they come.
class StreamCount {
 public:
  StreamCount(const SourceConfig& source, store::Ledger::Review& review)
      : source_(source), review_(review) {
    begin();
  }

  store::Status add(const Candidate& candidate) {
    if (candidate.stream != stream_) {
      if (auto done = finish(); !done) return done;
      stream_ = candidate.stream;
    }
    any_ = true;
    tallies_[tally_of(candidate, source_)].add({candidate.held_since, candidate.last_modified,
                                                candidate.is_trusted(), rank_of(candidate.set.id),
                                                candidate.set.contents});
    return {};
  }

  store::Status finish() {
    if (!any_) return {};
    // Older than all that is kept for sound a suspect is kept for nothing.
    const auto sound = tallies_[kTrustedTally].kept();
    const auto oldest = std::ranges::min_element(sound, {}, &SeriesRetention::Kept::held_since);
    for (std::size_t tally = 0; tally < kTallies; ++tally) {
      for (const auto& kept : tally == kTrustedTally ? sound : tallies_[tally].kept()) {
        const bool is_aged =
            tally == kSuspectTally && oldest != sound.end() && kept.held_since < oldest->held_since;
        if (is_aged) continue;
        const auto set = static_cast<std::int64_t>(rank_of(0) - kept.rank);
        if (auto noted = review_.note_kept(set, kept.keeps); !noted) return noted;
      }
    }
    begin();
    return {};
  }

 private:
  void begin() {
    any_ = false;
    tallies_.assign(kTallies, SeriesRetention(source_.keep));
  }

  const SourceConfig& source_;
  store::Ledger::Review& review_;
  std::string stream_;
  bool any_ = false;
  std::vector<SeriesRetention> tallies_;
};

class Prune {
 public:
  Prune(Mirror& mirror, const PruneRequest& request)
      : mirror_(mirror), request_(request), source_(request.source) {}

  store::Result<Pruned> run() {
    if (!source_.keep.any() || request_.id == 0) return pruned_;
    auto troubled = frozen_by_alarms(mirror_.ledger, request_.config);
    if (!troubled) return troubled.error();
    pruned_.frozen = *std::move(troubled);
    if (pruned_.frozen && !request_.tell) return pruned_;
    const auto reviewed = mirror_.ledger.is_reviewed(request_.id, rules(), request_.now);
    if (!reviewed) return reviewed.error();
    if (*reviewed && request_.only_if_due) return pruned_;
    auto review =
        mirror_.ledger.begin_review(request_.id, [&](std::string_view key) { return placed(key); });
    if (!review) return review.error();
    if (auto looked = look_at_clock(review->newest_recorded()); !looked) return looked.error();
    look_at_layout();
    if (pruned_.frozen && !request_.tell) return refused();
    auto done = decide(*review);
    if (done) done = choose(*review);
    if (done) done = request_.tell ? explain(*review) : remove(*review);
    if (done && !request_.tell && !(*reviewed && pruned_.removed == 0)) {
      done = note_reviewed();
    }
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

  store::Belonging placed(std::string_view key) {
    if (chain_ == nullptr && source_.series.spec() == "auto") chain_ = chain_tool_of(key);
    return source_.series.place(key);
  }

  void look_at_layout() {
    if (!pruned_.frozen && chain_ != nullptr) pruned_.frozen = frozen_by_layout(*chain_);
  }

  store::Result<Pruned> refused() {
    if (chain_ == nullptr) return pruned_;
    const auto noted = mirror_.ledger.note_reviewed(
        request_.id, {rules(), request_.now, true, std::nullopt, std::string(chain_->name)});
    if (!noted) return noted.error();
    return pruned_;
  }

  // Once something was removed another look is due: what it was kept for may be gone.
  store::Status note_reviewed() {
    const bool finished = pruned_.removed + pruned_.waiting == 0;
    return mirror_.ledger.note_reviewed(request_.id,
                                        {rules(), request_.now, finished, due_, std::string()});
  }

  store::Status look_at_clock(store::Time newest_recorded) {
    if (pruned_.frozen) return {};
    const auto totals = mirror_.ledger.totals(request_.id);
    if (!totals) return totals.error();
    reviewed_at_ = totals->reviewed_at;
    pruned_.frozen = frozen_by_clock(*totals, request_.now, newest_recorded);
    return {};
  }

  Keeps keeps_of_itself(const store::HeldSet& set) const {
    return agent::keeps_of_itself(source_, set, request_.now);
  }

  // What is kept is known once all streams were seen: a set may be part of several.
  store::Status decide(store::Ledger::Review& review) {
    StreamCount count(source_, review);
    store::Status done;
    auto visited = review.visit([&](const Candidate& candidate) {
      if (!has_stream(source_, candidate)) {
        done = review.note_kept(candidate.set.id, static_cast<Keeps>(Keep::kOfNoSeries));
      } else if (!candidate.set.damaged) {
        done = count.add(candidate);
      }
      return done.has_value();
    });
    if (visited && done) done = count.finish();
    if (!visited || !done) return visited ? done : visited;
    visited = review.visit_sets([&](const store::HeldSet& set) {
      done = decide(review, set);
      return done.has_value();
    });
    return visited ? done : visited;
  }

  store::Status decide(store::Ledger::Review& review, const store::HeldSet& set) {
    auto& tally = tallies_[set.trusted ? 1 : 0];
    ++tally.sets;
    if (reviewed_at_ && set.oldest_held > *reviewed_at_) ++tally.came;
    const auto keeps = set.keeps | keeps_of_itself(set);
    if (keeps != 0) {
      pruned_.kept += set.contents;
      if (keeps == static_cast<Keeps>(Keep::kWithin)) note_ageing(set);
      return {};
    }
    ++tally.unkept;
    tally.unkept_contents += set.contents;
    return review.mark(set);
  }

  void note_ageing(const store::HeldSet& set) {
    const auto until = set.newest_held + *source_.keep.within + std::chrono::seconds{1};
    due_ = std::min(due_.value_or(until), until);
  }

  // More than came: else what has piled up once would never go.
  store::Status choose(store::Ledger::Review& review) {
    for (const bool trusted : {false, true}) {
      const auto& tally = tallies_[trusted ? 1 : 0];
      const auto most = std::max(tally.sets / kShareOfRun, tally.came + 1);
      if (tally.unkept > most) pruned_.sets_waiting += tally.unkept - most;
      pruned_.waiting += tally.unkept_contents;
      if (auto chosen = review.choose(trusted, most); !chosen) return chosen;
    }
    return {};
  }

  void count(const Candidate& gone) {
    ++pruned_.removed;
    --pruned_.waiting;
    pruned_.removed_bytes += gone.size_bytes;
    if (gone.set.id != last_set_) ++pruned_.sets_removed;
    last_set_ = gone.set.id;
  }

  // Whole sets: a page that is full ends with the last set that is whole in it, or is of one set.
  static bool cut_to_sets(std::vector<Candidate>& page) {
    if (page.size() < kPrunedAtOnce) return true;
    const auto last = page.back().set.id;
    if (page.front().set.id == last) return false;
    while (page.back().set.id == last) page.pop_back();
    return true;
  }

  // One transaction for all of a set.
  store::Status begin_some(store::Ledger::Review& review, bool trusted,
                           std::optional<Candidate>& last, bool& any) {
    return mirror_.ledger.at_once([&]() -> store::Status {
      bool whole = false;
      for (any = false; !whole;) {
        auto page = review.due(trusted, last ? &*last : nullptr, kPrunedAtOnce);
        if (!page) return page.error();
        whole = cut_to_sets(*page);
        if (page->empty()) return {};
        any = true;
        std::vector<store::Removal> removals;
        removals.reserve(page->size());
        for (const auto& one : *page) {
          if (request_.removing) request_.removing(one);
          removals.push_back(
              {one.key,
               trusted ? store::archive_path(source_.name, one.key, mirror_.rules, one.variant)
                       : one.generation_path,
               trusted, false, one.size_bytes});
          count(one);
        }
        last = page->back();
        auto begun = mirror_.begin_removals(request_.id, removals, request_.now);
        if (!begun) return begun;
      }
      return {};
    });
  }

  store::Status remove(store::Ledger::Review& review) {
    for (const bool trusted : {false, true}) {
      std::optional<Candidate> last;
      for (bool any = true; any && going();) {
        if (auto begun = begin_some(review, trusted, last, any); !begun) return begun;
      }
    }
    auto stuck = mirror_.finish_removals(request_.id, source_.name);
    if (!stuck) return stuck.error();
    pruned_.stuck = *std::move(stuck);
    return {};
  }

  store::Status explain(store::Ledger::Review& review) {
    store::Status done;
    const auto visited = review.visit([&](const Candidate& candidate) {
      const auto keeps = candidate.set.keeps | keeps_of_itself(candidate.set);
      auto decision = PruneDecision::kKeep;
      if (keeps == 0) {
        const auto due = review.is_due(candidate.set.id);
        if (!due) done = due.error();
        decision = due && *due ? PruneDecision::kRemove : PruneDecision::kWait;
        if (decision == PruneDecision::kRemove) {
          ++pruned_.removed;
          --pruned_.waiting;
          pruned_.removed_bytes += candidate.size_bytes;
        }
      }
      auto told = candidate;
      told.set.small = told.set.small || told.set.size_bytes < source_.min_size_bytes;
      request_.tell(told, decision, keeps);
      return done.has_value() && going();
    });
    return visited ? done : visited;
  }

  bool going() const { return !request_.keep_going || request_.keep_going(); }

  Mirror& mirror_;
  const PruneRequest& request_;
  const SourceConfig& source_;
  Pruned pruned_;
  std::optional<store::Time> due_;  ///< when the first set outlives keep_within
  std::optional<store::Time> reviewed_at_;
  const ChainTool* chain_ = nullptr;
  // Of the generations, and of the archives.
  struct Tally {
    std::uint64_t sets = 0;
    std::uint64_t came = 0;  ///< since the last look
    std::uint64_t unkept = 0;
    std::uint64_t unkept_contents = 0;
  };
  std::array<Tally, 2> tallies_{};
  std::int64_t last_set_ = 0;
};

}  // namespace

store::Result<Pruned> prune_source(Mirror& mirror, const PruneRequest& request) {
  return Prune(mirror, request).run();
}

}  // namespace agent

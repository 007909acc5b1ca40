#include "agent/custody/drill_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/key_pattern.h"
#include "agent/base/printable.h"

namespace agent {
namespace {

constexpr std::size_t kRecent = 10;
constexpr std::size_t kStreamsNamed = 3;

// Nothing was made after we held it, whatever the upstream says.
store::Time made_of(const store::Candidate& candidate) {
  return std::min(store::at_its_word(candidate.last_modified), candidate.held_since);
}

// The newest sets of one stream.
class Recent {
 public:
  void add(const store::Candidate& candidate) {
    const auto made = made_of(candidate);
    auto found = std::find_if(sets_.begin(), sets_.end(),
                              [&](const Seen& one) { return one.set.id == candidate.set.id; });
    if (found == sets_.end()) {
      const auto& set = candidate.set;
      sets_.push_back({made,
                       {set.id, candidate.stream, set.contents, set.size_bytes,
                        candidate.last_modified, candidate.held_since, set.unsound}});
      found = sets_.end() - 1;
    }
    found->made = std::max(found->made, made);
    found->set.made = std::max(found->set.made, candidate.last_modified);
    if (sets_.size() <= kRecent) return;
    sets_.erase(std::min_element(sets_.begin(), sets_.end(), is_older));
  }

  std::optional<DrillSet> newest_whole() {
    std::sort(sets_.begin(), sets_.end(), is_older);
    std::optional<DrillSet> whole;
    std::uint64_t most = 0;
    for (const auto& [made, set] : sets_) {
      if (set.archives < most) continue;
      most = set.archives;
      whole = set;
    }
    return whole;
  }

 private:
  struct Seen {
    store::Time made{};
    DrillSet set;
  };
  static bool is_older(const Seen& a, const Seen& b) {
    return std::pair(a.made, a.set.id) < std::pair(b.made, b.set.id);
  }
  std::vector<Seen> sets_;
};

class Choice {
 public:
  explicit Choice(const DrillConfig& drill) : drill_(drill), pattern_(drill.stream) {}

  void add(const store::Candidate& candidate) {
    if (!candidate.is_trusted()) return;
    any_held_ = true;
    if (!drill_.stream.empty() && !pattern_.matches(candidate.stream)) return;
    if (streams_ == 0 || candidate.stream != stream_) {
      end_stream();
      stream_ = candidate.stream;
      if (++streams_ <= kStreamsNamed) names_.push_back(printable_name(stream_));
    }
    recent_.add(candidate);
  }

  Result<DrillSet> finish() {
    end_stream();
    if (!any_held_) return tl::unexpected(fmt::format("nothing is held of {} yet", drill_.source));
    if (!chosen_) {
      return tl::unexpected(fmt::format(
          "no stream of {} matches \"{}\"; 'holdfast prune --dry-run' of a source with keep rules "
          "names them, and the name is the key with its time replaced, such as "
          "db-{{YYYY-MM-DD}}.sql.gz",
          drill_.source, printable(drill_.stream)));
    }
    if (!differs_) return *chosen_;
    return tl::unexpected(
        fmt::format("{} has {} streams{}, such as \"{}\"; name one in "
                    "\"stream\" of [drill {}]",
                    drill_.source, streams_, drill_.stream.empty() ? "" : " that match",
                    fmt::join(names_, "\", \""), drill_.name));
  }

 private:
  // A backup may consist of several streams.
  void end_stream() {
    auto whole = std::exchange(recent_, {}).newest_whole();
    if (!whole) return;
    if (chosen_ && chosen_->id != whole->id) differs_ = true;
    if (!chosen_) chosen_ = std::move(whole);
  }

  const DrillConfig& drill_;
  const KeyPattern pattern_;
  bool any_held_ = false;
  std::string stream_;
  std::uint64_t streams_ = 0;
  std::vector<std::string> names_;
  Recent recent_;
  std::optional<DrillSet> chosen_;
  bool differs_ = false;
};

}  // namespace

store::Result<Result<DrillSet>> choose_drill_set(store::Ledger::Review& review,
                                                 const DrillConfig& drill) {
  Choice choice(drill);
  const auto visited = review.visit([&](const store::Candidate& candidate) {
    choice.add(candidate);
    return true;
  });
  if (!visited) return visited.error();
  return choice.finish();
}

}  // namespace agent

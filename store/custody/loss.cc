#include <optional>
#include <utility>
#include <vector>

#include "store/content/path_check.h"
#include "store/custody/mirror_steps.h"
#include "store/custody/placement.h"
#include "store/custody/removal.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::size_t kLostAtOnce = 64;

class GivingUp {
 public:
  GivingUp(Disk& disk, Ledger& ledger, NameRules rules, const GiveUp& request, AllUnfinished& left)
      : disk_(disk),
        ledger_(ledger),
        rules_(rules),
        request_(request),
        placer_(disk, rules),
        left_(left) {}

  Result<GivenUp> run() {
    std::optional<Holding> last;
    while (true) {
      auto page =
          ledger_.lost(request_.source, request_.which, last ? &*last : nullptr, kLostAtOnce);
      if (!page) return page.error();
      if (page->empty()) return done_;
      for (const auto& holding : *page) {
        if (auto looked = look_at(holding); !looked) return looked.error();
      }
      if (auto ended = end(); !ended) return ended.error();
      last = std::move(page->back());
    }
  }

 private:
  Status look_at(const Holding& holding) {
    auto path = path_of(holding, request_.source_name, rules_);
    if (!is_content_path(path, std::string(request_.source_name))) return {};
    auto reading = read_again(disk_, holding, path, request_.keep_going);
    if (!reading) return reading.error();
    if (reading->finding != Finding::kRight) {
      auto kept = placer_.keep_damaged(
          path, damaged_paths(request_.source_name, holding.key, rules_, request_.now));
      if (!kept && !concerns_a_content(kept.error())) return kept.error();
      if (!kept) {
        tell({std::string(request_.source_name), holding.key, std::move(kept.error())});
        return {};
      }
      removals_.push_back({holding.key, std::move(path), holding.generation_path.empty(), true});
    }
    readings_.push_back(*std::move(reading));
    return {};
  }

  Status end() {
    // The last that is left of them is durable before anything forgets them.
    if (auto synced = placer_.sync(); !synced) return synced;
    const auto recorded = LedgerWriter(ledger_).record_readings(request_.source, readings_,
                                                                request_.now, request_.message);
    if (!recorded) return recorded.error();
    if (auto begun = LedgerWriter(ledger_).begin_removals(request_.source, removals_, request_.now);
        !begun) {
      return begun;
    }
    const auto told = left_.size();
    if (auto removed =
            finish_removals(disk_, ledger_, request_.source, request_.source_name, rules_, left_);
        !removed) {
      return removed;
    }
    for (auto i = told; i < left_.size(); ++i) tell(left_[i]);
    done_.contents += removals_.size();
    done_.right_again += readings_.size() - removals_.size();
    removals_.clear();
    for (const auto& reading : std::exchange(readings_, {})) {
      if (request_.found) request_.found(reading);
    }
    return {};
  }

  void tell(const Unfinished& one) const {
    if (request_.stuck) request_.stuck(one);
  }

  Disk& disk_;
  Ledger& ledger_;
  const NameRules rules_;
  const GiveUp& request_;
  Placer placer_;
  std::vector<Reading> readings_;
  AllUnfinished& left_;
  std::vector<Removal> removals_;
  GivenUp done_;
};

}  // namespace

Result<GivenUp> give_up(Disk& disk, Ledger& ledger, NameRules rules, const GiveUp& request,
                        AllUnfinished& left) {
  return GivingUp(disk, ledger, rules, request, left).run();
}

}  // namespace store

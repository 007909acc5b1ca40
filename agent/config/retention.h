#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "store/ledger/records.h"

namespace agent {

/// The keep rules of a source: which sets of each stream are kept. Without any rule all are kept.
struct RetentionRules {
  std::optional<std::chrono::seconds> within;  ///< keeps what is held for no longer than this
  unsigned last = 0;                           ///< keeps so many of the newest sets
  /// Each keeps the newest set of so many days, weeks, months or years: the last ones that have any
  /// set. They are counted in UTC, and a week begins on Monday.
  unsigned daily = 0;
  unsigned weekly = 0;
  unsigned monthly = 0;
  unsigned yearly = 0;

  bool operator==(const RetentionRules&) const = default;
  bool any() const { return within || last + daily + weekly + monthly + yearly > 0; }
};

/// Why a content is kept. Several reasons may hold at once. Those that the rules have no part in
/// are found by agent/custody/never_pruned.h.
enum class Keep : std::uint32_t {
  kWithin = 1U << 0,
  kLast = 1U << 1,
  kDaily = 1U << 2,
  kWeekly = 1U << 3,
  kMonthly = 1U << 4,
  kYearly = 1U << 5,
  kNewest = 1U << 6,      ///< it is the newest of its stream, or the newest whole one
  kRotating = 1U << 7,    ///< it is the trusted content of a name that has, or had, others
  kDamaged = 1U << 8,     ///< it is damaged, so it counts for no rule, and waits for its repair
  kOfNoSeries = 1U << 9,  ///< the expression in `series` does not match one of its keys
};
using Keeps = std::uint32_t;  ///< the reasons of one content, added up
inline Keeps operator|(Keeps keeps, Keep one) { return keeps | static_cast<Keeps>(one); }

/// Says which of the sets of one stream the rules keep. The answer depends on the rules and on the
/// contents, and not on the order in which these are added. The rules bound its memory. A set
/// counts once in each rule, with the content of it that came last to this stream.
///
/// Each content counts twice: at the time when we first held it, and at the time when the upstream
/// says that it was made. What either count keeps is kept. So what an upstream says can keep a
/// content and can never remove one; and a backlog, which is all held in one night, does not count
/// as the archives of one day. `within` goes by our clock alone.
class SeriesRetention {
 public:
  struct Content {
    store::Time held_since{};
    store::UpstreamTime last_modified{};
    bool trusted = false;     ///< it lies under archives/
    std::uint64_t rank = 0;   ///< of its set; of two sets with the same times the lower is newer
    std::uint64_t parts = 1;  ///< how many contents its set has, in all streams
  };

  explicit SeriesRetention(const RetentionRules& rules);

  void add(const Content& content);

  struct Kept {
    std::uint64_t rank = 0;
    Keeps keeps = 0;
    store::Time held_since{};
  };
  /// The sets that are kept, each once, by rank. What `within` alone keeps is not among them.
  std::vector<Kept> kept() const;

  /// The reasons for which one content is kept, whatever others there are: `within`.
  static Keeps of_itself(const RetentionRules& rules, store::Time now, store::Time held_since);

 private:
  // Where a content stands in one of the two counts: a later one is newer.
  struct Place {
    store::Time when{};
    store::Time other{};  // of the two times, the one that this count does not go by
    std::uint64_t from_end = 0;
    auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr): LLVM 39694
  };
  using PeriodOf = std::int64_t (*)(store::Time);

  // The newest content of each of the newest periods.
  class Slots {
   public:
    Slots(Keep reason, unsigned most, PeriodOf period_of)
        : reason_(reason), most_(most), period_of_(period_of) {}
    void add(const Place& place);
    void add_alone(const Place& place);
    void collect(std::map<std::uint64_t, Kept>& kept, store::Time Place::*held_since) const;

   private:
    Keep reason_;
    std::size_t most_;
    PeriodOf period_of_;  ///< none: each content is a period of its own
    std::map<Place, Place> newest_by_period_;
    std::map<std::uint64_t, Place> alone_;  ///< by set, where each is a period of its own
  };

  // The sets that came last, with their parts: those that have fewer than others may lack some.
  class Recent {
   public:
    void add(const Place& place, std::uint64_t parts);
    std::optional<Place> newest_whole() const;

   private:
    std::map<Place, std::uint64_t> parts_;
  };

  struct Count {
    std::vector<Slots> slots;
    std::optional<Place> newest;
    std::optional<Place> newest_trusted;
    Recent recent;  ///< trusted
  };
  static Count count(const RetentionRules& rules);
  static void add(Count& count, const Place& place, const Content& content);
  /// `held_since`: which part of a place says so.
  static void collect(const Count& count, std::map<std::uint64_t, Kept>& kept,
                      store::Time Place::*held_since);

  Count by_holding_;
  Count by_making_;
};

}  // namespace agent

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/batch.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What is expected of the bucket. A view of one ledger; see ledger.h.
class ExpectationView {
 public:
  /// The lifecycle rules that the bucket's x-amz-expiration has named, with the days that they
  /// leave an object.
  struct Expiry {
    std::optional<Time> asked_at;  ///< none: there was no first contact yet
    std::map<std::string, std::int64_t> days_by_rule;
  };
  Result<Expiry> expiry(SourceId source);
  Status note_expiry_rule(SourceId source, std::string_view rule, std::int64_t days);
  Status note_expiry_asked(SourceId source, Time now);

  /// What a set consists of.
  struct SetMade {
    std::uint64_t size_bytes = 0;
    std::uint64_t parts = 0;
    std::uint64_t largest_bytes = 0;  ///< of its parts
    /// What kinds of parts, by their names without the set's; of a set of many parts nothing.
    struct Form {
      std::uint64_t hash = 0;  ///< of the name, whose numbers are left out
      std::uint64_t count = 0;
      std::uint64_t lowest = 0;  ///< of the last number in their names
      std::uint64_t highest = 0;
      bool numbered = false;  ///< there is such a number
      bool operator==(const Form&) const = default;
    };
    std::vector<Form> forms;
    bool operator==(const SetMade&) const = default;
  };
  /// What is known of the habit of a stream.
  struct Habit {
    std::string stream;
    std::uint64_t sets = 0;
    Time first_held_since{};
    Time newest_held_since{};
    std::string last_set;
    std::vector<Time> made;       ///< of the last 11 sets, when the upstream made them
    std::vector<SetMade> recent;  ///< of the last 10 sets that are complete, the newest last
  };
  /// What is asked of the agent about what came.
  struct ArrivalQuestions {
    std::function<Belonging(std::string_view key)> place;
    std::function<std::string(std::string_view key)> shape_of;
    /// From the names of the parts without that of the set.
    std::function<std::vector<SetMade::Form>(const std::vector<std::string>& names)> forms_of;
    /// Whether no more of the set is to come, going by those before it.
    std::function<bool(const SetMade& set, const std::vector<SetMade>& recent)> is_complete;
    /// What is wrong with it.
    std::function<std::optional<std::string>(const SetMade& set, const std::vector<SetMade>& recent,
                                             std::string_view stream)>
        complaint;
    std::function<void(const std::string& key, const std::string& message)> raised;
    /// Told of each archive of a set that is small, or no longer is; recorded in the ledger alone.
    std::function<void(const Batch::SoundnessNote&)> small;
  };
  /// Takes all that arrived since the last call into its sets and streams, the set that the
  /// upstream made first first. A set is judged once it is complete or the next one of its stream
  /// begins: what is wrong becomes an open alarm `small` of the set, told to `raised`, which ends
  /// when the rest comes. Where `spec` is not that of the last call the streams are made anew from
  /// all that is held, which is judged no more. All or nothing.
  Status sort_arrivals(SourceId source, std::string_view spec, const ArrivalQuestions& questions,
                       Time now);
  /// Nothing is expected of the source: what comes from here on is not counted, and once something
  /// is expected again the streams are made anew.
  Status forget_series(SourceId source);
  /// When the newest archive of any stream came.
  Result<std::optional<Time>> newest_arrival(SourceId source);
  /// The streams with at least `sets` sets, by name, until `visit` returns false.
  Status visit_habits(SourceId source, std::uint64_t sets,
                      const std::function<bool(const Habit&)>& visit);
  Result<std::optional<Habit>> habit(SourceId source, std::string_view stream);
  /// Whether a stream of the same shape began after this one's last set came.
  Result<bool> has_successor(SourceId source, std::string_view stream);
  /// The keys of a set that are held: those that begin with `set`, at most `limit`.
  Result<std::vector<std::string>> keys_from(SourceId source, std::string_view set,
                                             std::size_t limit);

 protected:
  explicit ExpectationView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

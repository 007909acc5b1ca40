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

/// What is expected of the bucket: how long its lifecycle rules leave an object, and the habit of
/// each stream (when its sets come, and what they consist of). A view of one ledger: durability,
/// threads and errors are those of ledger.h.
class ExpectationView {
 public:
  /// The lifecycle rules that the bucket has named (in x-amz-expiration), and how many days each
  /// leaves an object.
  struct Expiry {
    std::optional<Time> asked_at;  ///< none: there was no first contact yet
    std::map<std::string, std::int64_t> days_by_rule;
  };
  /// Returns what is known of them; nothing for a source that was never asked.
  Result<Expiry> expiry(SourceId source);
  /// Remembers the rule and its days, in the place of what was known of that rule.
  Status note_expiry_rule(SourceId source, std::string_view rule, std::int64_t days);
  /// Remembers that the bucket was asked at `now`.
  Status note_expiry_asked(SourceId source, Time now);

  /// What a set consists of.
  struct SetMade {
    std::uint64_t size_bytes = 0;
    std::uint64_t parts = 0;
    std::uint64_t largest_bytes = 0;  ///< of its parts
    /// One kind of parts, by their names without that of the set.
    struct Form {
      std::uint64_t hash = 0;  ///< of the name, whose numbers are left out
      std::uint64_t count = 0;
      std::uint64_t lowest = 0;  ///< of the last number in their names
      std::uint64_t highest = 0;
      bool numbered = false;  ///< there is such a number
      bool operator==(const Form&) const = default;
    };
    std::vector<Form> forms;  ///< empty for a set of more than 64 parts
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
  /// The questions that sort_arrivals() asks the agent about what came, and what it tells it. Each
  /// is called on the thread of the caller, inside the transaction.
  struct ArrivalQuestions {
    std::function<Belonging(std::string_view key)> place;       ///< the stream and the set of a key
    std::function<std::string(std::string_view key)> shape_of;  ///< of a stream
    /// The forms of a set, from the names of its parts without that of the set.
    std::function<std::vector<SetMade::Form>(const std::vector<std::string>& names)> forms_of;
    /// True when no more of the set is to come, going by those before it.
    std::function<bool(const SetMade& set, const std::vector<SetMade>& recent)> is_complete;
    /// What is wrong with the set, as the text of an alarm; nullopt when nothing is.
    std::function<std::optional<std::string>(const SetMade& set, const std::vector<SetMade>& recent,
                                             std::string_view stream)>
        complaint;
    /// Told of each alarm `small` that is new.
    std::function<void(const std::string& key, const std::string& message)> raised;
    /// Told of each archive of a set that is small, or no longer is; recorded in the ledger alone.
    std::function<void(const Batch::SoundnessNote&)> small;
  };
  /// Takes all that arrived since the last call into its sets and streams, in the order in which
  /// the upstream made the sets. A set is weighed once it is complete, or once the next one of its
  /// stream begins. What is wrong with it becomes an open alarm `small` of the set, which ends when
  /// the rest of the set comes. `spec` says how keys belong to streams: where it is not that of the
  /// last call, the streams are first made anew from all that is held, and none of that is weighed.
  /// The call is one transaction: on an error nothing has changed.
  Status sort_arrivals(SourceId source, std::string_view spec, const ArrivalQuestions& questions,
                       Time now);
  /// Nothing is expected of the source from here on. Once something is expected again, the next
  /// sort_arrivals() makes the streams anew.
  Status forget_series(SourceId source);
  /// Returns when the newest archive of any stream of the source came, or nullopt when none is
  /// known.
  Result<std::optional<Time>> newest_arrival(SourceId source);
  /// Calls `visit` with each stream that has at least `sets` sets, by name, until it returns false.
  Status visit_habits(SourceId source, std::uint64_t sets,
                      const std::function<bool(const Habit&)>& visit);
  /// Returns what is known of one stream, or nullopt when nothing is.
  Result<std::optional<Habit>> habit(SourceId source, std::string_view stream);
  /// Returns true when a stream of the same shape began after the last set of this one came.
  Result<bool> has_successor(SourceId source, std::string_view stream);
  /// Returns the held keys that begin with `set`, in byte order, at most `limit`.
  Result<std::vector<std::string>> keys_from(SourceId source, std::string_view set,
                                             std::size_t limit);

 protected:
  explicit ExpectationView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/error.h"
#include "store/ledger/alarm_kind.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What a person was told or has said of a bucket. It is carried from one disk to the other where
/// two take turns, so that nobody is told or asked twice.
struct Word {
  enum class What {
    kTold,          ///< the alarm is open, and was told
    kAcknowledged,  ///< the alarm was acknowledged
    kHold,          ///< the source is on HOLD
    kDeviation,     ///< that the key changed or vanished was acknowledged
    kAccepted,      ///< this content was accepted for the right one of its key
  };
  std::string source;
  What what = What::kTold;
  std::string kind{};  ///< of the alarm
  std::string key{};
  Time at{};                           ///< since when it holds, or when it was said
  std::optional<Identity> upstream{};  ///< of which content; of a deviation, none: it vanished
  std::string text{};                  ///< the alarm's message; of kAccepted, the SHA-256 in hex
};

/// Whether a person knows of an alarm from the time that the other disk was here.
enum class Heard { kNo, kTold, kAcknowledged };

/// What is carried between two disks that take turns. A view of one ledger; see ledger.h.
class CarriedView {
 public:
  /// Calls `visit` with all that the other disk has to know, until it returns false, in an order
  /// that depends on nothing else. `all_told`: every open alarm was told, though no hook was run.
  Status visit_words(bool all_told, const std::function<bool(const Word&)>& visit);

  /// Whether these very words of that disk were taken.
  Result<bool> has_words(std::string_view disk, std::string_view digest);
  /// Takes what `read` gives to its argument, in the stead of what was taken before, in one
  /// transaction: HOLDs begin here too, what was acknowledged ends here, and what was told or
  /// acknowledged is neither told nor raised when it comes up here. Sources that are not `wanted`
  /// are passed over. When `read` fails nothing has changed. Returns how many alarms and HOLDs have
  /// ended.
  using VisitWord = std::function<Status(const Word&)>;
  Result<std::uint64_t> replace_words(std::string_view disk, std::string_view digest,
                                      const std::function<bool(const std::string& source)>& wanted,
                                      const std::function<Status(const VisitWord&)>& read,
                                      Time now);

  /// Of an alarm that is about to be raised. `upstream`: the content that it is about.
  Result<Heard> heard(SourceId source, AlarmKind kind, std::string_view key,
                      const Identity& upstream);

  /// What was acknowledged while the other disk was here.
  struct Acknowledged {
    Time at{};
    std::string message;
  };
  /// nullopt: that alarm was not.
  Result<std::optional<Acknowledged>> acknowledged_elsewhere(SourceId source, AlarmKind kind,
                                                             std::string_view key);

  /// A person took this content for the right one.
  Status note_accepted(SourceId source, const Generation& taken, Time now);
  /// The quarantined contents that were accepted on the other disk, of keys behind `after`.
  Result<std::vector<Generation>> accepted_elsewhere(SourceId source, std::string_view after,
                                                     std::size_t limit);

 protected:
  explicit CarriedView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

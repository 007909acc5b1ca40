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

/// What is carried between two disks that take turns: each ledger hands out its words, and takes
/// those of the other. A view of one ledger: durability, threads and errors are those of ledger.h.
class CarriedView {
 public:
  /// Calls `visit` with each word that the other disk has to know, until it returns false. The
  /// order depends on the words alone, so that the same words have the same digest. With `all_told`
  /// every open alarm counts as told, else only one that was announced.
  Status visit_words(bool all_told, const std::function<bool(const Word&)>& visit);

  /// Returns true when the words with this digest were the last that were taken from that disk.
  Result<bool> has_words(std::string_view disk, std::string_view digest);
  /// Takes the words of the other disk in the place of those that were taken before. `read` is
  /// called once, and calls its argument with each word; a word of a source that is not `wanted` is
  /// passed over. A HOLD of the other disk begins here too. An alarm or HOLD that was acknowledged
  /// there ends here. Whatever was told there is not announced when it is raised here, and whatever
  /// was acknowledged there is not raised. All of it is one transaction: when `read` fails nothing
  /// has changed. Returns how many alarms have ended.
  using VisitWord = std::function<Status(const Word&)>;
  Result<std::uint64_t> replace_words(std::string_view disk, std::string_view digest,
                                      const std::function<bool(const std::string& source)>& wanted,
                                      const std::function<Status(const VisitWord&)>& read,
                                      Time now);

  /// Returns whether a person knows, from the other disk, of an alarm of this identity about the
  /// content `upstream`.
  Result<Heard> heard(SourceId source, AlarmKind kind, std::string_view key,
                      const Identity& upstream);

  /// An alarm that was acknowledged while the other disk was here.
  struct Acknowledged {
    Time at{};
    std::string message;
  };
  /// Returns when that was and what the alarm said, or nullopt when it was not acknowledged there.
  Result<std::optional<Acknowledged>> acknowledged_elsewhere(SourceId source, AlarmKind kind,
                                                             std::string_view key);

  /// Remembers, for the other disk, that a person took this content for the right one of its key.
  Status note_accepted(SourceId source, const Generation& taken, Time now);
  /// Returns the contents in quarantine here that were accepted on the other disk and not yet here:
  /// in the order of the keys, of keys after `after`, at most `limit`.
  Result<std::vector<Generation>> accepted_elsewhere(SourceId source, std::string_view after,
                                                     std::size_t limit);

 protected:
  explicit CarriedView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

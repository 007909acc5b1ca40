#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Tells whether so much of what the last complete listing had has changed or gone at once that
/// somebody has to look. Shares are taken of keys and of bytes, of all and of each stream, so that
/// new names, however many, dilute nothing; small streams of which most is struck, as those of the
/// parts of a few sets, are taken together. What rotates does not count: see Stream::rotated.
class Tripwire {
 public:
  using Stream = store::Ledger::Plan::Stream;

  /// `source` outlives it.
  explicit Tripwire(const SourceConfig& source) : source_(source) {}

  /// An example for the message.
  void remember(std::string_view key, bool is_gone);
  /// What is missing may be there all the same: it is no example.
  void forget_gone();
  /// A held key that the last complete listing had.
  void watch(std::uint64_t size_bytes);
  /// What of a stream has changed or gone.
  void count(const Stream& stream);

  /// `listed`: the current objects of this listing.
  bool is_tripped(std::uint64_t listed) const;

  /// What happened, with numbers and examples, and what to do. `why`: a sentence on it; or empty.
  std::string message(const std::string& why) const;

 private:
  bool reaches(const Stream& stream) const;
  void count_small(const Stream& stream);

  const SourceConfig& source_;
  Stream all_;
  bool any_stream_ = false;  ///< a stream reaches the share by itself
  std::string worst_stream_;
  std::uint64_t struck_in_small_ = 0;  ///< in small streams of which most is
  struct Example {
    std::string key;
    bool is_gone = false;
  };
  std::vector<Example> examples_;  ///< a few of each kind
};

/// The same of a HOLD that goes on: what has changed and vanished since it began.
std::string hold_message(const SourceConfig& source, store::Time since,
                         const store::Ledger::Plan::Deviations& deviations);

}  // namespace agent

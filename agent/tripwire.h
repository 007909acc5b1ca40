#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"

namespace agent {

/// Counts what a complete listing says of the held keys that the last complete one had, and tells
/// whether so much has changed at once that somebody has to look.
class Tripwire {
 public:
  /// `source` outlives it.
  explicit Tripwire(const SourceConfig& source) : source_(source) {}

  /// A held key that the last complete listing had.
  void watch() { ++watched_; }
  /// It has changed, or vanished, since that listing.
  void note_changed(std::string_view key);
  void note_vanished(std::string_view key);

  /// `listed`: the current objects of this listing.
  bool is_tripped(std::uint64_t listed) const;

  /// What happened, with numbers and examples, and what to do.
  std::string message() const;

 private:
  void remember(std::string_view key);

  const SourceConfig& source_;
  std::uint64_t watched_ = 0;
  std::uint64_t changed_ = 0;
  std::uint64_t vanished_ = 0;
  std::vector<std::string> examples_;
};

}  // namespace agent

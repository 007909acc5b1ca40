#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/halt.h"
#include "agent/proof/content_form.h"
#include "agent/proof/walk_limits.h"
#include "store/disk/disk.h"

namespace agent {

/// Which content is to be walked.
struct WalkRequest {
  store::File& content;  ///< open to be read, of a disk of this system
  std::uint64_t size_bytes = 0;
  WalkLimits limits = {};
};

/// What a walk has shown.
struct WalkAnswer {
  enum class Verdict {
    kSound = 0,      ///< all of it could be read, and its check sums are right
    kUnsound = 1,    ///< it is broken, or cut
    kUndecided = 2,  ///< it was not walked to its end, or nothing is known of its form
  };
  /// Of kUndecided.
  enum class Cause {
    kNone = 0,
    kUnknown = 1,  ///< its form is none that can be walked
    kLimit = 2,    ///< it needs more than a walk may take
    kUnable = 3,   ///< this program or this machine cannot walk anything
    kDied = 4,     ///< the walk ended as it should not: another try may do better
    kHalted = 5,   ///< we were told to stop, or were out of time
  };
  Verdict verdict = Verdict::kUndecided;
  Cause cause = Cause::kNone;
  bool is_inner = false;  ///< of kUnsound: only what is packed in it is broken
  std::string why;        ///< unless it is sound, for a sentence: "its dictionary needs 512 MiB"
  ContentForm form = ContentForm::kUnknown;
  ContentForm inner = ContentForm::kUnknown;  ///< what a compressed one is, unpacked
  std::optional<std::uint64_t> members;  ///< of the archive, or of the archive in a compressed one
  std::uint64_t unpacked_bytes = 0;      ///< what it unpacks to, or all its members together
  std::optional<std::uint64_t> tables;   ///< of an SQL dump: those with rows
  std::string proved;                    ///< which check sums are right: "gzip's CRC"; or empty

  bool operator==(const WalkAnswer&) const = default;
};

/// Walks one content to its end, in a process of its own that can do nothing but read it and
/// answer; see walk_child.h. Takes nothing for granted of what that process says. Returns when it
/// is gone, at the latest soon after `halt`. Whatever goes wrong is kUndecided.
using Walk = std::function<WalkAnswer(const WalkRequest&, const Halt& halt)>;

}  // namespace agent

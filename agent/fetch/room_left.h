#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/min_free.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// Says whether the disk has room for a content that is about to be fetched, so that `min_free`
/// stays free; see agent/base/min_free.h. It belongs to the thread of the feeder.
class RoomLeft {
 public:
  explicit RoomLeft(RunContext& context);

  enum class Fit {
    kFits,
    kLater,    ///< once the downloads under way have ended
    kNever,    ///< for want of bytes, or because no file on this disk may be so large
    kNoFiles,  ///< for want of files
  };
  /// `reserved` is what the downloads under way may still take. The caller starts what kFits: from
  /// then on it counts. An error is the disk's.
  store::Result<Fit> fit(const Job& job, const Reserved& reserved);

  /// Whether no file on this disk may be so large.
  bool is_too_large(std::uint64_t size_bytes) const { return size_bytes > largest_file_bytes_; }
  /// Why a content is not fetched, for a person. `why` is kNever or kNoFiles.
  std::string why_left_out(std::uint64_t size_bytes, Fit why) const;

 private:
  bool is_roomy(std::uint64_t size_bytes, const Reserved& reserved) const;
  store::Result<Fit> look(const Job& job, const Reserved& reserved);
  store::Result<std::uint64_t> staged_bytes(const Job& job) const;

  RunContext& context_;
  /// What was handed out since the disk was asked for its room.
  struct HandedOut {
    std::uint64_t jobs = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t files = 0;
  };
  std::optional<store::Space> seen_;
  HandedOut since_;
  const std::uint64_t largest_file_bytes_;
};

}  // namespace agent

#include "agent/fetch/room_left.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/units.h"
#include "store/content/filesystem_limits.h"
#include "store/content/staging.h"

namespace agent {
namespace {

// Where that much is free besides, the disk is asked once for so many small archives.
constexpr std::uint64_t kJobsBetweenLooks = 32;
constexpr std::uint64_t kSmallBytes = 1ULL << 20;
constexpr std::uint64_t kPlentyBytes = 1ULL << 30;
constexpr std::uint64_t kPlentyFiles = 10000;

}  // namespace

RoomLeft::RoomLeft(RunContext& context)
    : context_(context),
      largest_file_bytes_(store::largest_file_bytes_of(context.mirror.disk().filesystem_name())) {}

store::Result<RoomLeft::Fit> RoomLeft::fit(const Job& job, const Reserved& reserved) {
  const auto size = job.wanted.upstream.size_bytes;
  if (!is_roomy(size, reserved)) {
    const auto looked = look(job, reserved);
    if (!looked || *looked != Fit::kFits) return looked;
  }
  ++since_.jobs;
  since_.size_bytes += size;
  since_.files += files_of(job.archive_path);
  return Fit::kFits;
}

store::Result<RoomLeft::Fit> RoomLeft::look(const Job& job, const Reserved& reserved) {
  const auto space = context_.mirror.disk().space();
  if (!space) return space.error();
  seen_ = *space;
  since_ = {};
  const auto size = job.wanted.upstream.size_bytes;
  if (size > largest_file_bytes_) return Fit::kNever;
  const Room room{*space, context_.config.disk.min_free_bytes};
  if (!room.has_files(files_of(job.archive_path) + reserved.files))
    return reserved.files > 0 ? Fit::kLater : Fit::kNoFiles;
  const auto needed = size + reserved.size_bytes;
  // A size near 2^64 is the upstream's invention, where the driver can tell what there is.
  if (space->total_bytes > 0 && needed < size) return Fit::kNever;
  if (room.has_bytes(needed)) return Fit::kFits;
  const auto staged = staged_bytes(job);
  if (!staged) return staged.error();
  if (room.has_bytes(needed - *staged)) return Fit::kFits;
  return reserved.size_bytes > 0 ? Fit::kLater : Fit::kNever;
}

// Whether so much was free a moment ago that what has been handed out since makes no difference.
bool RoomLeft::is_roomy(std::uint64_t size_bytes, const Reserved& reserved) const {
  if (!seen_ || seen_->total_bytes == 0 || since_.jobs >= kJobsBetweenLooks) return false;
  if (size_bytes > kSmallBytes) return false;
  const auto spoken_for =
      context_.config.disk.min_free_bytes + reserved.size_bytes + since_.size_bytes + kPlentyBytes;
  const auto files = Room{*seen_}.kept_files() + reserved.files + since_.files + kPlentyFiles;
  return seen_->free_bytes >= spoken_for && (seen_->total_files == 0 || seen_->free_files >= files);
}

store::Result<std::uint64_t> RoomLeft::staged_bytes(const Job& job) const {
  const auto& upstream = job.wanted.upstream;
  return store::collected_bytes(
      context_.mirror.disk(),
      store::staging_path(job.source_name, job.wanted.key, upstream.version_id, upstream.etag,
                          upstream.size_bytes),
      upstream.size_bytes);
}

std::string RoomLeft::why_left_out(std::uint64_t size_bytes, Fit why) const {
  if (why == Fit::kNoFiles) {
    return "not fetched: the disk has room for hardly any more files (a thousandth of them stays "
           "free, as min_free does of the bytes). Set keep rules or remove small files, and format "
           "the next disk with more (mkfs.ext4 -N)";
  }
  if (size_bytes > largest_file_bytes_) {
    return fmt::format(
        "not fetched: it has {}, and a file on this disk ({}) must be smaller than 4 GiB. Copy the "
        "mirror to a disk with ext4 or exFAT, or have the uploader split its archives",
        format_size(size_bytes), context_.mirror.disk().filesystem_name());
  }
  return fmt::format(
      "not fetched: its {} would leave less than min_free = {} on the disk. Make room or use a "
      "larger disk; if it is larger than expected, find out who wrote it",
      format_size(size_bytes), format_size(context_.config.disk.min_free_bytes));
}

}  // namespace agent

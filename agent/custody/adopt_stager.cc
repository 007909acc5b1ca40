#include "agent/custody/adopt_stager.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/min_free.h"
#include "agent/base/units.h"
#include "store/content/filesystem_limits.h"
#include "store/content/key_path.h"
#include "store/disk/aligned_buffer.h"

namespace agent {
namespace {

using What = AdoptStager::Staged::What;
using How = AdoptOptions::How;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

}  // namespace

store::Result<AdoptStager::Staged> AdoptStager::stage(store::File& file,
                                                      const AdoptDirectory::File& found,
                                                      const std::string& path,
                                                      const std::string& archive_path) {
  if (how_ == How::kCopy) return copy(file, found, path, archive_path);
  const auto linked = context_.mirror.staging.link(file, path);
  if (linked) {
    // Whoever wrote it may not have. What fails here is the file's, and condemns it.
    if (auto synced = file.sync(); !synced) {
      if (auto removed = context_.mirror.staging.remove(path); !removed) return removed.error();
      return Staged{What::kFailed, store::describe(synced.error())};
    }
    return Staged{What::kLinked};
  }
  if (linked.error().kind != store::ErrorKind::kNotSupported) return linked.error();
  if (how_ == How::kLink) {
    return Staged{What::kFailed,
                  "it cannot be linked into the mirror: that takes one filesystem with links, and "
                  "a file that holdfast may own; --copy copies it"};
  }
  return copy(file, found, path, archive_path);
}

store::Result<AdoptStager::Staged> AdoptStager::make_ours(store::File& file,
                                                          const AdoptDirectory::File& found,
                                                          const std::string& path,
                                                          const std::string& archive_path) {
  const auto taken = context_.mirror.staging.make_ours(path);
  if (taken) return Staged{What::kLinked};
  if (taken.error().kind != store::ErrorKind::kNotSupported) return taken.error();
  if (how_ != How::kLink) return copy(file, found, path, archive_path);
  if (auto removed = context_.mirror.staging.remove(path); !removed) return removed.error();
  return Staged{What::kFailed,
                "it belongs to another user, and cannot be given to holdfast; --copy copies it"};
}

store::Result<AdoptStager::Staged> AdoptStager::copy(store::File& file,
                                                     const AdoptDirectory::File& found,
                                                     const std::string& path,
                                                     const std::string& archive_path) {
  auto lacking = lacking_room(found.info.size_bytes, archive_path);
  if (!lacking) return lacking.error();
  if (!lacking->empty()) {
    if (auto removed = context_.mirror.staging.remove(path); !removed) return removed.error();
    return Staged{What::kFailed, *std::move(lacking), true};
  }
  auto filled = [&]() -> store::Result<Staged> {
    const auto to = context_.mirror.staging.create(path);
    if (!to) return to.error();
    auto filling = fill(file, **to, found.info.size_bytes);
    if (!filling || filling->what != What::kCopied) return filling;
    if (auto finished = (*to)->finish(); !finished) return finished.error();
    return filling;
  }();
  if (!filled || filled->what == What::kCopied) return filled;
  if (auto removed = context_.mirror.staging.remove(path); !removed) return removed.error();
  return filled;
}

store::Result<AdoptStager::Staged> AdoptStager::fill(store::File& from, store::File& to,
                                                     std::uint64_t size_bytes) {
  const auto buffer = store::make_aligned_buffer(kChunkBytes);
  std::uint64_t done = 0;
  while (done < size_bytes) {
    if (context_.stopping()) return Staged{What::kStopped};
    const auto got = from.read_at(done, {buffer.get(), kChunkBytes});
    if (!got) return Staged{What::kFailed, store::describe(got.error())};
    if (*got == 0) return Staged{What::kFailed, "it became shorter while it was read"};
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(*got, size_bytes - done));
    if (auto written = to.write_at(done, {buffer.get(), count}); !written) return written.error();
    done += count;
  }
  return Staged{What::kCopied};
}

store::Result<std::string> AdoptStager::lacking_room(std::uint64_t size_bytes,
                                                     const std::string& archive_path) {
  auto& disk = context_.mirror.disk();
  if (size_bytes > store::largest_file_bytes_of(disk.filesystem_name())) {
    return fmt::format("a file on the mirror's disk ({}) must be smaller than 4 GiB",
                       disk.filesystem_name());
  }
  const auto space = disk.space();
  if (!space) return space.error();
  const Room room{*space, context_.config.disk.min_free_bytes};
  if (!room.has_files(files_of(archive_path))) {
    return std::string("the mirror's disk has room for hardly any more files");
  }
  if (room.has_bytes(size_bytes)) return std::string();
  return fmt::format("its {} would leave less than min_free = {} on the mirror's disk",
                     format_size(size_bytes), format_size(context_.config.disk.min_free_bytes));
}

}  // namespace agent

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "store/disk/disk.h"

namespace store {

/// The file in which a content is collected before it has a name under archives/. Its name is made
/// from all that identifies the content upstream, so that the next run finds what this one left,
/// and never appends to something else.
std::string staging_path(std::string_view source, std::string_view key, std::string_view version_id,
                         std::string_view etag, std::uint64_t size_bytes);

struct StagedFile {
  std::unique_ptr<File> file;
  std::uint64_t size_bytes = 0;  ///< what an earlier try left; 0 for a new one
};

/// From this size on a content may be collected at several places of its file at once.
inline constexpr std::uint64_t kScatteredBytes = std::uint64_t{32} << 20;

/// How many bytes from its beginning on the staged file holds without a gap, `at_most_bytes` at
/// most; 0 where there is none.
Result<std::uint64_t> collected_bytes(ReadableDisk& disk, const std::string& path,
                                      std::uint64_t at_most_bytes);

/// Where contents are collected. A path that staging_path() cannot have made is kRefusedName, so
/// nothing that is held can be changed through it.
class Staging {
 public:
  explicit Staging(Disk& disk) : disk_(&disk) {}

  /// Opens or creates; makes `.holdfast/staging` when it is not there. A leftover longer than
  /// `at_most_bytes` cannot be the beginning of this content and is emptied.
  Result<StagedFile> open(const std::string& path, std::uint64_t at_most_bytes);

  /// From here on bytes behind a gap may be written to the file, which holds `collected_bytes`
  /// without one: when this succeeds, whoever opens the path after a crash finds no more than
  /// those. Tells it likewise that there are more of them now; sync the file before. For a content
  /// of kScatteredBytes or more. The name of the mark is that of the file with ".ranges".
  Status mark_scattered(const std::string& path, std::uint64_t collected_bytes);

  /// The file has no gap up to `collected_bytes`, and is cut there, durably; the mark is gone.
  Status gather(const std::string& path, File& file, std::uint64_t collected_bytes);

  /// A new, empty file. Whatever has the name loses it and is not written to: it may be another
  /// name of a file that lies elsewhere too.
  Result<std::unique_ptr<File>> create(const std::string& path);

  /// Gives an open file, of this disk or of another one, this name too, as Disk::link_file(), in
  /// the stead of whatever has it.
  Status link(File& file, const std::string& path);

  /// Makes a file that was linked one of ours; see Disk::make_ours().
  Status make_ours(const std::string& path);

  /// On success the content of this file survives a power cut; see File::sync().
  Status sync(const std::string& path);
  /// On success that of every file does; see Disk::sync_filesystem().
  Status sync_all();

  /// Success when it is not there.
  Status remove(const std::string& path);

  /// Removes every staged file for which `keep` (given the path as staging_path() makes it) says
  /// false, with its mark. A missing staging directory is success.
  Status sweep(const std::function<bool(const std::string&)>& keep);

 private:
  Status clear(const std::string& path);

  Disk* disk_;  ///< outlives it
};

}  // namespace store

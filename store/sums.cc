#include "store/sums.h"

#include <fmt/format.h>

#include <iterator>
#include <span>
#include <string>

#include "store/digest.h"

namespace store {

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

// Collects lines, so that a million archives are not a million writes.
class SumsWriter {
 public:
  explicit SumsWriter(File& file) : file_(file) {}

  /// `path`: relative to the disk.
  Status add(const Sha256& sha256, std::string_view path) {
    // No path of ours holds a backslash or a line break, which sha256sum would want escaped.
    fmt::format_to(std::back_inserter(buffer_), "{}  {}\n", to_hex(sha256),
                   path.substr(path.find('/') + 1));
    return buffer_.size() < kBufferBytes ? Status{} : flush();
  }

  Status flush() {
    Status done = file_.write_at(offset_, std::as_bytes(std::span(buffer_)));
    offset_ += buffer_.size();
    buffer_.clear();
    return done;
  }

 private:
  File& file_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
};

Status write_lines(File& file, Ledger& ledger, SourceId source, std::string_view source_name,
                   NameRules rules) {
  SumsWriter writer(file);
  Status written;
  Status visited = ledger.visit_archives(source, [&](const Archive& archive) {
    written =
        writer.add(archive.sha256, archive_path(source_name, archive.key, rules, archive.variant));
    return written.has_value();
  });
  if (visited && written) {
    visited = ledger.visit_generations(source, [&](const Generation& generation) {
      written = writer.add(generation.sha256, generation.path);
      return written.has_value();
    });
  }
  if (!visited) return visited;
  if (!written) return written;
  written = writer.flush();
  if (!written) return written;
  return file.sync();
}

Status remove_sums(Disk& disk, const std::string& path, std::string_view source_name) {
  const Result<std::optional<FileInfo>> existing = disk.stat(path);
  if (!existing) return tl::unexpected(existing.error());
  if (!existing->has_value()) return {};
  Status done = disk.remove_file(path);
  if (!done) return done;
  return disk.sync_directory(source_name);
}

}  // namespace

Status write_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                  NameRules rules) {
  const std::string path = sums_path(source_name);
  const Result<Totals> totals = ledger.totals(source);
  if (!totals) return tl::unexpected(totals.error());
  if (totals->archives + totals->superseded + totals->quarantined == 0)
    return remove_sums(disk, path, source_name);

  const std::string unfinished = path + ".new";
  // What a run that was cut off left may be without write permission.
  Status done = disk.remove_file(unfinished);
  if (!done) return done;
  const Result<std::unique_ptr<File>> file = disk.open(unfinished, OpenMode::kCreateNew);
  if (!file) return tl::unexpected(file.error());
  done = write_lines(**file, ledger, source, source_name, rules);
  if (!done) return done;
  done = disk.set_finished(unfinished, true);
  if (!done) return done;
  done = disk.rename_replace(unfinished, path);
  if (!done) return done;
  return disk.sync_directory(source_name);
}

}  // namespace store

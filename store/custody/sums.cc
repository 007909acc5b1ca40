#include "store/custody/sums.h"

#include <fmt/format.h>

#include <string>

#include "store/content/digest.h"
#include "store/disk/line_writer.h"
#include "store/ledger/ledger_writer.h"

namespace store {

namespace {

/// `path`: relative to the disk. No path of ours holds a backslash or a line break, which sha256sum
/// would want escaped.
std::string line_of(const Sha256& sha256, std::string_view path) {
  return fmt::format("{}  {}\n", to_hex(sha256), path.substr(path.find('/') + 1));
}

Status write_lines(File& file, Ledger& ledger, SourceId source, std::string_view source_name,
                   NameRules rules) {
  LineWriter writer(file);
  Status written;
  Status visited = ledger.visit_archives(source, [&](const Archive& archive) {
    written = writer.add(
        line_of(archive.sha256, archive_path(source_name, archive.key, rules, archive.variant)));
    return written.has_value();
  });
  if (visited && written) {
    visited = ledger.visit_generations(source, [&](const Generation& generation) {
      written = writer.add(line_of(generation.sha256, generation.path));
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
  if (!existing) return existing.error();
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
  if (!totals) return totals.error();
  if (totals->archives + totals->superseded + totals->quarantined == 0)
    return remove_sums(disk, path, source_name);

  const std::string unfinished = path + ".new";
  // What a run that was cut off left may be without write permission.
  Status done = disk.remove_file(unfinished);
  if (!done) return done;
  const Result<std::unique_ptr<File>> file = disk.open(unfinished, OpenMode::kCreateNew);
  if (!file) return file.error();
  done = write_lines(**file, ledger, source, source_name, rules);
  if (!done) return done;
  done = disk.set_finished(unfinished, true);
  if (!done) return done;
  done = disk.rename_replace(unfinished, path);
  if (!done) return done;
  return disk.sync_directory(source_name);
}

Status refresh_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                    NameRules rules) {
  const Result<Totals> totals = ledger.totals(source);
  if (!totals) return totals.error();
  if (!totals->sums_stale) return {};
  Status written = write_sums(disk, ledger, source, source_name, rules);
  return written ? LedgerWriter(ledger).mark_sums_written(source) : written;
}

}  // namespace store

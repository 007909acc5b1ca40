#include "store/custody/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
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

// In the order of the file, until `visit` returns false.
Status visit_lines(Ledger& ledger, SourceId source, std::string_view source_name, NameRules rules,
                   const std::function<bool(const std::string&)>& visit) {
  bool goes_on = true;
  Status visited = ledger.visit_archives(source, [&](const Archive& archive) {
    goes_on = visit(
        line_of(archive.sha256, archive_path(source_name, archive.key, rules, archive.variant)));
    return goes_on;
  });
  if (!visited || !goes_on) return visited;
  return ledger.visit_generations(source, [&](const Generation& generation) {
    return visit(line_of(generation.sha256, generation.path));
  });
}

Status write_lines(File& file, Ledger& ledger, SourceId source, std::string_view source_name,
                   NameRules rules) {
  LineWriter writer(file);
  Status written;
  Status visited = visit_lines(ledger, source, source_name, rules, [&](const std::string& line) {
    written = writer.add(line);
    return written.has_value();
  });
  if (!visited) return visited;
  if (!written) return written;
  written = writer.flush();
  if (!written) return written;
  return file.sync();
}

/// Compares a file with lines that come one after the other.
class Comparison {
 public:
  explicit Comparison(File& file) : file_(file), buffer_(kBufferBytes, '\0') {}

  /// Whether the file goes on like this.
  bool goes_on_with(std::string_view line) {
    while (!line.empty()) {
      const std::string_view rest = what_is_next();
      const std::size_t length = std::min(line.size(), rest.size());
      if (length == 0 || rest.substr(0, length) != line.substr(0, length)) return false;
      line.remove_prefix(length);
      at_ += length;
    }
    return true;
  }
  bool is_at_end() { return what_is_next().empty() && can_be_read_; }

 private:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  // Empty at the end of the file, and where it cannot be read.
  std::string_view what_is_next() {
    if (at_ == filled_) {
      const Result<std::size_t> got =
          file_.read_at(offset_, std::as_writable_bytes(std::span(buffer_)));
      can_be_read_ = got.has_value();
      at_ = 0;
      filled_ = got.value_or(0);
      offset_ += filled_;
    }
    return std::string_view(buffer_).substr(at_, filled_ - at_);
  }

  File& file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;
  bool can_be_read_ = true;
};

bool holds_anything(const Totals& totals) {
  return totals.archives + totals.superseded + totals.quarantined > 0;
}

// What is remembered of the file, under its path.
constexpr std::string_view kSizeFact = "bytes";

enum class Length {
  kAsWritten,
  kUnknown,  ///< a holdfast wrote it that did not remember how long it was
  kOther,    ///< also of a file that is not there
};

Result<Length> length_of(Disk& disk, Ledger& ledger, const std::string& path) {
  const Result<std::optional<FileInfo>> found = disk.stat(path);
  if (!found) return found.error();
  if (!found->has_value()) return Length::kOther;
  const Result<std::optional<std::string>> written = ledger.endpoint_fact(path, kSizeFact);
  if (!written) return written.error();
  if (!written->has_value()) return Length::kUnknown;
  return *written == std::to_string((*found)->size_bytes) ? Length::kAsWritten : Length::kOther;
}

Status note_written(Disk& disk, Ledger& ledger, SourceId source, const std::string& path) {
  const Result<std::optional<FileInfo>> found = disk.stat(path);
  if (!found) return found.error();
  const std::uint64_t size_bytes = *found ? (*found)->size_bytes : 0;
  return ledger.at_once([&]() -> Status {
    Status noted = ledger.set_endpoint_fact(path, kSizeFact, std::to_string(size_bytes));
    return noted ? LedgerWriter(ledger).mark_sums_written(source) : noted;
  });
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
  if (!holds_anything(*totals)) return remove_sums(disk, path, source_name);

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

Result<bool> sums_are_right(ReadableDisk& disk, Ledger& ledger, SourceId source,
                            std::string_view source_name, NameRules rules) {
  const Result<std::unique_ptr<File>> file = disk.open_to_read(sums_path(source_name));
  if (!file) {
    const Result<Totals> totals = ledger.totals(source);
    if (!totals) return totals.error();
    return file.error().kind == ErrorKind::kNotFound && !holds_anything(*totals);
  }
  Comparison comparison(**file);
  bool same = true;
  const Status visited =
      visit_lines(ledger, source, source_name, rules, [&](const std::string& line) {
        same = comparison.goes_on_with(line);
        return same;
      });
  if (!visited) return visited.error();
  return same && comparison.is_at_end();
}

Result<bool> refresh_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                          NameRules rules) {
  const std::string path = sums_path(source_name);
  const Result<Totals> totals = ledger.totals(source);
  if (!totals) return totals.error();
  bool lost = false;
  if (!totals->sums_stale) {
    if (!holds_anything(*totals)) return false;
    const Result<Length> length = length_of(disk, ledger, path);
    if (!length) return length.error();
    if (*length == Length::kAsWritten) return false;
    lost = *length == Length::kOther;
  }
  Status done = write_sums(disk, ledger, source, source_name, rules);
  if (done) done = note_written(disk, ledger, source, path);
  if (!done) return done.error();
  return lost;
}

Result<bool> restore_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                          NameRules rules) {
  const Result<bool> lost = refresh_sums(disk, ledger, source, source_name, rules);
  if (!lost || *lost) return lost;
  const Result<bool> right = sums_are_right(disk, ledger, source, source_name, rules);
  if (!right) return right.error();
  if (*right) return false;
  Status done = write_sums(disk, ledger, source, source_name, rules);
  if (done) done = note_written(disk, ledger, source, sums_path(source_name));
  if (!done) return done.error();
  return true;
}

}  // namespace store

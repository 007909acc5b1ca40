#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "store/content/digest.h"
#include "store/content/disk_marker.h"
#include "store/custody/failing_disk.h"
#include "store/custody/mirror_steps.h"
#include "store/disk/posix_priority.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::size_t kBatchContents = 64;
// What is read again after a crash.
constexpr std::uint64_t kBatchBytes = std::uint64_t{256} << 20;

Reading finding(const Holding& holding, std::string path, Finding what, std::string detail) {
  return {holding, std::move(path), what, std::move(detail)};
}

// A name that is not there is only news of the content as long as the disk is there.
Result<Reading> missing(Disk& disk, const Holding& holding, std::string path, std::string detail) {
  const auto marker = read_marker(disk);
  if (marker && *marker) {
    return finding(holding, std::move(path), Finding::kMissing, std::move(detail));
  }
  return Error{ErrorKind::kIo, 0, std::move(path), "the disk is no longer there"};
}

class Pass {
 public:
  Pass(Disk& disk, Ledger& ledger, const ScrubPass& request)
      : disk_(disk), ledger_(ledger), request_(request) {}

  Result<ScrubTotals> run() {
    const IdlePriority idle;
    const auto stamp = ledger_.stamp_of_pass(request_.source, request_.now);
    if (!stamp) return stamp.error();
    stamp_ = *stamp;
    while (!ended_) {
      const auto page = ledger_.longest_unread(request_.source, request_.generations, stamp_,
                                               last_ ? &*last_ : nullptr, kBatchContents);
      if (!page) return page.error();
      if (page->empty()) break;
      for (const auto& holding : *page) {
        if (ended_ || (request_.wanted && !request_.wanted(holding))) {
          ended_ = true;
          break;
        }
        if (auto looked = look_at(holding); !looked) return looked.error();
        last_ = holding;
      }
      if (auto recorded = record(); !recorded) return recorded.error();
    }
    return totals_;
  }

 private:
  Status look_at(const Holding& holding) {
    auto ends = request_.ends;
    auto reading =
        read_again(disk_, holding, path_of(holding, request_.source_name, request_.rules),
                   request_.keep_going, request_.looked ? &ends : nullptr);
    if (!reading && reading.error().kind == ErrorKind::kBusy) {
      totals_.interrupted = true;
      ended_ = true;
      return {};
    }
    if (!reading) {
      if (auto recorded = record(); !recorded) return recorded;
      return reading.error();
    }
    note(*reading);
    if (request_.looked && reading->finding == Finding::kRight) request_.looked(holding, ends);
    // What was known to be damaged says nothing of the disk.
    if (!reading->cannot_be_read) unreadable_in_a_row_ = 0;
    if (reading->cannot_be_read && !holding.damaged) ++unreadable_in_a_row_;
    readings_.push_back(*std::move(reading));
    if (unreadable_in_a_row_ >= kUnreadableInARow) {
      if (auto recorded = record(); !recorded) return recorded;
      return Error{ErrorKind::kIo, 0, "",
                   fmt::format("{} archives in a row cannot be read", kUnreadableInARow)};
    }
    return unrecorded_bytes_ < kBatchBytes ? Status{} : record();
  }

  void note(const Reading& reading) {
    ++totals_.contents;
    if (reading.finding == Finding::kCorrupt) ++totals_.corrupt;
    if (reading.finding == Finding::kMissing) ++totals_.missing;
    const auto bytes = reading.finding == Finding::kRight ? reading.holding.size_bytes : 0;
    totals_.bytes += bytes;
    unrecorded_bytes_ += bytes;
    if (request_.progress) request_.progress(totals_.bytes);
  }

  Status record() {
    Result<std::vector<bool>> news = std::vector<bool>(readings_.size(), true);
    if (request_.record) {
      news = LedgerWriter(ledger_).record_readings(request_.source, readings_, stamp_,
                                                   request_.message);
    }
    if (!news) return news.error();
    for (std::size_t i = 0; i < readings_.size(); ++i) {
      const bool right = readings_[i].finding == Finding::kRight;
      const bool told = !right || (request_.record && (*news)[i]);
      if (told && request_.found) request_.found(readings_[i], (*news)[i]);
    }
    readings_.clear();
    unrecorded_bytes_ = 0;
    return {};
  }

  Disk& disk_;
  Ledger& ledger_;
  const ScrubPass& request_;
  Time stamp_{};
  ScrubTotals totals_;
  std::optional<Holding> last_;
  std::vector<Reading> readings_;
  std::uint64_t unrecorded_bytes_ = 0;
  int unreadable_in_a_row_ = 0;
  bool ended_ = false;
};

Reading cannot_be_read(const Holding& holding, std::string path, const Error& error) {
  auto reading = finding(holding, std::move(path), Finding::kCorrupt, describe(error));
  reading.cannot_be_read = true;
  return reading;
}

}  // namespace

std::string path_of(const Holding& holding, std::string_view source_name, NameRules rules) {
  return holding.generation_path.empty()
             ? archive_path(source_name, holding.key, rules, holding.variant)
             : holding.generation_path;
}

Result<Reading> read_again(Disk& disk, const Holding& holding, std::string path,
                           const std::function<bool()>& keep_going, FileEnds* ends) {
  const auto file = disk.open(path, OpenMode::kReadBack);
  if (!file && file.error().kind == ErrorKind::kNotFound) {
    return missing(disk, holding, std::move(path), "it is not there");
  }
  if (!file && file.error().kind == ErrorKind::kExists) {
    return missing(disk, holding, std::move(path), "something that is not a file has its name");
  }
  if (!file) return cannot_be_read(holding, std::move(path), file.error());
  const auto size_bytes = (*file)->size();
  if (!size_bytes) return cannot_be_read(holding, std::move(path), size_bytes.error());
  if (*size_bytes != holding.size_bytes) {
    return finding(holding, std::move(path), Finding::kCorrupt,
                   fmt::format("it has {} bytes, and had {}", *size_bytes, holding.size_bytes));
  }
  const auto digests = digest_file(**file, {{Algorithm::kSha256, {}}}, keep_going, ends);
  if (!digests && digests.error().kind == ErrorKind::kBusy) {
    return digests.error();
  }
  if (!digests) return cannot_be_read(holding, std::move(path), digests.error());
  const bool right = std::ranges::equal(digests->digests.front(), holding.sha256);
  return finding(holding, std::move(path), right ? Finding::kRight : Finding::kCorrupt,
                 right ? "" : "its bytes are no longer those that were recorded");
}

Result<ScrubTotals> scrub(Disk& disk, Ledger& ledger, const ScrubPass& pass) {
  return Pass(disk, ledger, pass).run();
}

}  // namespace store

#include "agent/custody/drill_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/min_free.h"
#include "agent/base/printable.h"
#include "agent/custody/restore_copy.h"
#include "agent/custody/restore_selection.h"
#include "store/content/filesystem_limits.h"

namespace agent {
namespace {

constexpr std::size_t kListBuffer = std::size_t{1} << 16;

const SourceConfig& source_of(const Config& config, const DrillConfig& drill) {
  return *std::find_if(config.sources.begin(), config.sources.end(),
                       [&](const SourceConfig& one) { return one.name == drill.source; });
}

// The names of what was restored: they have no line end in them.
class List {
 public:
  explicit List(store::File& file) : file_(file) {}

  store::Status add(const std::string& path) {
    text_ += path + "\n";
    return text_.size() < kListBuffer ? store::Status{} : flush();
  }
  store::Status flush() {
    auto written = file_.write_at(offset_, std::as_bytes(std::span(text_)));
    offset_ += text_.size();
    text_.clear();
    return written;
  }

 private:
  store::File& file_;
  std::string text_;
  std::uint64_t offset_ = 0;
};

class SetRestore {
 public:
  SetRestore(Mirror& mirror, const Config& config, const DrillConfig& drill,
             const Environment& environment, store::Disk& target)
      : mirror_(mirror),
        config_(config),
        drill_(drill),
        environment_(environment),
        target_(target),
        copy_(
            mirror.disk(), target, "", [this] { return may_go_on(); }, [](std::uint64_t) {}) {}

  store::Result<DrillRestored> run(List& list) {
    const auto id = mirror_.ledger.find_source(drill_.source);
    if (!id) return id.error();
    source_.id = id->value_or(0);
    if (source_.id == 0) {
      restored_.complaint = fmt::format("nothing is held of {} yet", drill_.source);
      return restored_;
    }
    const auto& series = source_of(config_, drill_).series;
    auto review = mirror_.ledger.begin_review(
        source_.id, [&](std::string_view key) { return series.place(key); });
    if (!review) return review.error();
    auto chosen = choose_drill_set(*review, drill_);
    if (!chosen) return chosen.error();
    if (!*chosen) {
      restored_.complaint = chosen->error();
      return restored_;
    }
    restored_.set = **chosen;
    if (!has_room(restored_.set.size_bytes, restored_.set.archives)) return restored_;
    store::Status done;
    const auto visited = review->visit([&](const store::Candidate& candidate) {
      if (!candidate.is_trusted() || candidate.set.id != restored_.set.id) return true;
      done = restore(candidate.key, list);
      return done && restored_.complaint.empty() && !restored_.interrupted;
    });
    if (!visited || !done) return visited ? done.error() : visited.error();
    if (auto flushed = list.flush(); !flushed) target_failed(flushed.error());
    return restored_;
  }

 private:
  store::Status restore(const std::string& key, List& list) {
    RestoreOptions options;
    options.source = drill_.source;
    options.pattern = key;
    const bool portable =
        store::name_rules_of(target_.filesystem_name()) == store::NameRules::kPortable;
    RestoreSelection selection(source_, options,
                               portable ? store::NameRules::kPortable : mirror_.rules);
    return selection.visit([&](const Restorable& content) {
      const auto restored = copy_.restore(content);
      if (!restored) {
        target_failed(restored.error());
      } else if (note(content, *restored)) {
        if (auto listed = list.add(content.to_path); !listed) target_failed(listed.error());
      }
      return false;
    });
  }

  void target_failed(const store::Error& error) {
    restored_.complaint = fmt::format("the scratch directory: {}", store::describe(error));
  }

  bool note(const Restorable& content, const Restored& restored) {
    using What = Restored::What;
    const auto key = printable_name(content.key);
    switch (restored.what) {
      case What::kCopied:
      case What::kThere:
        return true;
      case What::kStopped:
        restored_.interrupted = restored_.complaint.empty();
        return false;
      case What::kInTheWay:
        restored_.complaint = fmt::format("{} cannot be restored: {}", key, restored.detail);
        return false;
      case What::kDamaged:
        restored_.complaint = fmt::format("{} is damaged on the mirror: {}", key, restored.detail);
        return false;
      case What::kMirrorGone:
        restored_.complaint = "the mirror is no longer there: look at its cable";
        return false;
    }
    return false;
  }

  // Between chunks.
  bool may_go_on() { return !environment_.stop.load() && has_room(0, 0); }

  bool has_room(std::uint64_t size_bytes, std::uint64_t files) {
    const auto space = target_.space();
    if (!space) return true;
    const Room room{*space, config_.disk.min_free_bytes};
    if (room.has_bytes(size_bytes) && room.has_files(files)) return true;
    restored_.complaint = fmt::format(
        "there is no room for it where the scratch directory is: {} free, it needs {}, and "
        "\"min_free\" keeps {}; name another disk's directory in \"scratch\", or make room",
        format_size(space->free_bytes), format_size(restored_.set.size_bytes),
        format_size(config_.disk.min_free_bytes));
    return false;
  }

  Mirror& mirror_;
  const Config& config_;
  const DrillConfig& drill_;
  const Environment& environment_;
  store::Disk& target_;
  SourceMirror source_{mirror_, drill_.source};
  RestoreCopy copy_;
  DrillRestored restored_;
};

}  // namespace

store::Result<DrillRestored> restore_for_drill(Mirror& mirror, const Config& config,
                                               const DrillConfig& drill,
                                               const Environment& environment,
                                               store::Scratch& scratch) {
  const auto failed = [](const store::Error& error) {
    DrillRestored restored;
    restored.complaint = fmt::format("the scratch directory: {}", store::describe(error));
    return restored;
  };
  const auto target = environment.open_disk(scratch.restored());
  if (!target) return failed(target.error());
  const auto scratch_disk = environment.open_disk(scratch.path());
  if (!scratch_disk) return failed(scratch_disk.error());
  const auto file = (*scratch_disk)->open("files", store::OpenMode::kCreateNew);
  if (!file) return failed(file.error());
  List list(**file);
  return SetRestore(mirror, config, drill, environment, **target).run(list);
}

}  // namespace agent

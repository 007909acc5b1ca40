#include "agent/commands/verify_open.h"

#include <fmt/format.h>

#include <atomic>
#include <optional>

#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/base/units.h"
#include "agent/custody/full_walk.h"
#include "agent/report/progress.h"
#include "agent/report/pull_status.h"

namespace agent {
namespace {

using Cause = WalkAnswer::Cause;
using Verdict = WalkAnswer::Verdict;

struct Opened {
  std::uint64_t contents = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sound = 0;
  std::uint64_t unsound = 0;
  std::uint64_t unknown = 0;    ///< their form is none that can be opened
  std::uint64_t undecided = 0;  ///< and of these it is
  bool unable = false;
  bool interrupted = false;
};

class OpenRun {
 public:
  OpenRun(const VerifyOptions& options, const Environment& environment, Mirror& mirror,
          const SourceConfig& source, store::SourceId id, bool read_only,
          std::uint64_t& taken_bytes)
      : options_(options),
        environment_(environment),
        mirror_(mirror),
        source_(source),
        id_(id),
        taken_bytes_(taken_bytes),
        walk_(environment, mirror, source, id, !read_only) {}

  store::Result<Opened> run() {
    const auto totals = mirror_.ledger.totals(id_);
    if (!totals) return totals.error();
    const auto progress = make_progress(environment_, [this, all = *totals] {
      ProgressFigures figures;
      figures.archives_total = all.archives;
      figures.total_bytes = all.size_bytes;
      figures.archives = contents_.load();
      figures.size_bytes = bytes_.load();
      figures.at_work = at_work_.get();
      return figures;
    });
    auto walked = options_.budget_bytes ? walk_waiting() : walk_all();
    if (!walked) return walked.error();
    if (auto flushed = walk_.flush(); !flushed) return flushed.error();
    return opened_;
  }

 private:
  store::Status walk_all() {
    store::Status done;
    auto visited = mirror_.ledger.visit_archives(id_, [&](const store::Archive& archive) {
      done = walk(archive);
      return done && goes_on();
    });
    return done ? visited : done;
  }

  store::Status walk_waiting() {
    constexpr std::size_t kPage = 256;
    std::optional<store::WalkView::Waiting> last;
    while (true) {
      const auto page = mirror_.ledger.waiting_for_walk(id_, last ? &*last : nullptr, kPage);
      if (!page) return page.error();
      for (const auto& one : *page) {
        const auto held = mirror_.ledger.find(id_, one.key);
        if (!held) return held.error();
        if (!*held) continue;
        if (auto done = walk(**held); !done) return done;
        if (!goes_on()) return {};
      }
      if (page->size() < kPage) return {};
      last = page->back();
    }
  }

  bool goes_on() const { return !opened_.interrupted && !opened_.unable && !is_spent_; }

  store::Status walk(const store::Archive& archive) {
    const auto size = archive.upstream.size_bytes;
    is_spent_ =
        options_.budget_bytes && taken_bytes_ > 0 && taken_bytes_ + size > *options_.budget_bytes;
    if (is_spent_) return {};
    at_work_.set(archive.key);
    const auto answer = walk_.walk(archive, environment_.clock.now_s(), environment_.stop);
    if (!answer) return answer.error();
    opened_.interrupted = answer->cause == Cause::kHalted;
    opened_.unable = answer->cause == Cause::kUnable;
    tell(archive.key, *answer);
    if (!goes_on()) return {};
    taken_bytes_ += size;
    opened_.bytes += size;
    ++opened_.contents;
    ++contents_;
    bytes_ = opened_.bytes;
    return {};
  }

  void tell(const std::string& key, const WalkAnswer& answer) {
    if (answer.verdict == Verdict::kSound) {
      ++opened_.sound;
    } else if (answer.verdict == Verdict::kUnsound) {
      ++opened_.unsound;
      environment_.log.error(
          {source_.name, key,
           fmt::format("it is not a sound backup: {}; look at the job that makes "
                       "it, and restore an earlier one if you need it",
                       answer.why)});
    } else if (answer.cause == Cause::kUnknown) {
      ++opened_.unknown;
    } else if (answer.cause == Cause::kUnable) {
      environment_.log.error({source_.name, "", fmt::format("nothing was opened: {}", answer.why)});
    } else if (answer.cause != Cause::kHalted) {
      ++opened_.undecided;
      environment_.log.warning(
          {source_.name, key, fmt::format("it is not judged: {}", answer.why)});
    }
  }

  const VerifyOptions& options_;
  const Environment& environment_;
  Mirror& mirror_;
  const SourceConfig& source_;
  const store::SourceId id_;
  std::uint64_t& taken_bytes_;
  SourceWalk walk_;
  Opened opened_;
  bool is_spent_ = false;
  AtWork at_work_;
  std::atomic<std::uint64_t> contents_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

std::string text_of(const std::string& source, const Opened& opened) {
  auto text = fmt::format("{}: {} opened ({}); {} sound, {} unsound", source,
                          counted(opened.contents, "archive", "archives"),
                          format_size(opened.bytes), opened.sound, opened.unsound);
  if (opened.undecided > 0) text += fmt::format(", {} not judged", opened.undecided);
  if (opened.unknown > 0) {
    text += fmt::format(", {} of a form that cannot be opened", opened.unknown);
  }
  return opened.interrupted ? text + "; it was interrupted" : text;
}

std::string json_of(const std::string& source, const Opened& opened) {
  return json_line({{"source", source},
                    {"contents", opened.contents},
                    {"bytes", opened.bytes},
                    {"sound", opened.sound},
                    {"unsound", opened.unsound},
                    {"not_judged", opened.undecided},
                    {"unknown", opened.unknown},
                    {"interrupted", opened.interrupted}});
}

ExitStatus status_of(const Opened& opened) {
  if (opened.interrupted || opened.unable) return ExitStatus::kIncomplete;
  return opened.unsound > 0 ? ExitStatus::kAlarm : ExitStatus::kOk;
}

}  // namespace

ExitStatus verify_open(const Config& config, const VerifyOptions& options,
                       const Environment& environment, Mirror& mirror, bool read_only,
                       const std::vector<const SourceConfig*>& sources, const Print& print) {
  auto status = ExitStatus::kOk;
  std::uint64_t taken_bytes = 0;
  for (const auto* source : sources) {
    const auto id = mirror.ledger.find_source(source->name);
    store::Result<Opened> opened = Opened{};
    if (!id) opened = tl::unexpected(id.error());
    if (id && *id) {
      opened = OpenRun(options, environment, mirror, *source, **id, read_only, taken_bytes).run();
    }
    if (!opened) {
      return graver(status, log_failure(environment.log, source->name, opened.error()));
    }
    status = graver(status, status_of(*opened));
    if (options.json) {
      print(json_of(source->name, *opened));
    } else if (environment.reads_stdout || status_of(*opened) != ExitStatus::kOk) {
      print(text_of(source->name, *opened));
    }
    if (id && *id && !read_only) {
      refresh_status_file(config, environment, mirror.ledger, **id, source->name);
    }
    if (opened->interrupted || opened->unable) break;
  }
  return status;
}

}  // namespace agent

#include "agent/commands/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/base/min_free.h"
#include "agent/fetch/get_trial.h"
#include "agent/fetch/workers.h"
#include "agent/listing/list_phase.h"
#include "agent/listing/listing_memory.h"
#include "agent/run/sources.h"
#include "store/content/filesystem_limits.h"
#include "store/content/key_path.h"

namespace agent {
namespace {

std::string line_of(const SourceRun& source, const store::Pending& wanted, bool json) {
  if (!json) {
    return fmt::format("{}: would fetch {} ({})", source.config->name, printable_name(wanted.key),
                       format_size(wanted.upstream.size_bytes));
  }
  return json_line({{"source", source.config->name},
                    {"key", JsonValue::of_key(wanted.key)},
                    {"size", wanted.upstream.size_bytes},
                    {"last_modified", format_time(wanted.last_modified)}});
}

// What a pull would come to. What does not fit is found in the order in which a pull fetches, but
// for several sources, which take turns there.
class Total {
 public:
  static store::Result<Total> begin(const RunContext& context) {
    const auto space = context.mirror.disk().space();
    if (!space) return space.error();
    Total total;
    total.largest_file_bytes_ =
        store::largest_file_bytes_of(context.mirror.disk().filesystem_name());
    total.free_bytes_ = space->free_bytes;
    total.bytes_per_second_ = context.board.snapshot().bytes_per_second;
    total.min_free_bytes_ = context.config.disk.min_free_bytes;
    total.room_is_known_ = space->total_bytes > 0;
    const Room room{*space, 0};
    total.room_files_ = space->total_files == 0 ? std::numeric_limits<std::uint64_t>::max()
                        : room.has_files(1)     ? space->free_files - room.kept_files()
                                                : 0;
    total.room_bytes_ = !total.room_is_known_ ? std::numeric_limits<std::uint64_t>::max()
                        : space->free_bytes > total.min_free_bytes_
                            ? space->free_bytes - total.min_free_bytes_
                            : 0;
    return total;
  }

  void add(const store::Pending& wanted) {
    const auto size = wanted.upstream.size_bytes;
    ++archives_;
    bytes_ += size;
    if (room_files_ == 0) {
      ++left_out_;
      left_out_bytes_ += size;
      lacks_files_ = true;
    } else if (size <= largest_file_bytes_ && size <= room_bytes_) {
      room_bytes_ -= size;
      --room_files_;
    } else {
      ++left_out_;
      left_out_bytes_ += size;
    }
  }
  void add_requests(std::uint64_t listing) { listing_requests_ += listing; }
  void add_proof(const std::string& source) { readable_.push_back(source); }

  std::string line(bool json) const { return json ? json_form() : text(); }

 private:
  // One GET each; what has to be asked besides is known only then.
  std::uint64_t requests() const { return listing_requests_ + archives_ - left_out_; }

  std::string text() const {
    return fmt::format("in all: {} to fetch ({}), about {}{}; {}",
                       counted(archives_, "archive", "archives"), format_size(bytes_),
                       counted(requests(), "request", "requests"), how_long(), what_fits());
  }
  std::string how_long() const {
    if (bytes_per_second_ == 0 || bytes_ == 0) return "";
    const auto seconds = std::max<std::uint64_t>(bytes_ / bytes_per_second_, 1);
    return fmt::format(" and {} at the last rate ({} a second)",
                       format_duration(std::chrono::seconds(seconds)),
                       format_size(bytes_per_second_));
  }
  std::string what_fits() const {
    // Some drivers cannot tell.
    if (!room_is_known_) return "the disk does not tell how much room it has";
    const auto room = fmt::format("{} free, of which {} are kept free (min_free){}",
                                  format_size(free_bytes_), format_size(min_free_bytes_),
                                  lacks_files_ ? "; the disk takes no more files" : "");
    if (left_out_ == 0) return fmt::format("it fits ({})", room);
    return fmt::format("{} ({}) would not fit ({})", counted(left_out_, "archive", "archives"),
                       format_size(left_out_bytes_), room);
  }
  std::string json_form() const {
    return json_line({{"archives", archives_},
                      {"bytes", bytes_},
                      {"requests", requests()},
                      {"bytes_per_second", bytes_per_second_},
                      {"not_fitting", left_out_},
                      {"not_fitting_bytes", left_out_bytes_},
                      {"free_bytes", free_bytes_},
                      {"readable", readable_}});
  }

  std::uint64_t largest_file_bytes_ = 0;
  std::uint64_t free_bytes_ = 0;
  std::uint64_t min_free_bytes_ = 0;
  std::uint64_t room_bytes_ = 0;
  std::uint64_t room_files_ = 0;
  bool room_is_known_ = true;
  bool lacks_files_ = false;
  std::uint64_t archives_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t left_out_ = 0;
  std::uint64_t left_out_bytes_ = 0;
  std::uint64_t listing_requests_ = 0;
  std::uint64_t bytes_per_second_ = 0;
  std::vector<std::string> readable_;
};

class DryRun {
 public:
  DryRun(RunContext& context, const PullOptions& options,
         const std::function<void(const std::string&)>& print, Total total)
      : context_(context),
        options_(options),
        print_(print),
        total_(std::move(total)),
        lane_(context),
        retrier_(context.config.agent.retries, context.environment.clock, context.environment.stop,
                 context.environment.seed) {}

  ExitStatus run() {
    auto status = ExitStatus::kOk;
    for (std::size_t i = 0; i < context_.sources.size() && !context_.stopping(); ++i) {
      auto& source = context_.sources[i];
      if (const auto looked = look_at(source, i); !looked) {
        return graver(status, log_failure(context_.environment.log, "", looked.error()));
      }
      context_.tell_rest(source);
      status = graver(status, source.status);
    }
    if (context_.stopping()) return graver(status, ExitStatus::kIncomplete);
    print_(total_.line(options_.json));
    return status;
  }

 private:
  store::Status look_at(SourceRun& source, std::size_t index) {
    if (!source.config->enabled) return {};
    auto session = open_session(*source.config, context_.environment);
    if (!session) {
      context_.report(source, "", session.error().message);
      context_.fail_source(source, status_of(session.error()));
      return {};
    }
    source.session = std::move(*session);
    const auto id = context_.mirror.ledger.find_source(source.config->name);
    if (!id) return id.error();
    // A source that was never pulled has no id yet, and nothing is held under 0.
    source.id = id->value_or(0);
    if (auto recalled = recall_listing(context_, source); !recalled) return recalled;
    auto& client = lane_.client(index);
    TrialChoice choice;
    auto listed = list_source(context_, source, client, retrier_, [&](store::Ledger::Plan& plan) {
      return plan.visit_wanted([&](const store::Pending& wanted) {
        print_(line_of(source, wanted, options_.json));
        total_.add(wanted);
        choice.offer(wanted);
        return !context_.stopping();
      });
    });
    if (!listed) return listed;
    total_.add_requests(source.session->requests());
    if (!choice.best().empty() && !context_.stopping()) prove(source, client, choice);
    return {};
  }

  void prove(SourceRun& source, s3::Client& client, const TrialChoice& choice) {
    const auto trial =
        try_get(choice.best(), client, *source.session, retrier_, context_.environment.stop);
    if (!trial.error) {
      total_.add_proof(source.config->name);
      if (!options_.json) {
        print_(fmt::format("{}: can be read, as {} was", source.config->name,
                           printable_name(trial.key)));
      }
      return;
    }
    // What a pull counts, and tells of, is no fault of the set-up.
    if (meaning_of(*trial.error) != FailureMeaning::kArchived) {
      context_.fail_source(source, status_of(*trial.error));
    }
    context_.report(source, trial.key, explain(*trial.error, "s3:GetObject"));
  }

  RunContext& context_;
  const PullOptions& options_;
  const std::function<void(const std::string&)>& print_;
  Total total_;
  Lane lane_;
  Retrier retrier_;
};

}  // namespace

ExitStatus dry_run(RunContext& context, const PullOptions& options,
                   const std::function<void(const std::string&)>& print) {
  auto total = Total::begin(context);
  if (!total) {
    return log_failure(context.environment.log, "", total.error());
  }
  return DryRun(context, options, print, std::move(*total)).run();
}

}  // namespace agent

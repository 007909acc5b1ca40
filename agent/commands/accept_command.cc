#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/key_pattern.h"
#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/report/pull_status.h"
#include "agent/run/generation_choice.h"
#include "agent/run/source_command.h"
#include "store/content/digest.h"
#include "store/content/duplicate.h"
#include "store/content/path_check.h"

namespace agent {
namespace {

Result<std::optional<store::Generation>> newest_in_quarantine(
    const std::vector<store::Generation>& newest_first) {
  for (const auto& one : newest_first) {
    if (one.place == store::Place::kQuarantine) return one;
  }
  return std::nullopt;
}

class Acceptance {
 public:
  Acceptance(SourceMirror& source, const AcceptOptions& options, Log& log, store::Time now)
      : source_(source), mirror_(source.mirror), options_(options), log_(log), now_(now) {}

  /// What was taken; nullopt after a line that says why nothing was.
  store::Result<std::optional<store::Generation>> run() {
    const auto held = mirror_.ledger.find(source_.id, options_.key);
    if (!held) return held.error();
    if (!*held) {
      return refuse(ExitStatus::kUsage,
                    fmt::format("nothing is held under this key; 'holdfast list {}' shows what is",
                                options_.source));
    }
    auto chosen = choose();
    if (!chosen || !*chosen) return chosen;
    const auto whole = store::holds(mirror_.disk(), (*chosen)->path, (*chosen)->sha256);
    if (!whole && !store::concerns_a_content(whole.error())) return whole.error();
    if (!whole) return refuse_bad(whole.error());
    if (!*whole) {
      return refuse(
          ExitStatus::kIncomplete,
          fmt::format(
              "{} is no longer what was recorded; the disk may be failing. Nothing was changed",
              (*chosen)->path));
    }
    const auto before = mirror_.accept(source_.id, source_.name, **held, **chosen, now_);
    if (!before) return before.error();
    if (before->stuck) return refuse_bad(*before->stuck);
    if (!before->lies) {
      log_.warning({options_.source, options_.key,
                    before->damaged_path.empty()
                        ? std::string("the copy held before was no longer on the disk")
                        : fmt::format("the copy held before was damaged; its bytes are in {}",
                                      before->damaged_path)});
    }
    return chosen;
  }

  ExitStatus status() const { return status_; }

 private:
  std::nullopt_t refuse(ExitStatus status, const std::string& message) {
    log_.error({options_.source, options_.key, message});
    status_ = status;
    return std::nullopt;
  }

  std::nullopt_t refuse_bad(const store::Error& error) {
    return refuse(ExitStatus::kIncomplete, "nothing was changed: " + explain_bad_file(error));
  }

  store::Result<std::optional<store::Generation>> choose() {
    const auto found = mirror_.ledger.generations(source_.id, options_.key, kMaxGenerations);
    if (!found) return found.error();
    auto chosen = options_.generation.empty()
                      ? newest_in_quarantine(*found)
                      : choose_generation(*found, options_.generation, options_.source);
    if (!chosen) return refuse(ExitStatus::kUsage, chosen.error());
    if (*chosen) return *std::move(chosen);
    return refuse(
        ExitStatus::kUsage,
        fmt::format("nothing of this key is in quarantine; 'holdfast list {} --all' shows what is",
                    options_.source));
  }

  SourceMirror& source_;
  Mirror& mirror_;
  const AcceptOptions& options_;
  Log& log_;
  const store::Time now_;
  ExitStatus status_ = ExitStatus::kOk;
};

std::string counted_archives(std::size_t count) {
  return count == 1 ? "1 archive" : fmt::format("{} archives", count);
}

std::string question_of(const AcceptOptions& options, std::size_t count) {
  return fmt::format("{}: take the quarantined content of {} for the right one?", options.source,
                     counted_archives(count));
}

// The key, where one is held under that name; else the keys that match and have a content in
// quarantine.
store::Result<std::vector<std::string>> keys_to_accept(SourceMirror& source,
                                                       const AcceptOptions& options) {
  const KeyPattern pattern(options.key);
  const auto held = source.mirror.ledger.find(source.id, options.key);
  if (!held) return held.error();
  const bool is_folder = options.key.ends_with('/');
  if (*held || !options.generation.empty() || (pattern.is_plain() && !is_folder)) {
    return std::vector<std::string>{options.key};
  }
  std::set<std::string> keys;
  const auto visited =
      source.mirror.ledger.visit_generations(source.id, [&](const store::Generation& one) {
        if (one.place == store::Place::kQuarantine && pattern.matches(one.key)) {
          keys.insert(one.key);
        }
        return true;
      });
  if (!visited) return visited.error();
  return std::vector<std::string>(keys.begin(), keys.end());
}

std::string json_of(const AcceptOptions& options, const store::Generation& taken) {
  return json_line({{"source", options.source},
                    {"key", JsonValue::of_key(options.key)},
                    {"sha256", store::to_hex(taken.sha256)}});
}

std::string text_of(const AcceptOptions& options, const store::Generation& taken) {
  return fmt::format("{}: {} now has the content of {}, {}; the one before is superseded",
                     options.source, printable_name(options.key), format_time(taken.last_modified),
                     format_size(taken.upstream.size_bytes));
}

}  // namespace

ExitStatus accept_command(const Config& config, const AcceptOptions& options,
                          const Environment& environment, const Print& print) {
  const auto accept_one = [&](SourceMirror& source,
                              const std::string& key) -> store::Result<ExitStatus> {
    auto one = options;
    one.key = key;
    Acceptance acceptance(source, one, environment.log, environment.clock.now_s());
    const auto taken = acceptance.run();
    if (!taken) return taken.error();
    if (!*taken) return acceptance.status();
    print(options.json ? json_of(one, **taken) : text_of(one, **taken));
    return ExitStatus::kOk;
  };
  const auto accept = [&](SourceMirror& source) -> store::Result<ExitStatus> {
    const auto keys = keys_to_accept(source, options);
    if (!keys) return keys.error();
    const bool by_glob = keys->size() != 1 || keys->front() != options.key;
    if (by_glob && !keys->empty() && environment.confirm &&
        !environment.confirm(question_of(options, keys->size()))) {
      environment.log.error({options.source, "", "nothing was changed"});
      return ExitStatus::kUsage;
    }
    if (keys->empty()) {
      environment.log.error(
          {options.source, "",
           fmt::format("nothing in quarantine matches \"{}\"; 'holdfast list {} --all' shows what "
                       "is there",
                       printable(options.key), options.source)});
      return ExitStatus::kUsage;
    }
    auto status = ExitStatus::kOk;
    for (const auto& key : *keys) {
      if (environment.stop.load()) return graver(status, ExitStatus::kIncomplete);
      const auto done = accept_one(source, key);
      if (!done) return done;
      status = graver(status, *done);
    }
    if (by_glob && !options.json) {
      print(fmt::format("{}: {} accepted", options.source, counted_archives(keys->size())));
    }
    refresh_status_file(config, environment, source.mirror.ledger, source.id, options.source);
    return status;
  };
  return on_source(config, options.source, environment, store::Access::kReadWrite, accept);
}

}  // namespace agent

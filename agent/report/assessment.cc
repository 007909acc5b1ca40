#include "agent/report/assessment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "agent/report/success_age.h"
#include "store/ledger/alarm_kind.h"

namespace agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Two clocks are never quite the same.
constexpr minutes kClockTolerance{5};
constexpr std::size_t kSourcesNamed = 6;

bool is_future(const std::optional<Time>& time, Time now) {
  return time && *time > now + kClockTolerance;
}

/// What one source has, in the words of the first line.
struct Clause {
  Severity severity = Severity::kOk;
  bool urgent = false;                    ///< an alarm or HOLD
  std::vector<std::string> predicates{};  ///< "cannot be listed": the source's name comes before it
  std::vector<std::string> nouns{};       ///< "1 changed"

  void add(Severity of, std::vector<std::string>& to, std::string words) {
    severity = std::max(severity, of);
    to.push_back(std::move(words));
  }
};

class Assessor {
 public:
  Assessor(const StatusReport& status, const Present& present, const AssessmentOptions& options)
      : status_(status),
        present_(present),
        options_(options),
        limit_(options.max_age.value_or(usual_age(status.runs))) {}

  Assessment run() {
    if (!assess_file()) return finish();
    assess_run();
    assess_disk();
    for (const auto& source : status_.sources) {
      if (options_.source.empty() || options_.source == source.name) assess_source(source);
    }
    return finish();
  }

 private:
  void find(Severity severity, std::string fact, std::string remedy) {
    general_.push_back({severity, "", std::move(fact), std::move(remedy)});
  }

  // False where nothing that the file says may be believed.
  bool assess_file() {
    if (present_.file == Present::File::kUnreadable) {
      find(Severity::kUnknown, "the status file cannot be read", present_.file_message);
      return false;
    }
    if (present_.file == Present::File::kMissing) {
      // The disk may have come from another machine.
      find(Severity::kUnknown, holds_anything() ? "no pull on this machine yet" : "never pulled",
           present_.file_message);
      // What the disk and its ledger say is true all the same.
      return true;
    }
    const auto now = present_.now;
    if (is_future(status_.started_at, now) || is_future(status_.finished_at, now) ||
        is_future(status_.last_success_at, now)) {
      find(Severity::kUnknown, "the status is from the future",
           fmt::format("it says {}, and this machine's clock says {}; set the clock ('timedatectl "
                       "set-ntp true'), or wait for the next pull",
                       format_time(std::max({status_.started_at, status_.finished_at,
                                             status_.last_success_at})
                                       .value_or(now)),
                       format_time(now)));
    }
    return true;
  }

  void assess_run() {
    const bool running = status_.state == RunState::kRunning && !present_.run_is_gone;
    if (present_.run_is_gone) {
      find(Severity::kWarning,
           fmt::format("the run that began {} ago was killed", age_of(status_.started_at)),
           "nothing is lost, the next pull goes on from there; 'dmesg' and 'journalctl' tell "
           "whether memory ran out or the machine lost its power");
    }
    if (present_.file != Present::File::kRead) return;
    if (options_.source.empty()) assess_age(status_.last_success_at, running);
    const auto exit = status_.exit_status.value_or(0);
    if (status_.state != RunState::kFailed || present_.disk == Present::Disk::kTroubled ||
        present_.disk == Present::Disk::kAbsent) {
      return;
    }
    if (exit == static_cast<int>(ExitStatus::kDiskFailed)) {
      find(Severity::kCritical, "the disk failed in the last run",
           "look at the disk, its cable and its power supply: 'dmesg', 'smartctl'");
    } else if (exit == static_cast<int>(ExitStatus::kDefect)) {
      find(Severity::kCritical, "the last run ended with a defect in holdfast",
           "please report it, with what it wrote");
    } else if (!any_source_failed()) {
      find(Severity::kCritical, fmt::format("the last run failed with exit status {}", exit),
           "see the problems below");
    }
  }

  bool holds_anything() const {
    return std::any_of(status_.sources.begin(), status_.sources.end(),
                       [](const SourceStatus& source) { return source.archives > 0; });
  }

  bool any_source_failed() const {
    return std::any_of(
        status_.sources.begin(), status_.sources.end(),
        [](const SourceStatus& source) { return source.state == RunState::kFailed; });
  }

  void assess_age(const std::optional<Time>& success, bool running) {
    if (!success) {
      // The first run may take days.
      if (running) return find(Severity::kCritical, "the first pull is not done yet", "let it run");
      return status_.finished_at
                 ? find(Severity::kCritical, "no pull has succeeded yet", "see what it says below")
                 : find(Severity::kCritical, "never pulled", "start a pull: holdfast pull");
    }
    if (present_.now - *success <= limit_) return;
    const auto last_run = status_.finished_at.value_or(status_.started_at.value_or(*success));
    const auto age = format_duration(present_.now - *success);
    if (running) {
      find(Severity::kCritical, fmt::format("the last success is {} old", age),
           fmt::format("a pull has been at work for {}", age_of(status_.started_at)));
    } else if (present_.now - last_run > limit_) {
      stale_ = true;
      find(Severity::kCritical,
           fmt::format("no pull for {}", format_duration(present_.now - last_run)),
           "see whether its timer or cron still runs ('systemctl list-timers holdfast.timer', "
           "'systemctl status cron'), and why it does not come");
    } else {
      find(Severity::kCritical, fmt::format("no pull has succeeded for {}", age),
           "see what keeps it from that below");
    }
  }

  std::string age_of(const std::optional<Time>& time) const {
    return time && *time <= present_.now ? format_duration(present_.now - *time) : "some time";
  }

  void assess_disk() {
    if (present_.disk == Present::Disk::kAbsent) {
      find(Severity::kWarning, present_.disk_fact, present_.disk_message);
    } else if (present_.disk == Present::Disk::kTroubled) {
      find(Severity::kCritical, present_.disk_fact, present_.disk_message);
    } else if (status_.state == RunState::kAbsent) {
      find(Severity::kWarning, "the disk was absent at the last run",
           present_.disk == Present::Disk::kUsable ? "it is there now, and the next pull goes on"
                                                   : "plug it in and mount it");
    }
  }

  void assess_source(const SourceStatus& source) {
    Clause clause;
    assess_alarms(source, clause);
    if (!source.configured) {
      if (clause.severity != Severity::kOk) clause.nouns.emplace_back("left the configuration");
    } else if (source.enabled) {
      assess_pull(source, clause);
    }
    if (clause.severity == Severity::kOk) return;
    auto& to = clause.urgent ? urgent_ : others_;
    to.push_back({clause.severity, source.name, words_of(clause), ""});
  }

  void assess_alarms(const SourceStatus& source, Clause& clause) const {
    auto kinds = source.alarm_kinds;
    if (kinds.empty()) {
      for (const auto& alarm : source.alarms) ++kinds[alarm.kind];
    }
    clause.urgent = source.hold || !kinds.empty() || source.alarm_count > 0;
    if (source.hold) {
      kinds.erase("mass-change");
      clause.add(
          Severity::kCritical, clause.predicates,
          fmt::format("ON HOLD ({} changed, {} gone)", source.run.changed, source.run.vanished));
    }
    for (const auto name : store::kAlarmNames) {
      const auto kind = kinds.find(std::string(name));
      if (kind == kinds.end() || kind->second == 0) continue;
      clause.add(severity_of_alarm(name), clause.nouns, fmt::format("{} {}", kind->second, name));
      kinds.erase(kind);
    }
    // Of a newer holdfast, or a number that an older one wrote alone.
    std::uint64_t others = 0;
    for (const auto& [kind, count] : kinds) others += count;
    if (source.alarm_kinds.empty() && source.alarm_count > source.alarms.size()) {
      others += source.alarm_count - source.alarms.size();
    }
    if (others == 0) return;
    clause.add(Severity::kWarning, clause.nouns, counted(others, "other alarm", "other alarms"));
  }

  void assess_pull(const SourceStatus& source, Clause& clause) const {
    if (source.state == RunState::kFailed &&
        status_.exit_status == static_cast<int>(ExitStatus::kRefused)) {
      clause.add(Severity::kCritical, clause.predicates,
                 source.listed_whole ? "was refused" : "cannot be listed: refused");
    } else if (!source.listed_whole) {
      const bool failed = source.state == RunState::kFailed;
      clause.add(failed ? Severity::kCritical : Severity::kWarning, clause.predicates,
                 "cannot be listed");
    } else if (source.state == RunState::kFailed) {
      // Where the run itself failed that is said of the run.
      if (general_.empty()) clause.add(Severity::kCritical, clause.predicates, "has failed");
    } else if (source.state == RunState::kIncomplete) {
      clause.add(Severity::kWarning, clause.nouns,
                 source.run.failed > 0 ? fmt::format("{} could not be pulled", source.run.failed)
                                       : std::string("not all of it was pulled"));
    }
    assess_success(source, clause);
  }

  void assess_success(const SourceStatus& source, Clause& clause) const {
    if (present_.file != Present::File::kRead) return;
    const auto& success = source.last_success_at;
    if (!success) {
      // Said of the whole already, where nothing has ever been pulled.
      if (status_.last_success_at || !options_.source.empty()) {
        clause.add(
            Severity::kCritical, clause.predicates,
            source.last_attempt_at ? "has not been pulled whole yet" : "has never been pulled");
      }
      return;
    }
    if (present_.now - *success <= limit_ || (stale_ && options_.source.empty())) return;
    if (status_.last_success_at && present_.now - *status_.last_success_at > limit_ &&
        options_.source.empty()) {
      return;
    }
    clause.add(Severity::kCritical, clause.predicates,
               fmt::format("has had no success for {}", format_duration(present_.now - *success)));
  }

  static std::string words_of(const Clause& clause) {
    std::string words = fmt::format("{}", fmt::join(clause.predicates, ", "));
    if (clause.nouns.empty()) return words;
    return fmt::format("{}{}{}", words, words.empty() ? "" : ", ", fmt::join(clause.nouns, ", "));
  }

  std::string sources_in_words() const {
    std::vector<const Concern*> found;
    for (const auto& finding : urgent_) found.push_back(&finding);
    for (const auto& finding : others_) found.push_back(&finding);
    if (found.empty()) return "";
    std::string list;
    for (std::size_t i = 0; i < std::min(found.size(), kSourcesNamed); ++i) {
      const auto& [severity, source, fact, remedy] = *found[i];
      // "site ON HOLD", "photos cannot be listed", but "nas: 1 changed".
      const bool is_predicate = fact.front() < '0' || fact.front() > '9';
      list +=
          fmt::format("{}{}{} {}", list.empty() ? "" : "; ", source, is_predicate ? "" : ":", fact);
    }
    if (found.size() > kSourcesNamed) {
      list += fmt::format("; and {} more", found.size() - kSourcesNamed);
    }
    const auto all = status_.sources.size();
    if (all == 1 || !options_.source.empty()) return list;
    return fmt::format("{} of {} sources {} you: {}", found.size(), all,
                       found.size() == 1 ? "needs" : "need", list);
  }

  Assessment finish() {
    Assessment result;
    const auto by_gravity = [](const Concern& a, const Concern& b) {
      return a.severity > b.severity;
    };
    std::stable_sort(general_.begin(), general_.end(), by_gravity);
    std::stable_sort(urgent_.begin(), urgent_.end(), by_gravity);
    std::stable_sort(others_.begin(), others_.end(), by_gravity);
    std::string general;
    for (const auto& finding : general_) {
      general += (general.empty() ? "" : "; ") + finding.fact;
      // Unknown says that nothing can be concluded; --check has it outweigh all else.
      result.severity = std::max(result.severity, finding.severity);
    }
    const auto sources = sources_in_words();
    for (const auto* list : {&urgent_, &others_}) {
      for (const auto& finding : *list) {
        result.severity = std::max(result.severity, finding.severity);
      }
    }
    const auto& first = urgent_.empty() ? general : sources;
    const auto& second = urgent_.empty() ? sources : general;
    result.summary =
        fmt::format("{}{}{}", first, first.empty() || second.empty() ? "" : "; ", second);
    if (result.summary.empty()) result.summary = "all is well";
    for (auto* list : {&urgent_, &general_, &others_}) {
      std::move(list->begin(), list->end(), std::back_inserter(result.findings));
    }
    return result;
  }

  const StatusReport& status_;
  const Present& present_;
  const AssessmentOptions& options_;
  const seconds limit_;
  bool stale_ = false;
  std::vector<Concern> general_;
  std::vector<Concern> urgent_;  ///< sources with an alarm or on HOLD
  std::vector<Concern> others_;
};

}  // namespace

Assessment assess(const StatusReport& status, const Present& present,
                  const AssessmentOptions& options) {
  return Assessor(status, present, options).run();
}

}  // namespace agent

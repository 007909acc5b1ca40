#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/base/failure.h"
#include "agent/base/json_line.h"
#include "agent/base/key_pattern.h"
#include "agent/commands/commands.h"
#include "agent/custody/damage_alarm.h"
#include "agent/report/pull_status.h"
#include "agent/run/source_command.h"

namespace agent {
namespace {

struct Acknowledged {
  std::uint64_t alarms = 0;
  bool hold_ended = false;
  store::GivenUp given_up;
};

// Of a set of more parts some are enough: a set is no better than its worst part.
constexpr std::size_t kMaxParts = 256;
constexpr std::size_t kMaxLost = 1000;

// What is left of a set of which a part is lost takes no place in the keep rules.
store::Status doubt_sets_of(SourceMirror& source, const Series& series,
                            const std::vector<std::string>& lost, store::Time now) {
  if (lost.empty()) return {};
  auto change = source.mirror.begin({}, now);
  if (!change) return change.error();
  auto& ledger = source.mirror.ledger;
  for (const auto& key : lost) {
    const auto place = series.place(key);
    if (!place.has_time) continue;
    const auto set = key.substr(0, place.set_bytes);
    const auto keys = ledger.keys_from(source.id, set, kMaxParts);
    if (!keys) return keys.error();
    for (const auto& part : *keys) {
      if (!part.starts_with(set) || series.place(part).set_bytes != set.size()) continue;
      const auto archive = ledger.find(source.id, part);
      if (!archive) return archive.error();
      if (!*archive || (*archive)->unsound != store::Unsound::kNo) continue;
      change->note_soundness({source.id, part, (*archive)->sha256, store::Unsound::kBroken});
    }
  }
  return change->commit();
}

// What is lost here and upstream ends with its alarm. Of one alarm that is named, also where nobody
// can say whether the bucket has it still; of all of them only where it has been seen that it has
// not.
store::Result<store::GivenUp> give_up_lost(SourceMirror& source, const AckOptions& options,
                                           const Series& series, const Environment& environment) {
  std::optional<store::Alarm> named;
  if (options.alarm) {
    auto alarm = source.mirror.ledger.open_alarm(source.id, *options.alarm);
    if (!alarm) return alarm.error();
    if (!*alarm || ((*alarm)->kind != name_of(store::AlarmKind::kCorrupt) &&
                    (*alarm)->kind != name_of(store::AlarmKind::kMissing))) {
      return store::GivenUp{};
    }
    named = *std::move(alarm);
  }
  store::GiveUp request;
  request.source = source.id;
  request.source_name = source.name;
  request.which = {named ? &named->key : nullptr, !named};
  request.now = environment.clock.now_s();
  request.message = damage_message;
  request.keep_going = [&] { return !environment.stop.load(); };
  std::vector<std::string> lost;
  request.found = [&](const store::Reading& reading) {
    const bool is_archive = reading.holding.generation_path.empty();
    if (reading.finding != store::Finding::kRight && is_archive && lost.size() < kMaxLost) {
      lost.push_back(reading.holding.key);
    }
    if (reading.finding == store::Finding::kRight) {
      environment.log.info(
          {source.name, reading.holding.key, fmt::format("{} reads right again", reading.path)});
    }
  };
  request.stuck = [&](const store::Unfinished& one) {
    environment.log.error({one.source_name, one.key, explain_bad_file(one.error)});
  };
  auto given_up = source.mirror.give_up(request);
  if (!given_up) return given_up;
  if (auto noted = doubt_sets_of(source, series, lost, request.now); !noted) return noted.error();
  return given_up;
}

// What the streams whose alarms end have become is what they are meant to be.
store::Status accept_new_forms(SourceMirror& mirror, const AckOptions& options,
                               const Series& series) {
  auto& ledger = mirror.mirror.ledger;
  const auto stream_of = [&](std::string_view key) { return series.place(key).stream; };
  if (!options.alarm) return ledger.accept_new_form(mirror.id, nullptr, stream_of);
  const auto alarm = ledger.open_alarm(mirror.id, *options.alarm);
  if (!alarm) return alarm.error();
  if (!*alarm || (*alarm)->kind != name_of(store::AlarmKind::kUnsound)) return {};
  return ledger.accept_new_form(mirror.id, &(*alarm)->key, stream_of);
}

store::Result<Acknowledged> acknowledge(SourceMirror& mirror, const AckOptions& options,
                                        const Series& series, const Environment& environment) {
  auto& ledger = mirror.mirror.ledger;
  const auto source = mirror.id;
  const auto now = environment.clock.now_s();
  const auto open_before = ledger.count_open_alarms(source);
  if (!open_before) return open_before.error();
  const auto given_up = give_up_lost(mirror, options, series, environment);
  if (!given_up) return given_up.error();
  const auto left = ledger.count_open_alarms(source);
  if (!left) return left.error();
  const auto over = *open_before - std::min(*open_before, *left);
  const auto totals = ledger.totals(source);
  if (!totals) return totals.error();
  if (auto taken = accept_new_forms(mirror, options, series); !taken) return taken.error();
  const auto ended = ledger.acknowledge(source, options.alarm, now);
  if (!ended) return ended.error();
  const auto still_open = ledger.is_open(source, store::AlarmKind::kMassChange, "");
  if (!still_open) return still_open.error();
  if (*still_open || !totals->hold_since) {
    return Acknowledged{over + *ended, false, *given_up};
  }
  if (auto done = ledger.end_hold(source); !done) return done.error();
  return Acknowledged{over + *ended, true, *given_up};
}

store::Result<std::vector<std::int64_t>> alarms_that_match(SourceMirror& mirror,
                                                           const AckOptions& options) {
  std::vector<std::int64_t> found;
  if (options.glob.empty()) return found;
  const auto count = mirror.mirror.ledger.count_open_alarms(mirror.id);
  if (!count) return count.error();
  const auto open = mirror.mirror.ledger.open_alarms(mirror.id, static_cast<std::size_t>(*count));
  if (!open) return open.error();
  const KeyPattern pattern(options.glob);
  for (const auto& alarm : *open) {
    // What is about the source as a whole has no key.
    if (!alarm.key.empty() && pattern.matches(alarm.key)) found.push_back(alarm.id);
  }
  return found;
}

store::Result<Acknowledged> acknowledge_each(SourceMirror& mirror, AckOptions options,
                                             const Series& series,
                                             const std::vector<std::int64_t>& alarms,
                                             const Environment& environment) {
  Acknowledged all;
  for (const auto alarm : alarms) {
    if (environment.stop.load()) break;
    options.alarm = alarm;
    const auto done = acknowledge(mirror, options, series, environment);
    if (!done) return done;
    all.alarms += done->alarms;
    all.given_up.contents += done->given_up.contents;
  }
  return all;
}

const char* what_comes_next(OnChange on_change) {
  return on_change == OnChange::kGenerations
             ? "; the HOLD is over, and the next pull fetches what changed and lets it take the "
               "place of what is held, which is then superseded"
             : "; the HOLD is over, and the next pull fetches what changed into quarantine";
}

std::string text_of(const AckOptions& options, OnChange on_change, const Acknowledged& done) {
  const auto lost = done.given_up.contents;
  return fmt::format(
      "{}: {} acknowledged{}{}", options.source, counted(done.alarms, "alarm", "alarms"),
      lost == 0 ? ""
                : fmt::format("; {} lost here and in the bucket, and no longer held (what is left "
                              "of {} is in {}/damaged)",
                              lost == 1 ? "1 copy is" : fmt::format("{} copies are", lost),
                              lost == 1 ? "it" : "them", options.source),
      done.hold_ended ? what_comes_next(on_change) : "");
}

std::string json_of(const AckOptions& options, const Acknowledged& done) {
  return json_line({{"source", options.source},
                    {"alarms", done.alarms},
                    {"hold_ended", done.hold_ended},
                    {"given_up", done.given_up.contents}});
}

}  // namespace

ExitStatus ack_command(const Config& config, const AckOptions& options,
                       const Environment& environment, const Print& print) {
  const auto configured =
      std::find_if(config.sources.begin(), config.sources.end(),
                   [&](const SourceConfig& source) { return source.name == options.source; });
  const auto on_change =
      configured == config.sources.end() ? OnChange::kQuarantine : configured->on_change;
  const auto series = configured == config.sources.end() ? Series() : configured->series;
  const auto ack = [&](SourceMirror& source) -> store::Result<ExitStatus> {
    auto& ledger = source.mirror.ledger;
    const auto matching = alarms_that_match(source, options);
    if (!matching) return matching.error();
    if (!options.glob.empty()) {
      if (matching->empty()) {
        environment.log.error(
            {options.source, "",
             fmt::format("no open alarm is about a key that matches \"{}\"; 'holdfast status' "
                         "shows the open alarms",
                         printable(options.glob))});
        return ExitStatus::kUsage;
      }
      if (environment.confirm &&
          !environment.confirm(fmt::format("{}: acknowledge {}?", options.source,
                                           counted(matching->size(), "alarm", "alarms")))) {
        environment.log.error({options.source, "", "nothing was changed"});
        return ExitStatus::kUsage;
      }
    }
    const auto done = options.glob.empty()
                          ? acknowledge(source, options, series, environment)
                          : acknowledge_each(source, options, series, *matching, environment);
    if (!done) return done.error();
    if (options.alarm && done->alarms == 0) {
      environment.log.error(
          {options.source, "",
           fmt::format("alarm {} is not open; 'holdfast status' shows the open ones",
                       *options.alarm)});
      return ExitStatus::kUsage;
    }
    refresh_status_file(config, environment, ledger, source.id, options.source);
    print(options.json ? json_of(options, *done) : text_of(options, on_change, *done));
    return ExitStatus::kOk;
  };
  return on_source(config, options.source, environment, store::Access::kReadWrite, ack);
}

}  // namespace agent

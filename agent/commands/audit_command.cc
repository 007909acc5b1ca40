#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "agent/base/failure.h"
#include "agent/base/log_failure.h"
#include "agent/base/printable.h"
#include "agent/base/retry.h"
#include "agent/base/units.h"
#include "agent/commands/audit.h"
#include "agent/commands/audit_leash.h"
#include "agent/commands/commands.h"
#include "agent/report/alarms_to_tell.h"
#include "agent/report/drill_watch.h"
#include "agent/report/drill_words.h"
#include "agent/run/carry.h"
#include "agent/run/sources.h"
#include "s3client/bucket_settings.h"
#include "s3client/client.h"
#include "store/json.h"

namespace agent {
namespace {

struct Audited {
  std::vector<AuditFinding> findings;
  std::vector<Scenario> scenarios;
  std::vector<LifecycleRule> rules;
  bool knows_rules = false;
};

const AuditFinding* find(const std::vector<AuditFinding>& findings, std::string_view name) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const AuditFinding& one) { return one.name == name; });
  return found == findings.end() ? nullptr : &*found;
}

Grade grade_of(const std::vector<AuditFinding>& findings, std::string_view name) {
  const auto* found = find(findings, name);
  return found == nullptr ? Grade::kUnknown : found->grade;
}

// One source, from the first request to the findings.
class SourceAudit {
 public:
  SourceAudit(const Config& config, const SourceConfig& source, const Environment& environment)
      : source_(source),
        environment_(environment),
        retrier_(config.agent.retries, environment.clock,
                 Halt{environment.stop, environment.clock, Clock::Steady::max()},
                 environment.seed) {
    s3::TransportOptions options;
    options.ca_file = source.ca_file;
    transport_ = environment.make_transport(options);
  }

  s3::Result<Audited> run() {
    auto session = open_session(source_, environment_);
    if (!session) return session.error();
    session_ = *session;
    // Teaches the session the clock and the region, and shows whether the key works at all: a
    // refusal of what is asked then is one of that request.
    s3::Client client(session_, *transport_);
    const auto page = retrier_.run<s3::ListPage>(*session_, [&] {
      return source_.versions == Versions::kAll
                 ? client.list_versions_page(source_.prefix, "", "", {})
                 : client.list_page(source_.prefix, "", {});
    });
    if (!page) return page.error();
    s3::Leash leash(session_, *transport_);
    Audited done;
    done.findings = grade_leash(source_, leash, new_probe(source_, first_key(*page)));
    const auto settings = read_settings();
    for (auto& finding : grade_bucket(source_, settings)) {
      done.findings.push_back(std::move(finding));
    }
    done.scenarios = recovery_scenarios(done.findings);
    const auto& lifecycle = settings.at("lifecycle");
    done.knows_rules =
        lifecycle.state == Setting::State::kSet || lifecycle.state == Setting::State::kNotSet;
    done.rules = lifecycle_rules(source_, lifecycle);
    return done;
  }

  std::string endpoint() const { return session_->endpoint(); }

 private:
  static std::string first_key(const s3::ListPage& page) {
    for (const auto& object : page.objects) {
      if (object.is_latest && !object.is_delete_marker) return object.key;
    }
    return "";
  }

  Settings read_settings() {
    s3::BucketSettings bucket(session_, *transport_);
    Settings settings;
    for (const auto name : setting_names()) {
      // One that does not come is unknown; it is not waited for.
      auto tries = retrier_.start();
      tries.patience = std::chrono::seconds{0};
      const auto answer =
          retrier_.run<std::string>(*session_, tries, [&] { return bucket.read(name); });
      settings.emplace(std::string(name), read_setting(name, answer));
    }
    return settings;
  }

  const SourceConfig& source_;
  const Environment& environment_;
  Retrier retrier_;
  std::unique_ptr<s3::Transport> transport_;
  std::shared_ptr<s3::Session> session_;
};

// What outlives the command: the alarms, and the lifecycle as it was seen.
class Records {
 public:
  Records(Mirror& mirror, const Environment& environment)
      : ledger_(mirror.ledger), log_(environment.log), now_(environment.clock.now_s()) {}

  store::Status keep(const SourceConfig& source, const std::string& endpoint,
                     const Audited& audited) {
    const auto id = ledger_.register_source(source.name);
    if (!id) return id.error();
    if (auto kept = keep_leash(source, *id, audited); !kept) return kept;
    return audited.knows_rules ? keep_rules(source, *id, endpoint, audited.rules) : store::Status{};
  }

  store::Result<std::uint64_t> archives(const std::string& source) {
    const auto id = ledger_.find_source(source);
    if (!id) return id.error();
    if (!*id) return 0;
    const auto totals = ledger_.totals(**id);
    if (!totals) return totals.error();
    return totals->archives;
  }

 private:
  store::Status keep_leash(const SourceConfig& source, store::SourceId id, const Audited& audited) {
    const auto write = grade_of(audited.findings, "write");
    const auto removal = grade_of(audited.findings, "delete");
    const bool any_bad = write == Grade::kBad || removal == Grade::kBad;
    if (any_bad) {
      const auto* finding = find(audited.findings, write == Grade::kBad ? "write" : "delete");
      const auto message = fmt::format("{}; {}", finding->why, finding->remedy);
      return raise(source, id, store::AlarmKind::kWritable, "", message);
    }
    // An unknown one says nothing against what was seen before.
    if (write != Grade::kGood || removal != Grade::kGood) return {};
    const auto open = ledger_.is_open(id, store::AlarmKind::kWritable, "");
    if (!open) return open.error();
    return *open ? ledger_.end_alarm(id, store::AlarmKind::kWritable, "", now_) : store::Status{};
  }

  // What is seen first is the base line.
  store::Status keep_rules(const SourceConfig& source, store::SourceId id,
                           const std::string& endpoint, const std::vector<LifecycleRule>& rules) {
    const auto fact = fmt::format("lifecycle {}/{}", source.bucket, source.prefix);
    const auto before = ledger_.endpoint_fact(endpoint, fact);
    if (!before) return before.error();
    const auto now = text_of(rules);
    if (*before == now) return {};
    if (*before) {
      for (const auto& rule : new_rules(rules_of(**before), rules)) {
        const auto message = fmt::format(
            "the bucket's lifecycle has a rule that was not there before, or deletes sooner: "
            "\"{}\" {}. What is held here stays. Find out who set it; a stolen key can delete in "
            "this way what it may not delete",
            printable(rule.id), words_of(rule));
        if (auto raised = raise(source, id, store::AlarmKind::kExpiring, rule.id, message); !raised)
          return raised;
        // What a pull sees of it is no news then.
        if (rule.kind != "current") continue;
        if (auto noted = ledger_.note_expiry_rule(id, rule.id, rule.days); !noted) return noted;
      }
    }
    return ledger_.set_endpoint_fact(endpoint, fact, now);
  }

  store::Status raise(const SourceConfig& source, store::SourceId id, store::AlarmKind kind,
                      const std::string& key, const std::string& message) {
    const auto raised = ledger_.raise_alarm(id, kind, key, message, now_);
    if (!raised) return raised.error();
    if (*raised) log_.error({source.name, "", message});
    return {};
  }

  store::Ledger& ledger_;
  Log& log_;
  const store::Time now_;
};

std::string_view word_of(Grade upstream) {
  switch (upstream) {
    case Grade::kGood:
      return "survived";
    case Grade::kBad:
      return "not";
    case Grade::kUnknown:
      break;
  }
  return "unknown";
}

void print_text(const SourceConfig& source, const Audited& audited,
                std::optional<std::uint64_t> held, const std::vector<std::string>& drills,
                const Print& print) {
  const auto count = [&](Grade grade) {
    return std::count_if(audited.findings.begin(), audited.findings.end(),
                         [&](const AuditFinding& one) { return one.grade == grade; });
  };
  print(fmt::format("{}: {} good, {} bad, {} unknown", source.name, count(Grade::kGood),
                    count(Grade::kBad), count(Grade::kUnknown)));
  for (const auto& finding : audited.findings) {
    print(fmt::format("  {:<8} {:<20} {}", name_of(finding.grade), finding.name,
                      printable(finding.why)));
    if (!finding.remedy.empty()) {
      print(fmt::format("  {:<8} {:<20} -> {}", "", "", printable(finding.remedy)));
    }
  }
  const auto here =
      !held        ? std::string("not known")
      : *held == 0 ? std::string("nothing is held yet")
                   : fmt::format("{} held", *held == 1 ? "1 archive is"
                                                       : fmt::format("{} archives are", *held));
  print(fmt::format("  If this happens{:<42} upstream   by what (on this disk: {})", "", here));
  for (const auto& scenario : audited.scenarios) {
    print(fmt::format("    {:<53} {:<10} {}", scenario.happens, word_of(scenario.upstream),
                      scenario.by));
  }
  for (const auto& drill : drills) print(fmt::format("  Tried here: {}", printable(drill)));
}

std::string json_of(const SourceConfig& source, const Audited& audited,
                    std::optional<std::uint64_t> held, const std::vector<std::string>& drills) {
  using store::Json;
  Json::Array findings;
  for (const auto& finding : audited.findings) {
    findings.emplace_back(Json::Object{{"name", finding.name},
                                       {"judgement", name_of(finding.grade)},
                                       {"why", finding.why},
                                       {"remedy", finding.remedy}});
  }
  Json::Array scenarios;
  for (const auto& scenario : audited.scenarios) {
    scenarios.emplace_back(Json::Object{{"name", scenario.name},
                                        {"upstream", word_of(scenario.upstream)},
                                        {"by", scenario.by},
                                        {"on_this_disk", held.value_or(0) > 0}});
  }
  return Json(Json::Object{{"source", source.name},
                           {"findings", std::move(findings)},
                           {"scenarios", std::move(scenarios)},
                           {"drills", Json::Array(drills.begin(), drills.end())}})
      .line(Json::Charset::kAscii);
}

// Of whether it can be restored, a drill knows more than the bucket.
std::vector<std::string> answers(const Config& config, store::Ledger& ledger,
                                 const std::string& source) {
  StatusReport status;
  show_drills(config, ledger, status);
  std::vector<std::string> all;
  for (const auto& drill : status.drills) {
    auto answer = drill.source == source ? answer_of(drill) : std::string();
    if (!answer.empty()) all.push_back(std::move(answer));
  }
  return all;
}

ExitStatus exit_status_of(const Audited& audited) {
  const bool any_bad =
      std::any_of(audited.findings.begin(), audited.findings.end(),
                  [](const AuditFinding& one) { return one.grade == Grade::kBad; });
  return any_bad ? ExitStatus::kAlarm : ExitStatus::kOk;
}

}  // namespace

ExitStatus audit_command(const Config& config, const AuditOptions& options,
                         const Environment& environment, const Print& print) {
  const auto selected = select_sources(config, options.sources, environment.log);
  if (!selected) return ExitStatus::kUsage;
  // The bucket can be audited while the disk is in a drawer.
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  if (!mirror) {
    environment.log.warning(
        {"", "",
         fmt::format("what audit finds is not recorded, and no alarm is raised: {}",
                     mirror.error().message)});
  }
  auto exit = ExitStatus::kOk;
  if (mirror) {
    if (const auto carried = carry_in(config, environment, *mirror); !carried) {
      exit = log_failure(environment.log, "", carried.error());
    }
  }
  for (const auto* source : *selected) {
    if (environment.stop.load()) return graver(exit, ExitStatus::kIncomplete);
    SourceAudit audit(config, *source, environment);
    const auto audited = audit.run();
    if (!audited) {
      const auto& error = audited.error();
      exit = graver(exit, status_of(error));
      environment.log.error({source->name, "",
                             fmt::format("the bucket could not be asked, so nothing is judged: {}",
                                         explain(error, "s3:ListBucket"))});
      continue;
    }
    exit = graver(exit, exit_status_of(*audited));
    std::optional<std::uint64_t> held;
    if (mirror) {
      Records records(*mirror, environment);
      const auto kept = records.keep(*source, audit.endpoint(), *audited);
      const auto archives = records.archives(source->name);
      if (!kept || !archives) {
        const auto& error = kept ? archives.error() : kept.error();
        exit = graver(exit, log_failure(environment.log, source->name, error));
      } else {
        held = *archives;
      }
    }
    const auto drills =
        mirror ? answers(config, mirror->ledger, source->name) : std::vector<std::string>{};
    if (options.json) {
      print(json_of(*source, *audited, held, drills));
    } else {
      print_text(*source, *audited, held, drills, print);
    }
  }
  if (mirror) {
    auto told = announce_alarms(mirror->ledger, environment, config.agent.on_alarm);
    if (told) told = carry_out(config, environment, *mirror);
    if (!told) {
      exit = graver(exit, log_failure(environment.log, "", told.error()));
    }
  }
  return exit;
}

}  // namespace agent

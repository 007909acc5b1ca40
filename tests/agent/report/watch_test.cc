#include "agent/report/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "agent/report/alarms_to_tell.h"
#include "agent/report/check_words.h"
#include "agent/report/metrics.h"
#include "agent/report/page.h"
#include "agent/report/status_text.h"
#include "agent/report/success_age.h"
#include "store/ledger/alarm_kind.h"
#include "store/ledger/ledger.h"
#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"
#include "tests/support/manual_clock.h"
#include "tests/support/text.h"

// Whoever asks is told the same: the text, the line of --check, the page and the metrics; and so
// are those who wait to be told.

using agent::Severity;
using agent::SourceStatus;
using agent::StatusReport;
using test::contains;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

const agent::Time kNow = *agent::parse_time("2026-11-29T03:30:00Z");

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

SourceStatus source_of(const std::string& name) {
  SourceStatus source;
  source.name = name;
  source.last_attempt_at = kNow - 65s;
  source.last_success_at = kNow - 60s;
  source.archives = 3;
  source.size_bytes = 4096;
  return source;
}

// A mirror of two sources a minute after a pull that went well.
StatusReport well() {
  StatusReport status;
  status.host = "pi";
  status.exit_status = 0;
  status.started_at = kNow - 65s;
  status.finished_at = status.updated_at = status.last_success_at = kNow - 60s;
  status.disk.path = "/mnt/backup";
  status.disk.present = true;
  status.disk.filesystem = "ext4";
  status.disk.total_bytes = std::uint64_t{1} << 40;
  status.disk.free_bytes = std::uint64_t{1} << 39;
  status.sources = {source_of("site"), source_of("nas")};
  return status;
}

agent::Present seen() {
  agent::Present present;
  present.now = kNow;
  present.disk = agent::Present::Disk::kUsable;
  return present;
}

void end_with(StatusReport& status, agent::ExitStatus exit) {
  status.exit_status = static_cast<int>(exit);
  status.state = agent::state_of(exit);
  if (gravity(exit) > gravity(agent::ExitStatus::kAlarm)) {
    status.last_success_at = kNow - 1h;
    status.sources[0].last_success_at = kNow - 1h;
    status.sources[0].state = status.state;
  }
}

// What a state means to each of those who ask, and to those who are told.
struct Row {
  std::string name;
  std::function<void(StatusReport&, agent::Present&)> make;
  Severity severity;
  std::string summary;  ///< in the first line, in --check and on the page
  std::string metric;   ///< a whole line
  std::string hook{};   ///< "on_failure: EVENT STATUS STATE SOURCES", "on_alarm: KIND SOURCE KEY"
  std::string ping{};   ///< "PATH STATUS"; empty: no run has ended
};

std::vector<Row> exit_statuses() {
  using agent::ExitStatus;
  const auto ends = [](ExitStatus exit) {
    return [exit](StatusReport& status, agent::Present&) { end_with(status, exit); };
  };
  return {
      {"0, done", ends(ExitStatus::kOk), Severity::kOk, "all is well", "holdfast_exit_status 0", "",
       "/check 0"},
      {"1, an alarm is open",
       [](StatusReport& status, agent::Present&) {
         end_with(status, ExitStatus::kAlarm);
         status.sources[1].state = agent::RunState::kAttention;
         status.sources[1].alarm_count = 1;
         status.sources[1].alarm_kinds = {{"changed", 1}};
       },
       Severity::kWarning, "1 of 2 sources needs you: nas: 1 changed", "holdfast_exit_status 1",
       "on_alarm: changed nas db/a.tar", "/check/fail 1"},
      {"2, something could not be pulled",
       [](StatusReport& status, agent::Present&) {
         end_with(status, ExitStatus::kIncomplete);
         status.sources[0].run.failed = 4;
       },
       Severity::kWarning, "1 of 2 sources needs you: site: 4 could not be pulled",
       "holdfast_exit_status 2", "on_failure: failure 2 incomplete site", "/check/fail 2"},
      {"2, a bucket that does not exist",
       [](StatusReport& status, agent::Present&) {
         end_with(status, ExitStatus::kIncomplete);
         status.sources[0].listed_whole = false;
       },
       Severity::kWarning, "1 of 2 sources needs you: site cannot be listed",
       "holdfast_exit_status 2", "on_failure: failure 2 incomplete site", "/check/fail 2"},
      {"70, a defect", ends(ExitStatus::kDefect), Severity::kCritical,
       "the last run ended with a defect in holdfast", "holdfast_exit_status 70",
       "on_failure: failure 70 failed site", "/check/fail 70"},
      {"74, the disk failed", ends(ExitStatus::kDiskFailed), Severity::kCritical,
       "the disk failed in the last run", "holdfast_exit_status 74",
       "on_failure: failure 74 failed site", "/check/fail 74"},
      {"75, the disk is absent",
       [](StatusReport& status, agent::Present& present) {
         end_with(status, ExitStatus::kNotNow);
         status.disk.present = false;
         present.disk = agent::Present::Disk::kAbsent;
         present.disk_fact = "the disk is absent";
         present.disk_message = "plug it in";
       },
       Severity::kWarning, "the disk is absent", "holdfast_exit_status 75",
       "on_failure: failure 75 absent site", "/check/fail 75"},
      {"77, refused",
       [](StatusReport& status, agent::Present&) {
         end_with(status, ExitStatus::kRefused);
         status.sources[0].listed_whole = false;
       },
       Severity::kCritical, "1 of 2 sources needs you: site cannot be listed: refused",
       "holdfast_exit_status 77", "on_failure: failure 77 failed site", "/check/fail 77"},
      // Neither touches the file: it grows old, and that is seen. Of a wrong command line only the
      // person who typed it hears.
      {"64 or 78, ever since yesterday",
       [](StatusReport& status, agent::Present& present) {
         present.now += 27h;
         status.sources.pop_back();
       },
       Severity::kCritical, "no pull for 1d 3h", "holdfast_exit_status 0",
       "on_failure: failure 78 failed ", "/check/fail 78"},
  };
}

std::vector<Row> alarm_kinds() {
  std::vector<Row> rows;
  const std::set<std::string_view> critical = {"mass-change", "corrupt", "missing", "writable",
                                               "nothing"};
  for (const auto name : store::kAlarmNames) {
    const std::string kind(name);
    rows.push_back({"the alarm " + kind,
                    [kind](StatusReport& status, agent::Present&) {
                      end_with(status, agent::ExitStatus::kAlarm);
                      auto& nas = status.sources[1];
                      nas.state = agent::RunState::kAttention;
                      nas.alarms = {{7, kind, "db/a.tar", kNow - 30s, "something of " + kind}};
                      nas.alarm_count = 1;
                      nas.alarm_kinds = {{kind, 1}};
                    },
                    critical.contains(name) ? Severity::kCritical : Severity::kWarning,
                    "1 of 2 sources needs you: nas: 1 " + kind,
                    "holdfast_source_alarms{source=\"nas\",kind=\"" + kind + "\"} 1",
                    "on_alarm: " + kind + " nas db/a.tar", "/check/fail 1"});
  }
  rows.push_back({"HOLD",
                  [](StatusReport& status, agent::Present&) {
                    end_with(status, agent::ExitStatus::kAlarm);
                    auto& site = status.sources[0];
                    site.hold = true;
                    site.run.changed = 150;
                    site.run.vanished = 9;
                    site.alarm_count = 1;
                    site.alarm_kinds = {{"mass-change", 1}};
                  },
                  Severity::kCritical,
                  "1 of 2 sources needs you: site ON HOLD (150 changed, 9 gone)",
                  "holdfast_source_hold{source=\"site\"} 1", "on_alarm: mass-change site db/a.tar",
                  "/check/fail 1"});
  return rows;
}

std::vector<Row> what_no_run_has_written() {
  return {
      {"never pulled",
       [](StatusReport& status, agent::Present& present) {
         status = {};
         status.host = "pi";
         present.file = agent::Present::File::kMissing;
         present.file_message = "start a pull: holdfast pull";
       },
       Severity::kUnknown, "never pulled", "holdfast_disk_present 0"},
      {"a status file that cannot be read",
       [](StatusReport& status, agent::Present& present) {
         status = {};
         status.host = "pi";
         present.file = agent::Present::File::kUnreadable;
         present.file_message = "it is not JSON";
       },
       Severity::kUnknown, "the status file cannot be read", "holdfast_disk_present 0"},
      {"a status from the future",
       [](StatusReport&, agent::Present& present) { present.now -= 24h; }, Severity::kUnknown,
       "the status is from the future", "holdfast_exit_status 0"},
      {"a cron that is dead", [](StatusReport&, agent::Present& present) { present.now += 72h; },
       Severity::kCritical, "no pull for 3d", "holdfast_exit_status 0"},
      {"runs that fail for days",
       [](StatusReport& status, agent::Present&) {
         end_with(status, agent::ExitStatus::kIncomplete);
         status.last_success_at = kNow - 72h;
         status.sources[0].run.failed = 1;
       },
       Severity::kCritical,
       "no pull has succeeded for 3d; 1 of 2 sources needs you: site: 1 could not be pulled",
       "holdfast_last_success_timestamp_seconds " +
           std::to_string((kNow - 72h).time_since_epoch().count())},
      {"a run that was killed",
       [](StatusReport& status, agent::Present& present) {
         status.state = agent::RunState::kRunning;
         status.exit_status.reset();
         present.run_is_gone = true;
       },
       Severity::kWarning, "the run that began 1m 5s ago was killed", "holdfast_run_in_progress 1"},
      {"a run that is under way",
       [](StatusReport& status, agent::Present&) {
         status.state = agent::RunState::kRunning;
         status.exit_status.reset();
       },
       Severity::kOk, "", "holdfast_run_in_progress 1"},
      {"a disk that has become read-only since",
       [](StatusReport&, agent::Present& present) {
         present.disk = agent::Present::Disk::kTroubled;
         present.disk_fact = "the disk is read-only";
       },
       Severity::kCritical, "the disk is read-only", "holdfast_disk_present 1"},
      {"a ledger that is gone",
       [](StatusReport&, agent::Present& present) {
         present.disk = agent::Present::Disk::kTroubled;
         present.disk_fact = "the ledger is missing";
       },
       Severity::kCritical, "the ledger is missing", "holdfast_disk_present 1"},
      {"a source that was added and never pulled",
       [](StatusReport& status, agent::Present&) {
         status.sources[1].last_success_at.reset();
         status.sources[1].last_attempt_at.reset();
       },
       Severity::kCritical, "1 of 2 sources needs you: nas has never been pulled",
       "holdfast_source_last_success_timestamp_seconds{source=\"site\"} " +
           std::to_string((kNow - 60s).time_since_epoch().count())},
      {"a source that left the configuration with an alarm",
       [](StatusReport& status, agent::Present&) {
         status.sources[1].configured = false;
         status.sources[1].last_success_at = kNow - 1000h;
         status.sources[1].alarm_count = 1;
         status.sources[1].alarm_kinds = {{"corrupt", 1}};
       },
       Severity::kCritical, "1 of 2 sources needs you: nas: 1 corrupt, left the configuration",
       "holdfast_source_configured{source=\"nas\"} 0"},
      {"a source that left the configuration, and is well",
       [](StatusReport& status, agent::Present&) {
         status.sources[1].configured = false;
         status.sources[1].last_success_at = kNow - 1000h;
       },
       Severity::kOk, "all is well", "holdfast_source_configured{source=\"nas\"} 0"},
      {"a source that is paused",
       [](StatusReport& status, agent::Present&) {
         status.sources[1].enabled = false;
         status.sources[1].last_success_at = kNow - 1000h;
       },
       Severity::kOk, "all is well", "holdfast_source_enabled{source=\"nas\"} 0"},
      {"three sources in trouble, alarms and HOLD first",
       [](StatusReport& status, agent::Present&) {
         end_with(status, agent::ExitStatus::kIncomplete);
         status.sources = {source_of("photos"), source_of("nas"), source_of("site")};
         status.sources[0].state = agent::RunState::kIncomplete;
         status.sources[0].listed_whole = false;
         status.sources[1].alarm_kinds = {{"changed", 1}};
         status.sources[1].alarm_count = 1;
         status.sources[2].hold = true;
         status.sources[2].run.changed = 150;
         status.sources[2].run.vanished = 9;
       },
       Severity::kCritical,
       "3 of 3 sources need you: site ON HOLD (150 changed, 9 gone); nas: 1 changed; photos "
       "cannot be listed",
       "holdfast_exit_status 2"},
  };
}

store::AlarmKind kind_of(const std::string& name) {
  const auto* const found = std::find(store::kAlarmNames.begin(), store::kAlarmNames.end(), name);
  return static_cast<store::AlarmKind>(found - store::kAlarmNames.begin());
}

// Those who are told when a run ends: the hooks, and a service that is pinged.
struct People {
  People() {
    config.agent.status_file = "status.json";
    config.agent.on_alarm = "on_alarm";
    config.agent.on_failure = "on_failure";
    config.agent.ping_url = "http://127.0.0.1:9/check";
    environment.run_command = [this](const std::string& command, const auto& variables,
                                     std::chrono::seconds) -> agent::Result<void> {
      const std::map<std::string, std::string> of(variables.begin(), variables.end());
      const auto is_alarm = command == "on_alarm";
      using Names = std::vector<const char*>;
      std::string heard = command + ":";
      for (const auto* name :
           is_alarm ? Names{"HOLDFAST_ALARM_KIND", "HOLDFAST_ALARM_SOURCE", "HOLDFAST_ALARM_KEY"}
                    : Names{"HOLDFAST_EVENT", "HOLDFAST_EXIT_STATUS", "HOLDFAST_STATE",
                            "HOLDFAST_SOURCES"}) {
        heard += std::string(" ") + of.at(name);
      }
      hooks.push_back(heard);
      CHECK_FALSE(of.at(is_alarm ? "HOLDFAST_ALARM_MESSAGE" : "HOLDFAST_MESSAGE").empty());
      return {};
    };
    environment.make_transport = [this](const s3::TransportOptions& options) {
      return std::make_unique<Pinged>(*this, options.user_agent);
    };
  }

  void hear_of(const StatusReport& status, bool before_it_began) {
    test::FaultDisk disk;
    REQUIRE(store::Ledger::create(disk));
    auto ledger = store::Ledger::open(disk, store::Access::kReadWrite);
    REQUIRE(ledger);
    for (const auto& source : status.sources) {
      const auto id = ledger->register_source(source.name);
      REQUIRE(id);
      for (const auto& [kind, count] : source.alarm_kinds) {
        const auto raised =
            ledger->raise_alarm(*id, kind_of(kind), "db/a.tar", "what happened", clock.now_s());
        REQUIRE(raised);
      }
    }
    REQUIRE(agent::announce_alarms(*ledger, environment, config.agent.on_alarm));
    agent::Watch watch(config, environment);
    if (before_it_began) {
      watch.ended_early(agent::ExitStatus::kConfig, "line 3: what is wrong");
    } else {
      watch.ended(status, static_cast<agent::ExitStatus>(status.exit_status.value()));
    }
  }

  class Pinged final : public s3::Transport {
   public:
    Pinged(People& people, const std::string& user_agent)
        : people_(people), status_(user_agent.substr(user_agent.rfind(' ') + 1)) {
      status_.pop_back();
    }
    s3::Result<void> perform(const s3::HttpRequest& request, s3::ResponseSink& sink) override {
      people_.pings.push_back(request.url.substr(request.url.find("/check")) + " " + status_);
      sink.on_head({200, {}});
      return {};
    }

   private:
    People& people_;
    std::string status_;
  };

  std::vector<std::string> hooks;
  std::vector<std::string> pings;
  agent::Config config;
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Log log{agent::Log::Format::kText, agent::Log::Verbosity::kNormal,
                 [](const std::string&) {}};
  agent::Environment environment{
      clock,
      log,
      stop,
      {},
      {},
      {},
      {},
      [](const std::string&, const std::string&) -> agent::Result<void> { return {}; },
      [](const std::string&) -> agent::Result<std::optional<std::string>> { return std::nullopt; },
      "pi",
      1,
      false,
      {}};
};

}  // namespace

TEST_CASE(
    "every state is told alike by the text, the check, the page, the metrics, hooks and pings",
    "[watch]") {
  auto rows = exit_statuses();
  for (auto& more : {alarm_kinds(), what_no_run_has_written()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto status = well();
    auto present = seen();
    row.make(status, present);

    const auto text = first_line(agent::to_text(status, present));
    CAPTURE(text);
    CHECK(text.starts_with("holdfast on pi: "));
    CHECK(contains(text, row.summary));
    CHECK(contains(text, "all is well") == (row.summary == "all is well"));

    const agent::AssessmentOptions options{agent::kStandardAge, ""};
    const auto assessment = agent::assess(status, present, options);
    CHECK(assessment.severity == row.severity);
    const auto line = agent::check_line(status, present, assessment, options);
    const auto word = agent::word_of(row.severity);
    CHECK(line.starts_with(fmt::format("HOLDFAST {}: {}", word, row.summary)));
    CHECK(line.find('\n') == std::string::npos);
    CHECK(std::count(line.begin(), line.end(), '|') == 1);

    const auto page = agent::to_page(status, present);
    CHECK(contains(page, fmt::format("<h1 id=\"word\">{}</h1>", word)));
    CHECK(contains(page, fmt::format("holdfast on pi: {}", row.summary)));

    const auto metrics = agent::to_metrics(status);
    CAPTURE(metrics);
    CHECK(contains("\n" + metrics, "\n" + row.metric + "\n"));

    if (row.ping.empty()) continue;
    People people;
    people.hear_of(status, contains(row.name, "78"));
    CHECK(people.hooks == Lines(row.hook.empty() ? 0 : 1, row.hook));
    CHECK(people.pings == Lines{row.ping});
  }
}

TEST_CASE("the page says of every alarm what it means and what to do", "[watch][page]") {
  for (const auto& row : alarm_kinds()) {
    if (row.name == "HOLD") continue;
    CAPTURE(row.name);
    auto status = well();
    auto present = seen();
    row.make(status, present);
    const auto page = agent::to_page(status, present);
    CHECK(contains(page, "<p>something of " + status.sources[1].alarms[0].kind + "</p>"));
    CHECK(contains(page, "<b>What it means:</b>"));
    CHECK(contains(page, "<b>What to do:</b>"));
  }
}

TEST_CASE("a monitoring program gets numbers that it understands", "[watch]") {
  auto status = well();
  const auto present = seen();
  const agent::AssessmentOptions all{agent::kStandardAge, ""};
  CHECK(agent::check_line(status, present, agent::assess(status, present, all), all) ==
        "HOLDFAST OK: all is well; 6 archives, 8.0 KiB | 'last_success_age'=60s;;93600;0 "
        "'alarms'=0;;;0 'holds'=0;;;0 'archives'=6;;;0 'held'=8192B;;;0 "
        "'disk_free'=549755813888B;;;0;1099511627776");
  const agent::AssessmentOptions one{30s, "nas"};
  const auto assessment = agent::assess(status, present, one);
  CHECK(assessment.severity == Severity::kCritical);
  CHECK(agent::check_line(status, present, assessment, one)
            .starts_with(
                "HOLDFAST CRITICAL: nas has had no success for 1m | 'last_success_age'=60s;;30;0 "
                "'alarms'=0;;;0 'holds'=0;;;0 'archives'=3;"));
  // Nothing in a name begins the numbers early.
  status.sources[0].name = "a|b";
  status.sources[0].hold = true;
  const auto line = agent::check_line(status, present, agent::assess(status, present, all), all);
  CHECK(std::count(line.begin(), line.end(), '|') == 1);
}

TEST_CASE("of one source only that one is told", "[watch]") {
  auto status = well();
  status.sources[0].alarm_kinds = {{"changed", 1}};
  status.sources[0].alarm_count = 1;
  const auto present = seen();
  CHECK(agent::assess(status, present, {{}, "nas"}).severity == Severity::kOk);
  const auto text = agent::to_text(status, present, {{}, "nas"});
  CHECK(contains(text, "\n  nas: ok\n"));
  CHECK_FALSE(contains(text, "site"));
}

TEST_CASE("how old a success may be follows how often the runs come", "[watch]") {
  const auto runs = [](std::vector<std::chrono::seconds> gaps) {
    std::vector<agent::Time> begun = {kNow};
    for (const auto gap : gaps) begun.push_back(begun.back() + gap);
    return begun;
  };
  using Gaps = std::vector<std::chrono::seconds>;
  CHECK(agent::usual_age({}) == 26h);
  CHECK(agent::usual_age(runs({5min, 10min, 5min})) == 26h);  // tried by hand, on the first day
  CHECK(agent::usual_age(runs(Gaps(8, 1h))) == 2h);
  CHECK(agent::usual_age(runs(Gaps(8, 24h))) == 26h);
  CHECK(agent::usual_age(runs(Gaps(2, 168h))) == 182h);
  CHECK(agent::usual_age(runs({-1h, 0s, 24h})) == 26h);  // the clock was set
}

TEST_CASE("what is not known yet is not in the metrics", "[watch]") {
  const auto metrics = agent::to_metrics(StatusReport{});
  CHECK_FALSE(contains(metrics, "holdfast_exit_status"));
  CHECK_FALSE(contains(metrics, "\nholdfast_last_success_timestamp_seconds"));
  CHECK_FALSE(contains(metrics, "holdfast_source"));
  CHECK(contains(metrics, "\nholdfast_disk_present 0\n"));
}

TEST_CASE("one is told in the singular, by whoever tells", "[watch]") {
  auto status = well();
  auto& site = status.sources[0];
  site.archives = site.superseded = site.corrupt = site.missing = 1;
  site.run.listed = site.run.fresh = site.run.changed = site.run.failed = site.run.requests = 1;
  site.run.vanished = site.run.archived = site.run.unreadable = 1;
  site.alarms = {{7, "changed", "db/a.tar", kNow - 30s, "something"}};
  site.alarm_kinds = {{"changed", 2}};
  site.alarm_count = 2;
  status.sources.pop_back();
  const agent::AssessmentOptions options{agent::kStandardAge, ""};
  for (const auto& told :
       {agent::to_text(status, seen()), agent::to_page(status, seen()),
        agent::check_line(status, seen(), agent::assess(status, seen(), options), options)}) {
    CAPTURE(told);
    for (const auto* noun :
         {"archive", "request", "more alarm", "alarm", "file", "source", "copie"}) {
      CHECK_FALSE(contains(told, fmt::format(" 1 {}s", noun)));
    }
  }
}

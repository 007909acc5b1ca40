#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "agent/commands/audit.h"
#include "agent/custody/drill_world.h"
#include "agent/report/drill_watch.h"
#include "agent/report/drill_words.h"
#include "agent/report/metrics.h"
#include "agent/report/page.h"
#include "agent/report/status_text.h"
#include "store/disk/posix_disk.h"
#include "store/disk/posix_scratch.h"
#include "tests/agent/commands/doctor_world.h"
#include "tests/support/temp_dir.h"
#include "tests/support/text.h"

// What a drill restores, what it makes of that, and what is remembered of it.

using agent::DrillCommand;
using agent::DrillOutcome;
using agent::ExitStatus;
using test::contains;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

Names names_below(const std::string& directory) {
  Names names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(directory));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A mirror in memory, and a scratch directory that is one. The command is a fake that takes its
// time, and sees what was restored.
struct DrillTest : doctor_test::DoctorWorld {
  DrillTest() {
    auto& drill = add_drill("site");
    drill.command = "try it";
    fake.is_root = false;
    fake.user_name = "me";
    fake.run = [this](const DrillCommand& command) {
      commands.push_back(command);
      restored = names_below(command.directory);
      list = test::read_file(variable("HOLDFAST_DRILL_FILES"));
      clock.advance(90s);
      return outcome;
    };
  }

  agent::DrillConfig& add_drill(const std::string& name) {
    auto& drill = config.drills.emplace_back();
    drill.name = name;
    drill.source = "site";
    drill.scratch = scratch.path();
    return drill;
  }
  agent::DrillConfig& drill() { return config.drills.front(); }

  ExitStatus run(const agent::DrillOptions& options = {}) {
    return command([&](const agent::Environment& environment, const agent::Print& print) {
      auto outside = environment;
      outside.open_disk = [&](const std::string& path) {
        return path.starts_with(scratch.path()) ? store::open_posix_disk(path)
                                                : environment.open_disk(path);
      };
      return agent::drill_command(config, options, outside, fake, print);
    });
  }
  ExitStatus run_due() { return run({{}, true, false}); }

  void night(const Names& suffixes = {".sql"}) {
    pass(24h);
    const auto day = agent::format_time(clock.now_s()).substr(0, 10);
    for (const auto& suffix : suffixes) server->put("b", "db-" + day + suffix, day + suffix);
    REQUIRE(pull() != ExitStatus::kIncomplete);
  }
  std::string today() { return agent::format_time(clock.now_s()).substr(0, 10); }

  std::string variable(const std::string& name) const {
    for (const auto& [known, value] : commands.back().variables) {
      if (known == name) return value;
    }
    return "";
  }
  std::string text() {
    command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::status_command(config, {}, environment, print);
    });
    return printed.empty() ? "" : printed.front();
  }
  bool scratch_is_empty() const { return std::filesystem::is_empty(scratch.path()); }
  std::size_t alarms() {
    const auto kinds = alarm_kinds();
    return static_cast<std::size_t>(std::count(kinds.begin(), kinds.end(), "drill"));
  }

  struct ScratchDirectory {
    test::TempDir directory;
    std::string path() const { return directory.path(); }
  } scratch;
  agent::DrillWorld fake;
  DrillOutcome outcome;
  std::vector<DrillCommand> commands;
  Names restored;
  std::string list;
};

}  // namespace

TEST_CASE("a drill restores the newest backup, runs its command over it, and remembers both",
          "[drill]") {
  DrillTest world;
  world.night();
  world.night();
  const auto newest = world.today();
  world.clock.advance(5h);  // past midnight, in the evening
  CHECK(world.run() == ExitStatus::kOk);
  REQUIRE(world.commands.size() == 1);
  const auto name = "db-" + newest + ".sql";
  CHECK(world.restored == Names{name});
  CHECK(world.list == name + "\n");
  CHECK(world.commands[0].line == "try it");
  CHECK(world.variable("HOLDFAST_DRILL_NAME") == "site");
  CHECK(world.variable("HOLDFAST_DRILL_STREAM") == "db-{YYYY-MM-DD}.sql");
  CHECK(world.variable("AWS_ACCESS_KEY_ID").empty());
  CHECK(world.scratch_is_empty());

  const auto status = world.status();
  REQUIRE(status.drills.size() == 1);
  const auto& drill = status.drills[0];
  CHECK(drill.succeeded);
  CHECK(drill.archives == 1);
  CHECK(drill.command_took == 90s);
  CHECK(drill.backup_age <= 5h);
  CHECK(drill.backup_age >= 5h - 10s);
  CHECK(contains(world.text(), "site: ok 1m 30s ago: 1 archive (14 bytes) restored in"));
  CHECK(contains(agent::to_metrics(status),
                 "holdfast_drill_command_seconds{drill=\"site\",source=\"site\"} 90.000"));
  CHECK(contains(agent::to_page(status, {}, {}), "Restore drills"));
  CHECK(agent::answer_of(drill) == "site: restored " + world.today() + " from the archive of " +
                                       (world.today() == newest ? "that night" : newest) +
                                       " in 1m 30s");
  CHECK(world.alarms() == 0);
}

TEST_CASE("a drill that fails is an alarm, with its reason, until one succeeds", "[drill]") {
  DrillTest world;
  world.night();
  world.outcome.complaint = "the command ended with status 1; it said: no such table";
  world.outcome.printed = "no such table\n";
  CHECK(world.run() == ExitStatus::kAlarm);
  CHECK(world.lines_with("the restore drill \"site\" failed: the command ended with status 1; it "
                         "said: no such table. Find out") == 1);
  CHECK(world.alarms() == 1);
  CHECK(contains(world.text(), "site: FAILED 1m 30s ago: the command ended with status 1"));
  CHECK(world.status().drills[0].printed == "no such table\\x0A");
  CHECK(world.scratch_is_empty());

  SECTION("a second failure says the newest reason, in the same alarm") {
    world.outcome.complaint = "another";
    CHECK(world.run() == ExitStatus::kAlarm);
    CHECK(world.alarms() == 1);
    CHECK(contains(world.source().alarms.front().message, "failed: another"));
  }
  SECTION("a success ends it") {
    world.outcome = {};
    CHECK(world.run() == ExitStatus::kOk);
    CHECK(world.alarms() == 0);
  }
  SECTION("one that leaves the configuration takes its alarm along") {
    world.config.drills.clear();
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.alarms() == 0);
    CHECK(world.status().drills.empty());
  }
  SECTION("it is told to on_alarm by the next pull, once") {
    world.config.agent.on_alarm = "tell";
    world.pull();
    REQUIRE(world.hooks.size() == 1);
    CHECK(world.hooks[0]["HOLDFAST_ALARM_KIND"] == "drill");
    world.pull();
    CHECK(world.hooks.empty());
  }
}

TEST_CASE("a drill is overdue once its last success, or its first day, is older than `every`",
          "[drill]") {
  DrillTest world;
  world.drill().every = 7 * 24h;
  world.night();
  CHECK(contains(world.text(), "site: never ran, and is configured since"));
  CHECK(world.alarms() == 0);
  for (int i = 0; i < 7; ++i) world.night();
  CHECK(world.alarms() == 0);
  world.night();
  CHECK(world.alarms() == 1);
  CHECK(contains(world.source().alarms.front().message, "has never succeeded since"));
  SECTION("what was acknowledged is not raised again for the same silence") {
    CHECK(world.ack() == ExitStatus::kOk);
    world.night();
    CHECK(world.alarms() == 0);
  }
  SECTION("a success ends it, and the time begins anew") {
    CHECK(world.run() == ExitStatus::kOk);
    for (int i = 0; i < 6; ++i) world.night();
    CHECK(world.alarms() == 0);
    world.night();
    CHECK(world.alarms() == 1);
    REQUIRE(world.alarms() == 1);
    CHECK(contains(world.source().alarms.front().message, "last succeeded 7d"));
  }
}

TEST_CASE("what is due is run early enough for something that looks once a day", "[drill]") {
  DrillTest world;
  const auto every = GENERATE(48h, 7 * 24h, 30 * 24h);
  CAPTURE(every.count());
  world.drill().every = every;
  world.night();
  CHECK(world.run_due() == ExitStatus::kOk);
  CHECK(world.commands.size() == 1);
  CHECK(world.printed.empty());
  for (int i = 0; i < 65; ++i) {
    // The timer spreads over two hours.
    world.clock.advance(i % 2 == 0 ? 2h : -2h);
    CHECK(world.run_due() == ExitStatus::kOk);
    world.night();
    REQUIRE(world.alarms() == 0);
  }
  CHECK(std::ssize(world.commands) <= 1 + 65 * 24h / (every / 3));
}

TEST_CASE("one that has failed is tried again the next day", "[drill]") {
  DrillTest world;
  world.night();
  world.outcome.complaint = "no";
  CHECK(world.run_due() == ExitStatus::kAlarm);
  CHECK(world.run_due() == ExitStatus::kOk);
  CHECK(world.commands.size() == 1);
  world.night();
  world.outcome = {};
  CHECK(world.run_due() == ExitStatus::kOk);
  CHECK(world.commands.size() == 2);
  CHECK(world.alarms() == 0);
}

TEST_CASE("a set whose parts have not all come is not restored, and the one before it is",
          "[drill]") {
  DrillTest world;
  world.night({"-db.sql", "-files.tar"});
  const auto whole = world.today();
  world.night({"-db.sql"});
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(world.restored == Names{"db-" + whole + "-db.sql", "db-" + whole + "-files.tar"});
}

TEST_CASE("a backlog that is pulled the newest first does not make the oldest the newest",
          "[drill]") {
  DrillTest world;
  for (int i = 1; i < 5; ++i) {
    world.pass(24h);
    world.server->put("b", "db-" + world.today() + ".sql", "x");
  }
  const auto newest = world.today();
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(world.restored == Names{"db-" + newest + ".sql"});
}

TEST_CASE("where a source has several streams the drill says which", "[drill]") {
  DrillTest world;
  world.night();
  world.server->put("b", "other.tar", "other");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.run() == ExitStatus::kAlarm);
  CHECK(world.commands.empty());
  CHECK(world.lines_with("site has 2 streams, such as \"db-{YYYY-MM-DD}.sql\", \"other.tar\"; name "
                         "one in \"stream\" of [drill site]") == 1);
  world.drill().stream = "db-*";
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(world.restored.size() == 1);
  world.drill().stream = "nothing*";
  CHECK(world.run() == ExitStatus::kAlarm);
  CHECK(world.lines_with("no stream of site matches \"nothing*\"") == 1);
}

TEST_CASE("a backup that is damaged on the mirror, or is not there, fails its drill", "[drill]") {
  DrillTest world;
  SECTION("there is none") {
    CHECK(world.run() == ExitStatus::kAlarm);
    CHECK(world.lines_with("nothing is held of site yet") == 1);
  }
  SECTION("it is damaged") {
    world.night();
    world.disk.plant("site/archives/db-" + world.today() + ".sql", "something else");
    CHECK(world.run() == ExitStatus::kAlarm);
    CHECK(world.lines_with("is damaged on the mirror") == 1);
  }
  CHECK(world.commands.empty());
  CHECK(world.scratch_is_empty());
}

TEST_CASE("without a command what was restored is opened, and what cannot be is said", "[drill]") {
  using Verdict = agent::WalkAnswer::Verdict;
  DrillTest world;
  world.drill().command.clear();
  world.night({"-a.tar", "-b.gpg"});
  std::map<std::string, agent::WalkAnswer> shows;
  world.walk = [&](const agent::WalkRequest& request, const agent::Halt&) {
    std::string text(static_cast<std::size_t>(request.size_bytes), ' ');
    CHECK(request.content.read_at(0, std::as_writable_bytes(std::span(text))) == text.size());
    return shows.at(text.substr(text.rfind('-')));
  };
  auto& tar = shows["-a.tar"];
  auto& gpg = shows["-b.gpg"];
  tar.verdict = Verdict::kSound;
  gpg.cause = agent::WalkAnswer::Cause::kUnknown;
  gpg.why = "it is encrypted";
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(world.status().drills[0].told ==
        "1 file opened; not opened: db-" + world.today() + "-b.gpg: it is encrypted");
  tar.verdict = Verdict::kUnsound;
  tar.why = "its end is missing";
  CHECK(world.run() == ExitStatus::kAlarm);
  CHECK(world.lines_with("it does not open: db-" + world.today() + "-a.tar: its end is missing") ==
        1);
  world.walk = {};
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(contains(world.text(), "not opened, which needs a"));
}

TEST_CASE("what nothing says should be whole is no failure of a drill that opens it", "[drill]") {
  DrillTest world;
  world.drill().command.clear();
  world.night({".gz.001"});
  world.walk = [](const agent::WalkRequest&, const agent::Halt&) {
    agent::WalkAnswer answer;
    answer.verdict = agent::WalkAnswer::Verdict::kUnsound;
    answer.why = "its gzip ends before its end";
    return answer;
  };
  CHECK(world.run() == ExitStatus::kOk);
  CHECK(contains(world.status().drills[0].told, "nothing says that it should be whole"));
}

TEST_CASE("a drill that is told to stop says nothing of the backup", "[drill]") {
  DrillTest world;
  world.night();
  world.fake.run = [&](const DrillCommand& command) {
    world.stop.store(true);
    return DrillOutcome{*command.must_end(), "", true};
  };
  CHECK(world.run() == ExitStatus::kIncomplete);
  CHECK(world.alarms() == 0);
  CHECK_FALSE(world.status().drills[0].last_run_at);
  CHECK(world.scratch_is_empty());
}

TEST_CASE("names that are not there are wrong usage, and nothing due is nothing", "[drill]") {
  DrillTest world;
  world.night();
  CHECK(world.run({{"sit"}, false, false}) == ExitStatus::kUsage);
  CHECK(world.lines_with("there is no [drill sit] in the configuration; did you mean \"site\"") ==
        1);
  world.config.drills.clear();
  CHECK(world.run() == ExitStatus::kUsage);
  CHECK(world.run_due() == ExitStatus::kOk);
  CHECK(world.lines.empty());
}

TEST_CASE("as root the command is nobody's, or its user's, and never silently ours", "[drill]") {
  DrillTest world;
  world.night();
  SECTION("as root: nobody") {
    world.fake.is_root = true;
    Names asked;
    world.fake.find_user = [&](const std::string& name) {
      asked.push_back(name);
      return std::optional(agent::SystemUser{name, ::geteuid(), ::getegid(), {}});
    };
    CHECK(world.run() == ExitStatus::kOk);
    CHECK(asked == Names{"nobody"});
    REQUIRE(world.commands.back().user);
    CHECK(world.variable("USER") == "nobody");
  }
  SECTION("as root: a user that there is not") {
    world.fake.is_root = true;
    world.fake.find_user = [](const std::string&) { return std::optional<agent::SystemUser>(); };
    world.drill().user = "ghost";
    CHECK(world.run() == ExitStatus::kAlarm);
    CHECK(world.lines_with("there is no user ghost on this system") == 1);
  }
  SECTION("as somebody: another user cannot be had") {
    world.drill().user = "other";
    CHECK(world.run() == ExitStatus::kAlarm);
    CHECK(world.lines_with("only root can run the command as other; this is me") == 1);
    world.drill().user = "me";
    CHECK(world.run() == ExitStatus::kOk);
    CHECK_FALSE(world.commands.back().user);
  }
}

TEST_CASE("the doctor warns where nothing runs the drills", "[drill][doctor]") {
  DrillTest world;
  world.night();
  const auto level = [&] {
    for (const auto& check : world.doctor()) {
      if (check.name == "drills") return check.level;
    }
    FAIL("nothing is said of drills");
    return agent::CheckLevel::kFail;
  };
  CHECK(level() == agent::CheckLevel::kWarn);
  world.machine.texts["/etc/cron.d/holdfast"] += "41 4 * * * root holdfast drill --due\n";
  CHECK(level() == agent::CheckLevel::kOk);
  world.machine.texts["/etc/cron.d/holdfast"] = "# 41 4 * * * root holdfast drill --due\n";
  CHECK(level() == agent::CheckLevel::kWarn);
  world.machine.files["/etc/systemd/system/timers.target.wants/holdfast-drill.timer"] = {0644, 0};
  CHECK(level() == agent::CheckLevel::kOk);
}

TEST_CASE("what a drill has shown is in the history, also when it has left the configuration",
          "[drill]") {
  DrillTest world;
  world.night();
  world.outcome.complaint = "no";
  world.run();
  world.outcome = {};
  world.clock.advance(1h);
  world.run();
  world.config.drills.clear();
  world.pull();
  world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::history_command(world.config, {}, environment, print);
  });
  const auto printed_with = [&](std::string_view piece) {
    return std::count_if(world.printed.begin(), world.printed.end(),
                         [&](const std::string& line) { return contains(line, piece); });
  };
  CHECK(printed_with("  drill failed  site: no") == 1);
  CHECK(printed_with("  drill         site: 1 archive (14 bytes) restored") == 1);
}

TEST_CASE("what is wrong with a drill in the configuration is said with its line",
          "[drill][config]") {
  const test::TempDir dir;
  const auto error = [&](const std::string& drill) {
    test::write_file(dir / "c", "[disk]\npath = /d\n[source site]\nbucket = b\n" + drill);
    const auto config = agent::load_config(dir / "c");
    return config ? "none" : config.error().message.substr((dir / "c").size());
  };
  CHECK(error("[drill a]\nsource = site\n") == "none");
  CHECK(error("[drill a]\n") == ":5: [drill a] needs \"source = NAME\"");
  CHECK(contains(error("[drill a]\nsource = sit\n"),
                 ":6: source: there is no [source sit]; did you mean \"site\""));
  CHECK(contains(error("[drill A]\nsource = site\n"), ":5: \"A\" cannot name a drill"));
  CHECK(contains(error("[drill a]\nsource = site\n[drill  a]\nsource = site\n"),
                 ":7: drill \"a\" is given twice"));
  CHECK(contains(error("[drill a]\nsource = site\nevery = 0\n"), ":7: every: \"0\" is not a"));
  CHECK(contains(error("[drill a]\nsource = site\nscratch = tmp\n"), ":7: scratch: the path has"));
  CHECK(contains(error("[drill a]\nsource = site\nstream = [\n"), ":7: stream: "));
  CHECK(contains(error("[drill a]\nsource = site\ncomand = x\n"), "did you mean \"command\""));
  CHECK(contains(error("[dril a]\nsource = site\n"), "did you mean \"drill\""));
  // Who can write the file would run what they like as us.
  std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
  test::write_file(dir / "c", "");
  std::filesystem::permissions(dir / "c", std::filesystem::perms::group_write,
                               std::filesystem::perm_options::add);
  CHECK(contains(error("[drill a]\nsource = site\ncommand = true\n"), ":7: command: refused"));
}

TEST_CASE("a power cut anywhere in a drill leaves no scratch, and the next drill goes on",
          "[drill]") {
  std::uint64_t step = 1;
  for (bool struck = true; struck; ++step) {
    DrillTest world;
    world.night();
    world.disk.fail_at(step, test::Fault::kPowerCut);
    const auto exit = world.run();
    struck = world.disk.struck();
    CAPTURE(step);
    CHECK(world.scratch_is_empty());
    CHECK((exit == ExitStatus::kOk) == !struck);
    if (!struck) break;
    world.disk.restart();
    REQUIRE(world.pull() == ExitStatus::kOk);
    CHECK(world.run() == ExitStatus::kOk);
    CHECK(world.alarms() == 0);
  }
  CHECK(step > 2);
}

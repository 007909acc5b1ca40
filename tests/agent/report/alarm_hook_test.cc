#include "agent/report/alarm_hook.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "agent/system/command_runner.h"
#include "tests/support/catch.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;

namespace {

/// A hook that may leave what it saw in the file $OUT.
struct Hook {
  test::TempDir dir;
  const std::string out = dir / "out";

  tl::expected<void, std::string> run(const std::string& command,
                                      std::chrono::seconds timeout = 60s) const {
    return agent::run_shell_command(command, {{"OUT", out}}, timeout);
  }
  std::string seen(const std::string& command) const {
    const auto done = run(command);
    INFO((done ? "" : done.error()));
    REQUIRE(done);
    return test::read_file(out);
  }
};

/// A variable of this process, as long as this object.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// Somebody else's child that has died can stay a zombie, where nobody buries it.
bool is_alive(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string number;
  std::string name;
  std::string state;
  return file >> number >> name >> state && state != "Z" && state != "X";
}

bool dies(pid_t pid) {
  for (int i = 0; i < 1000 && is_alive(pid); ++i) std::this_thread::sleep_for(10ms);
  return !is_alive(pid);
}

bool has_no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

pid_t number_in(const std::string& path) { return std::stoi(test::read_file(path)); }

/// The world of an alarm, in which commands are really run.
struct HookWorld {
  std::vector<std::string> lines;
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Log log{agent::Log::Format::kText, agent::Log::Verbosity::kNormal,
                 [this](const std::string& line) { lines.push_back(line); }};
  agent::Environment environment{
      clock,
      log,
      stop,
      {},
      {},
      {},
      {},
      {},
      {},
      "pi",
      1,
      false,
      [](const auto& command, const auto& variables, std::chrono::seconds timeout) {
        return agent::run_shell_command(command, variables, timeout);
      }};
  agent::HookAlarm alarm{"site", "changed", "db/1.tar", "the content changed",
                         agent::parse_time("2026-01-31T02:00:00Z").value()};

  void run(const std::string& command) { agent::AlarmHook(environment, command).tell(alarm); }
};

}  // namespace

TEST_CASE("a hook finds the alarm in its environment", "[hook]") {
  const Hook hook;
  const Variable out("OUT", hook.out);
  const Variable stale("HOLDFAST_ALARM_KIND", "of the run before");
  HookWorld world;
  world.run("env | grep ^HOLDFAST_ALARM_ | sort > \"$OUT\"");
  CHECK(test::read_file(hook.out) ==
        "HOLDFAST_ALARM_KEY=db/1.tar\nHOLDFAST_ALARM_KIND=changed\n"
        "HOLDFAST_ALARM_MESSAGE=the content changed\n"
        "HOLDFAST_ALARM_SINCE=2026-01-31T02:00:00Z\nHOLDFAST_ALARM_SOURCE=site\n");
  CHECK(world.lines.empty());
}

TEST_CASE("a hostile key reaches a hook as one harmless line", "[hook]") {
  const Hook hook;
  const Variable out("OUT", hook.out);
  const std::string trap = hook.dir / "trap";
  HookWorld world;
  world.alarm.key = fmt::format("a\"b'c;$(touch {0})`touch {0}`\n{1}\t\r\x1b[2J\x7f\xff", trap,
                                "HOLDFAST_ALARM_KIND=none") +
                    std::string("\0end", 4);
  world.alarm.message = "changed: " + world.alarm.key;
  world.run("printf '%s\\n%s\\n' \"$HOLDFAST_ALARM_KEY\" \"$HOLDFAST_ALARM_MESSAGE\" > \"$OUT\"");
  const auto with_gaps = [&](std::string_view line_break, std::string_view gaps) {
    return fmt::format(
        "a\"b'c;$(touch {0})`touch {0}`{1}HOLDFAST_ALARM_KIND=none{2}\\x1B[2J\\x7F\\xFF\\x00end",
        trap, line_break, gaps);
  };
  CHECK(test::read_file(hook.out) ==
        with_gaps("\\x0A", "\\x09\\x0D") + "\nchanged: " + with_gaps(" ", "  ") + "\n");
  CHECK(::access(trap.c_str(), F_OK) != 0);
  CHECK(world.lines.empty());
}

TEST_CASE("a hook that fails is one warning", "[hook]") {
  HookWorld world;
  world.run("echo no mail today >&2; exit 3");
  CHECK(world.lines ==
        std::vector<std::string>{
            "holdfast: warning: site: db/1.tar: on_alarm: it ended with status 3; it said: no mail "
            "today; the backup is not affected"});
  CHECK(world.log.errors().empty());
}

TEST_CASE("a hook has a minute", "[hook]") {
  HookWorld world;
  std::chrono::seconds given{0};
  world.environment.run_command =
      [&](const auto&, const auto&,
          std::chrono::seconds timeout) -> tl::expected<void, std::string> {
    given = timeout;
    return {};
  };
  world.run("true");
  CHECK(given == 60s);
}

TEST_CASE("a command's failure is told with what it said last", "[hook]") {
  const Hook hook;
  CHECK(hook.run("exit 3").error() == "it ended with status 3");
  CHECK(hook.run("kill -9 $$").error() == "it was ended by signal 9");
  CHECK(hook.run("printf 'one\\ntwo\\033[2J\\n\\n'; exit 1").error() ==
        "it ended with status 1; it said: one two\\x1B[2J");
  const auto missing = hook.run("/nonexistent/hook");
  CHECK(missing.error().starts_with("it ended with status 127; it said: "));
  CHECK(missing.error().find("not found") != std::string::npos);
  const auto chatty = hook.run("i=0; while [ $i -lt 9999 ]; do echo $i; i=$((i+1)); done; exit 1");
  CHECK(chatty.error().size() < 600);
  CHECK(chatty.error().ends_with(" 9997 9998"));
}

TEST_CASE("what a command prints is not printed by us", "[hook]") {
  const Hook hook;
  const std::string printed = hook.dir / "printed";
  const int file = ::open(printed.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int saved_out = ::dup(STDOUT_FILENO);
  const int saved_err = ::dup(STDERR_FILENO);
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  const auto done = hook.run("echo out; echo err >&2");
  const auto failed = hook.run("echo out; echo err >&2; exit 1");
  ::dup2(saved_out, STDOUT_FILENO);
  ::dup2(saved_err, STDERR_FILENO);
  for (const int fd : {file, saved_out, saved_err}) ::close(fd);
  CHECK(done);
  CHECK_FALSE(failed);
  CHECK(test::read_file(printed).empty());
}

TEST_CASE("a command may print more than a pipe holds", "[hook]") {
  const Hook hook;
  CHECK(hook.run("head -c 1000000 /dev/zero"));
}

TEST_CASE("a command does not see our secrets, and the rest of our environment", "[hook]") {
  const Hook hook;
  const Variable id("AWS_ACCESS_KEY_ID", "secret");
  const Variable key("AWS_SECRET_ACCESS_KEY", "secret");
  const Variable token("AWS_SESSION_TOKEN", "secret");
  const Variable directory("CREDENTIALS_DIRECTORY", "/run/secret");
  const Variable kept("HOLDFAST_CONFIG", "/etc/kept.conf");
  const auto all = hook.seen("env > \"$OUT\"");
  CAPTURE(all);
  CHECK(all.find("secret") == std::string::npos);
  CHECK(all.find("HOLDFAST_CONFIG=/etc/kept.conf\n") != std::string::npos);
  CHECK(all.find("PATH=") != std::string::npos);
}

TEST_CASE("a value ends at a NUL, and replaces ours", "[hook]") {
  const Hook hook;
  const Variable ours("HOLDFAST_X", "ours");
  REQUIRE(
      agent::run_shell_command("tr '\\0' '\\n' < /proc/$$/environ | grep ^HOLDFAST_X > \"$OUT\"",
                               {{"OUT", hook.out}, {"HOLDFAST_X", std::string("a\0b", 3)}}, 60s));
  CHECK(test::read_file(hook.out) == "HOLDFAST_X=a\n");
}

TEST_CASE("a command has three files, and none of ours", "[hook]") {
  const Hook hook;
  const int inherited = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const int far = ::fcntl(inherited, F_DUPFD, 40);
  REQUIRE(far >= 40);
  const auto open_files = hook.seen(
      "exec > \"$OUT\"; n=0; while [ $n -lt 64 ]; do "
      "if [ -e /proc/self/fd/$n ]; then echo $n; fi; n=$((n+1)); done");
  ::close(inherited);
  ::close(far);
  CHECK(open_files == "0\n1\n2\n");
  CHECK(hook.seen("readlink /proc/$$/fd/0 > \"$OUT\"") == "/dev/null\n");
}

TEST_CASE("a command starts with no signal blocked or ignored, in a session of its own", "[hook]") {
  const Hook hook;
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGURG}) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto* const pipe_before = std::signal(SIGPIPE, SIG_IGN);
  auto* const size_before = std::signal(SIGXFSZ, SIG_IGN);
  const auto signals = hook.run(
      "while read -r name mask; do case $name in SigBlk:|SigIgn:) echo $mask;; esac; done "
      "< /proc/$$/status > \"$OUT\"");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGPIPE, pipe_before);
  std::signal(SIGXFSZ, size_before);
  REQUIRE(signals);
  std::istringstream masks(test::read_file(hook.out));
  std::uint64_t is_blocked = 0;
  std::uint64_t is_ignored = 0;
  REQUIRE(masks >> std::hex >> is_blocked >> is_ignored);
  CHECK(is_blocked == 0);
  CHECK((is_ignored & 0x7fffffff) == 0);  // 32 and above are libc's own affair

  std::istringstream fields(hook.seen("cut -d' ' -f1,5,6 /proc/$$/stat > \"$OUT\""));
  pid_t process = 0;
  pid_t group = 0;
  pid_t session = 0;
  REQUIRE(fields >> process >> group >> session);
  CHECK(group == process);
  CHECK(session == process);
}

TEST_CASE("a command that hangs is ended, with all that it started", "[hook]") {
  const Hook hook;
  const auto done = hook.run("echo waiting; sleep 300 & echo $! > \"$OUT\"; wait", 2s);
  CHECK(has_no_children());
  REQUIRE_FALSE(done);
  CHECK(done.error() == "it was still running after 2 s, and was killed; it said: waiting");
  CHECK(dies(number_in(hook.out)));
}

TEST_CASE("a command that hangs does not keep us from stopping", "[hook]") {
  agent::StopFlag stop{false};
  const auto begun = std::chrono::steady_clock::now();
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.store(true);
  });
  const auto done = agent::run_shell_command("sleep 50", {}, std::chrono::seconds(60), &stop);
  later.join();
  REQUIRE_FALSE(done);
  CHECK(done.error().find("told to stop") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

TEST_CASE("a command that hangs may clean up first", "[hook]") {
  const Hook hook;
  const auto done =
      hook.run("trap 'echo cleaned > \"$OUT\"; exit' TERM; while :; do sleep 0.1; done", 3s);
  REQUIRE_FALSE(done);
  CHECK(test::read_file(hook.out) == "cleaned\n");
}

TEST_CASE("a command that will not end is killed", "[hook]") {
  const Hook hook;
  const auto begun = std::chrono::steady_clock::now();
  const auto done =
      hook.run("trap '' TERM; (while :; do sleep 1; done) & echo $! > \"$OUT\"; yes", 2s);
  CHECK(std::chrono::steady_clock::now() - begun >= 4s);  // it had its grace
  CHECK(std::chrono::steady_clock::now() - begun < 60s);
  CHECK(has_no_children());
  REQUIRE_FALSE(done);
  CHECK(dies(number_in(hook.out)));
}

TEST_CASE("what a command leaves in the background is neither waited for nor killed", "[hook]") {
  const Hook hook;
  const auto begun = std::chrono::steady_clock::now();
  // It has the pipe open, and writes into it.
  const auto done = hook.run("(trap '' PIPE; yes >&2; exec sleep 300) & echo $! > \"$OUT\"");
  CHECK(done);
  CHECK(std::chrono::steady_clock::now() - begun < 50s);
  CHECK(has_no_children());
  const auto left = number_in(hook.out);
  CHECK(is_alive(left));
  ::kill(left, SIGKILL);
  CHECK(dies(left));
}

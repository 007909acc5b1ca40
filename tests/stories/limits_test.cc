#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

// What the system, or whoever configures it, takes away from the program.

using story::contains;
using story::Story;

namespace fs = std::filesystem;

namespace {

// The pull, begun by another program.
test::Finished pull_by(const Story& story, const story::Words& words) {
  story.write_config();
  auto command = story.command({"pull"});
  command.words.insert(command.words.begin(), words.begin(), words.end());
  return test::run_program(command);
}

constexpr const char* kNobody = "4242";

void give_to_nobody(const Story& story) {
  const auto given = test::run_program({{"chown", "-R", kNobody, story.dir.path()}});
  REQUIRE(given.status == 0);
}

}  // namespace

TEST_CASE("a limit on the size of files fails a pull and does not kill it", "[stories]") {
  Story story;
  story.init();
  story.agent_options +=
      fmt::format("on_failure = echo \"$HOLDFAST_EXIT_STATUS\" >> {}\n", story.dir / "told");
  story.put("large", story::noise(1, 6'000'000));
  const auto limited = pull_by(story, {"prlimit", "--fsize=2000000"});
  CAPTURE(limited.err);
  CHECK(limited.signal == 0);
  CHECK(limited.status == 74);
  CHECK(contains(limited.err, "no file may be that large there"));
  CHECK(contains(limited.err, "ulimit -f"));
  CHECK(story.status().at("exit_status") == 74);
  CHECK(test::read_file(story.dir / "told") == "74\n");
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference().empty());
}

TEST_CASE("a limit on processes makes a pull slower or fail, and never kills it", "[stories]") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root becomes a user who has no process yet");
    return;
  }
  Story story;
  story.init();
  story.agent_options += "parallel = 16\n";
  story.put("a", "content");
  const auto limited_to = [&](int processes) {
    story.write_config();
    give_to_nobody(story);
    return pull_by(
        story, {"setpriv", std::string("--reuid=") + kNobody, std::string("--regid=") + kNobody,
                "--clear-groups", "prlimit", fmt::format("--nproc={}:{}", processes, processes)});
  };
  if (!contains(limited_to(1).err, "no thread could be started")) {
    WARN("SKIPPED: another user cannot run the program, or has no such limit");
    return;
  }
  CHECK(story.status().at("exit_status") == 2);
  bool any_slower = false;
  for (int processes = 2; processes <= 12; ++processes) {
    story.put(fmt::format("a{}", processes), "content");
    const auto pulled = limited_to(processes);
    CAPTURE(processes, pulled.err);
    CHECK(pulled.signal == 0);
    const bool failed = contains(pulled.err, "no thread could be started");
    CHECK(pulled.status == (failed ? 2 : 0));
    CHECK(story.status().at("exit_status") == pulled.status);
    any_slower = any_slower || contains(pulled.err, " of 16 downloads can run at once");
  }
  CHECK(any_slower);
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference().empty());
}

TEST_CASE("what is no file is never replaced, and the pull pulls all the same", "[stories]") {
  Story story;
  story.init();
  story.put("a", "content");
  const auto page = story.dir / "page";
  REQUIRE(::mkfifo(story.status_path().c_str(), 0600) == 0);
  REQUIRE(::mkfifo(page.c_str(), 0600) == 0);
  story.agent_options += fmt::format("html_file = {}\n", page);
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(contains(pulled.err, fmt::format("the status file cannot be written: \"{}\" is a pipe, not "
                                         "a file; correct \"status_file\"",
                                         story.status_path())));
  CHECK(contains(pulled.err, fmt::format("html_file cannot be written: \"{}\" is a pipe", page)));
  CHECK(fs::is_fifo(story.status_path()));
  CHECK(fs::is_fifo(page));
  CHECK(story.archives() == story::Files{{"a", "content"}});
}

TEST_CASE("the page goes to where a link to the output leads", "[stories]") {
  Story story;
  story.init();
  // As /dev/stdout, which must not be put at risk.
  const auto link = story.dir / "stdout";
  REQUIRE(::symlink("/proc/self/fd/1", link.c_str()) == 0);
  const auto shown = story.run({"status", "--html", link});
  CHECK(shown.status == 0);
  CHECK(shown.out.starts_with("<!"));
  CHECK(fs::is_symlink(link));
}

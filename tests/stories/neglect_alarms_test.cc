#include <fmt/format.h>

#include <filesystem>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::contains;
using story::LieKind;
using story::Story;
using story::Words;

namespace {

// Two archives are held, and both are replaced.
struct TwoAlarms : Story {
  TwoAlarms() {
    init();
    sources["site"] = "tripwire = off\n";
    put("a.tar", "first of a");
    put("b.tar", "first of b");
    const auto pulled = pull();
    REQUIRE(pulled.status == 0);
    server->put(story::kBucket, "a.tar", "second of a");
    server->put(story::kBucket, "b.tar", "second of b");
  }
};

// Sentences as they were before they were cut into lines.
std::string unwrapped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool gap = c == ' ' || c == '\n';
    if (!gap || out.empty() || out.back() != ' ') out += gap ? ' ' : c;
  }
  return out;
}

}  // namespace

TEST_CASE("on_alarm runs once for each new alarm, with its variables", "[stories]") {
  TwoAlarms story;
  const auto told = story.dir / "told";
  test::write_file(story.dir / "hook.sh",
                   fmt::format("echo \"$HOLDFAST_ALARM_KIND|$HOLDFAST_ALARM_SOURCE|"
                               "$HOLDFAST_ALARM_KEY|$HOLDFAST_ALARM_SINCE|$HOLDFAST_ALARM_MESSAGE\""
                               " >>{}\necho chatter\n",
                               told));
  story.agent_options += fmt::format("on_alarm = sh {}/hook.sh\n", story.dir.path());
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(pulled.out.empty());
  CHECK(story::lines(pulled.err) == 2);
  std::string expected;
  const auto status = story.source_status();
  REQUIRE(status.at("alarms").size() == 2);
  for (const auto& alarm : status.at("alarms")) {
    expected +=
        fmt::format("changed|site|{}|{}|{}\n", alarm.at("key").get<std::string>(),
                    alarm.at("since").get<std::string>(), alarm.at("message").get<std::string>());
  }
  CHECK(test::read_file(told) == expected);

  CHECK(story.pull().status == 1);
  CHECK(test::read_file(told) == expected);
  CHECK(story.run({"ack", "site"}).status == 0);
  CHECK(story.pull().status == 0);
  CHECK(test::read_file(told) == expected);

  story.server->put(story::kBucket, "a.tar", "third of a");
  CHECK(story.pull().status == 1);
  CHECK(story::lines(test::read_file(told)) == 3);
}

TEST_CASE("a command for alarms that fails is one warning, and the run is what it was",
          "[stories]") {
  TwoAlarms story;
  std::string command;
  std::string says;
  SECTION("it fails") {
    command = "echo no mail today >&2 && exit 3";
    says = "it ended with status 3; it said: no mail today";
  }
  SECTION("it is missing") {
    command = "/nowhere/send-mail";
    says = "/nowhere/send-mail: not found";
  }
  story.agent_options += "on_alarm = " + command + "\n";
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(story::lines(pulled.err) == 3);
  CHECK(contains(pulled.err, "warning: "));
  CHECK(contains(pulled.err, "on_alarm: "));
  CHECK(contains(pulled.err, says));
  CHECK(contains(pulled.err, "the backup is not affected"));
  CHECK(story.alarm_kinds() == Words{"changed", "changed"});
  const auto again = story.pull();
  CHECK(again.status == 1);
  CHECK(again.err.empty());
}

TEST_CASE("list --all shows what is trusted, what was superseded and what is in quarantine",
          "[stories]") {
  TwoAlarms story;
  CHECK(story.pull().status == 1);
  CHECK(story.run({"accept", "site", "a.tar"}).status == 0);
  story.server->put(story::kBucket, "a.tar", "third of a");
  CHECK(story.pull().status == 1);

  struct Element {
    std::string key;
    std::string state;
    auto operator<=>(const Element&) const = default;
  };
  std::map<Element, int> seen;
  const auto listed = story.run({"list", "site", "--all", "--json"});
  REQUIRE(listed.status == 0);
  for (const auto& element : story::Json::parse(listed.out)) {
    const std::string path = element.at("path");
    CAPTURE(path);
    ++seen[{element.at("key"), element.at("state")}];
    const auto content = test::read_file(story.disk + "/" + path);
    CHECK(story::sha256_of(content) == element.at("sha256"));
    CHECK(content.size() == element.at("size"));
  }
  const auto files = story::files_below(story.disk + "/site");
  CHECK(seen[{"a.tar", "held"}] == 1);
  CHECK(seen[{"a.tar", "superseded"}] == 1);
  CHECK(seen[{"a.tar", "quarantined"}] >= 1);
  CHECK(seen[{"b.tar", "held"}] == 1);
  CHECK(seen[{"b.tar", "quarantined"}] == 1);
  std::size_t elements = 0;
  for (const auto& [element, count] : seen) elements += static_cast<std::size_t>(count);
  CHECK(elements == files.size() - 2);  // SHA256SUMS and the manifest are no archives

  const auto text = story.run({"list", "site", "--all"});
  CHECK(text.status == 0);
  CHECK(story::lines(text.out) == elements);
  CHECK(contains(text.out, "[superseded: superseded/a.tar/"));
  CHECK(contains(text.out, "[quarantine: quarantine/a.tar/"));
  CHECK(contains(text.out, "[quarantine: quarantine/b.tar/"));
  CHECK(story::lines(story.run({"list", "site", "b.*", "--all"}).out) == 2);
  CHECK(story::lines(story.run({"list", "site"}).out) == 2);
  CHECK(story.list().size() == 2);
}

TEST_CASE("the status of a source in trouble says what happened, and what to do", "[stories]") {
  Story story;
  story.init();
  for (int i = 1; i <= 10; ++i) story.put(fmt::format("db-{:02}.tar", i), story::noise(1, 5'000));
  REQUIRE(story.pull().status == 0);
  story.agent_options += "parallel = 1\n";
  story.server->put(story::kBucket, "db-01.tar", story::noise(2, 5'000));
  story.server->put(story::kBucket, "db-11.tar", "encrypted");
  story.server->set_state(story::kBucket, "db-11.tar", fake_s3::ObjectState::kSseC);
  CHECK(story.pull().status == 1);
  for (int i = 2; i <= 8; ++i) story.server->erase(story::kBucket, fmt::format("db-{:02}.tar", i));
  CHECK(story.pull().status == 1);
  CHECK(story.alarm_kinds() == Words{"mass-change", "changed", "unreadable"});

  const auto status = story.run({"status"});
  CHECK(status.status == 0);
  CAPTURE(status.out);
  for (const auto* piece :
       {"site: attention, on HOLD", "10 archives", "7 that the bucket no longer has; kept here",
        "0 in superseded/, 1 in quarantine/", "changed since ", "db-01.tar",
        "holdfast accept site db-01.tar", "unreadable since ", "db-11.tar", "mass-change since ",
        "7 gone from the bucket", "holdfast ack site"}) {
    CAPTURE(piece);
    CHECK(contains(unwrapped(status.out), piece));
  }
  CHECK_FALSE(contains(status.out, "problems of the last run"));
  const auto as_json = story.run({"status", "--json"});
  CHECK(story::Json::parse(as_json.out) == story.status());
}

TEST_CASE("a server that cannot list versions is told from a failure, in one line", "[stories]") {
  Story story;
  story.init();
  story.put("held.tar", "held");
  REQUIRE(story.pull().status == 0);
  const auto [status, code] =
      GENERATE(std::pair(501, "NotImplemented"), std::pair(405, "MethodNotAllowed"));
  story.server->lie({LieKind::kError, "GET", std::string(fake_s3::kListing), status, code});
  story.sources["site"] = "versions = all\n";
  story.server->reset_journal();
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 2);
  CHECK(story::lines(pulled.err) == 1);
  CHECK(contains(pulled.err, "versions = current"));
  CHECK(story.server->counters().requests() == 1);
  CHECK(story.source_status().at("state") == "incomplete");
  CHECK(story.source_status().at("hold") == false);
  CHECK(story.first_difference() == "");

  story.server->clear_lies();
  story.sources["site"] = "versions = current\n";
  CHECK(story.pull().status == 0);
}

#include "agent/status/status.h"

#include "agent/report/progress.h"
#include "agent/report/status_text.h"
#include "agent/status/status_board.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"
#include "tests/support/uploaded.h"

using agent::ExitStatus;
using agent::StatusReport;
using test::contains;
using namespace std::chrono_literals;

namespace {

const agent::Time kNow = *agent::parse_time("2026-01-31T02:00:00Z");

StatusReport full() {
  StatusReport status;
  status.host = "pi";
  status.state = agent::RunState::kAttention;
  status.exit_status = 1;
  status.started_at = kNow - 60s;
  status.finished_at = kNow;
  status.last_success_at = kNow;
  status.disk = {"/mnt/backup", "an-id",  true, "exfat", std::uint64_t{1} << 40,
                 5 << 20,       {"weak"}, 0,    {}};
  status.skew_seconds = -90.5;
  status.bytes_per_second = 4711;
  agent::SourceStatus source;
  source.name = "site";
  source.state = agent::RunState::kAttention;
  source.hold = true;
  source.last_attempt_at = kNow - 60s;
  source.archives = 3;
  source.size_bytes = 4096;
  source.superseded = 1;
  source.quarantined = 2;
  source.run = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  source.newest =
      agent::NewestArchive{"db/1.tar", 2048, test::uploaded(kNow - 7200s), kNow - 3600s};
  source.verified_by = {{"etag-md5", 2}, {"size", 1}};
  source.oldest_read_at = kNow - 86'400s;
  source.corrupt = 11;
  source.missing = 12;
  source.alarms = {{7, "changed", "db/0.tar", kNow - 30s, "another content"}};
  source.alarm_count = 101;
  status.sources.push_back(source);
  status.errors = {{"site", "db/2.tar", "it failed"}, {"", "", "so did the run"}};
  return status;
}

}  // namespace

TEST_CASE("a status survives being written and read", "[status]") {
  const auto text = agent::to_json(full());
  const auto read = agent::status_from_json(text);
  REQUIRE(read);
  CHECK(agent::to_json(*read) == text);
  CHECK(read->exit_status == 1);
  CHECK(read->finished_at == kNow);
  CHECK(read->skew_seconds == -90.5);
  CHECK(read->bytes_per_second == 4711);
  CHECK(read->disk.weaker == std::vector<std::string>{"weak"});
  REQUIRE(read->sources.size() == 1);
  const auto& source = read->sources[0];
  CHECK(source.hold);
  CHECK(source.run.requests == 9);
  CHECK(source.verified_by.at("etag-md5") == 2);
  CHECK_FALSE(source.last_success_at);
  REQUIRE(source.alarms.size() == 1);
  CHECK(source.alarms[0].id == 7);
  CHECK(source.alarms[0].since == kNow - 30s);
  CHECK(read->errors.size() == 2);
}

TEST_CASE("the status file has the contract's members in the contract's forms", "[status]") {
  const auto text = agent::to_json(full());
  CHECK(text.starts_with("{\n  \"schema\": 1,\n  \"version\": \"" HOLDFAST_VERSION "\",\n"));
  CHECK(text.back() == '\n');
  for (const char* piece :
       {"\"state\": \"attention\"", "\"exit_status\": 1",
        "\"finished_at\": \"2026-01-31T02:00:00Z\"", "\"filesystem\": \"exfat\"",
        "\"total_bytes\": 1099511627776", "\"skew_seconds\": -90.5", "\"new\": 2",
        "\"new_bytes\": 3", "\"bytes\": 4096", "\"held_since\": \"2026-01-31T01:00:00Z\"",
        "\"etag-md5\": 2", "\"oldest_at\": \"2026-01-30T02:00:00Z\"", "\"kind\": \"changed\"",
        "\"last_success_at\": null"}) {
    CAPTURE(piece);
    CHECK(contains(text, piece));
  }
  const auto running = agent::to_json(StatusReport{});
  CHECK(contains(running, "\"exit_status\": null"));
  CHECK(contains(running, "\"sources\": []"));
}

TEST_CASE("hostile keys make a status file that any parser reads", "[status]") {
  StatusReport status = full();
  status.sources[0].newest->key = std::string("\xff\x00\x1b[2J\"\n", 8);
  status.errors[0].key = "\xc3";
  const auto text = agent::to_json(status);
  CHECK(contains(text, R"(\\xFF\\x00\\x1B[2J\"\\x0A)"));
  CHECK(agent::status_from_json(text));
}

TEST_CASE("a status file that is none is refused, one that lacks members is read", "[status]") {
  for (const char* wrong : {"", "{", "[]", "null", "7", "{\"state\": 7}", "{\"hold\": ",
                            "{\"started_at\": 5}", "{\"errors\": [{\"key\": []}]}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::status_from_json(wrong));
  }
  const auto read =
      agent::status_from_json(R"({"schema": 9, "unknown": {}, "started_at": "soon"})");
  REQUIRE(read);
  CHECK(read->state == agent::RunState::kOk);
  CHECK_FALSE(read->started_at);
  CHECK(read->sources.empty());
}

TEST_CASE("no status file, whoever wrote it, is more than refused", "[status]") {
  const auto nested = [](std::size_t depth) {
    return "{\"sources\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  const std::string rows[] = {R"({"clock": {"skew_seconds": 1e308}})",
                              R"({"clock": {"skew_seconds": -1e300}})",
                              R"({"clock": {"skew_seconds": "0"}})",
                              R"({"clock": {"skew_seconds": 1e999}})",
                              R"({"clock": 7})",
                              R"({"clock": []})",
                              R"({"exit_status": 1e30})",
                              R"({"exit_status": -1})",
                              R"({"exit_status": 99999999999999999999})",
                              R"({"disk": "x"})",
                              R"({"disk": {"path": 7}})",
                              R"({"disk": {"total_bytes": -1}})",
                              R"({"disk": {"free_bytes": 1e30}})",
                              R"({"disk": {"weaker": "x"}})",
                              R"({"disk": {"weaker": [7]}})",
                              R"({"sources": "x"})",
                              R"({"sources": {}})",
                              R"({"sources": [7]})",
                              R"({"sources": [{"hold": 1}]})",
                              R"({"sources": [{"run": {"listed": 0.5}}]})",
                              R"({"sources": [{"verified_by": {"x": -1}}]})",
                              R"({"sources": [{"verified_by": []}]})",
                              R"({"sources": [{"newest": "x"}]})",
                              R"({"sources": [{"alarms": [[]]}]})",
                              R"({"sources": [{"alarms": [{"id": 1e30}]}]})",
                              R"({"sources": [{"alarms": [{"id": 18446744073709551615}]}]})",
                              R"({"errors": [{"source": []}]})",
                              R"({"last_success_at": {}})",
                              nested(100'000),
                              std::string(1'000'000, '[')};
  for (const auto& text : rows) {
    CAPTURE(text.substr(0, 100));
    const auto read = agent::status_from_json(text);
    CHECK_FALSE(read);
    if (!read) CHECK(agent::printable(read.error()) == read.error());
  }
  for (const char* odd :
       {R"({"clock": {"skew_seconds": 1e9}, "sources": [{"archives": 18446744073709551615}]})",
        R"({"started_at": "9999-12-31T23:59:59Z", "last_success_at": "0000-01-01T00:00:00Z"})",
        R"({"sources": [{"newest": {"held_since": "0000-01-01T00:00:00Z"}, "alarm_count": 7}]})"}) {
    CAPTURE(odd);
    const auto read = agent::status_from_json(odd);
    REQUIRE(read);
    CHECK_FALSE(agent::to_text(*read, kNow).empty());
    CHECK(agent::status_from_json(agent::to_json(*read)));
  }
}

TEST_CASE("a status carries keys exactly, those too that are no UTF-8", "[status]") {
  for (const std::string key :
       {"a\tb", "a\\tb", "\xE2\x80\xAE", "\xFF\\xFF", "\\xFF", "e\xCC\x81", "\xC3\xA9"}) {
    StatusReport status = full();
    status.sources[0].newest->key = key;
    status.sources[0].alarms[0].key = key;
    status.errors[0].key = key;
    const auto read = agent::status_from_json(agent::to_json(status));
    REQUIRE(read);
    CHECK(read->sources[0].newest->key == key);
    CHECK(read->sources[0].alarms[0].key == key);
    CHECK(read->errors[0].key == key);
  }
}

TEST_CASE("no text of a foreign status steers, turns or hides", "[status]") {
  const std::string bad = "x\x1b[2J\n\xE2\x80\xAE\xE2\x80\x8B\xC2\x9B";
  StatusReport status = full();
  auto& source = status.sources[0];
  for (auto* text : {&status.host, &status.disk.path, &status.disk.filesystem,
                     &status.disk.weaker[0], &source.name, &source.newest->key,
                     &source.alarms[0].kind, &source.alarms[0].key, &source.alarms[0].message,
                     &status.errors[0].source, &status.errors[0].key, &status.errors[0].message}) {
    *text = bad;
  }
  source.verified_by = {{bad, 1}};
  for (const bool present : {true, false}) {
    status.disk.present = present;
    const auto text = agent::to_text(status, kNow);
    auto without_breaks = text;
    std::erase(without_breaks, '\n');
    CHECK((agent::printable(without_breaks) == without_breaks));
    CHECK_FALSE(contains(text, "x\n"));
  }
  const auto json = agent::to_json(status);
  CHECK(std::all_of(json.begin(), json.end(),
                    [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); }));
}

TEST_CASE("a command in a status stands on a line of its own, however long it is", "[status]") {
  StatusReport status = full();
  const auto command = "holdfast accept site '" + std::string(30, 'x') + " and then " +
                       std::string(60, 'y') + " : holdfast z'";
  status.sources[0].alarms[0].message =
      "the bucket has different content under this key. If it is right, take it: " + command;
  CHECK(contains(agent::to_text(status, kNow), "it:\n          " + command + "\n"));
}

TEST_CASE("the state follows the exit status", "[status]") {
  CHECK(agent::state_of(ExitStatus::kOk) == agent::RunState::kOk);
  CHECK(agent::state_of(ExitStatus::kAlarm) == agent::RunState::kAttention);
  CHECK(agent::state_of(ExitStatus::kIncomplete) == agent::RunState::kIncomplete);
  CHECK(agent::state_of(ExitStatus::kNotNow) == agent::RunState::kAbsent);
  for (const auto failed : {ExitStatus::kDefect, ExitStatus::kDiskFailed, ExitStatus::kRefused}) {
    CHECK(agent::state_of(failed) == agent::RunState::kFailed);
  }
}

TEST_CASE("a person reads what is held, what is wrong and since when", "[status]") {
  const auto text = agent::to_text(full(), kNow + 3600s);
  for (const char* piece :
       {"holdfast on pi: site ON HOLD (4 changed, 5 gone), has not been pulled whole yet, 1 "
        "changed, 100 other alarms\n",
        "last success 1h ago", "/mnt/backup (exfat), 5.0 MiB free of 1.0 TiB", "weaker        weak",
        "off by -1m 30s against the server", "site: attention, on HOLD", "3 archives, 4.0 KiB",
        "db/1.tar (2.0 KiB, held for 2h)", "2 by etag-md5, 1 by size",
        "5 that the bucket no longer has", "7 that must be restored",
        "ALARM 7 changed since 2026-01-31T01:59:30Z, db/0.tar\n        another content",
        "... and 100 more alarms", "site: db/2.tar: it failed\n", "    so did the run\n"}) {
    CAPTURE(piece);
    CHECK(contains(text, piece));
  }
  StatusReport fresh;
  fresh.state = agent::RunState::kAbsent;
  fresh.disk.path = "/mnt/backup";
  const auto absent = agent::to_text(fresh, kNow);
  CHECK(contains(absent, "the disk was absent at the last run"));
  CHECK(contains(absent, "/mnt/backup is absent, or not the right one"));
  CHECK(contains(absent, "last success never"));
  CHECK_FALSE(contains(absent, "problems"));
  fresh.state = agent::RunState::kRunning;
  fresh.started_at = kNow - 130s;
  CHECK(contains(agent::to_text(fresh, kNow), "running since 2m 10s ago"));
}

TEST_CASE("a status cannot steer the terminal it is read on", "[status]") {
  StatusReport status = full();
  status.sources[0].newest->key = "\x1b[2J";
  status.sources[0].alarms[0].key = "a\nb";
  status.errors[0].message = "\x1b]0;x\x07";
  const auto text = agent::to_text(status, kNow);
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK(contains(text, "a\\x0Ab"));
}

TEST_CASE("a status file that cannot be written is reported once and fails nothing", "[status]") {
  std::vector<std::string> lines;
  agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kNormal,
                 [&](const std::string& line) { lines.push_back(line); });
  int writes = 0;
  agent::StatusBoard board(
      full(),
      [&](const std::string&) -> tl::expected<void, std::string> {
        ++writes;
        return tl::unexpected<std::string>("no such directory");
      },
      log);
  board.publish();
  board.publish();
  CHECK(writes == 2);
  REQUIRE(lines.size() == 1);
  CHECK(contains(lines[0], "warning: the status file cannot be written: no such directory"));
  CHECK(log.errors().empty());
}

TEST_CASE("progress is one line with rate and time left", "[progress]") {
  agent::ProgressFigures figures{12, 40, 1 << 20, 4 << 20, 2s, "", {}};
  CHECK(agent::progress_line(figures, 200) ==
        "[#####...............] 12/40 archives, 1.0 MiB of 4.0 MiB, 512.0 KiB/s, 6s left");
  CHECK(agent::progress_line(figures, 30).size() <= 30);
  figures.size_bytes = 8 << 20;  // more than was planned: some were fetched twice
  CHECK(agent::progress_line(figures, 200) ==
        "[####################] 12/40 archives, 8.0 MiB of 4.0 MiB, 4.0 MiB/s");
  CHECK(agent::progress_line({}, 200) ==
        "[....................] 0/0 archives, 0 bytes of 0 bytes, 0 bytes/s");
}

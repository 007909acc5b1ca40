#include <fmt/format.h>

#include "agent/base/did_you_mean.h"
#include "agent/base/key_pattern.h"
#include "agent/config/ping_url.h"
#include "agent/report/progress.h"
#include "agent/report/pull_summary.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

using namespace std::chrono_literals;

using test::contains;

namespace {

agent::ProgressFigures half_way() {
  agent::ProgressFigures figures;
  figures.archives = 12;
  figures.archives_total = 40;
  figures.recorded = 8;
  figures.size_bytes = std::uint64_t{2} << 30;
  figures.total_bytes = std::uint64_t{4} << 30;
  figures.elapsed = 100s;
  figures.at_work = "db/shop-2026-11-21.sql.zst";
  return figures;
}

agent::StatusReport after_a_run() {
  agent::StatusReport status;
  status.state = agent::RunState::kOk;
  status.started_at = agent::Time{1'800'000'000s};
  status.disk.total_bytes = std::uint64_t{8} << 30;
  status.disk.free_bytes = std::uint64_t{4} << 30;
  agent::SourceStatus source;
  source.name = "site";
  source.last_attempt_at = status.started_at;
  source.archives = 21;
  source.size_bytes = 3000;
  source.run = {17, 2, 1500, 0, 0, 0, 0, 0, 3, 0};
  status.sources = {source};
  return status;
}

}  // namespace

TEST_CASE("the progress line is never wider than its terminal", "[terminal]") {
  auto figures = half_way();
  const std::string name =
      GENERATE(as<std::string>{}, "", "k", "db/shop-2026-11-21.sql.zst", std::string(300, 'x'),
               "\xE2\x80\xAE\x1b[2J", "\xC3\xA9t\xC3\xA9/\xE3\x81\x82\xE3\x81\x84.tar");
  figures.at_work = name;
  for (std::size_t columns = 1; columns < 250; ++columns) {
    CAPTURE(columns, name);
    const auto line = agent::progress_line(figures, columns);
    std::size_t characters = 0;
    for (const char c : line) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    CHECK(characters <= columns);
    CHECK_FALSE(contains(line, "\x1b"));
  }
}

TEST_CASE("the progress line says as much as fits", "[terminal]") {
  const auto figures = half_way();
  CHECK(agent::progress_line(figures, 39) == "[####....] 50% 12/40 ...6-11-21.sql.zst");
  CHECK(contains(agent::progress_line(figures, 79), "12/40 archives, 2.0 GiB of 4.0 GiB"));
  CHECK(contains(agent::progress_line(figures, 79), ".sql.zst"));
  const auto wide = agent::progress_line(figures, 150);
  CHECK(contains(wide, "20.5 MiB/s, 1m 40s left, 8 recorded, db/shop-2026-11-21.sql.zst"));
  CHECK(wide.starts_with("[##########..........] 12/40"));
}

TEST_CASE("a pull is summed up in three lines", "[terminal]") {
  auto status = after_a_run();
  CHECK(agent::pull_summary(status, 130s, false) ==
        "pulled      2 archives came (1.5 KiB), read back from the disk and verified; 3 requests, "
        "2m 10s\n"
        "held        21 archives (2.9 KiB) in 1 source; 4.0 GiB free of 8.0 GiB\n"
        "needs you   nothing");
  auto& source = status.sources.front();
  source.run.fresh = 0;
  source.run.requests = 1;
  CHECK(agent::pull_summary(status, 1s, false)
            .starts_with("pulled      nothing new: 17 archives listed; 1 request, 1s\n"));
  status.state = source.state = agent::RunState::kIncomplete;
  source.hold = true;
  source.alarm_count = 1;
  source.run.failed = 2;
  const auto text = agent::pull_summary(status, 1s, true);
  CHECK(contains(text, "; 2 failed; "));
  CHECK(
      text.ends_with("needs you   \x1b[31mincomplete\x1b[0m; site: on HOLD, incomplete, 1 alarm "
                     "open ('holdfast status' says more)"));
}

TEST_CASE("a folder is what is below it, and a key is itself", "[terminal]") {
  const agent::KeyPattern folder("db/");
  CHECK(folder.matches("db/a"));
  CHECK(folder.matches("db/old/a"));
  CHECK(folder.matches("db/"));
  CHECK_FALSE(folder.matches("db"));
  CHECK_FALSE(folder.matches("dbx/a"));
  const agent::KeyPattern odd("a[1].tar");
  CHECK(odd.matches("a[1].tar"));
  CHECK(odd.matches("a1.tar"));
  CHECK_FALSE(odd.is_plain());
  CHECK(agent::KeyPattern("a.tar").is_plain());
}

TEST_CASE("a name that was mistyped is guessed, and one that is far off is not", "[terminal]") {
  CHECK(agent::did_you_mean("stauts", {"status", "list"}) == "; did you mean \"status\"?");
  CHECK(agent::did_you_mean("xyzzyplugh", {"status", "list"}).empty());
}

TEST_CASE("a ping goes to an address of the web, and nowhere else", "[terminal]") {
  CHECK(agent::complaint_about_ping_url("https://hc-ping.com/1-2-3").empty());
  CHECK(agent::complaint_about_ping_url("http://nas.lan:8000/ping?token=a").empty());
  for (const char* const bad :
       {"", "hc-ping.com/1", "ftp://a/b", "https://", "https://a b/c", "file:///etc/passwd"}) {
    CAPTURE(bad);
    CHECK_FALSE(agent::complaint_about_ping_url(bad).empty());
  }
}

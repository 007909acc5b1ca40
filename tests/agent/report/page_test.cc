#include "agent/report/page.h"

#include <regex>

#include "agent/report/calendar.h"
#include "agent/report/metrics.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"
#include "tests/support/uploaded.h"

using agent::CalendarDay;
using agent::SourceNight;
using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using test::contains;

namespace {

const agent::Time kNow = *agent::parse_time("2026-11-29T03:30:00Z");
const sys_days kToday = std::chrono::floor<days>(kNow);

agent::StatusReport with_source() {
  agent::StatusReport status;
  status.host = "pi";
  status.exit_status = 0;
  status.started_at = status.finished_at = status.last_success_at = kNow - 60s;
  auto& source = status.sources.emplace_back();
  source.name = "site";
  source.last_success_at = kNow - 60s;
  return status;
}

std::string page_of(const agent::StatusReport& status, agent::Time now = kNow) {
  agent::Present present;
  present.now = now;
  return agent::to_page(status, present);
}

std::vector<SourceNight> nightly(int count) {
  std::vector<SourceNight> nights;
  for (int ago = count; ago >= 1; --ago) nights.push_back({kToday - days{ago}, 1, 1000});
  return nights;
}

CalendarDay::Is is_of(const std::vector<CalendarDay>& calendar, int ago) {
  return calendar[calendar.size() - 1 - static_cast<std::size_t>(ago)].is;
}

}  // namespace

TEST_CASE("the page fetches nothing, from anywhere", "[page]") {
  auto status = with_source();
  status.sources[0].nights = nightly(30);
  status.disk.present = true;
  status.disk.total_bytes = 1000;
  for (int ago = 9; ago >= 0; --ago) {
    status.disk.days.push_back({kToday - days{ago}, 500 + static_cast<std::uint64_t>(ago) * 10});
  }
  const auto page = page_of(status);
  for (const char* fetching : {"://", " src=", " href=", "url(", "@import", "<link", "<iframe",
                               "<img", "fetch(", "XMLHttp", "import("}) {
    CAPTURE(fetching);
    CHECK_FALSE(contains(page, fetching));
  }
  CHECK(contains(page, "default-src 'none'"));
  CHECK(contains(page, "script-src 'sha256-"));
  CHECK(std::regex_search(page, std::regex("<svg[^>]*>[^]*<polyline")));
  CHECK(contains(page, "prefers-color-scheme: dark"));
  CHECK(contains(page, "width=device-width"));
}

TEST_CASE("hostile names and words stay text on the page and in the metrics", "[page]") {
  const std::string bad = "</p><script>alert(1)</script>\" onload='x' &amp;\n\x1b[2J\xE2\x80\xAE|";
  auto status = with_source();
  status.host = bad;
  status.disk.path = status.disk.filesystem = bad;
  status.disk.present = true;
  status.disk.weaker = {bad};
  auto& source = status.sources[0];
  source.name = bad;
  source.newest = agent::NewestArchive{bad, 1, test::uploaded(kNow), kNow};
  source.verified_by = {{bad, 1}};
  source.alarms = {{1, bad, bad, kNow, bad}};
  source.alarm_kinds = {{bad, 1}};
  source.alarm_count = 1;
  status.errors = {{bad, bad, bad}};
  const auto page = page_of(status);
  // The page's own, at its end.
  CHECK(page.find("<script>") == page.rfind("<script>"));
  CHECK_FALSE(contains(page, "alert(1)</script>"));
  CHECK(contains(page, "&lt;script&gt;alert(1)"));
  CHECK_FALSE(contains(page, "\" onload"));
  CHECK_FALSE(contains(page, "\x1b"));
  CHECK_FALSE(contains(page, "\xE2\x80\xAE"));
  const auto metrics = agent::to_metrics(status);
  CHECK_FALSE(contains(metrics, "\x1b"));
  CHECK(contains(metrics, "alert(1)</script>\\\" onload"));
  for (std::size_t at = 0; at < metrics.size(); at = metrics.find('\n', at) + 1) {
    CAPTURE(metrics.substr(at, 60));
    CHECK((metrics.compare(at, 2, "# ") == 0 || metrics.compare(at, 9, "holdfast_") == 0));
  }
}

TEST_CASE("the page notices when nobody pulls any more", "[page]") {
  const auto status = with_source();
  const auto fresh = page_of(status);
  CHECK(contains(fresh, "<h1 id=\"word\">OK</h1>"));
  // What its script goes by, when it is opened later.
  CHECK(contains(
      fresh, "data-success=\"" + std::to_string((kNow - 60s).time_since_epoch().count()) + "\""));
  CHECK(contains(fresh, "data-limit=\"93600\""));
  const auto later = page_of(status, kNow + 72h);
  CHECK(contains(later, "<h1 id=\"word\">CRITICAL</h1>"));
  CHECK(contains(later, "no pull for 3d"));
  CHECK(contains(later, "see whether its timer or cron still runs"));
}

TEST_CASE("a night without its archive is missing, one with an alarm suspicious", "[page]") {
  auto nights = nightly(40);
  nights.erase(nights.end() - 5);
  nights[nights.size() - 2].suspicious = 1;
  const auto calendar = agent::calendar_of(nights, kToday, 91);
  REQUIRE(calendar.size() == 91);
  CHECK(calendar.back().day == kToday);
  CHECK(is_of(calendar, 0) == CalendarDay::Is::kNothing);  // it may still come
  CHECK(is_of(calendar, 1) == CalendarDay::Is::kHeld);
  CHECK(is_of(calendar, 2) == CalendarDay::Is::kSuspicious);
  CHECK(is_of(calendar, 5) == CalendarDay::Is::kMissing);
  CHECK(is_of(calendar, 60) == CalendarDay::Is::kNothing);  // before the first
  auto status = with_source();
  status.sources[0].nights = nights;
  const auto page = page_of(status);
  CHECK(contains(page, "Missing: 2026-11-24<"));
  CHECK(contains(page, "Suspicious, see the alarms: 2026-11-27<"));
  CHECK(contains(page, "2026-11-28: 1 held, 1000 bytes"));
}

TEST_CASE("what comes once a week is missing once a week", "[page]") {
  std::vector<SourceNight> nights;
  for (int week = 9; week >= 1; --week) {
    if (week != 3) nights.push_back({kToday - days{7 * week}, 1, 1});
  }
  const auto calendar = agent::calendar_of(nights, kToday, 91);
  CHECK(is_of(calendar, 21) == CalendarDay::Is::kMissing);
  CHECK(std::count_if(calendar.begin(), calendar.end(), [](const CalendarDay& day) {
          return day.is == CalendarDay::Is::kMissing;
        }) == 1);
  nights.resize(3);
  for (const auto& day : agent::calendar_of(nights, kToday, 91)) {
    CHECK(day.is != CalendarDay::Is::kMissing);  // two steps are no rhythm
  }
}

TEST_CASE("the day on which the disk is full is foretold from what went", "[page]") {
  agent::DiskStatus disk;
  disk.total_bytes = 10'000;
  disk.min_free_bytes = 100;
  for (int ago = 10; ago >= 0; --ago) {
    disk.days.push_back({kToday - days{ago}, 1100 + static_cast<std::uint64_t>(ago) * 50});
  }
  disk.free_bytes = disk.days.back().free_bytes;
  CHECK(agent::day_full(disk) == kToday + days{20});
  disk.min_free_bytes = 2000;
  CHECK(agent::day_full(disk) == kToday);
  auto emptier = disk;
  for (auto& day : emptier.days) day.free_bytes = 5000;
  CHECK_FALSE(agent::day_full(emptier));
  disk.days.erase(disk.days.begin(), disk.days.end() - 2);
  CHECK_FALSE(agent::day_full(disk));
  CHECK_FALSE(agent::day_full({}));
}

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/dates.h"

using std::chrono::hours;
using story::contains;
using story::Story;
using story::Words;

namespace {

constexpr hours kNight{24};

// As S3 computes it: so many days after the upload, rounded up to midnight.
std::string expiration(const fake_s3::Object& object, int lifetime_days) {
  using std::chrono::days;
  const auto date = std::chrono::ceil<days>(object.last_modified + days(lifetime_days));
  return fmt::format("expiry-date=\"{:%a, %d %b %Y %H:%M:%S} GMT\", rule-id=\"old backups\"",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(date)));
}

// One that holds and is pulled, night after night.
struct Nights : Story {
  explicit Nights(const std::string& options) {
    sources["site"] = options;
    init();
  }

  std::string name(const std::string& series, int number) const {
    return fmt::format("{}-{}.tar", series, test::date_of(number));
  }
  // The job runs, and the mirror an hour later.
  test::Finished pull_next_night(const Words& series, std::size_t size_bytes = 20'000) {
    let_pass(kNight);
    ++night;
    for (const auto& one : series) {
      put(name(one, night), story::noise(static_cast<std::uint64_t>(night), size_bytes));
    }
    return pull();
  }
  void nights(int count, const Words& series) {
    for (int i = 0; i < count; ++i) {
      const auto pulled = pull_next_night(series);
      CAPTURE(night, pulled.err);
      REQUIRE(pulled.status == 0);
      REQUIRE(pulled.err.empty());
    }
  }

  int night = 0;
};

}  // namespace

TEST_CASE("a lifecycle rule that expires old archives one by one is normal, and all are kept",
          "[stories]") {
  constexpr int kLifetimeDays = 7;
  Nights story("expect_every = 26h\n");
  for (story.night = 1; story.night <= 30; ++story.night) {
    const auto key = story.name("db", story.night);
    story.put(key, story::noise(static_cast<std::uint64_t>(story.night), 2'000));
    story.server->edit(story::kBucket, key, [](fake_s3::Object& object) {
      object.headers.emplace_back("x-amz-expiration", expiration(object, kLifetimeDays));
    });
    const int expired = story.night - kLifetimeDays;
    if (expired > 0) story.server->erase(story::kBucket, story.name("db", expired));
    const auto pulled = story.pull();
    CAPTURE(story.night, pulled.err);
    REQUIRE(pulled.status == 0);
    REQUIRE(pulled.err.empty());
    const auto status = story.source_status();
    CHECK(status.at("run").at("vanished") == std::max(expired, 0));
    CHECK(status.at("run").at("listed") == std::min(story.night, kLifetimeDays));
    CHECK(status.at("hold") == false);
    // The job is not punctual, so that midnight comes before and after it.
    story.let_pass(hours(25));
  }
  CHECK(story.source_status().at("archives") == 30);
  CHECK(story.first_difference() == "");
  CHECK(contains(story.run({"status"}).out, "23 that the bucket no longer has; kept here"));
}

TEST_CASE("a nightly job that is dead for a week is told once, until an archive comes",
          "[stories]") {
  Nights story("expect_every = 26h\n");
  story.nights(4, {"db", "files"});
  const auto before = story.archives();

  const auto one_night = story.pull_next_night({});
  CHECK(one_night.status == 0);
  const auto dead = story.pull_next_night({});
  CAPTURE(dead.err);
  CHECK(dead.status == 1);
  CHECK(story::lines(dead.err) == 1);
  CHECK(
      contains(dead.err, "site: no new archive of this source for more than 1d 2h: the last one"));
  CHECK(contains(dead.err, "the job that makes them"));
  REQUIRE(story.alarm_kinds() == Words{"stale"});
  const auto alarm = story.source_status().at("alarms")[0];
  CHECK(story.status().at("state") == "attention");

  SECTION("told once, and over by itself") {
    for (int i = 0; i < 5; ++i) {
      const auto again = story.pull_next_night({});
      CHECK(again.status == 1);
      CHECK(again.err.empty());
      REQUIRE(story.source_status().at("alarms").size() == 1);
      CHECK(story.source_status().at("alarms")[0] == alarm);
    }
    CHECK(story.archives() == before);
    story.nights(2, {"db", "files"});
    CHECK(story.alarm_kinds().empty());
    CHECK(story.status().at("state") == "ok");
  }
  SECTION("acknowledged, it is not told again of the same silence, but of the next") {
    CHECK(story.run({"ack", "site"}).status == 0);
    for (int i = 0; i < 3; ++i) {
      const auto silent = story.pull_next_night({});
      CAPTURE(silent.err);
      CHECK(silent.status == 0);
      CHECK(silent.err.empty());
    }
    story.nights(1, {"db", "files"});
    CHECK(story.pull_next_night({}).status == 0);
    CHECK(story.pull_next_night({}).status == 1);
    CHECK(story.alarm_kinds() == Words{"stale"});
  }
}

TEST_CASE("a stream that has died is told although another one goes on", "[stories]") {
  Nights story("expect_every = 26h\n");
  story.put("once.tar", "of no stream that could be expected to go on");
  story.nights(3, {"db", "files"});
  // Longer than expect_every, and than twice the time that lies between two of them, which is over
  // in the second night by some seconds, or not yet.
  story.nights(1, {"files"});
  auto dead = story.pull_next_night({"files"});
  if (dead.status == 0) dead = story.pull_next_night({"files"});
  CAPTURE(dead.err);
  CHECK(dead.status == 1);
  CHECK(story::lines(dead.err) == 1);
  CHECK(contains(dead.err, "the stream db-{YYYYMMDD}.tar"));
  REQUIRE(story.alarm_kinds() == Words{"stale"});
  const auto alarm = story.source_status().at("alarms")[0];
  CHECK(alarm.at("key") == "db-{YYYYMMDD}.tar");

  SECTION("it ends when that stream goes on") {
    story.nights(2, {"db", "files"});
    CHECK(story.alarm_kinds().empty());
  }
  SECTION("it outlasts a silence of the whole source") {
    CHECK(story.pull_next_night({}).status == 1);
    const auto all_dead = story.pull_next_night({});
    CHECK(contains(all_dead.err, "this source"));
    CHECK(story.alarm_kinds() == Words{"stale", "stale"});
    CHECK(story.pull_next_night({"files"}).status == 1);
    REQUIRE(story.alarm_kinds() == Words{"stale"});
    CHECK(story.source_status().at("alarms")[0] == alarm);
  }
}

TEST_CASE("archives of 14 bytes are held like others, and told", "[stories]") {
  std::string options;
  std::string says;
  SECTION("below min_size") {
    options = "min_size = 1K\n";
    says = "it has only 14 bytes, and min_size is 1.0 KiB";
  }
  SECTION("far below the median of their stream") {
    options = "shrink_alarm = 50%\n";
    says = "it has only 14 bytes, and the last ones of the stream db-{YYYYMMDD}.tar have 19.5 KiB";
  }
  Nights story(options);
  story.nights(10, {"db"});
  for (std::size_t bad = 1; bad <= 3; ++bad) {
    const auto pulled = story.pull_next_night({"db"}, 14);
    CAPTURE(bad, pulled.err);
    CHECK(pulled.status == 1);
    CHECK(story::lines(pulled.err) == 1);
    CHECK(contains(pulled.err, story.name("db", story.night)));
    CHECK(contains(pulled.err, says));
    CHECK(story.alarm_kinds() == Words(bad, "small"));
    CHECK(story.source_status().at("run").at("new") == 1);
  }
  const auto good = story.pull_next_night({"db"});
  CHECK(good.status == 1);
  CHECK(good.err.empty());
  CHECK(story.first_difference() == "");
  CHECK(story.run({"ack", "site"}).status == 0);
  CHECK(story.pull().status == 0);
}

TEST_CASE("an archive in Glacier is counted, asked for once a day, and fetched when it is restored",
          "[stories]") {
  Story story;
  story.init();
  story.put("warm.tar", "warm");
  story.server->put(story::kBucket, "cold.tar", "cold");
  story.server->set_state(story::kBucket, "cold.tar", fake_s3::ObjectState::kArchived);
  const auto gets_of_a_pull = [&] {
    story.server->reset_journal();
    const auto pulled = story.pull();
    CAPTURE(pulled.err);
    CHECK(pulled.status == 0);
    CHECK(pulled.err.empty());
    return story.server->counters().gets;
  };
  CHECK(gets_of_a_pull() == 2);
  for (int i = 0; i < 3; ++i) {
    CHECK(gets_of_a_pull() == 0);
    CHECK(story.source_status().at("run").at("archived") == 1);
    CHECK(story.source_status().at("run").at("failed") == 0);
    CHECK(story.source_status().at("archives") == 1);
  }
  CHECK(contains(story.run({"status"}).out, "1 that must be restored before they can be read"));
  story.let_pass(hours(25));
  CHECK(gets_of_a_pull() == 1);
  CHECK(gets_of_a_pull() == 0);

  // A restored copy is still in its class; only the answer to a GET tells.
  story.server->set_state(story::kBucket, "cold.tar", fake_s3::ObjectState::kNormal);
  story.wanted["cold.tar"] = "cold";
  story.let_pass(hours(25));
  CHECK(gets_of_a_pull() == 1);
  CHECK(story.source_status().at("run").at("archived") == 0);
  CHECK(story.first_difference() == "");
}

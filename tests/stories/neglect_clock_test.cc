#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/test_certificate.h"

using std::chrono::hours;
using story::contains;
using story::Story;
using story::Words;

namespace {

// Of the Date that a server sends.
constexpr std::chrono::seconds kResolution{2};

std::string now_written(std::chrono::seconds later = {}) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + later);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

// A year ahead, as after a flat battery that somebody replaced; and 1970, as without one.
std::chrono::seconds since_1970() {
  return hours(1) - std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch());
}

std::chrono::seconds wrong_by() {
  return GENERATE_COPY(std::chrono::seconds(hours(24 * 365)), since_1970());
}

void check_written_now(const std::string& time, const std::string& not_before) {
  CAPTURE(time, not_before);
  CHECK(time >= not_before);
  CHECK(time <= now_written(std::chrono::minutes(1)));
}

}  // namespace

TEST_CASE("with a clock a year ahead or in 1970 all goes on, with one warning", "[stories]") {
  Story story;
  story.clock_error = wrong_by();
  CAPTURE(story.clock_error.count());
  story.sources["site"] = "expect_every = 26h\n";
  story.sources["empty"] = "prefix = nothing/\nexpect_every = 26h\n";
  story.init();
  story.put("db-1.tar", story::noise(1, 20'000));
  const auto begun = now_written(-kResolution);

  for (int run = 0; run < 2; ++run) {
    const auto pulled = story.pull();
    CAPTURE(run, pulled.err);
    CHECK(pulled.status == 0);
    CHECK(story::lines(pulled.err) == 1);
    CHECK(contains(pulled.err, "warning: this machine's clock says "));
    CHECK(contains(pulled.err, "set the clock"));
    CHECK(story.first_difference() == "");
    CHECK(story.alarm_kinds().empty());
    CHECK(story.alarm_kinds("empty").empty());
    // Only a clock that cannot be right gives way to the server's.
    if (story.clock_error.count() < 0) {
      check_written_now(story.source_status().at("newest").at("held_since"), begun);
    }
  }

  story.clock_error = {};
  const auto corrected = story.pull();
  CAPTURE(corrected.err);
  CHECK(corrected.status == 0);
  CHECK(corrected.err.empty());
  story.let_pass(hours(25));
  CHECK(story.pull().status == 0);
  story.let_pass(hours(2));
  CHECK(story.pull().status == 1);
  CHECK(story.alarm_kinds() == Words{"stale"});
  CHECK(story.alarm_kinds("empty") == Words{"stale"});
}

TEST_CASE("alarms raised under a clock in 1970 carry the server's time", "[stories]") {
  Story story;
  story.init();
  for (const auto* key : {"a.tar", "b.tar", "c.tar"}) story.put(key, key);
  REQUIRE(story.pull().status == 0);
  story.server->put(story::kBucket, "a.tar", "another content");
  story.clock_error = since_1970();
  const auto begun = now_written(-kResolution);
  CHECK(story.pull().status == 1);
  for (const auto* key : {"a.tar", "b.tar", "c.tar"}) story.server->erase(story::kBucket, key);
  CHECK(story.pull().status == 1);
  REQUIRE(story.alarm_kinds() == Words{"mass-change", "changed"});
  const auto status = story.source_status();
  for (const auto& alarm : status.at("alarms")) check_written_now(alarm.at("since"), begun);
}

TEST_CASE("over TLS a clock in 1970 is named as the cause, and the next run makes up for it",
          "[stories]") {
  fake_s3::Options options;
  options.tls = fake_s3::make_certificate();
  Story story(options);
  story.init();
  story.put("a.tar", "a.tar");
  test::write_file(story.dir / "ca.pem", options.tls->certificate_pem);
  story.sources["site"] = fmt::format("ca_file = {}\n", story.dir / "ca.pem");
  story.clock_error = since_1970();
  const auto early = story.pull();
  CAPTURE(early.err);
  CHECK(early.status == 2);
  CHECK(contains(early.err, "not yet valid"));
  CHECK(contains(early.err, "this machine's clock"));
  CHECK(story.archives().empty());
  story.clock_error = {};
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference() == "");
}

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::contains;
using story::LieKind;
using story::Story;
using story::Words;

namespace {

std::string name(int number) { return fmt::format("db-{:02}.tar", number); }

struct Ten : Story {
  Ten() {
    init();
    for (int i = 0; i < 10; ++i) put(name(i), story::noise(static_cast<std::uint64_t>(i), 9'000));
    const auto pulled = pull();
    CAPTURE(pulled.err);
    REQUIRE(pulled.status == 0);
    before = archives();
  }

  /// What somebody else wrote, of the same size; the mirror has to go on holding what it has.
  void overwrite(int number) const {
    server->put(story::kBucket, name(number),
                story::noise(static_cast<std::uint64_t>(100 + number), 9'000));
  }
  std::set<std::string> keys_got() const {
    std::set<std::string> keys;
    for (const auto& entry : server->journal()) {
      if (entry.method == "GET" && !entry.listing) keys.insert(entry.key);
    }
    return keys;
  }
  std::int64_t alarm_id(const std::string& kind) const {
    const auto status = source_status();
    for (const auto& alarm : status.at("alarms")) {
      if (alarm.at("kind") == kind) return alarm.at("id");
    }
    return -1;
  }

  story::Files before;
};

}  // namespace

TEST_CASE("a listing that comes back empty takes nothing, and puts the source on HOLD",
          "[stories]") {
  Ten story;
  story.server->lie({LieKind::kEmptyListing, "GET", std::string(fake_s3::kListing)});
  const auto empty = story.pull();
  CAPTURE(empty.err);
  CHECK(empty.status == 1);
  CHECK(story::lines(empty.err) == 1);
  CHECK(contains(empty.err, "10 gone from the bucket"));
  CHECK(contains(empty.err, "db-00.tar, db-01.tar, db-02.tar"));
  CHECK(contains(empty.err, "The bucket still has \"db-00.tar\""));
  CHECK(contains(empty.err, "untouched"));
  CHECK(contains(empty.err, "holdfast ack site"));
  CHECK(story.source_status().at("hold") == true);
  CHECK(story.source_status().at("run").at("vanished") == 10);
  CHECK(story.alarm_kinds() == Words{"mass-change"});
  CHECK(story.first_difference() == "");

  SECTION("whole again, it is on HOLD until it is acknowledged, and new archives still come") {
    story.server->clear_lies();
    story.put("db-10.tar", "new on HOLD");
    story.server->reset_journal();
    const auto whole = story.pull();
    CHECK(whole.status == 1);
    CHECK(whole.err.empty());
    CHECK(story.source_status().at("hold") == true);
    CHECK(story.source_status().at("run").at("vanished") == 0);
    CHECK(story.keys_got() == std::set<std::string>{"db-10.tar"});
    CHECK(story.run({"ack", "site"}).status == 0);
    story.put("db-11.tar", "new after it");
    const auto after = story.pull();
    CHECK(after.status == 0);
    CHECK(after.err.empty());
    CHECK(story.source_status().at("hold") == false);
    CHECK(story.first_difference() == "");
  }
  SECTION("empty for good and acknowledged, it stays as it is") {
    CHECK(story.run({"ack", "site"}).status == 0);
    const auto after = story.pull();
    CHECK(after.status == 0);
    CHECK(after.err.empty());
    CHECK(story.source_status().at("run").at("vanished") == 10);
    CHECK(story.first_difference() == "");
  }
}

TEST_CASE("on HOLD new archives come and changed ones do not, until the HOLD is acknowledged",
          "[stories]") {
  Ten story;
  for (int i = 0; i < 6; ++i) story.overwrite(i);
  for (const int gone : {8, 9}) story.server->erase(story::kBucket, name(gone));
  story.put("db-10.tar", "new");
  story.before["db-10.tar"] = "new";
  story.server->put(story::kBucket, "secret.tar", "new");
  story.server->set_state(story::kBucket, "secret.tar", fake_s3::ObjectState::kDenied);
  story.server->reset_journal();
  const auto struck = story.pull();
  CAPTURE(struck.err);
  CHECK(struck.status == 1);
  CHECK(contains(struck.err, "of 10 archives"));
  CHECK(contains(struck.err, "6 replaced by other contents and 2 gone from the bucket"));
  for (int run = 0; run < 2; ++run) {
    CHECK(story.keys_got() == std::set<std::string>{"db-10.tar", "secret.tar"});
    CHECK(story.archives() == story.before);
    const auto status = story.source_status();
    CHECK(status.at("hold") == true);
    CHECK(status.at("run").at("changed") == 6);
    CHECK(status.at("run").at("vanished") == 2);
    CHECK(status.at("quarantined") == 0);
    CHECK(story.alarm_kinds() == Words{"mass-change", "unreadable"});
    const auto again = story.pull();
    CHECK(again.status == 1);
    CHECK(again.err.empty());
  }

  const auto wrong = story.run({"ack", "site", "4711"});
  CHECK(wrong.status == 64);
  CHECK(contains(wrong.err, "alarm 4711 is not open"));
  CHECK(story.run({"ack", "site", "mass-change"}).status == 64);
  CHECK(story.run({"ack", "nowhere"}).status == 64);
  CHECK(story.alarm_kinds() == Words{"mass-change", "unreadable"});

  const auto other = story.run({"ack", "site", std::to_string(story.alarm_id("unreadable"))});
  CHECK(other.status == 0);
  CHECK(story::lines(other.out) == 1);
  CHECK(contains(other.out, "1 alarm acknowledged"));
  CHECK_FALSE(contains(other.out, "HOLD"));
  CHECK(story.source_status().at("hold") == true);
  CHECK(story.alarm_kinds() == Words{"mass-change"});
  CHECK(story.status().at("state") == "attention");
  story.server->reset_journal();
  CHECK(story.pull().status == 1);
  // Asked once more, as the policy may have been mended.
  CHECK(story.keys_got() == std::set<std::string>{"secret.tar"});
  story.server->reset_journal();

  const auto acknowledged = story.run({"ack", "site"});
  CHECK(acknowledged.status == 0);
  CHECK(contains(acknowledged.out, "the HOLD is over"));
  CHECK(story.source_status().at("hold") == false);
  CHECK(story.source_status().at("state") == "ok");
  CHECK(story.alarm_kinds().empty());
  CHECK(story.status().at("state") == "ok");
  CHECK(story.keys_got().empty());

  const auto after = story.pull();
  CAPTURE(after.err);
  CHECK(after.status == 1);
  CHECK(story::lines(after.err) == 6);
  CHECK(story.alarm_kinds() == Words(6, "changed"));
  CHECK(story.source_status().at("quarantined") == 6);
  CHECK(story.archives() == story.before);
  CHECK(story::check_sums(story).status == 0);
  CHECK(story::files_below(story.disk + "/site/quarantine").size() == 6);
}

TEST_CASE("accept takes what was quarantined, and the status file says so at once", "[stories]") {
  Ten story;
  story.overwrite(3);
  CHECK(story.pull().status == 1);
  CHECK(story.archives() == story.before);
  CHECK(story.run({"accept", "site", "no-such.tar"}).status == 64);
  CHECK(story.run({"accept", "site", name(4)}).status == 64);
  REQUIRE(story.alarm_kinds() == Words{"changed"});
  story.server->reset_journal();
  const auto accepted = story.run({"accept", "site", name(3)});
  CAPTURE(accepted.err);
  CHECK(accepted.status == 0);
  CHECK(contains(accepted.out, name(3)));
  CHECK(story.server->counters().requests() == 0);
  const auto status = story.source_status();
  CHECK(status.at("alarms").empty());
  CHECK(status.at("state") == "ok");
  CHECK(status.at("superseded") == 1);
  CHECK(story.status().at("state") == "ok");
  auto expected = story.before;
  expected[name(3)] = story::noise(103, 9'000);
  CHECK(story.archives() == expected);
  const auto superseded = story::files_below(story.disk + "/site/superseded");
  REQUIRE(superseded.size() == 1);
  CHECK(superseded.begin()->second == story.before[name(3)]);
  CHECK(story::check_sums(story).status == 0);

  story.server->reset_journal();
  const auto after = story.pull();
  CHECK(after.status == 0);
  CHECK(after.err.empty());
  CHECK(story.keys_got().empty());
}

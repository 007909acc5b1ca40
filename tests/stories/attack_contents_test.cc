#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

// What lies in the bucket is replaced, by an attacker or by its own owner.

using fake_s3::ObjectState;
using std::chrono::hours;
using story::contains;
using story::Files;
using story::Story;
using story::Words;
using test::kMiB;

namespace {

constexpr const char* kRule = "codefinger";

std::string name(int number) { return fmt::format("db-{:02}.tar", number); }

struct Bucket : Story {
  explicit Bucket(int archives = 0) {
    init();
    for (int i = 0; i < archives; ++i) {
      put(name(i), story::noise(static_cast<std::uint64_t>(i), 9'000));
      // One a day, the last one now.
      age(name(i), std::chrono::days(archives - 1 - i));
    }
    if (archives == 0) return;
    const auto pulled = pull();
    CAPTURE(pulled.err);
    REQUIRE(pulled.status == 0);
  }

  void age(const std::string& key, std::chrono::days days) const {
    server->edit(story::kBucket, key,
                 [&](fake_s3::Object& object) { object.last_modified -= days; });
  }
  // CopyObject onto itself with a key of the attacker's: as long as before, and unreadable. Even a
  // HEAD is answered with 400, and no header of the object.
  void encrypt(const std::string& key) const {
    const auto size = server->bucket(story::kBucket)->find(key, "")->content->size_bytes();
    server->put(story::kBucket, key, story::noise(size + std::hash<std::string>()(key), size));
    server->set_state(story::kBucket, key, ObjectState::kSseC);
  }
  // "Delete everything seven days after its upload", as S3 then says it of each object.
  void delete_after_seven_days() const {
    std::vector<std::string> keys;
    server->bucket(story::kBucket)
        ->visit("", [&](const std::string& key, const fake_s3::Object&, bool) {
          keys.push_back(key);
          return true;
        });
    for (const auto& key : keys) expire(key);
  }
  void expire(const std::string& key) const {
    server->edit(story::kBucket, key, [](fake_s3::Object& object) {
      const auto date =
          std::chrono::floor<std::chrono::days>(object.last_modified) + std::chrono::days(8);
      object.headers.push_back(
          {"x-amz-expiration",
           fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", http_date(date), kRule)});
    });
  }
  static std::string http_date(std::chrono::sys_days day) {
    constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::year_month_day date(day);
    return fmt::format("{}, {:02} {} {} 00:00:00 GMT",
                       kDays.at(std::chrono::weekday(day).c_encoding()), unsigned{date.day()},
                       kMonths.at(unsigned{date.month()} - 1), int{date.year()});
  }

  // What is held, and SHA256SUMS; the manifest also tells what was merely seen.
  Files held_files() const {
    auto files = story::files_below(disk + "/site");
    files.erase("manifest.jsonl");
    return files;
  }
  std::size_t gets_of(const std::string& key) const {
    const auto journal = server->journal();
    return static_cast<std::size_t>(
        std::count_if(journal.begin(), journal.end(), [&](const auto& entry) {
          return entry.method == "GET" && !entry.listing && entry.key == key;
        }));
  }
  std::string message_of(const std::string& kind) const {
    const auto status = source_status();
    for (const auto& alarm : status.at("alarms")) {
      if (alarm.at("kind") == kind) return alarm.at("message");
    }
    return "";
  }
};

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("every object is encrypted in place with the attacker's key, and set to expire",
          "[stories]") {
  Bucket story(10);
  const auto before = story.held_files();
  for (int i = 0; i < 10; ++i) story.encrypt(name(i));
  story.delete_after_seven_days();
  story.server->reset_journal();
  const auto struck = story.pull();
  CAPTURE(struck.err);
  CHECK(struck.status == 1);
  CHECK(story::lines(struck.err) == 1);
  CHECK(contains(struck.err, "10 replaced by other contents"));
  CHECK(contains(struck.err, "The copies on this disk are untouched and stay"));
  CHECK(story.source_status().at("hold") == true);
  CHECK(story.source_status().at("quarantined") == 0);
  CHECK(story.server->counters().gets == 0);
  CHECK(story.alarm_kinds() == Words{"mass-change"});
  CHECK(story.held_files() == before);

  // No answer that a read-only key gets shows the rule now, and no line is said about that.
  story.let_pass(hours(26));
  const auto day_after = story.pull();
  CHECK(day_after.status == 1);
  CHECK(story::lines(day_after.err) == 1);
  CHECK(contains(day_after.err, "on HOLD; 1 alarm is still open"));
  CHECK(story.alarm_kinds() == Words{"mass-change"});

  // The next backup is readable, comes on HOLD too, and says it.
  story.put("db-10.tar", "the next backup, from a server that knows of nothing");
  story.expire("db-10.tar");
  const auto next = story.pull();
  CAPTURE(next.err);
  CHECK(next.status == 1);
  CHECK(story::lines(next.err) == 1);
  CHECK(contains(next.err, kRule));
  CHECK(contains(next.err, "7 days after upload"));
  CHECK(contains(next.err, "What is held here stays"));
  CHECK(has(story.alarm_kinds(), "expiring"));
  CHECK(story.first_difference() == "");

  // Seven days later the rule has done its work.
  for (int i = 0; i <= 10; ++i) story.server->erase(story::kBucket, name(i));
  const auto deleted = story.pull();
  CHECK(deleted.status == 1);
  CHECK(story::lines(deleted.err) <= 1);
  CHECK(story.first_difference() == "");
  CHECK(story::check_sums(story).status == 0);
}

TEST_CASE("one of three archives is encrypted in place: it is unreadable, and the rule is seen",
          "[stories]") {
  Bucket story(3);
  const auto before = story.held_files();
  const int victim = GENERATE(0, 2);  // the newest is the one whose HEAD is asked for
  CAPTURE(victim);
  story.encrypt(name(victim));
  story.delete_after_seven_days();
  const auto struck = story.pull();
  CAPTURE(struck.err);
  CHECK(struck.status == 1);
  CHECK(story::lines(struck.err) == 1);
  CHECK(contains(struck.err, name(victim)));
  CHECK(contains(struck.err, "different content under this key"));
  CHECK(contains(struck.err, "the copy that is held here stays as it is"));
  CHECK(contains(struck.err, "find out who did that"));
  CHECK(story.alarm_kinds() == Words{"unreadable"});
  CHECK(story.source_status().at("hold") == false);
  CHECK(story.held_files() == before);

  // Not asked for at each run, and not said again.
  story.server->reset_journal();
  const auto again = story.pull();
  CHECK(again.status == 1);
  CHECK(again.err.empty());
  CHECK(story.server->counters().gets == 0);

  story.let_pass(hours(26));
  const auto day_after = story.pull();
  CAPTURE(day_after.err);
  CHECK(day_after.status == 1);
  CHECK(has(story.alarm_kinds(), "expiring"));
  CHECK(contains(day_after.err, kRule));
  CHECK(story::lines(day_after.err) == 1);
  CHECK(story.held_files() == before);
  // Put back as it was, the content is held again, and its alarm over.
  story.server->put(story::kBucket, name(victim), story.wanted[name(victim)]);
  CHECK(story.pull().status == 1);
  CHECK(story.alarm_kinds() == Words{"expiring"});
  CHECK(story.held_files() == before);
}

TEST_CASE("a rule that was there at first contact is no alarm, and one that comes later is",
          "[stories]") {
  Bucket story;
  const bool at_first = GENERATE(true, false);
  story.put("db-00.tar", "first");
  if (at_first) story.expire("db-00.tar");
  REQUIRE(story.pull().status == 0);
  story.put("db-01.tar", "second");
  story.expire("db-01.tar");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == (at_first ? 0 : 1));
  CHECK(story.alarm_kinds() == (at_first ? Words{} : Words{"expiring"}));
  CHECK(story.first_difference() == "");
}

TEST_CASE("a trojaned archive of the same size goes into quarantine, until somebody takes it",
          "[stories]") {
  Bucket story(6);
  const auto before = story.archives();
  const std::string trojan = story::noise(4711, 9'000);
  REQUIRE(trojan != before.at(name(3)));
  story.server->put(story::kBucket, name(3), trojan);
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(story::lines(pulled.err) == 1);
  CHECK(contains(pulled.err, name(3)));
  CHECK(contains(pulled.err, "the same size"));
  CHECK(contains(pulled.err, "The copy held here stays as it is"));
  CHECK(contains(pulled.err, "quarantine/" + name(3) + "/"));
  CHECK(contains(pulled.err, "holdfast accept site " + name(3)));
  CHECK(story.alarm_kinds() == Words{"changed"});
  CHECK(story.archives() == before);
  const auto quarantine = story::files_below(story.disk + "/site/quarantine");
  REQUIRE(quarantine.size() == 1);
  CHECK(quarantine.begin()->second == trojan);
  CHECK(story::check_sums(story).status == 0);

  // It is asked for once, and said once.
  story.server->reset_journal();
  const auto again = story.pull();
  CHECK(again.status == 1);
  CHECK(again.err.empty());
  CHECK(story.server->counters().gets == 0);

  REQUIRE(story.run({"accept", "site", name(3)}).status == 0);
  auto expected = before;
  expected[name(3)] = trojan;
  CHECK(story.archives() == expected);
  const auto superseded = story::files_below(story.disk + "/site/superseded");
  REQUIRE(superseded.size() == 1);
  CHECK(superseded.begin()->first.starts_with(name(3) + "/"));
  CHECK(superseded.begin()->second == before.at(name(3)));
  CHECK(story::check_sums(story).status == 0);
  CHECK(story.alarm_kinds().empty());
  const auto after = story.pull();
  CHECK(after.status == 0);
  CHECK(after.err.empty());
  CHECK(story.archives() == expected);
}

TEST_CASE("the same content uploaded once more raises nothing, and a large one is not fetched",
          "[stories]") {
  Bucket story;
  const bool large = GENERATE(true, false);
  story.sources["site"] = GENERATE("", "versions = all\n");
  CAPTURE(large, story.sources["site"]);
  const auto content = story::noise(1, large ? 3 * kMiB : 9'000);
  story.server->keep_versions(story::kBucket);
  for (const auto* key : {"a.tar", "b.tar", "c.tar", "d.tar"}) story.put(key, content + key);
  // This one shows that the ETags of uploads in parts can be believed here.
  const auto parts = content + "parts";
  story.put("parts.tar", parts);
  story.server->put_multipart(story::kBucket, "parts.tar", parts, content.size() / 2);
  REQUIRE(story.pull().status == 0);
  const auto before = story.held_files();

  std::size_t most_gets = 0;
  SECTION("with another version and date") {
    story.put("a.tar", content + "a.tar");
    story.age("a.tar", std::chrono::days(-1));
  }
  SECTION("in parts, so with another ETag") {
    story.server->put_multipart(story::kBucket, "a.tar", content + "a.tar", content.size() / 2);
    most_gets = large ? 0 : 1;
  }
  story.server->reset_journal();
  const auto pulled = story.pull();
  CAPTURE(pulled.err, most_gets);
  CHECK(pulled.status == 0);
  CHECK(pulled.err.empty());
  CHECK(story.alarm_kinds().empty());
  CHECK(story.gets_of("a.tar") == most_gets);
  CHECK(story.server->counters().gets == most_gets);
  CHECK(story.held_files() == before);

  // And what it is called now is known.
  story.server->reset_journal();
  CHECK(story.pull().status == 0);
  CHECK(story.server->counters().requests() == story.server->counters().listings);
  CHECK(story.first_difference() == "");
}

TEST_CASE("a name that rotates is told how to be configured, and then rotates in peace",
          "[stories]") {
  Bucket story(5);
  const auto before = story.archives();
  story.put("latest.tar", "the first");
  REQUIRE(story.pull().status == 0);
  story.put("latest.tar", "the second");
  CHECK(story.pull().status == 1);
  CHECK_FALSE(contains(story.message_of("changed"), "rotate"));
  story.put("latest.tar", "the third");
  const auto third = story.pull();
  CAPTURE(third.err);
  CHECK(third.status == 1);
  CHECK(story::lines(third.err) == 1);
  for (const auto* line : {"had 3 versions", "\"on_change = generations\" into [source site]",
                           "\"exclude = latest.tar\""}) {
    CHECK(contains(third.err, line));
    CHECK(contains(story.message_of("changed"), line));
  }
  CHECK(story.alarm_kinds() == Words{"changed"});
  CHECK(story.archives().at("latest.tar") == "the first");
  REQUIRE(story.run({"ack", "site"}).status == 0);

  SECTION("with the one line every content is held, and none is an alarm") {
    story.sources["site"] = "on_change = generations\n";
    std::set<std::string> replaced = {"the first"};
    for (const auto* content : {"the fourth", "the fifth", "the sixth"}) {
      story.put("latest.tar", content);
      const auto pulled = story.pull();
      CAPTURE(pulled.err);
      CHECK(pulled.status == 0);
      CHECK(pulled.err.empty());
      CHECK(story.archives().at("latest.tar") == content);
      std::set<std::string> superseded;
      for (const auto& [path, old] : story::files_below(story.disk + "/site/superseded")) {
        CHECK(path.starts_with("latest.tar/"));
        superseded.insert(old);
      }
      CHECK(superseded == replaced);
      CHECK(story.source_status().at("superseded") == replaced.size());
      CHECK(story::check_sums(story).status == 0);
      replaced.insert(content);
    }
    CHECK(story.alarm_kinds().empty());
  }
  SECTION("with the other the name is nobody's concern, and what is held of it stays") {
    story.sources["site"] = "exclude = latest.tar\n";
    story.put("latest.tar", "the fourth");
    const auto held = story.held_files();
    const auto pulled = story.pull();
    CHECK(pulled.status == 0);
    CHECK(pulled.err.empty());
    CHECK(story.held_files() == held);
  }
  for (const auto& [key, content] : before) CHECK(story.archives().at(key) == content);
}

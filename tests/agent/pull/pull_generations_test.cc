#include <fmt/format.h>

#include <tuple>

#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// What becomes of contents that are not the first of their key.

using agent::ExitStatus;
using agent::OnChange;
using fake_s3::Lie;
using fake_s3::LieKind;
using fake_s3::ObjectState;
using pull_test::put_with_etag;
using pull_test::World;
using Names = std::vector<std::string>;

namespace {

constexpr std::size_t kLarge = 3 << 20;

// The bucket has the first content again, and the one that is trusted has rotted here.
void let_rot_before_return(World& world) {
  world.disk.set_has_links(false);  // so that it is read when it moves aside
  world.site().on_change = OnChange::kGenerations;
  for (const std::string content : {"the first", "the second one"}) {
    world.server->put("b", "k", content);
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  world.disk.plant("site/archives/k", "the secund one");
  world.server->put("b", "k", "the first");
}

}  // namespace

TEST_CASE("a changed content goes into quarantine once, and the held one stays", "[pull]") {
  World world;
  world.server->put("b", "db/k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "db/k", "encrypted, pay us");
  for (int run = 0; run < 2; ++run) {
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.status().state == agent::RunState::kAttention);
    CHECK(world.alarm_kinds() == Names{"changed"});
    CHECK(world.source().run.changed == 1);
    CHECK(world.source().run.fresh == 0);
    CHECK(world.source().quarantined == 1);
    CHECK(world.archive("db/k") == "the first content");
    CHECK(world.contents_below("site/quarantine/db/k/") == Names{"encrypted, pay us"});
    CHECK(world.gets_of("db/k") == (run == 0 ? 1 : 0));
    CHECK(world.lines_with("the copy held here stays as it is") +
              world.lines_with("stays as it is") >=
          (run == 0 ? 1U : 0U));
    CHECK(world.lines.size() == (run == 0 ? 1U : 0U));
  }
  const auto sums = world.disk.files().at("site/SHA256SUMS");
  CHECK(sums.find("  archives/db/k\n") != std::string::npos);
  CHECK(sums.find("  quarantine/db/k/") != std::string::npos);
  // An alarm that was acknowledged does not come again for the same content.
  CHECK(world.ack() == ExitStatus::kOk);
  CHECK(world.source().alarms.empty());
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.changed == 1);
}

TEST_CASE("the first content, come back, raises nothing", "[pull]") {
  World world;
  world.server->put("b", "k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "another");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.server->put("b", "k", "the first content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.changed == 0);
}

TEST_CASE("the same content under another ETag raises nothing", "[pull]") {
  World world;
  const bool large = GENERATE(false, true);
  const bool told = GENERATE(false, true);  // the server's own digest says that it is the same
  CAPTURE(large, told);
  const std::string content(large ? kLarge : 100, 'x');
  world.server->put("b", "k", content);
  world.server->put("b", "l", "what shows that ETags are MD5s here");
  REQUIRE(world.pull() == ExitStatus::kOk);
  if (told) {
    world.server->put_multipart("b", "k", content, content.size() / 2 + 1);
  } else {
    put_with_etag(world, "k", content, "opaque");
  }
  for (int run = 0; run < 2; ++run) {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.lines.empty());
    CHECK(world.source().run.changed == (run == 0 ? 1U : 0U));
    CHECK(world.files_below("site/quarantine/") == 0);
    CHECK(world.files_below(".holdfast/staging/") == 0);
    // A small one is fetched sooner than asked about; a large one only where nothing proves it.
    if (run == 1) CHECK(world.gets_of("k") == 0);
  }
  CHECK(world.archive("k") == content);
}

TEST_CASE("a large content that is proven to be the held one is not fetched", "[pull]") {
  World world;
  const std::string content(kLarge, 'x');
  std::string other = content;
  world.server->put_multipart("b", "k", content, 1 << 20);
  REQUIRE(world.pull() == ExitStatus::kOk);
  SECTION("as it is") {
    world.server->put_multipart("b", "k", content, 2 << 20);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.gets_of("k") == 0);
    CHECK(world.files_below("site/quarantine/") == 0);
  }
  SECTION("and one of the same size that is another is") {
    other[kLarge / 2] = 'y';
    world.server->put_multipart("b", "k", other, 2 << 20);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.gets_of("k") == 1);
    CHECK(world.contents_below("site/quarantine/k/") == Names{other});
  }
  SECTION("and a CRC or the uploader's word proves nothing") {
    other[kLarge / 2] = 'y';
    put_with_etag(world, "k", other, "opaque");
    world.server->set_header("b", "k", "x-amz-meta-md5chksum",
                             store::to_base64(store::from_hex(fake_s3::md5_hex(content))));
    CHECK(world.pull() == ExitStatus::kIncomplete);  // it breaks that word
    CHECK(world.gets_of("k") == 2);
  }
  CHECK(world.archive("k") == content);
}

TEST_CASE("with generations a new content takes the place and the old one is superseded",
          "[pull]") {
  World world;
  world.disk.set_has_links(GENERATE(true, false));
  world.site().on_change = OnChange::kGenerations;
  world.server->put("b", "latest", "Monday's");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (const std::string day : {"Tuesday's", "Wednesday's"}) {
    world.server->put("b", "latest", day);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.lines.empty());
    CHECK(world.archive("latest") == day);
    CHECK(world.source().run.fresh == 1);
  }
  CHECK(world.contents_below("site/superseded/latest/") == Names{"Monday's", "Tuesday's"});
  CHECK(world.source().archives == 1);
  CHECK(world.source().superseded == 2);
  CHECK(world.disk.finished("site/archives/latest") == true);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().requests() == 1);
}

TEST_CASE("a content that comes back is told of when the one it replaces has rotted", "[pull]") {
  World world;
  let_rot_before_return(world);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.archive("k") == "the first");
  CHECK(world.alarm_kinds() == Names{"corrupt"});
  CHECK(world.contents_below("site/damaged/") == Names{"the secund one"});
}

TEST_CASE("wherever the machine stops meanwhile, what had rotted is told of", "[pull][torture]") {
  for (std::uint64_t step = 1;; ++step) {
    CAPTURE(step);
    World world;
    let_rot_before_return(world);
    world.disk.set_power_cut_seed(step);
    world.disk.fail_at(step, test::Fault::kPowerCut);
    std::ignore = world.pull();
    const bool struck = world.disk.struck();
    world.disk.heal();
    if (struck) world.disk.restart();
    std::ignore = world.pull();
    CHECK(world.archive("k") == "the first");
    const auto open = world.alarm_kinds();
    // Moved aside by then, and not recorded: it is no longer there to be read.
    CHECK((open == Names{"corrupt"} || world.lines_with("is gone from the disk") > 0));
    if (!struck) break;
  }
}

TEST_CASE("a name that rotates gets advice with the line to write", "[pull]") {
  World world;
  world.site().prefix = "db/";
  world.site().exclude = {"*.tmp"};
  world.server->put("b", "db/latest", "0");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (const std::string content : {"1", "2", "3"}) {
    world.server->put("b", "db/latest", content);
    CHECK(world.pull() == ExitStatus::kAlarm);
  }
  const auto alarms = world.source().alarms;
  REQUIRE(alarms.size() == 1);
  const auto& message = alarms[0].message;
  CHECK(message.find("has had 4 versions") != std::string::npos);
  CHECK(message.find("\"on_change = generations\" into [source site]") != std::string::npos);
  CHECK(message.find("\"exclude = *.tmp, latest\"") != std::string::npos);
}

TEST_CASE("every version is held, also of a key that is gone", "[pull]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "one");
  world.server->put("b", "k", "two");
  world.server->put("b", "gone", "was here");
  world.server->erase("b", "gone");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "two");
  CHECK(world.contents_below("site/superseded/k/") == Names{"one"});
  CHECK(world.contents_below("site/superseded/gone/") == Names{"was here"});
  CHECK(world.source().archives == 1);
  CHECK(world.source().run.fresh == 1);

  world.server->put("b", "k", "three");
  world.server->put("b", "k", "two");  // the held content as another version: nothing is said
  world.server->put("b", "gone", "again");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.archive("k") == "two");
  CHECK(world.archive("gone") == "again");
  CHECK(world.contents_below("site/superseded/k/") == Names{"one", "three"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().requests() == 1);
}

TEST_CASE("a thousand versions of one key are told apart", "[pull]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  for (int i = 0; i < 1200; ++i) world.server->put("b", "k", fmt::format("content {}", i));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "content 1199");
  CHECK(world.source().superseded == 1199);
  CHECK(world.files_below("site/superseded/k/") == 1199);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().requests() == 2);
}

TEST_CASE("a lifecycle rule that was not there before raises expiring, each rule once", "[pull]") {
  World world;
  const auto expires = [&](const std::string& key, int days, const std::string& rule) {
    const auto date = world.clock.now_s() + std::chrono::days(days);
    const auto day = std::chrono::floor<std::chrono::days>(date);
    const std::chrono::year_month_day ymd{day};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    world.server->set_header(
        "b", key, "x-amz-expiration",
        fmt::format("expiry-date=\"{}, {:02} {} {} 00:00:00 GMT\", rule-id=\"{}\"",
                    kDays[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(ymd.day()),
                    kMonths[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                    rule));
  };
  const auto put = [&](const std::string& key) {
    put_with_etag(world, key, "content of " + key, fake_s3::md5_hex("content of " + key));
  };
  put("1");
  expires("1", 365, "yearly");
  put("2");
  expires("2", 30, "monthly%20logs");
  CHECK(world.pull() == ExitStatus::kOk);  // the base line

  put("3");
  expires("3", 365, "yearly");
  CHECK(world.pull() == ExitStatus::kOk);
  put("4");
  expires("4", 7, "yearly");
  put("5");
  expires("5", 7, "ransom");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"expiring", "expiring"});
  CHECK(world.lines_with("\"yearly\" that deletes sooner") == 1);
  CHECK(world.lines_with("\"ransom\" that was not there before") == 1);
  CHECK(world.ack() == ExitStatus::kOk);
  put("6");
  expires("6", 7, "ransom");
  CHECK(world.pull() == ExitStatus::kOk);

  // Nothing comes for a day: the newest archive is asked about, once.
  world.server->set_header("b", "6", "x-amz-expiration", "");
  expires("6", 1, "another");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().requests() == 1);
  world.pass(std::chrono::hours(25));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.server->counters().requests() == 3);  // and whether the listing was whole
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.server->counters().requests() == 1);
}

TEST_CASE("a source that falls silent is stale, once, until something comes", "[pull]") {
  World world;
  world.site().expect_every = std::chrono::hours(26);
  const auto put = [&](const std::string& key) {
    world.server->put("b", key, "content of " + key);
  };
  SECTION("a source that never had anything") {
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"nothing"});
    world.pass(std::chrono::hours(27));
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"nothing", "stale"});
    return;
  }
  for (int i = 1; i <= 3; ++i) {
    world.pass(std::chrono::hours(12));
    put("db-" + test::date_of(i));
    put("www-" + test::date_of(i));
    CHECK(world.pull() == ExitStatus::kOk);
  }
  world.pass(std::chrono::hours(25));
  CHECK(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours(2));
  SECTION("the whole source") {
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"stale"});
    CHECK(world.lines_with("no new archive of this source") == 1);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.lines.empty());
    SECTION("ends by itself") {
      put("db-" + test::date_of(4));
      put("www-" + test::date_of(4));
      CHECK(world.pull() == ExitStatus::kOk);
      CHECK(world.source().alarms.empty());
    }
    SECTION("and is not raised again when it was acknowledged") {
      CHECK(world.ack() == ExitStatus::kOk);
      world.pass(std::chrono::hours(48));
      CHECK(world.pull() == ExitStatus::kOk);
    }
  }
  SECTION("one stream of it") {
    put("db-" + test::date_of(4));
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.lines_with("the stream www-{YYYYMMDD}") == 1);
    REQUIRE(world.source().alarms.size() == 1);
    CHECK(world.source().alarms[0].key == "www-{YYYYMMDD}");
  }
}

TEST_CASE("an archive that is too small is held, and an alarm says so", "[pull]") {
  World world;
  world.site().shrink_alarm_share = 0.5;
  for (int i = 1; i <= 4; ++i) {
    world.server->put("b", "db-" + test::date_of(i),
                      std::string(1000 + static_cast<std::size_t>(i), 'x'));
  }
  CHECK(world.pull() == ExitStatus::kOk);
  world.server->put("b", "db-" + test::date_of(5), std::string(499, 'x'));
  world.server->put("b", "other", "x");  // the first of its stream
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"small"});
  CHECK(world.archive("db-" + test::date_of(5)));
  CHECK(world.lines_with("db-20260106: it has only 499 bytes, and the last ones of the stream "
                         "db-{YYYYMMDD} have") == 1);
  world.site().min_size_bytes = 100;
  world.server->put("b", "tiny", "x");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.lines_with("tiny: it has only 1 byte") == 1);
}

TEST_CASE("the hook is told of each new alarm once", "[pull]") {
  World world;
  world.config.agent.on_alarm = "tell";
  world.server->put("b", "k", "content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.hooks.empty());
  world.server->put("b", "k", "another");
  CHECK(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.hooks.size() == 1);
  CHECK(world.hooks[0].at("HOLDFAST_ALARM_KIND") == "changed");
  CHECK(world.hooks[0].at("HOLDFAST_ALARM_SOURCE") == "site");
  CHECK(world.hooks[0].at("HOLDFAST_ALARM_KEY") == "k");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.hooks.empty());
}

TEST_CASE("the gravest alarms are told first, and of many the rest in one", "[pull]") {
  World world;
  world.config.agent.on_alarm = "tell";
  world.site().tripwire_share = 0.5;
  for (int i = 0; i < 8; ++i) world.server->put("b", fmt::format("db-{}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (int i = 0; i < 30; ++i) {
    const auto key = fmt::format("closed-{:02}", i);
    world.server->put("b", key, "content");
    world.server->set_state("b", key, ObjectState::kSseC);
  }
  for (int i = 1; i < 8; ++i) world.server->erase("b", fmt::format("db-{}", i));
  CHECK(world.pull() != ExitStatus::kOk);
  REQUIRE(world.hooks.size() == 21);
  CHECK(world.hooks.front().at("HOLDFAST_ALARM_KIND") == "mass-change");
  CHECK(world.hooks[1].at("HOLDFAST_ALARM_KIND") == "unreadable");
  CHECK(world.hooks.back().at("HOLDFAST_ALARM_KIND") == "summary");
  CHECK(world.hooks.back().at("HOLDFAST_ALARM_MESSAGE").find("11 more alarms: 11 unreadable") == 0);
  // A line for each of ten, one that there are more, and one for the mass-change.
  CHECK(world.lines.size() == 12);
  world.pull();
  CHECK(world.hooks.empty());
}

TEST_CASE("a held archive that is overwritten by an archived one has changed", "[pull]") {
  World world;
  world.server->put("b", "k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "junk");
  world.server->set_state("b", "k", ObjectState::kArchived);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"changed"});
  CHECK(world.archive("k") == "the first content");
  CHECK(world.ack() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("an earlier content that is put back after another was accepted is told of", "[pull]") {
  World world;
  world.server->put("b", "k", "A");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "B!");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.accept("k") == ExitStatus::kOk);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "A");
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"changed"});
  CHECK(world.gets_of("k") == 0);
  CHECK(world.lines_with("put it back") == 1);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("an alarm on one content of a key does not end with another's", "[pull]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "the old version");
  world.server->put("b", "k", "the current one");
  world.server->put("b", "l", "what shows that the credentials may read");
  world.server->set_state("b", "k", ObjectState::kSseC);
  for (int run = 0; run < 3; ++run) {
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"unreadable"});
  }
}

TEST_CASE("silence is counted from what came while nothing was expected", "[pull]") {
  World world;
  world.site().expect_every = std::chrono::hours(26);
  for (int i = 1; i <= 3; ++i) {
    world.server->put("b", fmt::format("db-{}", i), "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  world.site().expect_every.reset();
  for (int i = 4; i <= 9; ++i) {
    world.pass(std::chrono::hours(24));
    world.server->put("b", fmt::format("db-{}", i), "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  world.site().expect_every = std::chrono::hours(26);
  CHECK(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours(27));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"stale"});
}

TEST_CASE("what a HOLD leads to is said as it will be", "[pull]") {
  World world;
  const bool rotates = GENERATE(false, true);
  if (rotates) world.site().on_change = OnChange::kGenerations;
  for (int i = 0; i < 8; ++i) world.server->put("b", fmt::format("k{}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (int i = 0; i < 8; ++i) world.server->put("b", fmt::format("k{}", i), "another content");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  CHECK(world.ack() == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  CHECK((world.printed[0].find("into quarantine") == std::string::npos) == rotates);
}

TEST_CASE("alarms are told of when the disk fails in the same run", "[pull]") {
  World world;
  world.config.agent.on_alarm = "tell";
  for (int i = 0; i < 8; ++i) world.server->put("b", fmt::format("db-{}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (int i = 1; i < 8; ++i) world.server->erase("b", fmt::format("db-{}", i));
  world.server->put("b", "new", "content");
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation.find("rename") == std::string_view::npos) return std::nullopt;
        return store::error_from_errno(EIO, "rename", path);
      });
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  REQUIRE(world.hooks.size() == 1);
  CHECK(world.hooks.front().at("HOLDFAST_ALARM_KIND") == "mass-change");
}

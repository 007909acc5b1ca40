#include "agent/config/filter_advice.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;

TEST_CASE("a filter that lets nothing through is an alarm, with the nearest spelling that would",
          "[nothing]") {
  World world;
  world.server->put("b", "db/a.sql.zst", "content");
  world.server->put("b", "db/b.sql.zst", "content");
  world.site().include = {"*.sql.zst"};
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"nothing"});
  CHECK(world.lines_with("2 objects are listed") == 1);
  CHECK(world.lines_with("did you mean \"include = **.sql.zst\"?") == 1);
  // Said once, and open until it is mended.
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.lines.empty());
  world.site().include = {"**.sql.zst"};
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
  CHECK(world.source().archives == 2);
}

TEST_CASE("an acknowledged alarm comes back when the filter is edited, and not before",
          "[nothing]") {
  World world;
  world.server->put("b", "db/a", "content");
  world.site().include = {"*.sql"};
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  world.site().include = {"*.tar"};
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"nothing"});
}

TEST_CASE("an edit while the alarm is open is told anew", "[nothing]") {
  World world;
  world.server->put("b", "db/a", "content");
  world.site().include = {"*.sql"};
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.site().include = {"*.tar"};
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.lines_with("*.tar") == 1);
  CHECK(world.alarm_kinds() == Names{"nothing"});
}

TEST_CASE("a bucket that is empty at first contact is an alarm", "[nothing]") {
  World world;
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"nothing"});
  CHECK(world.lines_with("is empty") == 1);
  world.server->put("b", "k", "content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("nothing any more after the filter was edited is an alarm, and no HOLD", "[nothing]") {
  World world;
  world.server->put("b", "db/a", "content");
  world.server->put("b", "db/b", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  SECTION("the prefix") { world.site().prefix = "/db"; }
  SECTION("what is included") { world.site().include = {"*.sql"}; }
  SECTION("what is excluded") { world.site().exclude = {"**"}; }
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"nothing"});
  CHECK_FALSE(world.source().hold);
  CHECK(world.archive("db/a") == "content");
}

TEST_CASE("a bucket that was emptied is a mass change, and not a filter's fault", "[nothing]") {
  World world;
  world.server->put("b", "db/a", "content");
  world.server->put("b", "db/b", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->erase("b", "db/a");
  world.server->erase("b", "db/b");
  for (int run = 0; run < 3; ++run) {
    CAPTURE(run);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"mass-change"});
  }
  // Its owner means it so.
  REQUIRE(world.ack() == ExitStatus::kOk);
  for (int run = 0; run < 2; ++run) {
    CAPTURE(run);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.alarm_kinds().empty());
  }
  // And a filter that none of what is held came by is one that was edited.
  world.site().prefix = "other/";
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"nothing"});
}

TEST_CASE("a dry run says so too, and raises nothing", "[nothing]") {
  World world;
  world.server->put("b", "db/a", "content");
  world.site().include = {"a"};
  world.pull({{}, true, false});
  CHECK(world.lines_with("nothing of it is wanted") == 1);
  CHECK(world.lines_with("include = db/a") + world.lines_with("include = **/a") == 1);
}

TEST_CASE("other spellings of a prefix", "[nothing]") {
  agent::SourceConfig source;
  source.bucket = "backups";
  struct Row {
    const char* prefix;
    const char* meant;
  };
  const auto row =
      GENERATE(Row{"/db", "db"}, Row{"\"db/\"", "db/"}, Row{"'db'", "db"},
               Row{"backups/db/", "db/"}, Row{"s3://backups/db/", "db/"}, Row{"db/*", "db/"},
               Row{"db/**", "db/"}, Row{"db/", "db"}, Row{"DB/", "db/"});
  CAPTURE(row.prefix);
  source.prefix = row.prefix;
  const auto found = agent::other_prefixes(source);
  CHECK(std::find(found.begin(), found.end(), row.meant) != found.end());
  CHECK(std::find(found.begin(), found.end(), row.prefix) == found.end());
}

TEST_CASE("other spellings of a glob, of which the first that has something is told", "[nothing]") {
  struct Row {
    const char* prefix;
    const char* glob;
    const char* meant;
  };
  const auto row =
      GENERATE(Row{"", "*.sql.zst", "**.sql.zst"}, Row{"", "\"**.zst\"", "**.zst"},
               Row{"", "/db/*.zst", "db/*.zst"}, Row{"", "db/", "db/**"}, Row{"", "db", "db/**"},
               Row{"db/", "db/*.zst", "*.zst"}, Row{"", ".zst", "**.zst"},
               Row{"", "a.sql.zst", "**/a.sql.zst"}, Row{"", "DB/*", "db/*"});
  CAPTURE(row.prefix, row.glob);
  agent::SourceConfig source;
  source.prefix = row.prefix;
  source.include = {row.glob};
  const Names keys = {"db/a.sql.zst"};
  const auto advice = agent::advise_on_filter(source, keys);
  CHECK(advice.dropped_by == std::string("include = ") + row.glob);
  CHECK(advice.instead == std::string("include = ") + row.meant);
}

// Whole pulls from servers that list otherwise than AWS does.
#include <fmt/format.h>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;

namespace {

fake_s3::ListingLies dialect(const std::function<void(fake_s3::ListingLies&)>& set) {
  fake_s3::ListingLies lies;
  set(lies);
  return lies;
}

void put_some(World& world, int count) {
  for (int i = 0; i < count; ++i) {
    world.server->put("b", fmt::format("k{:02}", i), fmt::format("content {}", i));
  }
}

std::size_t held(World& world) { return world.files_below("site/archives/"); }

}  // namespace

TEST_CASE("a bucket that is listed in the order of UTF-16 is pulled, and nothing changes after",
          "[pull][dialects]") {
  World world;
  world.server->put("b", "a", "1");
  world.server->put("b", "k\xEF\xBB\xBF", "full width");  // U+FEFF
  world.server->put("b", "k\xF0\x90\x80\x80", "beyond");  // U+10000
  world.server->put("b", "z", "2");
  world.server->set_page_keys(GENERATE(1U, 2U, 1000U));
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.by_utf16 = true; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 4);
  CHECK(world.lines_with("sorted here") == 1);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("sorted here") == 0);
  CHECK(world.server->counters().gets == 0);
  CHECK(world.alarm_kinds().empty());
  world.server->erase("b", "z");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.vanished == 1);
}

// As fauxqs sorts.
TEST_CASE("a bucket that is listed in the order of a locale is pulled, page by page",
          "[pull][dialects]") {
  World world;
  for (const char* const key : {"Zoo", "a", "B", "c/D", "c/a", "_", "b"}) {
    world.server->put("b", key, key);
  }
  world.server->set_page_keys(GENERATE(1U, 2U, 1000U));
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.by_locale = true; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 7);
  CHECK(world.lines_with("sorted here") == 1);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  CHECK(world.alarm_kinds().empty());
  world.server->erase("b", "B");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.vanished == 1);
}

TEST_CASE("a listing that is cut is gone on with, remembered, and said once", "[pull][dialects]") {
  World world;
  put_some(world, 10);
  world.pass(std::chrono::hours(1));
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.cut_after = 3; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 10);
  CHECK(world.lines_with("asked for more until nothing more comes") == 1);
  world.server->put("b", "k99", "new");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 11);
  CHECK(world.lines_with("asked for more") == 0);
}

TEST_CASE("a listing that begins to be cut loses no held key", "[pull][dialects]") {
  World world;
  put_some(world, 10);
  REQUIRE(world.pull() == ExitStatus::kOk);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours(1));
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.cut_after = 3; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.vanished == 0);
  CHECK_FALSE(world.source().hold);
}

TEST_CASE("a listing that leaves out what the bucket has is believed in nothing",
          "[pull][dialects]") {
  World world;
  put_some(world, 10);
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (int i = 0; i < 9; ++i) world.server->erase("b", fmt::format("k{:02}", i));
  world.server->put("b", "k00", "content 0");
  world.server->put("b", "new", "new");
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.left_out = "k00"; }));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("leaves out \"k00\"") == 1);
  CHECK(world.archive("new") == "new");
  CHECK(world.source().run.vanished == 0);
  CHECK_FALSE(world.source().hold);
  world.server->set_listing_dialect({});
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.source().run.vanished == 8);
  CHECK(world.source().hold);
}

TEST_CASE("what a listing leaves out is asked for by the name that the bucket knows",
          "[pull][dialects]") {
  World world;
  put_some(world, 10);
  world.server->put("b", "a+b", "plus");
  const auto raw = [](auto& lies) { lies.says_encoded = true; };
  world.server->set_listing_dialect(dialect(raw));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("a b") == "plus");
  world.server->set_listing_dialect(dialect([&](auto& lies) {
    raw(lies);
    lies.left_out = "a+b";
  }));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("leaves out \"a b\"") == 1);
  CHECK(world.source().run.vanished == 0);
}

TEST_CASE("an empty listing puts the source on HOLD, and the alarm says what the bucket has",
          "[pull][dialects]") {
  World world;
  put_some(world, 10);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.empty = true; }));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.lines_with("The bucket still has \"k00\"") == 1);
  CHECK(world.source().run.vanished == 10);
  CHECK(world.source().hold);
}

TEST_CASE("an odd entry costs itself: the new is fetched, and absence means nothing",
          "[pull][dialects]") {
  World world;
  put_some(world, 5);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "new", "new");
  for (int i = 0; i < 5; ++i) world.server->erase("b", fmt::format("k{:02}", i));
  world.server->set_listing_dialect(dialect([](auto& lies) {
    lies.odd_entry =
        "<Contents><Key>a</Key><LastModified>yesterday</LastModified><Size>1</Size></Contents>";
  }));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.archive("new") == "new");
  CHECK(world.lines_with("\"a\" has the date \"yesterday\"") == 1);
  CHECK(world.source().run.vanished == 0);
  CHECK_FALSE(world.source().hold);
}

TEST_CASE("every version is held, whatever the dialect in which versions are listed",
          "[pull][dialects]") {
  World world;
  world.server->put("b", "old", "from before the versions");
  world.server->keep_versions("b");
  for (int i = 0; i < 6; ++i) {
    const auto key = fmt::format("k{}", i);
    world.server->put("b", key, key + " first");
    world.server->put("b", key, key + " second");
    if (i % 3 == 0) world.server->erase("b", key);
  }
  world.server->put("b", "old", "newer");
  world.site().versions = agent::Versions::kAll;
  world.server->set_page_keys(GENERATE(1U, 3U, 1000U));
  const int which = GENERATE(0, 1, 2, 3, 4);
  world.server->set_listing_dialect(dialect([&](auto& lies) {
    lies.versions_root = which == 1   ? "ListBucketVersionsResult"
                         : which == 2 ? "ListBucketResult"
                                      : "ListVersionsResult";
    lies.markers_apart = which == 3;
    lies.null_marker = which == 4;
  }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) + world.files_below("site/superseded/") == 14);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("an ETag in another form is the same ETag", "[pull][dialects]") {
  World world;
  put_some(world, 5);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const std::string form = GENERATE("W/&quot;{}&quot;", "{}", "&#34;{}&#34;");
  world.server->set_listing_dialect(dialect([&](auto& lies) { lies.etag_form = form; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  CHECK_FALSE(world.source().hold);
}

TEST_CASE("an ETag that only went, or came, is no change", "[pull][dialects]") {
  World world;
  put_some(world, 5);
  const auto none = dialect([](auto& lies) { lies.no_etag = true; });
  const bool came = GENERATE(true, false);
  if (came) world.server->set_listing_dialect(none);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->set_listing_dialect(came ? fake_s3::ListingLies{} : none);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  CHECK_FALSE(world.source().hold);
}

TEST_CASE("where listing and objects tell different ETags, they are one content after two runs",
          "[pull][dialects]") {
  World world;
  put_some(world, 5);
  world.server->set_listing_dialect(
      dialect([](auto& lies) { lies.etag_form = "&quot;other-{}&quot;"; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 5);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("other ETags") == 1);
  CHECK(world.source().run.changed == 0);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("other ETags") == 0);
  CHECK(world.server->counters().gets == 0);
  CHECK(world.alarm_kinds().empty());

  world.server->put("b", "k01", "CONTENT 1");
  world.pull();
  CHECK(world.source().run.changed == 1);
  CHECK(world.contents_below("site/quarantine/") == std::vector<std::string>{"CONTENT 1"});
}

TEST_CASE("without ETags an overwrite of the same size is noticed by its date",
          "[pull][dialects]") {
  World world;
  put_some(world, 5);
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.no_etag = true; }));
  world.server->lie({fake_s3::LieKind::kOmitHeader, "", "k01", 0, "ETag"});
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours(1));
  world.server->put("b", "k01", "CONTENT 1");
  world.pull();
  CHECK(world.source().run.changed == 1);
  CHECK(world.contents_below("site/quarantine/") == std::vector<std::string>{"CONTENT 1"});
  world.pull();
  CHECK(world.gets_of("k01") == 0);
}

TEST_CASE("without ETags the versions of one second are told apart by their ids",
          "[pull][dialects]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.no_etag = true; }));
  world.server->lie({fake_s3::LieKind::kOmitHeader, "", "k", 0, "ETag"});
  for (const char* content : {"one", "two", "six"}) world.server->put("b", "k", content);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "six");
  CHECK(world.contents_below("site/superseded/k/") == std::vector<std::string>{"one", "two"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("k") == 0);
}

TEST_CASE("without ETags the older versions of the held one's second are not taken for it",
          "[pull][dialects]") {
  World world;
  world.server->keep_versions("b");
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.no_etag = true; }));
  world.server->lie({fake_s3::LieKind::kOmitHeader, "", "k", 0, "ETag"});
  for (const char* content : {"one", "two", "six"}) world.server->put("b", "k", content);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.contents_below("site/superseded/k/").empty());
  world.site().versions = agent::Versions::kAll;
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "six");
  CHECK(world.contents_below("site/superseded/k/") == std::vector<std::string>{"one", "two"});
}

// Swift's dynamic large objects: what they are made of is found anew for each request, and the
// listing shows the manifest, which is empty.
TEST_CASE("what is listed as nothing, and is not what its ETag says, is not fetched at every run",
          "[pull][dialects]") {
  World world;
  put_some(world, 3);
  pull_test::put_with_etag(world, "dynamic.tar", "segments", std::string(32, 'a'));
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.as_nothing = "dynamic"; }));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.gets_of("dynamic.tar") <= 3);
  CHECK(world.alarm_kinds() == std::vector<std::string>{"mismatch"});
  for (int run = 0; run < 3; ++run) {
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.gets_of("dynamic.tar") == 0);
  }
  CHECK(held(world) == 3);
}

TEST_CASE("where all is listed as nothing nothing has changed, until something has",
          "[pull][dialects]") {
  World world;
  const std::vector<std::string> keys = {"a.tar", "b.sql", "c/log", "c/mail", "d.img"};
  for (const auto& key : keys) {
    pull_test::put_with_etag(world, "dynamic-" + key, "segments of " + key,
                             std::string(31, 'a') + key.front());
  }
  world.server->set_listing_dialect(dialect([](auto& lies) { lies.as_nothing = "dynamic"; }));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held(world) == 5);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK_FALSE(world.source().hold);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
  CHECK(world.alarm_kinds().empty());

  world.pass(std::chrono::hours(1));
  world.server->put("b", "dynamic-a.tar", "");
  world.pull();
  CHECK(world.source().run.changed == 1);
  CHECK(world.alarm_kinds() == std::vector<std::string>{"changed"});
  CHECK(world.archive("dynamic-a.tar") == "segments of a.tar");
}

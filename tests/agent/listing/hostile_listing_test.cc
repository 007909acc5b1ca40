// Listings that mean no good: whatever they claim, the run ends by itself, and what is good is
// held.
#include <fmt/format.h>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::World;

namespace {

std::string entry(const std::string& key, const std::string& size, const std::string& date) {
  return fmt::format(
      "<Contents><Key>{}</Key><LastModified>{}</LastModified>"
      "<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>{}</Size></Contents>",
      key, date, size);
}

/// What is listed beside "good", and stands before it.
void list_also(World& world, const std::string& xml) {
  fake_s3::ListingLies dialect;
  dialect.odd_entry = xml;
  world.server->set_listing_dialect(dialect);
}

}  // namespace

TEST_CASE("no size that a listing claims ends more than its own object", "[hostile]") {
  World world;
  world.config.disk.min_free_bytes = GENERATE(std::uint64_t{0}, std::uint64_t{1} << 20);
  world.server->put("b", "good", "content");
  std::string entries;
  const std::string size = GENERATE("9223372036854775807", "9223372036854775808",
                                    "18446744073709551615", "18446744073709551616", "-1");
  CAPTURE(size);
  for (int i = 0; i < 3; ++i) {
    entries += entry(fmt::format("a{}", i), size, "2026-01-01T00:00:00.000Z");
  }
  list_also(world, entries);
  for (int run = 0; run < 2; ++run) {
    const auto status = world.pull();
    CAPTURE(world.lines, run);
    CHECK((status == ExitStatus::kIncomplete || (run == 0 && status == ExitStatus::kOk)));
    CHECK(world.archive("good") == "content");
    CHECK(world.source().archives == 1);
    CHECK_FALSE(world.source().hold);
  }
}

TEST_CASE("no date that a listing claims ends more than its own object, or outlasts it",
          "[hostile]") {
  World world;
  world.server->put("b", "good", "content");
  world.server->put("b", "aged", "content of the aged");
  const std::string date = GENERATE("9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z",
                                    "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z");
  CAPTURE(date);
  list_also(world, entry("a", "7", date));
  world.server->lie({LieKind::kError, "GET", "a", 404, "NoSuchKey"});
  for (int run = 0; run < 3; ++run) {
    const auto status = world.pull();
    CAPTURE(world.lines, run);
    CHECK((status == ExitStatus::kOk || status == ExitStatus::kIncomplete));
    CHECK(world.source().archives == 2);
    CHECK_FALSE(world.source().hold);
    world.pass(std::chrono::hours(24));
  }
}

TEST_CASE("a listing that goes round under ever other tokens ends", "[hostile]") {
  World world;
  for (int i = 0; i < 12; ++i) world.server->put("b", fmt::format("k{:02}", i), "content");
  world.server->set_page_keys(3);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "new", "content");
  fake_s3::ListingLies dialect;
  dialect.circle_of_pages = GENERATE(1U, 2U, 3U);
  CAPTURE(dialect.circle_of_pages);
  world.server->set_listing_dialect(dialect);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.server->journal().size() < 60);
  CHECK(world.source().archives == 12);
  CHECK(world.source().run.vanished == 0);
  CHECK_FALSE(world.source().hold);
}

// What a download is gone on with where its object has no ETag, or not everywhere.
#include <algorithm>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

namespace {

constexpr std::size_t kSize = 3'000'000;
constexpr std::size_t kHalf = kSize / 2;

/// An object that the listing tells no ETag of, over a line that breaks once in its middle.
void put_archive(World& world) {
  fake_s3::Object object;
  object.content = std::make_shared<fake_s3::MemoryContent>(std::string(kSize, 'A'));
  object.last_modified = world.clock.now_s() - std::chrono::hours(24);
  world.server->put_object("b", "k", std::move(object));
  fake_s3::ListingLies dialect;
  dialect.no_etag = true;
  world.server->set_listing_dialect(dialect);
  world.server->lie({LieKind::kTruncate, "GET", "k", kHalf, "", 1, 1});
}

std::vector<fake_s3::JournalEntry> gets(const World& world) {
  std::vector<fake_s3::JournalEntry> found;
  for (auto& entry : world.server->journal()) {
    if (entry.method == "GET" && entry.key == "k") found.push_back(entry);
  }
  return found;
}

std::string header_of(const fake_s3::JournalEntry& entry, std::string_view name) {
  const auto found = std::find_if(entry.headers.begin(), entry.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == entry.headers.end() ? "" : found->second;
}

void omit(World& world, const std::string& header) {
  world.server->lie({LieKind::kOmitHeader, "", "k", 0, header});
}

}  // namespace

TEST_CASE("a download is gone on with on the condition of the first answer's own ETag", "[wire]") {
  World world;
  put_archive(world);
  CHECK(world.pull() == ExitStatus::kOk);
  const auto asked = gets(world);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].range == "bytes=1500000-");
  CHECK_FALSE(asked[1].if_match.empty());
  CHECK((world.archive("k") == std::string(kSize, 'A')));
}

TEST_CASE("without an ETag a download is gone on with on the condition of its date", "[wire]") {
  World world;
  put_archive(world);
  omit(world, "etag");
  CHECK(world.pull() == ExitStatus::kOk);
  const auto asked = gets(world);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].range == "bytes=1500000-");
  CHECK(asked[1].if_match.empty());
  CHECK_FALSE(header_of(asked[1], "if-unmodified-since").empty());
  CHECK((world.archive("k") == std::string(kSize, 'A')));
}

TEST_CASE("with neither ETag nor date a download begins anew", "[wire]") {
  World world;
  put_archive(world);
  omit(world, "etag");
  omit(world, "last-modified");
  CHECK(world.pull() == ExitStatus::kOk);
  const auto asked = gets(world);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].range.empty());
  CHECK((world.archive("k") == std::string(kSize, 'A')));
}

TEST_CASE("no archive is made of two contents, whatever is known of them", "[wire]") {
  World world;
  put_archive(world);
  const int known = GENERATE(0, 1, 2);
  CAPTURE(known);
  if (known < 2) omit(world, "etag");
  if (known < 1) omit(world, "last-modified");
  world.server->lie({LieKind::kChange, "GET", "k", 0, "", 2, 1});
  world.pull();
  const auto held = world.archive("k");
  if (!held) return;  // the next run fetches it
  CHECK(held->size() == kSize);
  // The other content has none of these in a row.
  const auto first_half = held->substr(0, 1000);
  const auto second_half = held->substr(kHalf, 1000);
  const std::string of_first(1000, 'A');
  CHECK((first_half == of_first) == (second_half == of_first));
}

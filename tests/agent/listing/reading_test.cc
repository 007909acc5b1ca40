// Keys that a server decodes, or does not, otherwise than it says; and bytes that it unpacks.
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

namespace {

/// How a server misnames the key that it has, and what we take it for.
struct Misnamed {
  std::string has;
  std::string listed;
  bool encodes_unsaid;  ///< else it lists raw, and says that it has encoded
};

fake_s3::ListingLies dialect_of(const Misnamed& one) {
  fake_s3::ListingLies dialect;
  (one.encodes_unsaid ? dialect.encodes_unsaid : dialect.says_encoded) = true;
  return dialect;
}

std::string in_place_of_zero(std::string key, char digit) {
  std::replace(key.begin(), key.end(), '0', digit);
  return key;
}

}  // namespace

TEST_CASE("a key that was decoded for nothing, or not at all, is asked for by its other reading",
          "[pull][dialects]") {
  const auto one = GENERATE(Misnamed{"a+0", "a 0", false}, Misnamed{"a b0", "a+b0", true},
                            Misnamed{"a&b0", "a%26b0", true}, Misnamed{"a+b0", "a%2Bb0", true});
  CAPTURE(one.has);
  World world;
  world.server->set_listing_dialect(dialect_of(one));
  world.server->put("b", one.has, "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of(one.listed) == 1);
  CHECK(world.gets_of(one.has) == 1);
  CHECK(world.contents_below("site/archives/") == std::vector<std::string>{"content"});
  CHECK(world.alarm_kinds().empty());

  // Then it is known, also of this server's other buckets.
  world.server->put("b", in_place_of_zero(one.has, '1'), "content");
  world.server->put("c", in_place_of_zero(one.has, '2'), "content");
  world.add_source("other", "c");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (const char digit : {'1', '2'}) {
    CHECK(world.gets_of(in_place_of_zero(one.listed, digit)) == 0);
    CHECK(world.gets_of(in_place_of_zero(one.has, digit)) == 1);
  }
  CHECK(world.source("other").archives == 1);
}

TEST_CASE("a key that the bucket has by neither reading is asked for by both, once each",
          "[pull][dialects]") {
  World world;
  world.server->put("b", "a+b", "content");
  world.server->lie({LieKind::kError, "GET", "a+b", 404, "NoSuchKey"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("a+b") == 1);
  CHECK(world.gets_of("a b") == 1);
  CHECK(world.source().archives == 0);
}

TEST_CASE("a key whose 404 says that it was deleted is asked for by no other reading",
          "[pull][dialects]") {
  World world;
  world.server->put("b", "a+b", "content");
  world.server->lie({LieKind::kError, "GET", "a+b", 404, "NoSuchKey"});
  world.server->lie({LieKind::kSetHeader, "GET", "a+b", 0, "x-amz-delete-marker=true"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("a+b") == 1);
  CHECK(world.gets_of("a b") == 0);
}

TEST_CASE("what is unpacked on the way is asked for once more as it is stored", "[wire]") {
  World world;
  fake_s3::Object object;
  const std::string packed = "\x1f\x8b\x08 packed bytes of a log";
  object.content = std::make_shared<fake_s3::MemoryContent>(packed);
  object.headers.emplace_back("Content-Encoding", "gzip");
  object.last_modified = world.clock.now_s() - std::chrono::hours(24);
  world.server->put_object("b", "log.gz", std::move(object));
  // Longer, shorter, and alike at its begin; with its length, or ended by the end.
  const std::string unpacked = GENERATE(as<std::string>(), "the log, which is a good deal longer",
                                        "log", "\x1f\x8b\x08 unpacked bytes of a log");
  world.server->lie({LieKind::kUnpack, "GET", "log.gz", 0, unpacked});
  if (GENERATE(true, false)) {
    world.server->lie({LieKind::kOmitHeader, "GET", "log.gz", 0, "Content-Length"});
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("log.gz") == packed);
  CHECK(world.gets_of("log.gz") == 2);
  CHECK(world.source().verified_by == std::map<std::string, std::uint64_t>{{"etag-md5", 1}});
}

TEST_CASE("what does not come as it is stored, however it is asked for, is said to be so",
          "[wire]") {
  World world;
  world.server->put("b", "log.gz", "packed");
  world.server->set_header("b", "log.gz", "Content-Encoding", "gzip");
  world.server->lie({LieKind::kWrongContentLength, "GET", "log.gz", 1});
  world.server->lie({LieKind::kOmitHeader, "GET", "log.gz", 0, "Content-Length"});
  world.server->lie({LieKind::kTooLong, "GET", "log.gz", 7});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("the bytes that come are not those that were stored") == 1);
  CHECK(world.gets_of("log.gz") < 10);
  CHECK(world.source().archives == 0);
}

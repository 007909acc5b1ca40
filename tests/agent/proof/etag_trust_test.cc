#include <fmt/format.h>

#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::put_with_etag;
using pull_test::World;
using Names = std::vector<std::string>;
using Levels = std::map<std::string, std::uint64_t>;

namespace {

const std::string kWrongMd5 = "00000000000000000000000000000000";

// Three contents of two series, none with its MD5.
void put_three(World& world) {
  for (const auto* key : {"db-1", "db-2", "etc-1"}) {
    put_with_etag(world, key, fmt::format("content of {}", key), kWrongMd5);
  }
}

std::string checksum_of(std::string_view content, const store::DigestRequest& request) {
  store::DigestSet digests({request});
  digests.update(std::as_bytes(std::span(content)));
  return store::to_base64(digests.finish().front());
}

}  // namespace

TEST_CASE("three objects that came twice alike and never with their ETag make ETags opaque",
          "[pull]") {
  World world;
  put_three(world);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.size() == 1);
  CHECK(world.lines_with("are not MD5s") == 1);
  CHECK(world.source().archives == 3);
  CHECK(world.source().run.failed == 0);
  CHECK(world.source().verified_by == Levels{{"size", 3}});
  CHECK(world.alarm_kinds().empty());
  CHECK(world.server->counters().gets == 6);
  CHECK(world.files_below(".holdfast/staging/") == 0);

  // Remembered for the source: nothing is fetched twice any more, and nothing is said again.
  put_with_etag(world, "db-3", "content 3", kWrongMd5);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.gets_of("db-3") == 1);
  CHECK(world.source().verified_by == Levels{{"size", 4}});
}

TEST_CASE("two such objects are no evidence, and a third in a later run is", "[pull]") {
  World world;
  put_with_etag(world, "db-0", "content 0", kWrongMd5);
  put_with_etag(world, "etc-1", "content 1", kWrongMd5);
  for (int run = 0; run < 2; ++run) {
    if (run > 0) world.pass(std::chrono::hours(20));
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.alarm_kinds() == Names{"mismatch", "mismatch"});
    CHECK(world.source().run.failed == 2);
    CHECK(world.files_below("site/") == 0);
    CHECK(world.files_below(".holdfast/staging/") == 0);
  }
  put_with_etag(world, "db-2", "content 2", kWrongMd5);
  world.pass(std::chrono::hours(40));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().verified_by == Levels{{"size", 3}});
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("what is no evidence against ETags, however much there is of it", "[pull]") {
  World world;
  const auto put = [&](const std::string& key, const std::string& content) {
    put_with_etag(world, key, content, kWrongMd5);
  };
  SECTION("objects of one series, as a layout that they share may be at fault") {
    for (int i = 0; i < 30; ++i) put(fmt::format("db-{}", i), fmt::format("content {}", i));
  }
  SECTION("one content under many names") {
    for (const auto* key : {"a", "b", "c", "d", "e"}) put(key, "content");
  }
  SECTION("one name with many contents") {
    for (int i = 0; i < 4; ++i) {
      world.pass(std::chrono::hours(24 * 30));
      put("a", fmt::format("content {}", i));
      CHECK(world.pull() == ExitStatus::kIncomplete);
    }
    put("b", "content");
  }
  SECTION("what the uploader had packed, and something may have unpacked on the way") {
    for (const auto* key : {"a", "b", "c", "d"}) {
      put(key, fmt::format("content of {}", key));
      world.server->set_header("b", key, "Content-Encoding", "gzip");
    }
  }
  SECTION("the same objects seen by two sources") {
    put("a", "content of a");
    put("b", "content of b");
    world.add_source("twin", "b");
    world.add_source("triplet", "b");
    CHECK(world.pull() == ExitStatus::kIncomplete);
    world.pass(std::chrono::hours(24 * 30));
  }
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().archives == 0);
  CHECK(world.lines_with("are not MD5s") == 0);
  CHECK(world.files_below(".holdfast/staging/") == 0);
}

TEST_CASE("opaque ETags of one source say nothing of another at the same endpoint", "[pull]") {
  World world;
  world.server->put("other", "good-1", "content");
  world.server->set_checksum("other", "good-1", "sha256",
                             checksum_of("content", {store::Algorithm::kSha256, {}}));
  // Nothing is known of the other source's ETags yet: the verdict on this one comes first.
  put_three(world);
  world.add_source("other", "other");
  CHECK(world.pull({{"site"}, false, {}}) == ExitStatus::kOk);
  CHECK(world.lines_with("are not MD5s") == 1);

  const std::string content = "an archive";
  world.server->put("other", "rotten-1", content);
  world.server->lie({LieKind::kFlip, "GET", "rotten-1", 4});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source("other").alarms.size() == 1);
  CHECK(world.source("other").archives == 1);
}

TEST_CASE("a verdict on the ETags of one source is none on another's in the same run", "[pull]") {
  World world;
  world.config.agent.parallel = 1;
  put_three(world);
  // Of one series, so that they are no evidence; more than are asked for before the verdict.
  constexpr int kRotten = 12;
  for (int i = 0; i < kRotten; ++i) {
    const auto key = fmt::format("rotten-{}", i);
    world.server->put("other", key, fmt::format("content {}", i));
    world.server->lie({LieKind::kFlip, "GET", key, 4});
  }
  world.add_source("other", "other");
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("are not MD5s") == 1);
  CHECK(world.source().archives == 3);
  CHECK(world.source("other").archives == 0);
}

TEST_CASE("the first ETag that matches makes them promises again", "[pull]") {
  World world;
  put_three(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "good", "content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("an MD5 after all") == 1);
  CHECK(world.source().verified_by == Levels{{"size", 3}, {"etag-md5", 1}});

  put_with_etag(world, "db-4", "content 4", kWrongMd5);
  for (int run = 0; run < 2; ++run) {
    if (run > 0) world.pass(std::chrono::hours(20));
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.alarm_kinds() == Names{"mismatch"});
    CHECK(world.lines_with("after all") == 0);
  }
}

TEST_CASE("what comes after that match in the same run is held to its ETag", "[pull]") {
  World world;
  world.config.agent.parallel = 1;
  put_three(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "a-good", "content");
  put_with_etag(world, "db-4", "content 4", kWrongMd5);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().verified_by == Levels{{"size", 3}, {"etag-md5", 1}});
}

TEST_CASE("one match makes the ETag a promise at that endpoint", "[pull]") {
  World world;
  world.server->put("b", "good", "content");
  // A witness also where its checksum is enough.
  const bool has_checksum = GENERATE(false, true);
  if (has_checksum) {
    world.server->set_checksum("b", "good", "sha256",
                               checksum_of("content", {store::Algorithm::kSha256, {}}));
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  put_three(world);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.alarm_kinds() == Names{"mismatch", "mismatch", "mismatch"});
  CHECK(world.source().archives == 1);
  CHECK(world.lines_with("are not MD5s") == 0);
}

TEST_CASE("a content that fits its MD5 is held though a weaker checksum does not fit", "[pull]") {
  World world;
  const bool known = GENERATE(false, true);  // what ETags are worth there
  const std::size_t size = GENERATE(30'000U, 2'000'000U);
  CAPTURE(known, size);
  if (known) {
    world.server->put("b", "good", "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  std::string content(size, '\0');
  fake_s3::PatternContent(1, size).read(0, content);
  world.server->put("b", "copy", content);
  // moto copies the composite value, without its type and its number of parts.
  world.server->set_checksum("b", "copy", "crc32",
                             checksum_of(content, {store::Algorithm::kCrc32, {10'000}}), "");
  SECTION("with a warning") {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.gets_of("copy") == 1);
    CHECK(world.archive("copy") == content);
    CHECK(world.source().verified_by == Levels{{"etag-md5", known ? 2 : 1}});
    CHECK(world.lines.size() == 1);
    CHECK(world.lines_with("copy: its crc32 does not match") == 1);
  }
  SECTION("and not where neither fits, as of a file that was changed behind S3Proxy's back") {
    world.server->lie({LieKind::kFlip, "GET", "copy", 4});
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.alarm_kinds() == Names{"mismatch"});
    CHECK_FALSE(world.archive("copy"));
  }
}

TEST_CASE("the digests of 2026 are promises, and unknown ones are none", "[pull]") {
  World world;
  put_with_etag(world, "a", "content", "opaque");
  world.server->set_checksum("b", "a", "sha512",
                             checksum_of("content", {store::Algorithm::kSha512, {}}));
  put_with_etag(world, "b", "content", "opaque");
  world.server->set_checksum("b", "b", "md5", checksum_of("content", {store::Algorithm::kMd5, {}}));
  put_with_etag(world, "c", "content", "opaque");
  world.server->set_checksum("b", "c", "blake3", "AAAA");
  CHECK(world.pull() == ExitStatus::kOk);
  Levels levels = {{"sha512", 1}, {"md5", 1}, {"size", 1}};
  CHECK(world.source().verified_by == levels);
  const std::map<std::string, store::Algorithm> fast = {
      {"xxhash64", store::Algorithm::kXxHash64},
      {"xxhash3", store::Algorithm::kXxHash3},
      {"xxhash128", store::Algorithm::kXxHash128}};
  for (const auto& [name, algorithm] : fast) {
    put_with_etag(world, name, "content of " + name, "opaque");
    world.server->set_checksum("b", name, name, checksum_of("content of " + name, {algorithm, {}}));
    levels[name] = 1;
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().verified_by == levels);
  put_with_etag(world, "d", "content", "opaque");
  world.server->set_checksum("b", "d", "sha512",
                             checksum_of("other", {store::Algorithm::kSha512, {}}));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("(sha512)") == 1);
}

TEST_CASE("a refused checksum-mode is left out for a week, and then asked for again", "[pull]") {
  World world;
  const auto put = [&](const std::string& key) {
    put_with_etag(world, key, "content of " + key, "opaque");
    world.server->set_checksum("b", key, "sha256",
                               checksum_of("content of " + key, {store::Algorithm::kSha256, {}}));
  };
  world.server->lie({LieKind::kRefuseChecksumMode, "", ""});
  put("a");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("a") == 2);
  CHECK(world.source().verified_by == Levels{{"size", 1}});
  world.pass(std::chrono::hours(24 * 6));
  put("b");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("b") == 1);
  world.server->clear_lies();
  world.pass(std::chrono::hours(24));
  put("c");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("c") == 1);
  CHECK(world.source().verified_by == Levels{{"size", 2}, {"sha256", 1}});
}

TEST_CASE("a HEAD that is refused for its checksum-mode is told as nothing else", "[pull]") {
  World world;
  const std::string content(2'000'000, 'x');
  world.server->put("b", "k", content);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", std::string(2'000'000, 'y'));
  world.server->lie({LieKind::kRefuseChecksumMode, "HEAD", ""});
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"changed"});
  CHECK(world.server->counters().heads == 2);
  CHECK(world.contents_below("site/quarantine/k/").size() == 1);
}

TEST_CASE("an answer of the bucket's that leaves out the ETag is held against the listing's",
          "[pull]") {
  World world;
  world.config.agent.parallel = 1;
  const std::string content(2'000'000, 'x');
  world.server->put("b", "k", content);
  world.server->put("b", "empty", "");
  for (const auto* key : {"k", "empty"}) {
    world.server->lie({LieKind::kOmitHeader, "", key, 0, "etag"});
    world.server->lie({LieKind::kSetHeader, "", key, 0, "Content-Type=application/x-directory"});
  }
  SECTION("whole") {}
  SECTION("resumed") { world.server->lie({LieKind::kTruncate, "GET", "k", 1'500'000, "", 1, 1}); }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == content);
  CHECK(world.archive("empty") == "");
  CHECK(world.source().verified_by == Levels{{"etag-md5", 2}});
  CHECK(world.lines.empty());
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("an answer without an ETag that is not the bucket's, or of something else, is none",
          "[pull]") {
  World world;
  world.config.agent.parallel = 1;
  world.config.agent.retries = 1;
  world.server->put("b", "good", "content");
  world.pass(std::chrono::hours(1));
  for (int i = 0; i < 6; ++i) world.server->put("b", fmt::format("odd{}", i), "content");
  const Lie lie = GENERATE(
      Lie{LieKind::kHtml, "GET", "", 200},
      Lie{LieKind::kSetHeader, "GET", "", 0, "Last-Modified=Wed, 21 Oct 2015 07:28:00 GMT"});
  CAPTURE(static_cast<int>(lie.kind));
  for (int i = 0; i < 6; ++i) {
    auto one = lie;
    one.key = fmt::format("odd{}", i);
    world.server->lie(one);
    if (lie.kind != LieKind::kHtml) {
      world.server->lie({LieKind::kOmitHeader, "GET", one.key, 0, "etag"});
    }
  }
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().archives == 1);
  CHECK(world.archive("good") == "content");
  CHECK(world.lines_with("something between here and the bucket") == 6);
}

TEST_CASE("two sources that mirror one bucket count its objects once against ETags", "[pull]") {
  World world;
  world.add_source("twin", "b");
  put_with_etag(world, "db-1", "content 1", kWrongMd5);
  put_with_etag(world, "etc-1", "content 2", kWrongMd5);
  for (int run = 0; run < 2; ++run) {
    if (run > 0) world.pass(std::chrono::hours(20));
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.lines_with("are no MD5s") == 0);
  }
  for (const auto* source : {"site", "twin"}) CHECK(world.source(source).archives == 0);
}

#include <fmt/format.h>

#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using fake_s3::ObjectState;
using pull_test::put_with_etag;
using pull_test::World;
using Names = std::vector<std::string>;
using Levels = std::map<std::string, std::uint64_t>;

namespace {

const std::string kWrongMd5 = "00000000000000000000000000000000";

std::string sha256_hex(std::string_view content) {
  store::DigestSet digests({{store::Algorithm::kSha256, {}}});
  digests.update(std::as_bytes(std::span(content)));
  return store::to_hex(digests.finish().front());
}

std::string sha256_base64(std::string_view content) {
  return store::to_base64(store::from_hex(sha256_hex(content)));
}

}  // namespace

TEST_CASE("a content that breaks its promise twice raises an alarm and gets no name", "[pull]") {
  World world;
  const std::size_t size = GENERATE(10U, 2'000'000U);  // synced in a batch, and by its worker
  CAPTURE(size);
  world.server->put("b", "k", std::string(size, 'x'));
  world.server->set_checksum("b", "k", "sha256", sha256_base64("something else"));
  for (std::size_t run = 0; run < 2; ++run) {
    if (run > 0) {
      // Not twice in every run for ever; but never nothing, also once its alarm is acknowledged.
      CHECK(world.pull() == ExitStatus::kAlarm);
      CHECK(world.gets_of("k") == 0);
      world.pass(std::chrono::hours(20));
    }
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.gets_of("k") == 2);
    CHECK(world.alarm_kinds() == Names{"mismatch"});
    CHECK(world.source().run.failed == 1);
    CHECK(world.lines_with("does not match what the bucket promised (sha256)") == 1);
    CHECK(world.files_below("site/") == 0);
    CHECK(world.files_below(".holdfast/staging/") == 0);
  }
  // The alarm ends when the content is held after all.
  world.pass(std::chrono::hours(40));
  world.server->set_checksum("b", "k", "sha256", sha256_base64(std::string(size, 'x')));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().verified_by == Levels{{"sha256", 1}});
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("a byte that was flipped on the way is fetched again", "[pull]") {
  World world;
  const std::size_t size = GENERATE(10U, 2'000'000U);
  const bool firm = GENERATE(true, false);
  CAPTURE(size, firm);
  const std::string content(size, 'x');
  world.server->put("b", "k", content);
  if (firm) world.server->set_checksum("b", "k", "sha256", sha256_base64(content));
  world.server->lie({LieKind::kFlip, "GET", "k", 4, "", 1, 1});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("k") == 2);
  CHECK(world.archive("k") == content);
  CHECK(world.source().verified_by == Levels{{firm ? "sha256" : "etag-md5", 1}});
  CHECK(world.lines.empty());
}

TEST_CASE("a multipart ETag is checked with the part sizes that the server tells", "[pull]") {
  World world;
  std::string body;
  for (int i = 0; i < 3000; ++i) body += fmt::format("{:09}\n", i);
  world.server->put_multipart("b", "k", body, 7'000);  // a size that nobody would guess
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().verified_by == Levels{{"etag-multipart", 1}});
  CHECK(world.archive("k") == body);
  world.server->put_multipart("b", "l", body, 7'000);
  world.server->lie({LieKind::kFlip, "GET", "l", 8'000});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.alarm_kinds() == Names{"mismatch"});
}

TEST_CASE("a sidecar speaks where nothing else does", "[pull]") {
  World world;
  struct Case {
    std::string suffix;
    std::string digest;
    std::string level;
  };
  const auto given = GENERATE(Case{".sha256", sha256_hex("content"), "sidecar-sha256"},
                              Case{".md5", fake_s3::md5_hex("content"), "sidecar-md5"});
  CAPTURE(given.suffix);
  put_with_etag(world, "db/k.tar", "content", "opaque");
  SECTION("and agrees") {
    world.server->put("b", "db/k.tar" + given.suffix, given.digest + "  k.tar\n");
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().verified_by == Levels{{given.level, 1}, {"etag-md5", 1}});
  }
  SECTION("in capital letters, for a file of the name in another directory") {
    std::string digest = given.digest;
    for (char& c : digest) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    world.server->put("b", "db/k.tar" + given.suffix, digest + " *./build/k.tar\r\n");
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().verified_by == Levels{{given.level, 1}, {"etag-md5", 1}});
  }
  SECTION("and disagrees") {
    const std::string wrong(given.digest.size(), 'a');
    world.server->put("b", "db/k.tar" + given.suffix, wrong + "  k.tar\n");
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.alarm_kinds() == Names{"mismatch"});
    CHECK(world.lines_with(given.level) == 1);
    CHECK_FALSE(world.archive("db/k.tar"));
  }
  SECTION("or about another file, which is nothing") {
    world.server->put("b", "db/k.tar" + given.suffix, given.digest + "  l.tar\n");
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().verified_by == Levels{{"size", 1}, {"etag-md5", 1}});
  }
}

TEST_CASE("a sidecar that cannot be had now is asked again, not taken for silence", "[pull]") {
  World world;
  put_with_etag(world, "k.tar", "content", "opaque");
  world.server->put("b", "k.tar.sha256", sha256_hex("content") + "  k.tar\n");
  world.config.agent.retries = 0;
  SECTION("because the server fails") {
    world.server->lie({LieKind::kError, "GET", "k.tar.sha256", 503, "SlowDown"});
  }
  SECTION("because the connection is cut") {
    world.server->lie({LieKind::kReset, "GET", "k.tar.sha256", 3});
  }
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK_FALSE(world.archive("k.tar"));
  CHECK(world.lines_with("k.tar: ") >= 1);

  world.server->clear_lies();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k.tar") == "content");
  CHECK(world.source().verified_by == Levels{{"sidecar-sha256", 1}, {"etag-md5", 1}});
}

TEST_CASE("a sidecar that is closed to us, or no sidecar at all, says nothing", "[pull]") {
  World world;
  put_with_etag(world, "k.tar", "content", "opaque");
  SECTION("closed") {
    world.server->put("b", "k.tar.sha256", sha256_hex("content") + "  k.tar\n");
    world.server->set_state("b", "k.tar.sha256", ObjectState::kDenied);
    CHECK(world.pull() == ExitStatus::kAlarm);
    CHECK(world.source().verified_by == Levels{{"size", 1}});
  }
  SECTION("longer than any") {
    world.server->put("b", "k.tar.sha256", std::string(70'000, 'a'));
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().verified_by == Levels{{"size", 1}, {"etag-md5", 1}});
  }
}

TEST_CASE("a sidecar that disagrees is nothing where something stronger agrees", "[pull]") {
  World world;
  world.server->put("b", "k.tar", "content");
  world.server->put("b", "k.tar.sha256", std::string(64, 'a') + "  k.tar\n");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().verified_by == Levels{{"etag-md5", 2}});
}

TEST_CASE("what cannot be read raises an alarm once and is asked for again after a day", "[pull]") {
  World world;
  const auto state = GENERATE(ObjectState::kSseC, ObjectState::kKmsDenied, ObjectState::kDenied);
  CAPTURE(static_cast<int>(state));
  world.server->put("b", "locked", "content");
  world.server->put("b", "open", "content");
  world.server->set_state("b", "locked", state);

  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unreadable"});
  CHECK(world.source().run.unreadable == 1);
  CHECK(world.archive("open") == "content");
  CHECK(world.lines_with("locked: cannot be read") == 1);
  const auto since = world.source().alarms.at(0).since;

  // A policy may have been repaired, which one request at each run finds out; a key of somebody
  // else's stays so.
  const std::size_t probes = state == ObjectState::kSseC ? 0 : 1;
  world.pass(std::chrono::hours(19));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.gets_of("locked") == probes);
  CHECK(world.source().run.unreadable == 1);
  CHECK(world.source().alarms.at(0).since == since);
  CHECK(world.lines.empty());

  world.pass(std::chrono::hours(1));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.gets_of("locked") == 1);

  // What is acknowledged and not held is still not nothing.
  CHECK(world.ack() == ExitStatus::kOk);
  world.pass(std::chrono::hours(39));
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.gets_of("locked") == probes);
  world.pass(std::chrono::hours(1));
  world.server->set_state("b", "locked", ObjectState::kNormal);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("locked") == "content");
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("when one denied archive can be read again all of them are asked for", "[pull]") {
  World world;
  const Names denied = {"a", "b", "c", "d"};
  for (const auto& key : denied) {
    world.server->put("b", key, "content of " + key);
    world.server->set_state("b", key, ObjectState::kDenied);
  }
  world.server->put("b", "open", "content");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  CHECK(world.source().run.unreadable == 4);
  for (const auto& key : denied) world.server->set_state("b", key, ObjectState::kNormal);
  world.pass(std::chrono::hours(1));
  static_cast<void>(world.pull());
  world.pass(std::chrono::hours(1));
  CHECK(world.pull() == ExitStatus::kOk);
  for (const auto& key : denied) CHECK(world.archive(key) == "content of " + key);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("what is archived is counted, is no failure, and is asked for again after a day",
          "[pull]") {
  World world;
  world.server->put("b", "cold", "content");
  world.server->edit("b", "cold", [](fake_s3::Object& object) {
    object.state = ObjectState::kArchived;
    object.storage_class = "GLACIER";
  });
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.archived == 1);
  CHECK(world.lines.empty());
  world.pass(std::chrono::hours(19));
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.archived == 1);
  CHECK(world.gets_of("cold") == 0);
  world.pass(std::chrono::hours(1));
  world.server->set_state("b", "cold", ObjectState::kNormal);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.archived == 0);
  CHECK(world.archive("cold") == "content");
}

TEST_CASE("what the listing says has been restored is asked for at once, and not before",
          "[pull]") {
  World world;
  world.server->put("b", "cold", "content");
  world.server->set_state("b", "cold", ObjectState::kArchived);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.archived == 1);
  world.server->set_header("b", "cold", "x-amz-restore", "ongoing-request=\"true\"");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("cold") == 0);
  world.server->set_header("b", "cold", "x-amz-restore",
                           "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2096 "
                           "00:00:00 GMT\"");
  world.server->set_state("b", "cold", ObjectState::kNormal);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("cold") == "content");
  CHECK(world.source().run.archived == 0);
}

TEST_CASE("objects that are all denied, with nothing held, are refused credentials", "[pull]") {
  World world;
  for (int i = 0; i < 30; ++i) {
    world.server->put("b", fmt::format("k{}", i), "content");
    world.server->set_state("b", fmt::format("k{}", i), ObjectState::kDenied);
  }
  CHECK(world.pull() == ExitStatus::kRefused);
  CHECK(world.lines_with("s3:GetObject") == 1);
  CHECK(world.alarm_kinds().empty());
  // Not marked as unreadable: the next run asks at once.
  for (int i = 0; i < 30; ++i) {
    world.server->set_state("b", fmt::format("k{}", i), ObjectState::kNormal);
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 30);
}

TEST_CASE("one source's trouble does not keep the others from being pulled", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  auto& other = world.add_source("other", "missing-bucket");
  SECTION("its bucket does not exist") {
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.source("other").state == agent::RunState::kIncomplete);
  }
  SECTION("its credentials are missing") {
    other.bucket = "b";
    world.site().credentials_file = "/dev/null";
    world.variables = {};
    CHECK(world.pull() == ExitStatus::kRefused);
    CHECK(world.source("other").state == agent::RunState::kFailed);
    return;
  }
  SECTION("its server does not answer") {
    other.endpoint = "http://127.0.0.1:9";
    const auto begun = world.clock.steady_now();
    CHECK(world.pull() == ExitStatus::kIncomplete);
    // It is waited for about two minutes.
    CHECK(world.source("other").run.retries > 5);
    CHECK(world.clock.steady_now() - begun < std::chrono::minutes(3));
  }
  CHECK(world.source("site").state == agent::RunState::kOk);
  CHECK(world.archive("k") == "content");
  CHECK(world.lines_with("other: ") == 1);
}

TEST_CASE("throttling, resets and short bodies are retried within the run", "[pull]") {
  World world;
  const Lie lie =
      GENERATE(Lie{LieKind::kError, "GET", "k", 503, "SlowDown", 1, 3},
               Lie{LieKind::kReset, "GET", "k", 4, "", 1, 3},
               Lie{LieKind::kTruncate, "GET", "k", 4, "", 1, 1},
               Lie{LieKind::kIgnoreRange, "GET", "k"}, Lie{LieKind::kRefuseChecksumMode, "", ""});
  CAPTURE(static_cast<int>(lie.kind));
  world.server->put("b", "k", "0123456789");
  if (lie.kind == LieKind::kIgnoreRange) {
    world.server->lie({LieKind::kTruncate, "GET", "k", 4, "", 1, 1});
  }
  world.server->lie(lie);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "0123456789");
  CHECK(world.source().run.retries >= 1);
  CHECK(world.lines.empty());
}

#include <fmt/format.h>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::World;
using Names = std::vector<std::string>;

TEST_CASE("a server that never matches If-Match is asked without it, and not for ever", "[wire]") {
  World world;
  world.config.agent.parallel = 1;
  const std::string content(3'000'000, 'x');
  world.server->put("b", "k", content);
  world.server->lie({LieKind::kTruncate, "GET", "k", 1'500'000, "", 1, 1});
  world.server->lie({LieKind::kRefuseIfMatch, "GET", "k"});
  const auto status = world.pull();
  CAPTURE(world.lines);
  REQUIRE(status == ExitStatus::kOk);
  CHECK((world.archive("k") == content));
  CHECK(world.gets_of("k") == 3);
}

TEST_CASE("an answer of 412 to everything ends like any other failure", "[wire]") {
  World world;
  world.server->put("b", "k", std::string(3'000'000, 'x'));
  world.server->lie({LieKind::kTruncate, "GET", "k", 1'500'000, "", 1, 1});
  world.server->lie({LieKind::kError, "GET", "k", 412, "PreconditionFailed", 2});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.gets_of("k") < 10);
}

TEST_CASE("what was cut is resumed without a byte twice, however often", "[wire]") {
  World world;
  const std::size_t piece = 70'000;
  const std::string content(40 * piece, 'x');
  world.server->put("b", "k", content);
  world.server->lie({LieKind::kTruncate, "GET", "k", piece});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == content);
  CHECK(world.gets_of("k") == 40);
}

TEST_CASE("a line that never holds is waited for, and costs nothing that is held", "[wire]") {
  World world;
  world.server->put("b", "held", "held");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const std::string content(3'000'000, 'x');
  world.server->put("b", "new", content);
  world.server->lie(GENERATE(Lie{LieKind::kTruncate, "GET", "new", 0},
                             Lie{LieKind::kReset, "GET", "new", 0},
                             Lie{LieKind::kNoAnswer, "GET", "new"}));
  const auto begun = world.clock.steady_now();
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.clock.steady_now() - begun >= std::chrono::minutes(2));
  CHECK(world.lines_with(": new") == 1);
  CHECK(world.archive("held") == "held");

  world.server->clear_lies();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK((world.archive("new") == content));
}

TEST_CASE("newest objects that cannot be had do not lock out the others", "[wire]") {
  World world;
  world.config.agent.parallel = 1;
  for (int i = 0; i < 120; ++i) {
    fake_s3::Object object;
    object.content = std::make_shared<fake_s3::MemoryContent>("content");
    object.last_modified = world.clock.now_s() - std::chrono::hours(i);
    world.server->put_object("b", fmt::format("k{:02}", i), std::move(object));
  }
  // More in a row than a connection may fail.
  for (int i = 0; i < 70; ++i) {
    world.server->lie({LieKind::kError, "GET", fmt::format("k{:02}", i), 500, "InternalError"});
  }
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().archives == 50);
  // Lines of one kind are capped, and the rest is counted.
  CHECK(world.lines_with(": k") == 10);
  CHECK(world.lines_with("and 60 more like these") == 1);
}

TEST_CASE("what failed in the last run comes after what did not", "[wire]") {
  World world;
  world.config.agent.parallel = 1;
  world.server->put("b", "bad", "content");
  world.server->lie({LieKind::kError, "GET", "bad", 500, "InternalError"});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  world.clock.advance(std::chrono::hours(-1));
  world.server->put("b", "old-1", "content");
  world.server->put("b", "old-2", "content");
  CHECK(world.pull() == ExitStatus::kIncomplete);
  Names asked;
  for (const auto& entry : world.server->journal()) {
    if (entry.method == "GET" && !entry.key.empty()) asked.push_back(entry.key);
  }
  REQUIRE(asked.size() > 3);
  CHECK(asked[2] == "bad");
  CHECK(asked.back() == "bad");
}

TEST_CASE("what is listed and not there is quiet once, then failed, and after a week an alarm",
          "[wire]") {
  World world;
  world.server->put("b", "ghost", "content");
  world.server->put("b", "k", "content");
  world.server->lie({LieKind::kError, "", "ghost", 404, "NoSuchKey"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("the bucket lists it but does not have it") == 1);
  CHECK(world.alarm_kinds().empty());
  world.pass(std::chrono::hours(7 * 24));
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.alarm_kinds() == Names{"ghost"});
  SECTION("which ends when it is held") { world.server->clear_lies(); }
  SECTION("and when it is listed no more") { world.server->erase("b", "ghost"); }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("what is listed and was deleted is gone, and is not asked for in every run", "[wire]") {
  World world;
  world.server->put("b", "gone", "content");
  world.server->lie({LieKind::kError, "", "gone", 404, "NoSuchKey"});
  world.server->lie({LieKind::kSetHeader, "", "gone", 0, "x-amz-delete-marker=true"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("gone") == 1);
  for (int run = 0; run < 3; ++run) {
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.gets_of("gone") == 0);
    CHECK(world.lines.empty());
  }
}

TEST_CASE("an expired token is said once, whatever is pending", "[wire]") {
  const auto* const code = GENERATE("ExpiredToken", "RequestTimeTooSkewed");
  CAPTURE(code);
  World world;
  for (int i = 0; i < 100; ++i) world.server->put("b", fmt::format("k{}", i), "content");
  Lie lie{LieKind::kError, "GET", "", 403, code};
  lie.from = 10;
  world.server->lie(lie);
  CHECK(world.pull() == ExitStatus::kRefused);
  CHECK(world.lines.size() == 1);
  CHECK(world.server->journal().size() < 60);
}

TEST_CASE("a complete body without its length is taken where it has the listed size", "[wire]") {
  World world;
  world.server->put("b", "k", "content");
  world.server->lie({LieKind::kOmitHeader, "", "k", 0, "content-length"});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "content");
}

TEST_CASE("a plan replaces what an earlier prefix or filter left pending", "[wire]") {
  World world;
  world.server->put("b", "a/1", "content");
  world.server->put("b", "b/1", "content");
  world.server->lie({LieKind::kError, "GET", "a/1", 500, "InternalError"});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  world.site().prefix = "b/";
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("a/1") == 0);
}

TEST_CASE("no source holds up another one, whichever order they have", "[wire]") {
  World world;
  const bool bad_first = GENERATE(true, false);
  world.config.sources.clear();
  const auto add = [&](const std::string& name) {
    world.add_source(name, name);
    world.server->make_bucket(name);
  };
  if (!bad_first) add("good");
  add("slow");
  if (bad_first) add("good");
  for (int i = 0; i < 20; ++i) {
    world.server->put("good", fmt::format("good-{}", i), "content");
    world.server->put("slow", fmt::format("slow-{}", i), "content");
  }
  for (int i = 0; i < 20; ++i) {
    Lie lie{LieKind::kDelay, "GET", fmt::format("slow-{}", i), 400};
    world.server->lie(lie);
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source("good").archives == 20);
  std::size_t slow_before_last_good = 0;
  std::size_t slow = 0;
  for (const auto& entry : world.server->journal()) {
    if (entry.key.starts_with("slow-")) ++slow;
    if (entry.key.starts_with("good-")) slow_before_last_good = slow;
  }
  CHECK(slow_before_last_good < 20);
}

#include <algorithm>
#include <map>

#include "agent/proof/walk_verdict.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// When archives are walked to their end, and what becomes of what that shows. Who walks is not
// asked here: a content says itself what its walk shows.

using agent::ContentForm;
using agent::ExitStatus;
using agent::WalkAnswer;
using pull_test::World;
using Names = std::vector<std::string>;
using Verdict = WalkAnswer::Verdict;
using Cause = WalkAnswer::Cause;
using namespace std::chrono_literals;

namespace {

WalkAnswer sound() {
  WalkAnswer answer;
  answer.verdict = Verdict::kSound;
  answer.form = ContentForm::kGzip;
  answer.proved = "gzip's CRC-32";
  return answer;
}

WalkAnswer unsound(const std::string& why = "its gzip is damaged") {
  auto answer = sound();
  answer.verdict = Verdict::kUnsound;
  answer.proved = "";
  answer.why = why;
  return answer;
}

WalkAnswer undecided(Cause cause, const std::string& why) {
  WalkAnswer answer;
  answer.cause = cause;
  answer.why = why;
  return answer;
}

WalkAnswer with_tables(std::uint64_t tables) {
  auto answer = sound();
  answer.inner = ContentForm::kMysqlDump;
  answer.tables = tables;
  return answer;
}

std::string content_of(const agent::WalkRequest& request) {
  std::string text(request.size_bytes, '\0');
  REQUIRE(request.content.read_at(0, std::as_writable_bytes(std::span(text))).value() ==
          text.size());
  return text;
}

// A walk that remembers what it walked, and answers as it was told; sound where it was not.
struct Walker {
  explicit Walker(World& world) {
    world.site().soundness = agent::SoundnessCheck::kFull;
    world.walk = [this](const agent::WalkRequest& request, const agent::Halt&) {
      walked.push_back(content_of(request));
      const auto found = answers.find(walked.back());
      return found == answers.end() ? sound() : found->second;
    };
  }

  Names walked;
  std::map<std::string, WalkAnswer> answers;
};

// Text, which the quick look has nothing against under this name.
std::string key_of(int night, const std::string& stream = "db") {
  return stream + "/" + test::date_of(night) + ".sql";
}

ExitStatus pull_night(World& world, int night, const std::string& content) {
  world.pass(24h);
  world.server->put("b", key_of(night), content);
  return world.pull();
}

store::Archive held(World& world, const std::string& key) {
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  const auto archive = ledger->find(ledger->find_source("site").value().value(), key);
  REQUIRE(archive->has_value());
  return **archive;
}

std::string message_of(World& world) {
  const auto alarms = world.source().alarms;
  return alarms.empty() ? "" : alarms.front().message;
}

ExitStatus verify_open(World& world, std::optional<std::uint64_t> budget = std::nullopt) {
  world.reads_stdout = true;
  return world.verify(agent::VerifyOptions{{}, false, budget, false, true});
}

}  // namespace

TEST_CASE("every new archive is walked once, the newest of each stream first") {
  World world;
  Walker walker(world);
  world.server->put("b", key_of(1, "a"), "a 1");
  world.server->put("b", key_of(1, "b"), "b 1");
  world.pass(24h);
  world.server->put("b", key_of(2, "a"), "a 2");
  world.pass(24h);
  world.server->put("b", key_of(3, "a"), "a 3");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked == Names{"a 3", "b 1", "a 2", "a 1"});
  world.pass(24h);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked.size() == 4);
  CHECK(pull_night(world, 4, "four") == ExitStatus::kOk);
  CHECK(walker.walked.size() == 5);
}

TEST_CASE("nothing is walked before all sources are pulled, nor of a source that is not to be") {
  World world;
  Walker walker(world);
  world.server->make_bucket("other");
  world.add_source("quick", "other").soundness = agent::SoundnessCheck::kQuick;
  world.server->put("b", key_of(1), "one");
  for (int night = 1; night <= 20; ++night) {
    world.server->put("other", key_of(night), std::to_string(night));
  }
  std::size_t held_then = 0;
  const auto walk = world.walk;
  world.walk = [&](const agent::WalkRequest& request, const agent::Halt& halt) {
    held_then = World::below(world.disk.files(), "quick/archives/").size();
    return walk(request, halt);
  };
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(held_then == 20);
  CHECK(walker.walked == Names{"one"});
}

TEST_CASE("what is held before is walked too, once it is asked for") {
  World world;
  REQUIRE(pull_night(world, 1, "one") == ExitStatus::kOk);
  REQUIRE(pull_night(world, 2, "two") == ExitStatus::kOk);
  Walker walker(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked == Names{"two", "one"});
}

TEST_CASE("an archive that does not open is marked, and an alarm until a newer one does") {
  World world;
  Walker walker(world);
  walker.answers["bad"] = unsound();
  walker.answers["worse"] = unsound("its tar ends before its end");
  REQUIRE(pull_night(world, 1, "good") == ExitStatus::kOk);
  CHECK(pull_night(world, 2, "bad") == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  CHECK(message_of(world).find("is not a sound backup: its gzip is damaged") != std::string::npos);
  CHECK(world.lines_with("its gzip is damaged") == 1);
  CHECK(world.archive(key_of(2)) == "bad");
  CHECK(held(world, key_of(1)).unsound == store::Unsound::kNo);
  CHECK(held(world, key_of(2)).unsound == store::Unsound::kBroken);
  CHECK(pull_night(world, 3, "worse") == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  CHECK(message_of(world).find("nor was the one before it") != std::string::npos);
  CHECK(pull_night(world, 4, "good again") == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("what was found unsound is so in a new ledger") {
  World world;
  Walker walker(world);
  walker.answers["bad"] = unsound();
  REQUIRE(pull_night(world, 1, "good") == ExitStatus::kOk);
  REQUIRE(pull_night(world, 2, "bad") == ExitStatus::kAlarm);
  REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(held(world, key_of(1)).unsound == store::Unsound::kNo);
  CHECK(held(world, key_of(2)).unsound == store::Unsound::kBroken);
}

TEST_CASE("a walk that dies is recorded, touches nothing, and is not tried for ever") {
  World world;
  Walker walker(world);
  walker.answers["deadly"] = undecided(Cause::kDied, "the walk died of signal 11");
  for (int run = 0; run < 6; ++run) {
    CAPTURE(run);
    if (run == 0) {
      CHECK(pull_night(world, 1, "deadly") == ExitStatus::kOk);
    } else {
      world.pass(24h);
      CHECK(world.pull() == ExitStatus::kOk);
    }
    CHECK(walker.walked.size() == std::min<std::size_t>(static_cast<std::size_t>(run) + 1, 3));
  }
  CHECK(world.archive(key_of(1)) == "deadly");
  CHECK(held(world, key_of(1)).unsound == store::Unsound::kNo);
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  const auto record = ledger->walk_of(ledger->find_source("site").value().value(), key_of(1));
  REQUIRE(record->has_value());
  CHECK((*record)->why == "the walk died of signal 11");
  CHECK((*record)->tries == 3);
}

TEST_CASE("what needs more than a walk may take is not judged, and not asked again") {
  World world;
  Walker walker(world);
  walker.answers["large"] = undecided(Cause::kLimit, "its dictionary needs 512.0 MiB");
  CHECK(pull_night(world, 1, "large") == ExitStatus::kOk);
  world.pass(24h);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked.size() == 1);
}

TEST_CASE("what a run had no time for is walked in the next one") {
  World world;
  Walker walker(world);
  walker.answers["one"] = undecided(Cause::kHalted, "holdfast was told to stop");
  REQUIRE(pull_night(world, 1, "one") == ExitStatus::kOk);
  walker.answers.clear();
  world.pass(24h);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked == Names{"one", "one"});
}

TEST_CASE("a run that is out of time begins no walk") {
  World world;
  Walker walker(world);
  world.config.agent.max_runtime = 1h;
  const auto walk = world.walk;
  world.walk = [&](const agent::WalkRequest& request, const agent::Halt& halt) {
    world.clock.advance(2h);
    return walk(request, halt);
  };
  world.server->put("b", key_of(1, "a"), "a");
  world.server->put("b", key_of(1, "b"), "b");
  static_cast<void>(world.pull());
  CHECK(walker.walked.size() == 1);
  static_cast<void>(world.pull());
  CHECK(walker.walked.size() == 2);
}

TEST_CASE("where this machine cannot walk, that is said once and the quick look stays") {
  World world;
  Walker walker(world);
  walker.answers["one"] = undecided(Cause::kUnable, "this machine has no seccomp");
  world.server->put("b", key_of(1, "a"), "one");
  world.server->put("b", key_of(1, "b"), "one");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines_with("this machine has no seccomp") == 1);
  CHECK(walker.walked.size() == 1);
  walker.answers.clear();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(walker.walked.size() == 3);
}

TEST_CASE("a program that has no walk says so, and looks as with quick") {
  World world;
  world.site().soundness = agent::SoundnessCheck::kFull;
  CHECK(pull_night(world, 1, "one") == ExitStatus::kOk);
  CHECK(world.lines_with("built without the libraries that open archives") == 1);
  CHECK(pull_night(world, 2, "<!DOCTYPE html>\n<html></html>") == ExitStatus::kAlarm);
  CHECK(pull_night(world, 3, "three") == ExitStatus::kOk);
  CHECK(verify_open(world) == ExitStatus::kUsage);
}

TEST_CASE("a dump that lost most of its tables is unsound, until somebody says that it is meant") {
  World world;
  Walker walker(world);
  for (int night = 1; night <= 4; ++night) {
    const auto content = "dump " + std::to_string(night);
    walker.answers[content] = with_tables(41);
    REQUIRE(pull_night(world, night, content) == ExitStatus::kOk);
  }
  walker.answers["small"] = with_tables(3);
  CHECK(pull_night(world, 5, "small") == ExitStatus::kAlarm);
  CHECK(message_of(world).find("it has 3 tables with rows; the sets before it had 41") !=
        std::string::npos);
  CHECK(held(world, key_of(5)).unsound == store::Unsound::kOtherForm);
  walker.answers["small again"] = with_tables(3);
  CHECK(pull_night(world, 6, "small again") == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(held(world, key_of(5)).unsound == store::Unsound::kNo);
  walker.answers["small now"] = with_tables(3);
  CHECK(pull_night(world, 7, "small now") == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  walker.answers["small for ever"] = with_tables(3);
  CHECK(pull_night(world, 8, "small for ever") == ExitStatus::kOk);
}

TEST_CASE("verify --open names what is unsound or not judged, and ends with 1 for the first") {
  World world;
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(pull_night(world, night, "night " + std::to_string(night)) == ExitStatus::kOk);
  }
  Walker walker(world);
  walker.answers["night 2"] = undecided(Cause::kLimit, "its dictionary needs 512.0 MiB");
  walker.answers["night 3"] = undecided(Cause::kUnknown, "it is text");
  CHECK(verify_open(world) == ExitStatus::kOk);
  CHECK(world.lines_with("its dictionary needs 512.0 MiB") == 1);
  CHECK(world.lines_with("it is text") == 0);
  REQUIRE(world.printed.size() == 1);
  CHECK(world.printed.front() ==
        "site: 4 archives opened (28 bytes); 2 sound, 0 unsound, 1 not judged, 1 of a form that "
        "cannot be opened");
  walker.answers["night 4"] = unsound();
  CHECK(verify_open(world) == ExitStatus::kAlarm);
  CHECK(world.lines_with("its gzip is damaged") == 1);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  walker.answers["night 1"] = undecided(Cause::kHalted, "holdfast was told to stop");
  CHECK(verify_open(world) == ExitStatus::kIncomplete);
}

TEST_CASE("verify --open with a budget takes what was not opened yet, the newest first") {
  World world;
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(pull_night(world, night, "night " + std::to_string(night)) == ExitStatus::kOk);
  }
  Walker walker(world);
  CHECK(verify_open(world, 14) == ExitStatus::kOk);
  CHECK(walker.walked == Names{"night 4", "night 3"});
  CHECK(verify_open(world, 14) == ExitStatus::kOk);
  CHECK(walker.walked == Names{"night 4", "night 3", "night 2", "night 1"});
}

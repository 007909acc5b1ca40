#include "agent/run/carry.h"

#include <fmt/format.h>

#include "agent/run/carried_file.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/stride.h"

// Two disks that take turns are one mirror to a person: what was told and said while one of them
// was here is neither told nor asked again while the other one is.

using agent::ExitStatus;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

std::string id_of(store::Disk& disk) {
  const auto marker = store::read_marker(disk);
  REQUIRE(marker);
  REQUIRE(*marker);
  return (*marker)->id;
}

// Both disks hold the same ten archives and were here once.
struct Turns : pull_test::World {
  Turns() {
    REQUIRE(store::write_marker(second, clock.now_s()));
    REQUIRE(store::Ledger::create(second));
    first_id = id_of(disk);
    second_id = id_of(second);
    config.disk.ids = {first_id, second_id};
    config.agent.on_alarm = "tell";
    for (int i = 0; i < 10; ++i) server->put("b", fmt::format("key-{}", i), "first");
    REQUIRE(pull() == ExitStatus::kOk);
    swap();
    REQUIRE(pull() == ExitStatus::kOk);
    swap();
  }

  void swap() {
    pass(24h);
    if (other_disks.empty()) {
      other_disks["/disk"] = &second;
    } else {
      other_disks.clear();
    }
  }
  void attack() {
    for (int i = 0; i < 8; ++i) server->put("b", fmt::format("key-{}", i), "encrypted");
  }
  std::string& words_of(const std::string& id) { return other_files.at("status.json." + id); }

  test::FaultDisk second;
  std::string first_id;
  std::string second_id;
};

}  // namespace

TEST_CASE("a HOLD on one disk is a HOLD on the other, and is told once", "[rotation][carry]") {
  Turns turns;
  turns.attack();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.source().hold);
  CHECK(turns.hooks.size() == 1);
  const auto since = turns.source().alarms.front().since;

  turns.swap();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.source().hold);
  CHECK(turns.alarm_kinds() == Names{"mass-change"});
  CHECK(turns.source().alarms.front().since == since);
  CHECK(turns.hooks.empty());
  CHECK(turns.lines.empty());
  CHECK(turns.gets_of("key-0") == 0);

  SECTION("and what changes after that is news") {
    turns.server->put("b", "key-8", "encrypted");
    turns.pass(24h);
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    CHECK(turns.hooks.size() == 1);
  }
  SECTION("and is acknowledged once, on either") {
    REQUIRE(turns.ack() == ExitStatus::kOk);
    CHECK_FALSE(turns.source().hold);
    turns.swap();
    // The first has not looked at the bucket since, and yet it knows.
    CHECK(turns.pull() == ExitStatus::kAlarm);
    CHECK_FALSE(turns.source().hold);
    CHECK(turns.alarm_kinds() == Names(8, "changed"));
    CHECK(turns.hooks.size() == 8);
    CHECK(turns.files_below("site/quarantine/") == 8);
    turns.swap();
    CHECK(turns.pull() == ExitStatus::kAlarm);
    CHECK(turns.alarm_kinds() == Names(8, "changed"));
    CHECK(turns.hooks.empty());
    CHECK(turns.lines.empty());
    REQUIRE(turns.ack() == ExitStatus::kOk);
    turns.swap();
    CHECK(turns.pull() == ExitStatus::kOk);
    CHECK(turns.alarm_kinds().empty());
    CHECK(turns.hooks.empty());
  }
}

TEST_CASE("what was acknowledged while one disk was here is never asked of the other",
          "[rotation][carry]") {
  Turns turns;
  SECTION("a mass-change, although the other one sees it for the first time") {
    turns.attack();
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    REQUIRE(turns.ack() == ExitStatus::kOk);
    // The quarantine fills, and is acknowledged too.
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    REQUIRE(turns.ack() == ExitStatus::kOk);
    turns.swap();
    CHECK(turns.pull() == ExitStatus::kOk);
    CHECK_FALSE(turns.source().hold);
    CHECK(turns.hooks.empty());
    CHECK(turns.lines.empty());
    CHECK(turns.second.files().count("site/archives/key-0") == 1);
    CHECK(turns.below(turns.second.files(), "site/quarantine/").size() == 8);
  }
  SECTION("one that has vanished, a week ago") {
    for (int i = 0; i < 8; ++i) turns.server->erase("b", fmt::format("key-{}", i));
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    REQUIRE(turns.source().hold);
    REQUIRE(turns.ack() == ExitStatus::kOk);
    turns.swap();
    CHECK(turns.pull() == ExitStatus::kOk);
    CHECK(turns.source().archives == 10);
    // And nothing more is acknowledged than that.
    turns.server->erase("b", "key-8");
    turns.server->erase("b", "key-9");
    CHECK(turns.pull() == ExitStatus::kAlarm);
    CHECK(turns.source().hold);
    CHECK(turns.hooks.size() == 1);
  }
  SECTION("one change, and then another content is asked about") {
    turns.server->put("b", "key-0", "other");
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    REQUIRE(turns.ack() == ExitStatus::kOk);
    turns.swap();
    SECTION("the same") {
      CHECK(turns.pull() == ExitStatus::kOk);
      CHECK(turns.hooks.empty());
      CHECK(turns.lines.empty());
    }
    SECTION("another") {
      turns.server->put("b", "key-0", "third");
      CHECK(turns.pull() == ExitStatus::kAlarm);
      CHECK(turns.alarm_kinds() == Names{"changed"});
      CHECK(turns.hooks.size() == 1);
    }
  }
}

TEST_CASE("an alarm that was told on one disk is open on the other, and not told again",
          "[rotation][carry]") {
  Turns turns;
  turns.server->put("b", "key-0", "other");
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.hooks.size() == 1);
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.alarm_kinds() == Names{"changed"});
  CHECK(turns.hooks.empty());
  CHECK(turns.lines.empty());
  // What is over here and comes again is told.
  REQUIRE(turns.accept("key-0") == ExitStatus::kOk);
  CHECK(turns.pull() == ExitStatus::kOk);
  turns.server->put("b", "key-0", "third");
  CHECK(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.hooks.size() == 1);
}

TEST_CASE("what was accepted on one disk is trusted on the other too", "[rotation][carry]") {
  Turns turns;
  turns.server->put("b", "key-0", "better");
  const bool seen_before = GENERATE(false, true);
  CAPTURE(seen_before);
  if (seen_before) {
    turns.swap();
    REQUIRE(turns.pull() == ExitStatus::kAlarm);
    turns.swap();
  }
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.accept("key-0") == ExitStatus::kOk);
  REQUIRE(turns.pull() == ExitStatus::kOk);
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kOk);
  CHECK(turns.hooks.empty());
  CHECK(turns.lines.empty());
  CHECK(turns.alarm_kinds().empty());
  const auto files = turns.second.files();
  CHECK(files.at("site/archives/key-0") == "better");
  CHECK(turns.below(files, "site/superseded/key-0/").size() == 1);
  CHECK(turns.below(files, "site/quarantine/").empty());
  CHECK(turns.pull() == ExitStatus::kOk);
  // It was taken for that content alone.
  turns.server->put("b", "key-0", "worse");
  CHECK(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.alarm_kinds() == Names{"changed"});
  CHECK(turns.hooks.size() == 1);
}

TEST_CASE("silence that was acknowledged is not told by the other disk, until it is another one",
          "[rotation][carry]") {
  Turns turns;
  turns.site().expect_every = 48h;
  turns.pass(72h);
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.alarm_kinds() == Names{"stale"});
  REQUIRE(turns.ack() == ExitStatus::kOk);
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kOk);
  CHECK(turns.alarm_kinds().empty());
  turns.server->put("b", "key-10", "first");
  CHECK(turns.pull() == ExitStatus::kOk);
  turns.pass(72h);
  CHECK(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.alarm_kinds() == Names{"stale"});
  CHECK(turns.hooks.size() == 1);
}

TEST_CASE("what concerns one disk stays with it", "[rotation][carry]") {
  Turns turns;
  turns.server->erase("b", "key-0");
  REQUIRE(turns.disk.remove_file("site/archives/key-0"));
  REQUIRE(turns.verify() == ExitStatus::kAlarm);
  CHECK(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.alarm_kinds() == Names{"missing"});
  CHECK(turns.words_of(turns.first_id) == agent::head_of_words(turns.first_id));
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kOk);
  CHECK(turns.alarm_kinds().empty());
}

TEST_CASE("words that are lost are written again by the next run on their disk",
          "[rotation][carry]") {
  Turns turns;
  turns.attack();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  const auto words = turns.words_of(turns.first_id);
  turns.other_files.clear();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.words_of(turns.first_id) == words);
}

TEST_CASE("whatever fails while words are taken, they are taken once",
          "[rotation][carry][torture]") {
  Turns turns;
  turns.attack();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.ack() == ExitStatus::kOk);
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.ack() == ExitStatus::kOk);
  turns.swap();
  const auto status = turns.status_text;
  const auto told_of_the_bucket = [&] {
    return std::ranges::count_if(
        turns.hooks, [](const auto& hook) { return hook.at("HOLDFAST_ALARM_KIND") != "corrupt"; });
  };
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kPowerCut);
  CAPTURE(static_cast<int>(fault));
  const auto& stride = test::stride();
  auto step = static_cast<std::uint64_t>(stride.first);
  for (bool struck = true; struck; step += static_cast<std::uint64_t>(stride.every)) {
    CAPTURE(step);
    const auto disk = turns.second.clone();
    turns.other_disks["/disk"] = disk.get();
    turns.status_text = status;
    disk->fail_at(step, fault);
    (void)turns.pull();
    auto told = told_of_the_bucket();
    struck = disk->struck();
    disk->heal();
    disk->restart();
    const auto healed = turns.pull();
    CAPTURE(turns.lines, turns.alarm_kinds());
    // An archive that the disk failed to read once is damaged until it is read again.
    const auto failed_to_read = Names{"corrupt"};
    const bool is_damaged = turns.alarm_kinds() == failed_to_read;
    REQUIRE(healed == (is_damaged ? ExitStatus::kAlarm : ExitStatus::kOk));
    told += told_of_the_bucket();
    REQUIRE(told == 0);
    REQUIRE_FALSE(turns.source().hold);
    REQUIRE((is_damaged || turns.alarm_kinds().empty()));
    REQUIRE(turns.below(disk->files(), "site/quarantine/").size() == 8);
    auto ledger = store::Ledger::open(*disk, store::Access::kReadOnly);
    REQUIRE(ledger);
    std::uint64_t acknowledged = 0;
    REQUIRE(ledger->visit_events(1, {}, [&](const store::Event& event) {
      if (event.what == store::EventKind::kAcknowledged) acknowledged += event.contents;
      return true;
    }));
    // None was open here, so none has ended.
    REQUIRE(acknowledged == 0);
    if (fault == test::Fault::kIoError) step += 4;
  }
  CHECK(step > 20);
}

TEST_CASE("a file of words that is lost, cut off or anybody's acknowledges nothing",
          "[rotation][carry]") {
  Turns turns;
  turns.attack();
  REQUIRE(turns.pull() == ExitStatus::kAlarm);
  REQUIRE(turns.ack() == ExitStatus::kOk);
  auto& words = turns.words_of(turns.first_id);
  REQUIRE(words.find("\"acknowledged\"") != std::string::npos);
  std::size_t warnings = 1;
  SECTION("lost") {
    turns.other_files.erase("status.json." + turns.first_id);
    warnings = 0;
  }
  SECTION("empty") { words.clear(); }
  SECTION("cut off") { words.resize(words.size() - 5); }
  SECTION("of another disk") {
    words.replace(words.find(turns.first_id), turns.first_id.size(), turns.second_id);
  }
  SECTION("with a line that is none") { words += "{\"word\":\"acknowledged\"}\n"; }
  SECTION("with a key that is none") {
    words +=
        "{\"word\":\"deviation\",\"source\":\"site\",\"at\":\"2026-01-01T00:00:00Z\",\"key\":\"" +
        std::string(2000, 'k') + "\"}\n";
  }
  SECTION("no text at all") { words.assign("\0\xff\xfe{[", 5); }
  SECTION("nested beyond measure") { words += std::string(60'000, '[') + "\n"; }
  SECTION("larger than it ever is") { words.append(agent::kMaxCarriedBytes, '\n'); }
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kAlarm);
  CHECK(turns.source().hold);
  CHECK(turns.hooks.size() == 1);
  CHECK(turns.lines_with("is left alone, as it is not what holdfast wrote there") == warnings);
}

TEST_CASE("words of sources that are not configured are passed over", "[rotation][carry]") {
  Turns turns;
  turns.words_of(turns.first_id) +=
      "{\"word\":\"hold\",\"source\":\"other\",\"at\":\"2026-01-01T00:00:00Z\"}\n";
  turns.swap();
  CHECK(turns.pull() == ExitStatus::kOk);
  auto ledger = store::Ledger::open(turns.second, store::Access::kReadOnly);
  REQUIRE(ledger);
  CHECK(ledger->find_source("other")->has_value() == false);
}

TEST_CASE("one disk alone leaves no words", "[rotation][carry]") {
  pull_test::World world;
  world.server->put("b", "one", "1");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.other_files.empty());
}

TEST_CASE("a word is the same when it is read", "[rotation][carry]") {
  using store::Word;
  const agent::Time at{std::chrono::seconds{1'800'000'000}};
  const store::Identity content{"abc-3", 12, "v1", {}};
  store::Identity dated{"", 12, "", store::UpstreamTime{std::chrono::seconds{1'700'000'000}}};
  const std::vector<Word> words = {
      {"site", Word::What::kTold, "changed", "a\xff\n", at, content, "what \"happened\"\n"},
      {"site", Word::What::kAcknowledged, "stale", "", at, std::nullopt, "silence"},
      {"site", Word::What::kHold, "mass-change", "", at, std::nullopt, "much"},
      {"site", Word::What::kDeviation, "", "k", at, dated, ""},
      {"site", Word::What::kDeviation, "", "k", at, std::nullopt, ""},
      {"site", Word::What::kAccepted, "", "k", at, content, std::string(64, 'a')}};
  auto text = agent::head_of_words("id");
  for (const auto& word : words) text += agent::line_of(word);
  std::vector<Word> read;
  REQUIRE(agent::read_words(text, "id", [&](const Word& word) {
    read.push_back(word);
    return true;
  }));
  REQUIRE(read.size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    CAPTURE(i);
    CHECK(read[i].source == words[i].source);
    CHECK(read[i].what == words[i].what);
    CHECK(read[i].kind == words[i].kind);
    CHECK(read[i].key == words[i].key);
    CHECK(read[i].at == words[i].at);
    CHECK(read[i].upstream == words[i].upstream);
    CHECK(read[i].text == words[i].text);
  }
}

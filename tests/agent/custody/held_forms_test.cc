#include <fmt/format.h>

#include "store/content/crc.h"
#include "store/custody/manifest.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// What is unsound of what was held before anybody looked, of what a crash left, and on two disks;
// and what else takes no place in the keep rules.

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::string gzip_of(const std::string& text) {
  const auto number = [](std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
    return out;
  };
  const auto crc = store::crc32_ieee(0, std::as_bytes(std::span(text)));
  return "\x1F\x8B\x08\0\0\0\0\0\0\x03\x01"s + number(text.size(), 2) +
         number(~text.size() & 0xFFFF, 2) + text + number(crc, 4) + number(text.size(), 4);
}

const std::string kLoginPage = "<!DOCTYPE html>\n<html><title>Please log in</title></html>\n";
const std::string kTool = "Salted__ and what a key is needed for";

std::string key_of(int night, const std::string& stream = "db") {
  return stream + "/" + test::date_of(night) + ".gz";
}

void look(World& world) { world.site().soundness = agent::SoundnessCheck::kQuick; }

ExitStatus pull_night(World& world, int night, const std::string& content) {
  world.pass(24h);
  world.server->put("b", key_of(night), content);
  return world.pull();
}

store::Unsound unsound(World& world, const std::string& key) {
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  const auto held = ledger->find(ledger->find_source("site").value().value(), key);
  REQUIRE(held);
  REQUIRE(*held);
  return (*held)->unsound;
}

std::string message_of(World& world) {
  const auto alarms = world.source().alarms;
  return alarms.empty() ? "" : alarms.front().message;
}

ExitStatus prune(World& world, bool dry_run = false) {
  return world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::prune_command(world.config, {{}, dry_run, false}, environment, print);
  });
}

}  // namespace

TEST_CASE("the first pulls after an upgrade raise no storm of alarms", "[soundness]") {
  World world;
  for (int night = 1; night <= 40; ++night) {
    world.pass(24h);
    for (const auto* const stream : {"db", "www", "mail"}) {
      world.server->put(
          "b", key_of(night, stream),
          night % 10 == 0 ? kLoginPage : gzip_of(fmt::format("{} {}", night, stream)));
    }
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  look(world);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().alarms.empty());
  // While it is read in its turn, what cannot be a backup is told: once for each stream.
  for (int night = 41; night <= 75; ++night) {
    world.pass(24h);
    for (const auto* const stream : {"db", "www", "mail"}) {
      world.server->put("b", key_of(night, stream), gzip_of(fmt::format("{} {}", night, stream)));
    }
    static_cast<void>(world.pull());
    CHECK(world.source().alarms.size() <= 3);
    CHECK_FALSE(world.source().hold);
  }
  CHECK(world.alarm_kinds() == Names(3, "unsound"));
  CHECK(message_of(world).find("its name says gzip, but it is a web page") != std::string::npos);
  for (const auto* const stream : {"db", "www", "mail"}) {
    for (const int night : {10, 20, 30, 40}) {
      CHECK(unsound(world, key_of(night, stream)) == store::Unsound::kBroken);
    }
    CHECK(unsound(world, key_of(9, stream)) == store::Unsound::kNo);
  }
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.pass(24h * 40);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("a stream that always was what its name does not say is asked of once", "[soundness]") {
  World world;
  for (int night = 1; night <= 12; ++night)
    REQUIRE(pull_night(world, night, kTool) == ExitStatus::kOk);
  look(world);
  world.pass(24h * 40);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  CHECK(message_of(world).find("of its stream that are held") != std::string::npos);
  CHECK(unsound(world, key_of(3)) == store::Unsound::kOtherForm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(unsound(world, key_of(3)) == store::Unsound::kNo);
  CHECK(pull_night(world, 60, kTool) == ExitStatus::kOk);
  world.pass(24h * 40);
  CHECK(world.pull() == ExitStatus::kOk);

  SECTION("also by a ledger that is made anew") {
    REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
    REQUIRE(world.rebuild() == ExitStatus::kOk);
    CHECK(unsound(world, key_of(3)) == store::Unsound::kNo);
  }
}

TEST_CASE("what the scrub found unsound is known to a ledger that is made anew", "[soundness]") {
  World world;
  REQUIRE(pull_night(world, 1, kLoginPage) == ExitStatus::kOk);
  look(world);
  world.pass(24h * 40);
  CHECK(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(unsound(world, key_of(1)) == store::Unsound::kBroken);
}

TEST_CASE("what a crash left placed raises its alarm when the mirror is opened", "[soundness]") {
  World world;
  look(world);
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(pull_night(world, night, gzip_of(std::to_string(night))) == ExitStatus::kOk);
  }
  world.pass(24h);
  world.server->put("b", key_of(5), kLoginPage);
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool records = operation == "sync" && path == "site/manifest.jsonl";
    return records ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), ""})
                   : std::nullopt;
  });
  REQUIRE(world.pull() == ExitStatus::kDiskFailed);
  world.disk.set_hook({});
  world.disk.restart();
  // Also by a command that pulls nothing.
  static_cast<void>(world.verify());
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  CHECK(message_of(world).find("the last ones were gzip, but this one is a web page") !=
        std::string::npos);
  // And a sound one ends it.
  CHECK(pull_night(world, 6, gzip_of("6")) == ExitStatus::kOk);
}

TEST_CASE("sets that were small take no place in the keep rules, also after `ack`", "[soundness]") {
  World world;
  world.site().shrink_alarm_share = 0.5;
  world.site().keep.last = 5;
  const auto night = [&](int which, std::size_t size) {
    return pull_night(world, which, fmt::format("{:03}{}", which, std::string(size, 'x')));
  };
  for (int i = 1; i <= 12; ++i) REQUIRE(night(i, 1000) == ExitStatus::kOk);
  for (int i = 13; i <= 16; ++i) {
    CHECK(night(i, 100) == ExitStatus::kAlarm);
    CHECK(world.alarm_kinds() == Names{"small"});
    REQUIRE(world.ack() == ExitStatus::kOk);
    for (int j = 0; j < 4; ++j) REQUIRE(prune(world) == ExitStatus::kOk);
  }
  CHECK(unsound(world, key_of(13)) == store::Unsound::kSmall);
  for (int i = 8; i <= 16; ++i) CHECK(world.archive(key_of(i)));
  CHECK_FALSE(world.archive(key_of(7)));
  REQUIRE(prune(world, true) == ExitStatus::kOk);
  CHECK(std::ranges::count_if(world.printed, [](const auto& line) {
          return line.find("[small: takes no place in the rules]") != std::string::npos;
        }) == 4);

  SECTION("and go by age, once sound ones come again") {
    for (int i = 17; i <= 24; ++i) {
      static_cast<void>(night(i, 1000));
      REQUIRE(world.ack() == ExitStatus::kOk);
      for (int j = 0; j < 4; ++j) REQUIRE(prune(world) == ExitStatus::kOk);
    }
    CHECK_FALSE(world.archive(key_of(13)));
    CHECK_FALSE(world.archive(key_of(16)));
    CHECK(world.archive(key_of(20)));
  }
  SECTION("also by a ledger that is made anew") {
    REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
    REQUIRE(world.rebuild() == ExitStatus::kOk);
    CHECK(unsound(world, key_of(13)) == store::Unsound::kSmall);
  }
}

TEST_CASE("what is left of a set of which a part was lost takes no place in the keep rules",
          "[soundness]") {
  World world;
  world.pass(24h);
  const auto part = [](const char* name) { return "site-20260301-020000" + std::string(name); };
  for (const auto* const name : {".jpa", ".j01", ".j02"}) {
    world.server->put("b", part(name), std::string(500, name[2]));
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->erase("b", part(".j01"));
  REQUIRE(world.disk.remove_file("site/archives/" + part(".j01")));
  world.pass(24h);
  static_cast<void>(world.pull());
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(unsound(world, part(".jpa")) == store::Unsound::kBroken);
  CHECK(unsound(world, part(".j02")) == store::Unsound::kBroken);
}

TEST_CASE("what was taken for the form of a stream on one disk is never asked of the other",
          "[soundness][rotation][carry]") {
  World world;
  look(world);
  test::FaultDisk second;
  REQUIRE(store::write_marker(second, world.clock.now_s()));
  REQUIRE(store::Ledger::create(second));
  const auto id_of = [](store::Disk& disk) { return store::read_marker(disk).value()->id; };
  world.config.disk.ids = {id_of(world.disk), id_of(second)};
  world.config.agent.on_alarm = "tell";
  int nights = 0;
  const auto night = [&](const std::string& content) {
    world.pass(24h);
    ++nights;
    for (const auto* const stream : {"db", "www"}) {
      world.server->put("b", key_of(nights, stream), content);
    }
    return world.pull();
  };
  const auto swap = [&] {
    if (world.other_disks.empty()) {
      world.other_disks["/disk"] = &second;
    } else {
      world.other_disks.clear();
    }
  };
  for (int i = 0; i < 4; ++i) REQUIRE(night(gzip_of("x")) == ExitStatus::kOk);
  swap();
  for (int i = 0; i < 4; ++i) REQUIRE(night(gzip_of("x")) == ExitStatus::kOk);
  swap();
  REQUIRE(night(kTool) == ExitStatus::kAlarm);
  REQUIRE(world.alarm_kinds() == Names{"mass-change", "unsound", "unsound"});

  SECTION("which sees it for the first time") {
    REQUIRE(world.ack() == ExitStatus::kOk);
    REQUIRE(night(kTool) == ExitStatus::kOk);
  }
  SECTION("which was on HOLD for it as well") {
    swap();
    REQUIRE(night(kTool) == ExitStatus::kAlarm);
    swap();
    REQUIRE(world.pull() == ExitStatus::kAlarm);
    REQUIRE(world.ack() == ExitStatus::kOk);
  }
  swap();
  for (int i = 0; i < 3; ++i) {
    CHECK(night(kTool) == ExitStatus::kOk);
    CHECK(world.alarm_kinds().empty());
    CHECK_FALSE(world.source().hold);
    CHECK(world.hooks.empty());
  }
}

#include <fmt/format.h>

#include <random>

#include "agent/proof/content_form.h"
#include "agent/proof/soundness_verdict.h"
#include "store/content/crc.h"
#include "store/custody/manifest.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/dates.h"

// Whether what arrives can be a backup at all, by its first and last bytes.

using agent::ContentForm;
using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::string little_endian(std::uint64_t number, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>((number >> (8 * i)) & 0xFF);
  return out;
}

// One block, not compressed: RFC 1951, 3.2.4.
std::string gzip_of(const std::string& text) {
  const auto crc = store::crc32_ieee(0, std::as_bytes(std::span(text)));
  const auto size = text.size();
  return "\x1F\x8B\x08\0\0\0\0\0\0\x03\x01"s + little_endian(size, 2) +
         little_endian(~size & 0xFFFF, 2) + text + little_endian(crc, 4) + little_endian(size, 4);
}

// One block, not compressed: RFC 8878, 3.1.1.2.
std::string zstd_of(const std::string& text) {
  return "\x28\xB5\x2F\xFD"s + '\x20' + little_endian(text.size(), 1) +
         little_endian(text.size() << 3 | 1, 3) + text;
}

std::string random_bytes(unsigned seed, std::size_t size = 20'000) {
  std::mt19937 random(seed);
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random() & 0xFF);
  return bytes;
}

const std::string kLoginPage = "<!DOCTYPE html>\n<html><title>Please log in</title></html>\n";

agent::ContentLook look(std::string_view content) {
  using agent::ContentEnds;
  const auto tail = std::min(content.size(), ContentEnds::kTailBytes);
  return agent::look_at({content.substr(0, ContentEnds::kHeadBytes),
                         content.substr(content.size() - tail), content.size()});
}

void watch(World& world) { world.site().soundness = agent::SoundnessCheck::kQuick; }

std::string night_key(int night, const std::string& stream = "db", const std::string& end = ".gz") {
  return stream + "/" + test::date_of(night) + end;
}

ExitStatus pull_night(World& world, int night, const std::string& content,
                      const std::string& end = ".gz") {
  world.pass(24h);
  world.server->put("b", night_key(night, "db", end), content);
  return world.pull();
}

std::string message_of(World& world) {
  const auto alarms = world.source().alarms;
  return alarms.empty() ? "" : alarms.front().message;
}

}  // namespace

TEST_CASE("a form is recognised by what a content begins with, and its end is missed") {
  const auto whole = gzip_of("a dump");
  CHECK(look(whole) == agent::ContentLook{ContentForm::kGzip, false, 0});
  CHECK(look(whole.substr(0, 17)) == agent::ContentLook{ContentForm::kGzip, true, 0});
  const auto frame = zstd_of("a dump");
  CHECK(look(frame) == agent::ContentLook{ContentForm::kZstd, false, 0});
  CHECK(look(frame + frame) == agent::ContentLook{ContentForm::kZstd, false, 0});
  for (std::size_t size = 5; size < frame.size(); ++size) {
    CAPTURE(size);
    CHECK(look(frame.substr(0, size)) == agent::ContentLook{ContentForm::kZstd, true, 0});
  }
  CHECK(look("").form == ContentForm::kEmpty);
  CHECK(look(std::string(4096, '\0')).form == ContentForm::kZeroes);
  CHECK(look(std::string(10240, '\0')) == agent::ContentLook{ContentForm::kTar, false, 0});
  CHECK(look(kLoginPage).form == ContentForm::kWebPage);
  CHECK(look("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>").form ==
        ContentForm::kErrorPage);
  CHECK(look("a,b\n1,2\n").form == ContentForm::kText);
  CHECK(look(random_bytes(1)).form == ContentForm::kUnknown);
  CHECK(look(random_bytes(1)).bits_per_byte > 7.9);
  CHECK(look("age-encryption.org/v1\n-> X25519").form == ContentForm::kAge);
}

TEST_CASE("a dump in SQL is whole when its closing line is there") {
  const std::string head = "-- MariaDB dump 10.19\n--\nCREATE TABLE t (a int);\n";
  CHECK(look(head).is_cut);
  CHECK_FALSE(look(head + "-- Dump completed on 2026-11-20\n").is_cut);
  const std::string postgres = "--\n-- PostgreSQL database dump\n--\n";
  CHECK(look(postgres).is_cut);
  CHECK_FALSE(
      look(postgres + "-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n").is_cut);
  const std::string lite = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n";
  CHECK(look(lite).is_cut);
  CHECK_FALSE(look(lite + "COMMIT;\n").is_cut);
}

TEST_CASE("the look at any bytes, cut anywhere, ends and calls nothing that is random sound") {
  std::mt19937 random(7);
  const std::vector<std::string> heads = {"\x1F\x8B\x08\0"s,
                                          "\x28\xB5\x2F\xFD"s,
                                          "\xFD"
                                          "7zXZ\0"s,
                                          "BZh9\x31\x41\x59\x26\x53\x59",
                                          "\x04\x22\x4D\x18"s,
                                          "PK\x03\x04",
                                          "7z\xBC\xAF\x27\x1C",
                                          "hsqs",
                                          "070701",
                                          "SQLite format 3\0"s,
                                          "QFI\xFB",
                                          "REDIS0009",
                                          "\x8C\x0D\x04"};
  for (int i = 0; i < 3000; ++i) {
    auto content = heads[random() % heads.size()] +
                   random_bytes(static_cast<unsigned>(random()), random() % 700);
    content.resize(random() % (content.size() + 1));
    const auto seen = look(content);
    CHECK((seen.form != ContentForm::kXz || seen.is_cut));
    CHECK((seen.form != ContentForm::kZip || seen.is_cut));
    CHECK((seen.form != ContentForm::kSevenZip || seen.is_cut));
  }
}

TEST_CASE("without a name that claims something and without a habit nothing is unsound") {
  using agent::weigh_soundness;
  using Verdict = agent::Soundness::Verdict;
  for (const auto* const key :
       {"backup", "a.bin", "a.tar.gz.001", "photos/a.jpg", "a.enc", ".gz"}) {
    CAPTURE(key);
    CHECK(weigh_soundness(key, look(random_bytes(1)), std::nullopt).verdict == Verdict::kUnknown);
    CHECK(weigh_soundness(key, look(kLoginPage), std::nullopt).verdict == Verdict::kUnknown);
  }
  CHECK(weigh_soundness("site/index.html", look(kLoginPage), std::nullopt).verdict ==
        Verdict::kUnknown);
  const agent::FormHabit unknown{ContentForm::kUnknown, false, agent::kSteadySets};
  CHECK(weigh_soundness("backup", look(random_bytes(1)), unknown).verdict == Verdict::kUnknown);
  // The first part of a split archive always lacks its end.
  const agent::FormHabit cut{ContentForm::kGzip, true, agent::kSteadySets};
  CHECK(weigh_soundness("a.gz.001", look(gzip_of("x").substr(0, 12)), cut).verdict ==
        Verdict::kSound);
}

TEST_CASE("a login page under an archive's name is held, and is an alarm until a sound one comes") {
  World world;
  watch(world);
  REQUIRE(pull_night(world, 1, gzip_of("one")) == ExitStatus::kOk);
  CHECK(pull_night(world, 2, kLoginPage) == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"unsound"});
  CHECK(message_of(world).find("its name says gzip, but it is a web page") != std::string::npos);
  CHECK(world.archive(night_key(2)) == kLoginPage);
  CHECK(world.lines_with("a web page") == 1);
  CHECK(pull_night(world, 3, kLoginPage) == ExitStatus::kAlarm);
  CHECK(message_of(world).find("nor did the one before it") != std::string::npos);
  CHECK(pull_night(world, 4, gzip_of("four")) == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("where it is off nobody looks") {
  World world;
  CHECK(pull_night(world, 1, kLoginPage) == ExitStatus::kOk);
}

TEST_CASE("a stream that becomes something else is an alarm, and after `ack` that is its form") {
  World world;
  watch(world);
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(pull_night(world, night, gzip_of(std::to_string(night)), "") == ExitStatus::kOk);
  }
  CHECK(pull_night(world, 5, random_bytes(5), "") == ExitStatus::kAlarm);
  CHECK(message_of(world).find("the last ones were gzip") != std::string::npos);
  CHECK(message_of(world).find("it looks encrypted") != std::string::npos);
  CHECK(pull_night(world, 6, random_bytes(6), "") == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(pull_night(world, 7, random_bytes(7), "") == ExitStatus::kOk);
  CHECK(pull_night(world, 8, random_bytes(8), "") == ExitStatus::kOk);
}

TEST_CASE("what nobody can mean is no new form after `ack`") {
  World world;
  watch(world);
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(pull_night(world, night, gzip_of(std::to_string(night))) == ExitStatus::kOk);
  }
  REQUIRE(pull_night(world, 5, kLoginPage) == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK(pull_night(world, 6, kLoginPage) == ExitStatus::kAlarm);
}

TEST_CASE("two streams that become something else in one night are a HOLD") {
  World world;
  watch(world);
  const auto put = [&](int night, const auto& content_of) {
    world.pass(24h);
    for (const auto* const stream : {"db", "www"}) {
      world.server->put("b", night_key(night, stream), content_of(night, stream));
    }
    return world.pull();
  };
  for (int night = 1; night <= 4; ++night) {
    REQUIRE(put(night, [](int n, const char* s) { return gzip_of(fmt::format("{} {}", n, s)); }) ==
            ExitStatus::kOk);
  }
  CHECK(put(5, [](int n, const char* s) {
          return random_bytes(static_cast<unsigned>(n) + static_cast<unsigned>(s[0]));
        }) == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"mass-change", "unsound", "unsound"});
  CHECK(world.source().hold);
  REQUIRE(world.ack() == ExitStatus::kOk);
  CHECK_FALSE(world.source().hold);
}

TEST_CASE("a backlog of another form than what came before it raises nothing", "[pull]") {
  World world;
  watch(world);
  for (int night = 1; night <= 12; ++night) {
    world.pass(24h);
    world.server->put("b", night_key(night, "db", ""),
                      night < 7 ? gzip_of(std::to_string(night)) : zstd_of(std::to_string(night)));
    if (night < 7) world.site().exclude.push_back(night_key(night, "db", ""));
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 6);
  // What is older than the habit was meant to be what it is.
  world.site().exclude.clear();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 12);
  CHECK(pull_night(world, 13, zstd_of("13"), "") == ExitStatus::kOk);
}

TEST_CASE("ninety nights of broken dumps leave the last good ones where they are") {
  World world;
  watch(world);
  world.site().keep.last = 14;
  world.site().keep.daily = 7;
  for (int night = 1; night <= 20; ++night) {
    REQUIRE(pull_night(world, night, gzip_of(std::to_string(night))) == ExitStatus::kOk);
  }
  for (int night = 21; night <= 110; ++night) {
    CHECK(pull_night(world, night, gzip_of(std::to_string(night)).substr(0, 12)) ==
          ExitStatus::kAlarm);
    // Somebody who acknowledges and mends nothing must not lose them either.
    REQUIRE(world.ack() == ExitStatus::kOk);
    REQUIRE(world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::prune_command(world.config, {{}, false, false}, environment, print);
    }) == ExitStatus::kOk);
  }
  CHECK(world.archive(night_key(20)));
  CHECK(world.archive(night_key(7)));
  CHECK(world.archive(night_key(110)));
  CHECK_FALSE(world.archive(night_key(21)));
}

TEST_CASE("a new ledger knows from the manifest what was unsound") {
  World world;
  watch(world);
  REQUIRE(pull_night(world, 1, gzip_of("one")) == ExitStatus::kOk);
  REQUIRE(pull_night(world, 2, kLoginPage) == ExitStatus::kAlarm);
  REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  const auto id = ledger->find_source("site").value().value();
  const auto unsound = [&](int night) {
    return ledger->find(id, night_key(night)).value()->unsound;
  };
  CHECK(unsound(1) == store::Unsound::kNo);
  CHECK(unsound(2) == store::Unsound::kBroken);
}

TEST_CASE("what a crash left placed is as unsound as it was judged", "[pull]") {
  World world;
  watch(world);
  world.pass(24h);
  world.server->put("b", night_key(1), kLoginPage);
  world.disk.set_hook([](std::string_view operation, std::string_view path) {
    const bool records = operation == "sync" && path == "site/manifest.jsonl";
    return records ? std::optional(store::Error{store::ErrorKind::kIo, 5, std::string(path), ""})
                   : std::nullopt;
  });
  REQUIRE(world.pull() == ExitStatus::kDiskFailed);
  world.disk.set_hook({});
  world.disk.restart();
  static_cast<void>(world.pull());
  auto ledger = store::Ledger::open(world.disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  const auto held = ledger->find(ledger->find_source("site").value().value(), night_key(1));
  REQUIRE(held->has_value());
  CHECK((*held)->unsound == store::Unsound::kBroken);
}

#include "agent/base/units.h"

#include <limits>

#include "agent/base/glob.h"
#include "agent/base/log.h"
#include "agent/base/moment.h"
#include "agent/base/shell_word.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;

TEST_CASE("sizes are numbers with a unit of 1024, and nothing else", "[units]") {
  CHECK(agent::parse_size("0") == 0U);
  CHECK(agent::parse_size("512") == 512U);
  CHECK(agent::parse_size("64K") == 65'536U);
  CHECK(agent::parse_size("10M") == 10U << 20);
  CHECK(agent::parse_size("2G") == std::uint64_t{2} << 30);
  CHECK(agent::parse_size("1T") == std::uint64_t{1} << 40);
  CHECK(agent::parse_size("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  CHECK(agent::parse_size("16777215T") == std::uint64_t{16'777'215} << 40);
  for (const char* wrong : {"", "K", "1k", "1KB", "1 K", " 1", "1 ", "-1", "+1", "1.5G", "0x10",
                            "18446744073709551616", "16777216T", "99999999999999999999999G"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_size(wrong));
  }
}

TEST_CASE("durations are numbers with a unit, and at most a century", "[units]") {
  CHECK(agent::parse_duration("90s") == 90s);
  CHECK(agent::parse_duration("15m") == 15min);
  CHECK(agent::parse_duration("26h") == 26h);
  CHECK(agent::parse_duration("30d") == 720h);
  CHECK(agent::parse_duration("8w") == 1344h);
  CHECK(agent::parse_duration("6mo") == 180 * 24h);
  CHECK(agent::parse_duration("2y") == 730 * 24h);
  CHECK(agent::parse_duration("0") == 0s);
  CHECK(agent::parse_duration("36600d") == 878'400h);
  for (const char* wrong : {"", "s", "5", "1Y", "1M", "1mon", "1hour", "1 h", "-1h", "1.5h",
                            "36601d", "9223372036854775807w", "18446744073709551616s"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_duration(wrong));
  }
}

TEST_CASE("yes, no and numbers are taken in the contract's forms only", "[units]") {
  for (const char* yes : {"yes", "true", "on", "1"}) CHECK(agent::parse_yes_no(yes) == true);
  for (const char* no : {"no", "false", "off", "0"}) CHECK(agent::parse_yes_no(no) == false);
  for (const char* wrong : {"", "Yes", "y", "2", "yes ", "none"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_yes_no(wrong));
  }
  CHECK(agent::parse_number("1", 1, 16) == 1U);
  CHECK(agent::parse_number("16", 1, 16) == 16U);
  for (const char* wrong : {"", "0", "17", "4x", "-4", "4.0", "18446744073709551620"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_number(wrong, 1, 16));
  }
}

TEST_CASE("shares are percentages above nothing and up to the whole", "[units]") {
  CHECK(agent::parse_share("20%") == 0.2);
  CHECK(agent::parse_share("0.5%") == 0.005);
  CHECK(agent::parse_share("100%") == 1.0);
  CHECK(agent::parse_share("1%") == 0.01);
  for (const char* wrong : {"",       "%",      "20",    "0%",  "0.0%",
                            "100.1%", "101%",   "-1%",   "+1%", "1e1%",
                            "nan%",   "inf%",   "0x1p%", " 5%", "5 %",
                            "5%%",    "1.2.3%", ".%",    "off", "99999999999999999999999999%"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_share(wrong));
  }
}

TEST_CASE("sizes and durations are written for a person", "[units]") {
  CHECK(agent::format_size(0) == "0 bytes");
  CHECK(agent::format_size(1023) == "1023 bytes");
  CHECK(agent::format_size(1024) == "1.0 KiB");
  CHECK(agent::format_size((1 << 20) - 1) == "1.0 MiB");
  CHECK(agent::format_size(std::uint64_t{3} << 29) == "1.5 GiB");
  CHECK(agent::format_size(std::uint64_t{5000} << 40) == "5000.0 TiB");
  CHECK(agent::format_duration(0s) == "0s");
  CHECK(agent::format_duration(130s) == "2m 10s");
  CHECK(agent::format_duration(2h) == "2h");
  CHECK(agent::format_duration(76h + 59s) == "3d 4h");
  CHECK(agent::format_duration(48h) == "2d");
  CHECK(agent::format_duration(-90s) == "-1m 30s");
}

TEST_CASE("times are RFC 3339 in UTC, both ways", "[units]") {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-01-31T02:00:00Z", "2024-02-29T23:59:59Z",
                           "1969-12-31T23:59:59Z", "2100-12-31T00:00:00Z"}) {
    const auto time = agent::parse_time(text);
    CAPTURE(text);
    REQUIRE(time);
    CHECK(agent::format_time(*time) == text);
  }
  CHECK(agent::parse_time("2026-01-31T02:00:00Z")->time_since_epoch() == 1'769'824'800s);
  for (const char* wrong : {"", "2026-01-31", "2026-01-31T02:00:00", "2026-01-31T02:00:00+00:00",
                            "2026-02-30T02:00:00Z", "2026-13-01T02:00:00Z", "2026-01-31T24:00:00Z",
                            "2026-01-31T02:60:00Z", "2026-01-31T02:00:00Z ", "2026-01-31 02:00:00Z",
                            "2026- 1-31T02:00:00Z"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent::parse_time(wrong));
  }
}

TEST_CASE("a pattern matches the whole of a key", "[glob]") {
  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const auto given = GENERATE(
      Case{"", "", true}, Case{"", "a", false}, Case{"a", "a", true}, Case{"a", "ab", false},
      Case{"*", "", true}, Case{"*", "abc", true}, Case{"*", "a/b", false},
      Case{"*.tar", "db.tar", true}, Case{"*.tar", "db.tar.gz", false},
      Case{"*.tar", "db/1.tar", false}, Case{"db/*", "db/1.tar", true},
      Case{"db/*", "db/1/2.tar", false}, Case{"*/*", "a/b", true}, Case{"*a*a", "banana", true},
      Case{"*a*b", "banana", false}, Case{"**", "a/b/c", true}, Case{"**", "", true},
      Case{"db/**", "db/1/2.tar", true}, Case{"db/**", "db/", true}, Case{"db/**", "db", false},
      Case{"**.tar", "a/b.tar", true}, Case{"a**z", "a/b/z", true}, Case{"**/x", "x", true},
      Case{"**/x", "a/x", true}, Case{"**/x", "a/b/x", true}, Case{"**/x", "ax", false},
      Case{"**/x", "a/bx", false}, Case{"a/**/z", "a/z", true}, Case{"a/**/z", "a/b/c/z", true},
      Case{"a/**/z", "a/bz", false}, Case{"**/*.tar", "a/b/c.tar", true},
      Case{"**/*.tar", "c.tar", true}, Case{"**/a/**/b", "a/x/a/y/b", true},
      Case{"a**/b", "ac/d/b", true}, Case{"?", "a", true}, Case{"?", "/", false},
      Case{"?", "", false}, Case{"??", "ab", true}, Case{"[a-c]", "b", true},
      Case{"[a-c]", "d", false}, Case{"[!a-c]", "d", true}, Case{"[^a-c]", "b", false},
      Case{"[!a]", "/", false}, Case{"[/]", "/", false}, Case{"[]]", "]", true},
      Case{"[!]]", "x", true}, Case{"[a-]", "-", true}, Case{"[\x80-\xff]", "\xc3", true},
      Case{"db-[0-9][0-9].tar", "db-07.tar", true}, Case{"\\*", "*", true}, Case{"\\*", "a", false},
      Case{"[", "[", true}, Case{"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true});
  CAPTURE(given.pattern, given.text);
  CHECK(agent::glob_match(given.pattern, given.text) == given.matches);
}

TEST_CASE("no pattern can hang the matching", "[glob]") {
  std::string stars;
  std::string double_stars;
  std::string directories;
  for (int i = 0; i < 200; ++i) {
    stars += "*a";
    double_stars += "**a";
    directories += "**/a/";
  }
  const std::string many(2'000, 'a');
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "a/";
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(agent::glob_match(stars + "b", many));
  CHECK_FALSE(agent::glob_match(double_stars + "b", many));
  CHECK_FALSE(agent::glob_match(directories + "b", deep));
  CHECK_FALSE(agent::glob_match("**" + stars + "b", deep + many));
  // Backtracking would take longer than the universe is old.
  CHECK(std::chrono::steady_clock::now() - begun < 60s);
}

TEST_CASE("a pattern that means nothing is told apart", "[glob]") {
  for (const char* good : {"*", "a", "[a]", "[]]", "[!]a]", "\\[", "**/x", "[\\]"}) {
    CAPTURE(good);
    CHECK(agent::glob_is_valid(good));
  }
  for (const char* bad : {"", "[", "[]", "[!]", "a[b", "a\\"}) {
    CAPTURE(bad);
    CHECK_FALSE(agent::glob_is_valid(bad));
  }
}

TEST_CASE("any bytes can be printed without harm", "[log]") {
  CHECK(agent::printable("db/1.tar") == "db/1.tar");
  CHECK(agent::printable("\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xbe") ==
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xbe");
  CHECK(agent::printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(agent::printable("\x1b[2J\r\n\t\x7f") == "\\x1B[2J\\x0D\\x0A\\x09\\x7F");
  CHECK(agent::printable("\xc2\x9b") == "\\xC2\\x9B");                    // C1, steers terminals
  CHECK(agent::printable("\xff\xc3") == "\\xFF\\xC3");                    // no UTF-8, cut UTF-8
  CHECK(agent::printable("\xc0\xaf") == "\\xC0\\xAF");                    // overlong
  CHECK(agent::printable("\xe0\x80\xaf") == "\\xE0\\x80\\xAF");           // overlong
  CHECK(agent::printable("\xed\xa0\x80") == "\\xED\\xA0\\x80");           // a surrogate
  CHECK(agent::printable("\xf4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");  // beyond Unicode
}

namespace {

struct Lines {
  std::vector<std::string> lines;
  agent::Log log;

  Lines(agent::Log::Format format, agent::Log::Verbosity verbosity)
      : log(format, verbosity, [this](const std::string& line) { lines.push_back(line); }) {}
  void say_all() {
    log.error({"site", "k", "failed"});
    log.warning({"site", "", "careful"});
    log.info({"", "", "by the way"});
  }
};

}  // namespace

TEST_CASE("the log says as much as was asked for", "[log]") {
  using Format = agent::Log::Format;
  using Verbosity = agent::Log::Verbosity;
  const auto [verbosity, count] =
      GENERATE(std::pair<Verbosity, std::size_t>{Verbosity::kQuiet, 1},
               std::pair<Verbosity, std::size_t>{Verbosity::kNormal, 2},
               std::pair<Verbosity, std::size_t>{Verbosity::kVerbose, 3});
  Lines all(Format::kText, verbosity);
  all.say_all();
  CHECK(all.lines.size() == count);
  CHECK(all.lines[0] == "holdfast: error: site: k: failed");
  if (count > 1) CHECK(all.lines[1] == "holdfast: warning: site: careful");
  if (count > 2) CHECK(all.lines[2] == "holdfast: info: by the way");
  CHECK(all.log.errors().size() == 1);
}

TEST_CASE("a log line is one line, whatever the key holds", "[log]") {
  Lines text(agent::Log::Format::kText, agent::Log::Verbosity::kNormal);
  text.log.error({"site", "a\nholdfast: error: b", "x\ny"});
  CHECK(text.lines.at(0) == "holdfast: error: site: a\\x0Aholdfast: error: b: x\\x0Ay");
  Lines json(agent::Log::Format::kJson, agent::Log::Verbosity::kNormal);
  json.log.error({"site", "a\"\n\xff", "wrong"});
  json.log.warning({"", "", "careful"});
  CHECK(json.lines.at(0) ==
        R"({"level":"error","source":"site","key":"a\"\\x0A\\xFF","key_hex":"61220aff",)"
        R"("message":"wrong"})");
  CHECK(json.lines.at(1) == R"({"level":"warning","message":"careful"})");
}

TEST_CASE("two keys that are no UTF-8 never look alike in JSON, with or without their hex",
          "[log]") {
  Lines json(agent::Log::Format::kJson, agent::Log::Verbosity::kNormal);
  json.log.error({"site", "\\xFF\xff", "wrong"});
  json.log.error({"site", "\xff\xff", "wrong"});
  CHECK(json.lines.at(0).find(R"("key":"\\\\xFF\\xFF")") != std::string::npos);
  CHECK(json.lines.at(1).find(R"("key":"\\xFF\\xFF")") != std::string::npos);
}

TEST_CASE("the first twenty errors are kept, and all are said", "[log]") {
  Lines all(agent::Log::Format::kText, agent::Log::Verbosity::kNormal);
  for (int i = 0; i < 25; ++i) all.log.error({"site", std::to_string(i), "failed"});
  CHECK(all.log.errors().size() == 20);
  CHECK(all.log.errors().back().key == "19");
  CHECK(all.lines.size() == 25);
}

TEST_CASE("a moment is RFC 3339 with any offset, or local, and a date alone is its last second",
          "[units]") {
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  const auto [text, utc] = GENERATE(
      table<const char*, const char*>({{"2026-01-31T02:00:00Z", "2026-01-31T02:00:00Z"},
                                       {"2026-01-31t02:00:00z", "2026-01-31T02:00:00Z"},
                                       {"2026-01-31T02:00:00+02:00", "2026-01-31T00:00:00Z"},
                                       {"2026-01-31T22:30:00-05:30", "2026-02-01T04:00:00Z"},
                                       {"2026-01-31T02:00:00.999Z", "2026-01-31T02:00:00Z"},
                                       {"2026-01-31T02:00:00.5+01:00", "2026-01-31T01:00:00Z"},
                                       {"2026-01-31 02:00", "2026-01-31T01:00:00Z"},
                                       {"2026-07-31 02:00", "2026-07-31T00:00:00Z"},
                                       {"2026-01-31", "2026-01-31T22:59:59Z"},
                                       {"2026-07-31", "2026-07-31T21:59:59Z"},
                                       // A day of 25 hours.
                                       {"2026-10-25", "2026-10-25T22:59:59Z"}}));
  CAPTURE(text);
  const auto moment = agent::parse_moment(text);
  ::unsetenv("TZ");
  REQUIRE(moment);
  CHECK(agent::format_time(*moment) == utc);
}

TEST_CASE("what is no moment is not guessed at", "[units]") {
  const auto* wrong =
      GENERATE("", "yesterday", "2026", "2026-02-30", "2026-13-01", "26-01-31", "2026-01-31 2:00",
               "2026-01-31 24:00", "2026-01-31 02:60", "2026-01-31T02:00", "2026-01-31T02:00:00",
               "2026-01-31T02:00:00+0200", "2026-01-31T02:00:00+24:00", "2026-01-31T02:00:00+02",
               "2026-01-31T02:00:00.Z", "2026-01-31T02:00:00.5", "2026-01-31T02:00:00Z ",
               "2026-01-31 02:00:00Z", "2026/01/31", "2026-01-3 ", "+026-01-31");
  CAPTURE(wrong);
  CHECK_FALSE(agent::parse_moment(wrong));
}

TEST_CASE("a key in a line to copy is one word, and no command", "[units]") {
  CHECK(agent::shell_word("db/2026-11-21.tar.zst") == "db/2026-11-21.tar.zst");
  CHECK(agent::shell_word("") == "''");
  CHECK(agent::shell_word("my backup") == "'my backup'");
  CHECK(agent::shell_word("x; rm -rf $HOME `id`") == "'x; rm -rf $HOME `id`'");
  CHECK(agent::shell_word("it's") == "$'it\\'s'");
  CHECK(agent::shell_word("a\nb") == "$'a\\x0Ab'");
}

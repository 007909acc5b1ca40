#include "agent/config/series.h"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/sanitizer.h"

using namespace std::chrono_literals;

namespace {

agent::Series series(const std::string& value) {
  auto parsed = agent::Series::parse(value);
  INFO((parsed ? "" : parsed.error()));
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::string error_of(const std::string& value) {
  const auto parsed = agent::Series::parse(value);
  return parsed ? "none" : parsed.error();
}

constexpr const char* kRepeated =
    "what is repeated may be nothing, or is a repetition; write (a*) for (a*)*";

// Any expression of a small alphabet.
std::string random_pattern(std::mt19937& random, int depth) {
  std::string pattern;
  for (auto left = 1 + random() % 3; left > 0; --left) {
    const auto choice = random() % 8;
    if (choice < 3 && depth > 0) {
      pattern += "(" + random_pattern(random, depth - 1) + ")";
    } else if (choice == 3 && depth > 0) {
      pattern += "(" + random_pattern(random, depth - 1) + "|)";
    } else {
      pattern += std::vector<std::string>{"a", "[ab]", ".", "^", "\\b", "b"}[random() % 6];
    }
    const std::vector<std::string> repetitions = {"", "*", "+", "?", "{3}", "{0,2}", "{2,}", "{9}"};
    pattern += repetitions[random() % repetitions.size()];
    if (random() % 6 == 0) pattern += "|";
  }
  return pattern;
}

}  // namespace

TEST_CASE("by default a stream is what only differs in its time", "[series]") {
  const agent::Series by_default;
  CHECK(by_default.spec() == "auto");
  for (const auto& automatic : {by_default, series("auto")}) {
    CHECK(automatic.of("db/2026-01-31T02:00.tar.gz") == "db/{YYYY-MM-DDThh:mm}.tar.gz");
    CHECK(automatic.of("latest.tar") == "latest.tar");
    CHECK(automatic.of("7") == "7");
    CHECK(automatic.of("").empty());
    CHECK(automatic.of(std::string_view("a\0"
                                        "1",
                                        3)) == std::string("a\0"
                                                           "1",
                                                           3));
    CHECK(automatic.shape_of("web12-3.tar") == "web#-#.tar");
  }
}

TEST_CASE("a source can be one series", "[series]") {
  const auto whole = series("source");
  CHECK(whole.spec() == "source");
  CHECK(whole.of("db/1.tar").empty());
  CHECK(whole.of("").empty());
}

TEST_CASE("the groups of an expression, joined, name the stream", "[series]") {
  struct Case {
    std::string pattern;
    std::string key;
    std::string name;
  };
  const auto given =
      GENERATE(Case{"^([a-z]+)-[0-9]{8}\\.tar$", "db-20260131.tar", "db"},
               Case{"([a-z]+)-([0-9]+)", "db/site-17.tar", "site/17"},
               Case{"^(.*)/[^/]*$", "a/b/c.tar", "a/b"},
               Case{"(daily|weekly)", "x/weekly-daily.tar", "weekly"},  // the first match
               Case{"(a|ab)(c|bcd)", "abcd", "a/bcd"},  // the longest, whichever group is first
               Case{"((x)y)z", "xyz", "xy"},            // not twice what is within
               Case{"^(a)?-(b)?-", "-b-", "/b"}, Case{"^([^-]*)-", "-1", ""},
               Case{"^[[:alpha:]]([]x-]+)", "a]-]", "]-]"}, Case{"^[^]]([)({])", "a{", "{"},
               Case{"^[[.].]]([[=a=]])", "]a", "a"}, Case{"(\\.)\\(\\w\\W", "..(a-", "."},
               Case{"(a{2,3}){2}b{1,}c{0}", "aaaaaabbb", "aaa"}, Case{"(a+)+$", "aaa", "aaa"},
               // No match, or one that leaves the group out: no series of its own.
               Case{"^([a-z]+)-", "DB-1", ""}, Case{"(a)|b", "b", ""}, Case{"^(db)$", "db\n", ""});
  CAPTURE(given.pattern, given.key);
  const auto parsed = series(given.pattern);
  CHECK(parsed.of(given.key) == given.name);
  CHECK(parsed.spec() == given.pattern);
  const agent::Series copy = parsed;
  CHECK(copy.of(given.key) == given.name);
}

TEST_CASE("an expression matches any byte, and nothing in a key ends it", "[series]") {
  const auto given = GENERATE(std::string("a\0b", 3), std::string("\0", 1), std::string("a\nb"),
                              std::string("\xff\xfe\x80"), std::string("\xc3\xa9"));
  CHECK(series("^(.*)-[0-9]+$").of(given + "-17") == given);
  CHECK(series("^([^-]*)-").of(given + "-17") == given);
  CHECK(series("^(.)").of(given) == given.substr(0, 1));  // bytes, in every locale
}

TEST_CASE("whatever expression is taken, it compiles and matches before one has finished waiting",
          "[series]") {
  std::mt19937 random(3);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto pattern = "^(" + random_pattern(random, 4) + ")";
    CAPTURE(pattern);
    const auto begun = std::chrono::steady_clock::now();
    const auto parsed = agent::Series::parse(pattern);
    if (!parsed) continue;
    ++taken;
    if (i % 20 == 0) {
      std::ignore = parsed->of(std::string(64, 'a') + "#");
      std::ignore = parsed->of("abababab");
    }
    // Those that double their work take longer than anybody lives.
    CHECK(std::chrono::steady_clock::now() - begun < 30s);
  }
  CHECK(taken > 1000);
}

TEST_CASE("a series that is wrong is told what is wrong", "[series]") {
  const auto given = GENERATE(
      std::pair{"", "it has no group: put the part that names the series in ( )"},
      std::pair{"Auto", "it has no group: put the part that names the series in ( )"},
      std::pair{"[(]a", "it has no group: put the part that names the series in ( )"},
      std::pair{"\\(a\\)", "it has no group: put the part that names the series in ( )"},
      std::pair{"(a", "Unmatched ( or \\("}, std::pair{"a)", "a ')' has no '('"},
      std::pair{"(a)[b", "Unmatched [, [^, [:, [., or [="},
      std::pair{"(a)[[:", "Unmatched [, [^, [:, [., or [="},
      std::pair{"(a)[[:no:]]", "Invalid character class name"},
      std::pair{"(a)[b-a]", "Invalid range end"}, std::pair{"(a)\\", "it ends in a '\\'"},
      // What means something else than its writer thinks.
      std::pair{"(\\d+)", "\"\\d\" is not known; write [0-9] for a digit"},
      std::pair{"(a)\\z", "\"\\z\" is not known"},
      std::pair{"([\\w.]+)", "a '\\' within [ ] stands for itself; write [0-9] for \\d"},
      std::pair{"(?:a)(b)", "\"(?\" is not known: every group is a plain ( )"},
      std::pair{"(.*?)-", "there are no lazy repetitions: the longest match is always taken"},
      std::pair{"(a{2}?)", "there are no lazy repetitions: the longest match is always taken"},
      // What could be made expensive.
      std::pair{"(a)\\1", "\"\\1\" is not known"},
      std::pair{"(a{257})",
                "after '{' come one or two numbers up to 256 and '}'; write \\{ for a "
                "brace"},
      std::pair{"(a){",
                "after '{' come one or two numbers up to 256 and '}'; write \\{ for a "
                "brace"},
      std::pair{"(a{17}){17}", "its repetitions, written out, are too long"},
      std::pair{"(a){17}{17}", kRepeated}, std::pair{"(a)**", kRepeated},
      std::pair{"(a)+*", kRepeated}, std::pair{"^(a*)*{24}", kRepeated},
      std::pair{"^((a?)*){20}", kRepeated}, std::pair{"^(a*|b)*{20}", kRepeated},
      std::pair{"^(()*){30}", kRepeated}, std::pair{"(a*)*b", kRepeated},
      std::pair{"(a?a?a?a?a*)*!", kRepeated}, std::pair{"(a{0,3}){2,}", kRepeated},
      std::pair{"(a|)+", kRepeated}, std::pair{"(^|$)*a", kRepeated},
      std::pair{"(\\b)*a", kRepeated}, std::pair{"(\\<\\>)+a", kRepeated},
      std::pair{"((x|y*)(z{0}))*", kRepeated},
      std::pair{"((((((((((a)+)+)+)+)+)+)+)+)+)+", "its repetitions, written out, are too long"});
  CAPTURE(given.first);
  CHECK(error_of(given.first) ==
        std::string("\"") + given.first +
            "\" is not auto, source or a POSIX extended regular expression with a group: " +
            given.second);
  CHECK(error_of("(" + std::string(254, 'a') + ")") == "none");
  CHECK(error_of("(" + std::string(255, 'a') + ")") ==
        "the regular expression is longer than 256 bytes");
}

TEST_CASE("no key can hang an expression, or grow it without end", "[series]") {
  const auto begun = std::chrono::steady_clock::now();
  for (const char* pattern :
       {"(aa*)*b", "(a|a)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)x", "(([a-z]+-)+)+x", "(a|a?a?a?a?a)*!",
        "^((a?b?)?){20}c", "^((a*)(b*)){20}c", "^(((a+)+)+)+b", "(((a?){3}){3}){3}x"}) {
    const auto parsed = series(pattern);
    CAPTURE(pattern);
    for (int i = 0; i < 20; ++i) CHECK(parsed.of(std::string(1023, 'a') + "#").empty());
  }
  // An engine that recurses for each byte has no stack for this.
  CHECK(series("^((a|b)*)c").of(std::string(100'000, 'a') + "c").size() == 100'000);
  // Backtracking would take longer than the universe is old.
  CHECK(std::chrono::steady_clock::now() - begun < 60s);
}

// The sanitizers put an allocator of their own in the place of the one that is measured here.
#if !HOLDFAST_SANITIZED
namespace {

std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return (resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) >> 20;
}

}  // namespace

TEST_CASE("what keys were seen does not pile up in an expression", "[series]") {
  // Each byte of these keys leads the automaton into a state that it was never in.
  const auto parsed = series("^(([ab])*a[ab]{20})c");
  std::mt19937 random(1);
  const auto before = resident_mib();
  for (int i = 0; i < 100; ++i) {
    std::string key(1024, 'a');
    for (auto& c : key) c = random() % 2 == 0 ? 'a' : 'b';
    CHECK(parsed.of(key).empty());
  }
  CHECK(resident_mib() < before + 64);
}
#endif

TEST_CASE("threads may share a series", "[series]") {
  const auto parsed = series("^([a-z]+)-");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (const std::string name : {"db", "site", "mail"}) {
    threads.emplace_back([&wrong, copy = parsed, name] {
      for (int i = 0; i < 5'000; ++i) wrong += copy.of(name + "-1.tar") == name ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

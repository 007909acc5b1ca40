#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using store::Ledger;

namespace {

std::string last_letter(std::string_view key) { return std::string(key.substr(key.size() - 1)); }

void want(Ledger::Plan& plan, int number, char stream, std::uint64_t size_bytes) {
  REQUIRE(plan.want({fmt::format("n{:05}{}", number, stream), identity("e", size_bytes),
                     test::uploaded(at(300))}));
}

// The oldest of stream "a" is gone, and something larger came in its stead.
void check_rotated(Ledger::Plan& plan) {
  std::size_t streams = 0;
  const auto seen = plan.visit_struck(
      last_letter, [](std::string_view) { return true; },
      [&](const Ledger::Plan::Stream& stream) {
        ++streams;
        CHECK(stream.name == "a");
        CHECK(stream.gone == 1);
        CHECK(stream.rotated == 1);
      });
  REQUIRE(seen);
  CHECK(streams == 1);
}

}  // namespace

TEST_CASE("sizes whose sum no number holds are counted as very large ones", "[ledger]") {
  Held held;
  const bool is_one_stream = GENERATE(true, false);
  const std::uint64_t size_bytes =
      GENERATE(std::uint64_t{1} << 50, std::uint64_t{std::numeric_limits<std::int64_t>::max()},
               std::numeric_limits<std::uint64_t>::max());
  CAPTURE(is_one_stream, size_bytes);
  held.record({archive("0a", 100), archive("1a", 200)});
  auto plan = held.begin();
  REQUIRE(plan.note_strike("0a", Ledger::Plan::Strike::kGone));
  for (int i = 0; i < 20'000; ++i) {
    want(plan, i, is_one_stream || i % 2 == 0 ? 'a' : 'b', size_bytes);
  }
  check_rotated(plan);
}

TEST_CASE("sizes are counted as large where ten times their sum is what no number holds",
          "[ledger]") {
  Held held;
  held.record({archive("0a", 100, 1000), archive("1a", 200)});
  auto plan = held.begin();
  REQUIRE(plan.note_strike("0a", Ledger::Plan::Strike::kGone));
  // Ten times that is 2^64 and 4.
  std::uint64_t left_bytes = 1'844'674'407'370'955'162;
  constexpr std::uint64_t kEachBytes = std::uint64_t{1} << 50;
  for (int i = 0; left_bytes > 0; ++i) {
    const auto size_bytes = std::min(left_bytes, kEachBytes);
    want(plan, i, 'a', size_bytes);
    left_bytes -= size_bytes;
  }
  check_rotated(plan);
}

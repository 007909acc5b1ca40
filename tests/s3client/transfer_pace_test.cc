#include "s3client/transfer_pace.h"

#include "tests/support/catch.h"

using namespace std::chrono_literals;
using s3::TransferPace;
using SteadyTime = TransferPace::SteadyTime;

namespace {

const s3::TransportOptions kLimits;

/// An exchange of which something comes once a second. How long it lasts until it is ended;
/// nullopt: all of `longest`.
template <typename Send>
std::optional<std::chrono::seconds> ended_after(TransferPace& pace, std::chrono::seconds longest,
                                                const Send& send) {
  const SteadyTime start{};
  for (auto passed = 0s; passed <= longest; ++passed) {
    if (pace.verdict(start + passed)) return passed;
    send(start + passed, passed.count());
  }
  return std::nullopt;
}

TransferPace begun(bool is_text) {
  TransferPace pace(kLimits, is_text);
  pace.sent(SteadyTime{});
  return pace;
}

}  // namespace

TEST_CASE("a body below the floor ends after five minutes, however often a byte of it comes") {
  auto pace = begun(false);
  pace.head_done(SteadyTime{}, 200);
  const auto one_byte_in_three_seconds = [&](SteadyTime now, std::int64_t second) {
    if (second % 3 == 0) pace.body(now, now, 1);
  };
  const auto ended = ended_after(pace, 3600s, one_byte_in_three_seconds);
  REQUIRE(ended);
  CHECK(*ended >= 300s);
  CHECK(*ended <= 330s);
}

TEST_CASE("a burst at its begin hides no trickle for longer than a window") {
  auto pace = begun(false);
  pace.head_done(SteadyTime{}, 206);
  const auto ended = ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t second) {
    pace.body(now, now, second == 0 ? 1 << 30 : 1);
  });
  REQUIRE(ended);
  CHECK(*ended <= 660s);
}

TEST_CASE("a body that keeps to the floor may take as long as it likes") {
  auto pace = begun(false);
  pace.head_done(SteadyTime{}, 200);
  const auto bytes = GENERATE(1'100, 2'000, 1 << 20);
  CHECK_FALSE(ended_after(pace, 100'000s, [&](SteadyTime now, std::int64_t) {
    pace.body(now, now, static_cast<std::uint64_t>(bytes));
  }));
}

TEST_CASE("without a floor a body that comes at all is not ended") {
  s3::TransportOptions limits;
  limits.min_rate_bytes = 0;
  TransferPace pace(limits, false);
  pace.sent(SteadyTime{});
  pace.head_done(SteadyTime{}, 200);
  CHECK_FALSE(
      ended_after(pace, 10'000s, [&](SteadyTime now, std::int64_t) { pace.body(now, now, 1); }));
}

TEST_CASE("the time that the caller takes for a body is none of the server's") {
  auto pace = begun(false);
  pace.head_done(SteadyTime{}, 200);
  // A disk that takes all but a hundredth of each second for a KiB.
  CHECK_FALSE(ended_after(
      pace, 10'000s, [&](SteadyTime now, std::int64_t) { pace.body(now - 990ms, now, 1024); }));
}

TEST_CASE("a head, and whatever comes before one, ends after a minute") {
  auto pace = begun(GENERATE(true, false));
  SECTION("a header for ever") {
    const auto ended = ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t) {
      pace.head_line(now, sizeof "X-More: yes\r\n");
    });
    REQUIRE(ended);
    CHECK(*ended <= 62s);
  }
  SECTION("102 Processing for ever") {
    const auto ended = ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t) {
      pace.head_line(now, sizeof "HTTP/1.1 102 Processing\r\n");
    });
    REQUIRE(ended);
    CHECK(*ended <= 62s);
  }
  SECTION("or sooner, where it is sent without a pause") {
    const auto ended = ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t) {
      for (int i = 0; i < 10'000; ++i) pace.head_line(now, 100);
    });
    CHECK(ended == 1s);
  }
}

TEST_CASE("a listing may keep us waiting for its first byte, and then has a quarter of an hour") {
  auto pace = begun(true);
  SECTION("nothing at all") {
    const auto ended = ended_after(pace, 3600s, [](SteadyTime, std::int64_t) {});
    REQUIRE(ended);
    CHECK(*ended > 300s);
    CHECK(*ended <= 902s);
  }
  SECTION("ten minutes of nothing, and then all of it") {
    CHECK_FALSE(ended_after(pace, 700s, [&](SteadyTime now, std::int64_t second) {
                  if (second != 600) return;
                  pace.head_line(now, 100);
                  pace.head_done(now, 200);
                  pace.body(now, now, 100'000);
                }).value_or(700s) < 660s);
  }
  SECTION("a byte every three seconds") {
    pace.head_done(SteadyTime{}, 200);
    const auto ended = ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t second) {
      if (second % 3 == 0) pace.body(now, now, 1);
    });
    REQUIRE(ended);
    CHECK(*ended <= 902s);
  }
}

TEST_CASE("the body of an error ends after a minute") {
  auto pace = begun(false);
  pace.head_done(SteadyTime{}, GENERATE(301, 403, 503));
  const auto ended =
      ended_after(pace, 3600s, [&](SteadyTime now, std::int64_t) { pace.body(now, now, 1 << 20); });
  REQUIRE(ended);
  CHECK(*ended <= 62s);
}

TEST_CASE("what comes no more ends after a minute") {
  auto pace = begun(false);
  if (GENERATE(true, false)) pace.head_done(SteadyTime{}, 200);
  const auto ended = ended_after(pace, 3600s, [](SteadyTime, std::int64_t) {});
  REQUIRE(ended);
  CHECK(*ended == 61s);
}

#include "agent/base/retry.h"

#include <thread>

#include "agent/base/bounded_queue.h"
#include "agent/base/exit_status.h"
#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/rate_limit.h"
#include "tests/support/catch.h"
#include "tests/support/manual_clock.h"

using agent::ExitStatus;
using agent::FailureMeaning;
using s3::ErrorKind;
using namespace std::chrono_literals;

TEST_CASE("what a failed request means for the run", "[failure]") {
  const auto [kind, meaning] = GENERATE(
      table<ErrorKind, FailureMeaning>({{ErrorKind::kNetwork, FailureMeaning::kRetry},
                                        {ErrorKind::kThrottled, FailureMeaning::kRetry},
                                        {ErrorKind::kServer, FailureMeaning::kRetry},
                                        {ErrorKind::kProtocol, FailureMeaning::kRetry},
                                        {ErrorKind::kClockSkew, FailureMeaning::kRetryNow},
                                        {ErrorKind::kWrongRegion, FailureMeaning::kRetryNow},
                                        {ErrorKind::kRedirect, FailureMeaning::kRetryNow},
                                        {ErrorKind::kRefusedOption, FailureMeaning::kRetryNow},
                                        {ErrorKind::kExpiredToken, FailureMeaning::kReload},
                                        {ErrorKind::kChanged, FailureMeaning::kChanged},
                                        {ErrorKind::kNotFound, FailureMeaning::kGone},
                                        {ErrorKind::kArchived, FailureMeaning::kArchived},
                                        {ErrorKind::kDenied, FailureMeaning::kUnreadable},
                                        {ErrorKind::kUnreadable, FailureMeaning::kUnreadable},
                                        {ErrorKind::kAborted, FailureMeaning::kStopped},
                                        {ErrorKind::kRangeInvalid, FailureMeaning::kSkip},
                                        {ErrorKind::kInvalid, FailureMeaning::kSkip},
                                        {ErrorKind::kTls, FailureMeaning::kStopSource},
                                        {ErrorKind::kBadCredentials, FailureMeaning::kStopSource},
                                        {ErrorKind::kNoSuchBucket, FailureMeaning::kStopSource}}));
  CAPTURE(static_cast<int>(kind));
  CHECK(agent::meaning_of({kind, 0, "", "", ""}) == meaning);
}

TEST_CASE("failures end with the contract's exit statuses, the gravest first", "[failure]") {
  const auto upstream = [](ErrorKind kind) {
    return agent::status_of(s3::Error{kind, 0, "", "", ""});
  };
  CHECK(upstream(ErrorKind::kDenied) == ExitStatus::kRefused);
  CHECK(upstream(ErrorKind::kBadCredentials) == ExitStatus::kRefused);
  CHECK(upstream(ErrorKind::kExpiredToken) == ExitStatus::kRefused);
  CHECK(upstream(ErrorKind::kNoSuchBucket) == ExitStatus::kIncomplete);
  CHECK(upstream(ErrorKind::kNetwork) == ExitStatus::kIncomplete);
  CHECK(upstream(ErrorKind::kTls) == ExitStatus::kIncomplete);
  CHECK(agent::status_of(store::Error{store::ErrorKind::kBusy, 0, "", ""}) == ExitStatus::kNotNow);
  for (const auto kind : {store::ErrorKind::kIo, store::ErrorKind::kNoSpace,
                          store::ErrorKind::kReadOnly, store::ErrorKind::kCorrupt}) {
    CHECK(agent::status_of(store::Error{kind, 0, "", ""}) == ExitStatus::kDiskFailed);
  }
  const std::vector<ExitStatus> by_gravity = {ExitStatus::kOk,         ExitStatus::kAlarm,
                                              ExitStatus::kIncomplete, ExitStatus::kRefused,
                                              ExitStatus::kDiskFailed, ExitStatus::kDefect};
  for (std::size_t i = 0; i < by_gravity.size(); ++i) {
    for (std::size_t j = 0; j < by_gravity.size(); ++j) {
      CHECK(agent::graver(by_gravity[i], by_gravity[j]) == by_gravity[std::max(i, j)]);
    }
  }
}

TEST_CASE("a failure is told in one sentence, with what to do", "[failure]") {
  CHECK(agent::explain({ErrorKind::kDenied, 403, "AccessDenied", "Access Denied", ""},
                       "s3:ListBucket") ==
        "403 AccessDenied: Access Denied; the credentials need s3:ListBucket here");
  CHECK(agent::explain({ErrorKind::kNetwork, 0, "", "timeout", ""}, "s3:GetObject")
            .starts_with("timeout; check the network"));
  CHECK(agent::explain(store::error_from_errno(ENOSPC, "write", "x")).find("the disk is full") !=
        std::string::npos);
  CHECK(agent::explain(store::error_from_errno(EROFS, "write", "x")).find("read-only") !=
        std::string::npos);
  CHECK(agent::explain(store::error_from_errno(EIO, "write", "x")).find("may be failing") !=
        std::string::npos);
}

TEST_CASE("what stands in the way on the disk is told with what to do about it", "[failure]") {
  const std::string path = "s/archives/db";
  for (const int error_number : {EISDIR, ENOTEMPTY, EEXIST, ENOTDIR, ELOOP}) {
    CAPTURE(error_number);
    const auto error = store::error_from_errno(error_number, "open", path);
    const auto remedy = error_number == ELOOP ? "; remove it, or put what it leads to in its place"
                                              : "; move it away";
    for (const auto& words : {agent::explain(error), agent::explain_bad_file(error)}) {
      CAPTURE(words);
      CHECK(words.find('"' + path + '"') != std::string::npos);
      CHECK(words.find(remedy) != std::string::npos);
      CHECK(words.find("dmesg") == std::string::npos);
    }
    const auto refused = agent::explain_refused_name(error);
    CHECK(refused.find("plainer name") == std::string::npos);
  }
  const store::Error taken{store::ErrorKind::kExists, 0, path, "every name for it is taken"};
  CHECK(agent::explain_bad_file(taken).find("verify --all") != std::string::npos);
  CHECK(agent::explain_bad_file(taken).find("dmesg") == std::string::npos);
}

TEST_CASE("the pause doubles, from a quarter of a second or a whole one, up to twenty", "[retry]") {
  CHECK(agent::backoff(0, false, 1) == 250ms);
  CHECK(agent::backoff(1, false, 1) == 500ms);
  CHECK(agent::backoff(4, false, 1) == 4s);
  CHECK(agent::backoff(0, true, 1) == 1s);
  CHECK(agent::backoff(4, true, 1) == 16s);
  for (const int tries : {5, 7, 20, 63, 64, 1000}) {
    CHECK(agent::backoff(tries, true, 1) == 20s);
    CHECK(agent::backoff(tries, true, 0) == 0ms);
    CHECK(agent::backoff(tries, true, 0.5) == 10s);
  }
}

namespace {

// A request that fails as the script says, and then succeeds.
struct Scenario {
  explicit Scenario(unsigned retries) : retrier(retries, clock, stop, 1) {
    s3::SessionOptions options;
    options.endpoint = "https://s3.example.org";
    options.bucket = "b";
    options.now = [this] { return clock.now(); };
    options.credentials = [this]() -> s3::Result<s3::Credentials> {
      if (++loads > 1 && no_reload) {
        return tl::unexpected(s3::Error{ErrorKind::kBadCredentials, 0, "", "gone", ""});
      }
      return s3::Credentials{"AKID", s3::Secret("secret"), {}};
    };
    session = s3::Session::open(std::move(options)).value();
  }

  s3::Result<int> run(std::vector<ErrorKind> failures) {
    return retrier.run<int>(*session, [&]() -> s3::Result<int> {
      const auto asked = static_cast<std::size_t>(requests++);
      if (asked >= failures.size()) return 7;
      return tl::unexpected(s3::Error{failures[asked], 0, "", "", ""});
    });
  }

  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Retrier retrier;
  std::shared_ptr<s3::Session> session;
  int requests = 0;
  int loads = 0;
  bool no_reload = false;
};

std::vector<ErrorKind> times(std::size_t count, ErrorKind kind) { return {count, kind}; }

}  // namespace

TEST_CASE("that a server wants fewer connections is told once for each request", "[retry]") {
  Scenario scenario(5);
  int told = 0;
  scenario.retrier.on_throttled([&](const s3::Session& of) {
    CHECK(&of == scenario.session.get());
    ++told;
  });
  CHECK(scenario.run(times(2, ErrorKind::kServer)) == 7);
  CHECK(told == 0);
  scenario.requests = 0;
  CHECK(scenario.run(times(3, ErrorKind::kThrottled)) == 7);
  CHECK(told == 1);
  scenario.requests = 0;
  CHECK(scenario.run(times(1, ErrorKind::kThrottled)) == 7);
  CHECK(told == 2);
}

TEST_CASE("a request is tried as often as configured, with a pause between", "[retry]") {
  Scenario scenario(5);
  SECTION("until it succeeds") {
    CHECK(scenario.run(times(4, ErrorKind::kServer)) == 7);
    CHECK(scenario.retrier.retries(*scenario.session) == 4);
  }
  SECTION("and then no more") {
    const auto result = scenario.run(times(9, ErrorKind::kThrottled));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kThrottled);
    CHECK(scenario.retrier.retries(*scenario.session) == 4);
  }
  CHECK(scenario.requests == 5);
  const auto sleeps = scenario.clock.sleeps();
  REQUIRE(sleeps.size() == 4);
  for (std::size_t i = 0; i < sleeps.size(); ++i) {
    CHECK(sleeps[i] <= agent::backoff(static_cast<int>(i), true, 1));
  }
  CHECK(scenario.loads == 1);
}

TEST_CASE("one try is one try", "[retry]") {
  Scenario scenario(1);
  CHECK_FALSE(scenario.run({ErrorKind::kServer}));
  CHECK(scenario.requests == 1);
  CHECK(scenario.clock.sleeps().empty());
}

TEST_CASE("a network that is away is waited for about two minutes, however few tries there are",
          "[retry]") {
  Scenario scenario(1);
  const auto begun = scenario.clock.steady_now();
  SECTION("with pauses that grow") {
    CHECK_FALSE(scenario.run(times(1000, ErrorKind::kNetwork)));
    const auto waited = scenario.clock.steady_now() - begun;
    CHECK(waited >= 2min);
    CHECK(waited <= 2min + 20s);
    CHECK(scenario.clock.sleeps().front() <= 250ms);
    CHECK(scenario.clock.sleeps().back() >= 10s);
  }
  SECTION("and then goes on") { CHECK(scenario.run(times(8, ErrorKind::kNetwork)) == 7); }
}

TEST_CASE("a pause that the server asks for is made, within bounds", "[retry]") {
  Scenario scenario(2);
  const auto [asked, made] = GENERATE(
      table<std::chrono::seconds, std::chrono::seconds>({{7s, 7s}, {120s, 120s}, {24h, 120s}}));
  s3::Error error{ErrorKind::kThrottled, 503, "SlowDown", "", ""};
  error.retry_after = asked;
  auto tries = scenario.retrier.start();
  CHECK(scenario.retrier.again(*scenario.session, error, tries));
  CHECK(scenario.clock.sleeps() == std::vector<std::chrono::milliseconds>{made});
}

TEST_CASE("no pause goes past the end of the run", "[retry]") {
  Scenario scenario(5);
  const agent::Halt halt(scenario.stop, scenario.clock, scenario.clock.steady_now() + 3s);
  agent::Retrier retrier(5, scenario.clock, halt, 1);
  auto tries = retrier.start();
  s3::Error error{ErrorKind::kThrottled, 503, "SlowDown", "", ""};
  error.retry_after = 60s;
  CHECK_FALSE(retrier.again(*scenario.session, error, tries));
  CHECK(scenario.clock.sleeps() == std::vector<std::chrono::milliseconds>{3s});
}

TEST_CASE("what is final is not tried again", "[retry]") {
  Scenario scenario(5);
  const auto kind = GENERATE(ErrorKind::kDenied, ErrorKind::kNotFound, ErrorKind::kTls,
                             ErrorKind::kBadCredentials, ErrorKind::kChanged, ErrorKind::kAborted);
  CHECK_FALSE(scenario.run({kind}));
  CHECK(scenario.requests == 1);
  CHECK(scenario.retrier.retries(*scenario.session) == 0);
}

TEST_CASE("what the session has learned is tried at once, and not for ever", "[retry]") {
  Scenario scenario(5);
  SECTION("once") {
    CHECK(scenario.run({ErrorKind::kClockSkew}) == 7);
    CHECK(scenario.requests == 2);
  }
  SECTION("without using up the tries") {
    CHECK(scenario.run({ErrorKind::kClockSkew, ErrorKind::kWrongRegion, ErrorKind::kRedirect,
                        ErrorKind::kRefusedOption}) == 7);
    CHECK(scenario.requests == 5);
    CHECK(scenario.retrier.retries(*scenario.session) == 4);
  }
  SECTION("a server that goes on correcting us is broken") {
    CHECK_FALSE(scenario.run(times(100, ErrorKind::kRedirect)));
    CHECK(scenario.requests == agent::Retrier::kCorrections + 1);
  }
  CHECK(scenario.clock.sleeps().empty());
}

TEST_CASE("expired credentials are loaded again", "[retry]") {
  Scenario scenario(5);
  SECTION("and used at once") {
    CHECK(scenario.run({ErrorKind::kExpiredToken}) == 7);
    CHECK(scenario.loads == 2);
    CHECK(scenario.requests == 2);
  }
  SECTION("which is final when they cannot be had") {
    scenario.no_reload = true;
    const auto result = scenario.run({ErrorKind::kExpiredToken});
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kExpiredToken);
    CHECK(scenario.requests == 1);
  }
  CHECK(scenario.clock.sleeps().empty());
}

TEST_CASE("nothing is tried again once a stop was asked for", "[retry]") {
  Scenario scenario(5);
  scenario.stop.store(true);
  const auto kind = GENERATE(ErrorKind::kNetwork, ErrorKind::kClockSkew, ErrorKind::kExpiredToken);
  CHECK_FALSE(scenario.run({kind}));
  CHECK(scenario.requests == 1);
  CHECK(scenario.loads == 1);
}

TEST_CASE("all downloads together keep to the rate", "[rate_limit]") {
  test::ManualClock clock;
  const agent::StopFlag stop{false};
  const auto begun = clock.steady_now();
  agent::RateLimit limit(1000, clock);
  for (int i = 0; i < 10; ++i) limit.spend(500, stop);
  CHECK(clock.steady_now() - begun == 5s);

  // Time that nobody used allows no burst.
  clock.advance(1h);
  const auto later = clock.steady_now();
  for (int i = 0; i < 4; ++i) limit.spend(500, stop);
  CHECK(clock.steady_now() - later == 2s);
}

TEST_CASE("without a rate nobody waits, and a stop ends the waiting", "[rate_limit]") {
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::RateLimit unlimited(0, clock);
  unlimited.spend(std::uint64_t{1} << 60, stop);
  CHECK(clock.sleeps().empty());
  agent::RateLimit limit(1, clock);
  stop.store(true);
  limit.spend(1000, stop);
  CHECK(clock.sleeps().empty());
}

TEST_CASE("a queue gives values in order, and none after it was closed", "[bounded_queue]") {
  agent::BoundedQueue<int> queue(3);
  CHECK_FALSE(queue.pop_for(1ms));
  for (int i = 1; i <= 3; ++i) CHECK(queue.push(i));
  CHECK(queue.pop() == 1);
  CHECK(queue.pop_for(1h) == 2);
  queue.close();
  CHECK_FALSE(queue.push(4));
  CHECK(queue.pop() == 3);
  CHECK_FALSE(queue.pop());
  CHECK_FALSE(queue.pop_for(1h));
}

TEST_CASE("a queue holds no more than its capacity, and closing wakes everybody",
          "[bounded_queue]") {
  agent::BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) {
      if (!queue.push(i)) return;
      ++pushed;
    }
  });
  for (int i = 0; i < 500; ++i) {
    const int before = pushed.load();
    REQUIRE(queue.pop() == i);
    REQUIRE(before <= i + 2);
  }
  queue.close();  // the producer is waiting for room, or will be
  producer.join();
  CHECK(pushed.load() >= 500);
  CHECK(pushed.load() <= 502);

  agent::BoundedQueue<int> empty(1);
  std::thread consumer([&] { pushed = empty.pop() ? 1 : -1; });
  empty.close();
  consumer.join();
  CHECK(pushed.load() == -1);
}

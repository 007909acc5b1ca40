#include "s3client/clock_offset.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "s3client/dates.h"
#include "tests/s3client/world.h"

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::sys_days kDay = std::chrono::year{2026} / 1 / 1;

s3::ClockTime at(const std::string& clock) {
  return s3::ClockTime{s3::parse_iso8601("2026-01-01T" + clock + "Z")->time_since_epoch()};
}

std::string http_date(const std::string& clock) { return "Thu, 01 Jan 2026 " + clock + " GMT"; }

s3::HttpHead dated(const std::string& clock) { return {200, {{"date", http_date(clock)}}}; }

const std::string kEmptyPage =
    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

/// [send, receive, expected signing time, status, Date, code, Age]
ScriptedAnswer answer_of(const nlohmann::json& attempt, s3::ClockTime& now) {
  ScriptedAnswer answer;
  answer.status = attempt[3];
  if (!attempt[4].is_null()) answer.headers.emplace_back("date", http_date(attempt[4]));
  if (!attempt[6].is_null()) answer.headers.emplace_back("age", attempt[6].dump());
  answer.body = attempt[5].is_null()
                    ? kEmptyPage
                    : "<Error><Code>" + attempt[5].get<std::string>() + "</Code></Error>";
  answer.before = [&now, received = at(attempt[1])] { now = received; };
  return answer;
}

/// Tries as a caller does: again exactly when told to.
void run_operation(ClientWorld& world, const nlohmann::json& operation) {
  auto client = world.client();
  const std::size_t attempts = operation["attempts"].size();
  for (std::size_t i = 0; i < attempts; ++i) {
    const auto& attempt = operation["attempts"][i];
    *world.now = at(attempt[0]);
    world.transport.answer(answer_of(attempt, *world.now));
    const auto page = client.list_page("", "", nullptr);
    CHECK(world.transport.sent_header("x-amz-date") ==
          s3::amz_timestamp(std::chrono::floor<std::chrono::seconds>(at(attempt[2]))));
    if (i + 1 < attempts) {
      REQUIRE_FALSE(page.has_value());
      CHECK(page.error().kind == s3::ErrorKind::kClockSkew);
    } else if (operation["outcome"] == "success") {
      CHECK(page.has_value());
    } else {
      REQUIRE_FALSE(page.has_value());
      const bool out_of_budget = operation.value("max_attempts", 3) == 1;
      CHECK((page.error().kind == s3::ErrorKind::kClockSkew) == out_of_budget);
    }
  }
  const auto server =
      world.session->server_now().value_or(s3::ServerTime(world.now->time_since_epoch()));
  CHECK(server.time_since_epoch() - world.now->time_since_epoch() ==
        std::chrono::seconds{operation["skew_out"].get<int>()});
}

void prime(ClientWorld& world, int skew_seconds) {
  if (skew_seconds == 0) return;
  *world.now = kDay;
  const auto server = std::chrono::hh_mm_ss{std::chrono::seconds{skew_seconds}};
  world.answer(200,
               {{"date", http_date(fmt::format("00:{:02}:{:02}", server.minutes().count(),
                                               server.seconds().count()))}},
               kEmptyPage);
  REQUIRE(world.client().list_page("", "", nullptr).has_value());
}

}  // namespace

TEST_CASE("the published clock correction cases are reproduced") {
  const auto path = std::filesystem::path(HOLDFAST_VECTORS) / "sigv4" / "clock-skew-cases.json";
  if (!std::filesystem::exists(path)) {
    WARN("SKIPPED: no vectors at " << path);
    return;
  }
  std::ifstream file(path);
  const auto vectors = nlohmann::json::parse(file);
  CHECK(vectors["cases"].size() == 10);
  for (const auto& vector : vectors["cases"]) {
    CAPTURE(vector["d"]);
    ClientWorld world;
    prime(world, vector["ops"][0]["skew_in"]);
    for (const auto& operation : vector["ops"]) run_operation(world, operation);
  }
}

TEST_CASE("the offset is the server's Date against the middle of the round trip") {
  CHECK(s3::clock_offset_of(dated("00:05:01"), kDay, kDay + 2s) == 5min);
  CHECK(s3::clock_offset_of(dated("00:00:01"), kDay + 1h, kDay + 1h + 2s) == -1h);
}

TEST_CASE("a response without a usable Date teaches no offset") {
  CHECK_FALSE(s3::clock_offset_of({200, {}}, kDay, kDay).has_value());
  CHECK_FALSE(s3::clock_offset_of({200, {{"date", "yesterday"}}}, kDay, kDay).has_value());
  s3::HttpHead cached = dated("00:05:00");
  cached.headers.emplace_back("age", "0");
  CHECK_FALSE(s3::clock_offset_of(cached, kDay, kDay).has_value());
}

TEST_CASE(
    "a round trip of more than 15 minutes, or one that ends before it began, is not trusted") {
  CHECK(s3::clock_offset_of(dated("00:07:30"), kDay, kDay + 15min) == 0s);
  CHECK_FALSE(s3::clock_offset_of(dated("00:07:30"), kDay, kDay + 15min + 1s).has_value());
  CHECK_FALSE(s3::clock_offset_of(dated("00:00:00"), kDay, kDay - 1s).has_value());
}

TEST_CASE("only a change of more than 4 minutes makes a possible code worth a second try") {
  using s3::TimeBlame;
  CHECK(s3::worth_signing_again(TimeBlame::kPossible, 0s, 241s));
  CHECK_FALSE(s3::worth_signing_again(TimeBlame::kPossible, 0s, 240s));
  CHECK(s3::worth_signing_again(TimeBlame::kPossible, 300s, 0s));
  CHECK_FALSE(s3::worth_signing_again(TimeBlame::kPossible, 300s, 300s));
  CHECK(s3::worth_signing_again(TimeBlame::kDefinite, 0s, 1s));
  CHECK_FALSE(s3::worth_signing_again(TimeBlame::kDefinite, 0s, std::nullopt));
  CHECK_FALSE(s3::worth_signing_again(TimeBlame::kNone, 0s, 1h));
}

TEST_CASE("a HEAD that answers a bare 403 with a far-off Date is worth a second try") {
  ClientWorld world;
  world.answer(403, {{"date", http_date("00:10:00")}});
  world.answer(403, {{"date", http_date("00:10:00")}});
  auto client = world.client();
  CHECK(client.head(object_request("k")).error().kind == s3::ErrorKind::kClockSkew);
  CHECK(client.head(object_request("k")).error().kind == s3::ErrorKind::kDenied);
}

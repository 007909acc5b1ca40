#include "s3client/dates.h"

#include "tests/support/catch.h"

using namespace std::chrono_literals;
using s3::parse_http_date;
using s3::parse_iso8601;

namespace {
constexpr std::chrono::sys_seconds kMay24 = std::chrono::sys_days{std::chrono::year{2013} / 5 / 24};
constexpr s3::ServerDate kTheirMay24{kMay24.time_since_epoch()};
}  // namespace

TEST_CASE("a time is written as x-amz-date wants it") {
  CHECK(s3::amz_timestamp(kMay24) == "20130524T000000Z");
  CHECK(s3::amz_timestamp(kMay24 + 23h + 59min + 7s) == "20130524T235907Z");
}

TEST_CASE("an HTTP date is read") {
  CHECK(parse_http_date("Fri, 24 May 2013 00:00:00 GMT") == kTheirMay24);
  CHECK(parse_http_date("Fri, 24 May 2013 12:34:56 GMT") == kTheirMay24 + 12h + 34min + 56s);
}

TEST_CASE("what is no HTTP date is refused") {
  const std::string text =
      GENERATE("", "Fri, 24 May 2013 00:00:00", "Fri, 24 Mai 2013 00:00:00 GMT",
               "Fri, 31 Feb 2013 00:00:00 GMT", "Fri, 24 May 2013 24:00:00 GMT",
               "Fri, 24 May 2013 00-00-00 GMT", "Fri, 24 May 2013 0a:00:00 GMT",
               "2013-05-24T00:00:00.000000Z  ");
  CAPTURE(text);
  CHECK_FALSE(parse_http_date(text).has_value());
}

TEST_CASE("a listing's date is read with and without a fraction") {
  CHECK(parse_iso8601("2013-05-24T00:00:00.000Z") == kTheirMay24);
  CHECK(parse_iso8601("2013-05-24T00:00:00Z") == kTheirMay24);
  CHECK(parse_iso8601("2013-05-24T00:00:01.999999999Z") == kTheirMay24 + 1s);
  CHECK(parse_iso8601("2013-05-24T00:00:00+00:00") == kTheirMay24);
}

TEST_CASE("what is no date of a listing is refused") {
  const std::string text = GENERATE("", "2013-05-24", "2013-05-24T00:00:00", "2013-05-24T00:00:00.",
                                    "2013-13-24T00:00:00Z", "2013-02-29T00:00:00Z",
                                    "2013-05-24T00:00:00+02:00", "2013-05-24 00:00:00Z");
  CAPTURE(text);
  CHECK_FALSE(parse_iso8601(text).has_value());
}

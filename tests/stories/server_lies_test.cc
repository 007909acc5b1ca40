#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/test_certificate.h"
#include "tests/support/text.h"

using fake_s3::kAlways;
using fake_s3::kListing;
using fake_s3::Lie;
using fake_s3::LieKind;
using story::Story;
using test::kMiB;

namespace {

constexpr const char* kNew = "new-1.tar";

struct Row {
  std::string name;
  std::vector<Lie> lies;
  int exit = 0;
  std::string says = {};        ///< on stderr; empty: nothing is printed at all
  bool arrives = exit == 0;     ///< the new archive is held after the lying pull
  bool comes_next_day = false;  ///< it is not asked for at each run
};

Lie on_object(LieKind kind, std::int64_t number, int from = 1, int count = kAlways,
              std::string text = {}) {
  return {kind, "GET", kNew, number, std::move(text), from, count};
}

Lie on_listing(LieKind kind, std::int64_t number = 0, int count = kAlways, std::string text = {}) {
  return {kind, "GET", std::string(kListing), number, std::move(text), 1, count};
}

Lie cut_at_2_mib() { return on_object(LieKind::kTruncate, 2 * kMiB, 1, 1); }

// What is waited for, as a line that is always cut, is in tests/agent, where waiting takes no time.
std::vector<Row> damaged_bodies() {
  return {
      {"cut once", {on_object(LieKind::kTruncate, 5000, 1, 1)}},
      {"reset once", {on_object(LieKind::kReset, 5000, 1, 1)}},
      {"a flipped byte once", {on_object(LieKind::kFlip, 9999, 1, 1)}},
      {"a flipped byte always",
       {on_object(LieKind::kFlip, 9999)},
       2,
       "does not match what the bucket",
       false,
       true},
      {"longer than promised", {on_object(LieKind::kTooLong, 100)}},
      {"promised longer", {on_object(LieKind::kWrongContentLength, 100)}, 2, kNew},
      {"no length once", {on_object(LieKind::kOmitHeader, 0, 1, 1, "content-length")}},
      {"range ignored on resume", {cut_at_2_mib(), on_object(LieKind::kIgnoreRange, 0, 2)}},
      {"another range on resume",
       {cut_at_2_mib(), on_object(LieKind::kWrongContentRange, 7, 2, 1)}},
      {"connection closed after each answer", {{LieKind::kCloseAfter, "", "", 0}}},
  };
}

std::vector<Row> refused_objects() {
  const auto error = [](int status, const char* code, int count = kAlways) {
    return std::vector<Lie>{on_object(LieKind::kError, status, 1, count, code)};
  };
  return {
      {"404 on an object", error(404, "NoSuchKey"), 0, "", false},
      {"412 on an object", error(412, "PreconditionFailed"), 2, kNew},
      {"416 on an object", error(416, "InvalidRange"), 2, kNew},
      {"500 always", error(500, "InternalError"), 2, kNew},
      {"500 once", error(500, "InternalError", 1)},
      {"503 once", error(503, "SlowDown", 1)},
      {"error in a 200",
       {on_object(LieKind::kErrorIn200, 0, 1, kAlways, "InternalError")},
       2,
       kNew},
      {"HTML instead of an object", {on_object(LieKind::kHtml, 200)}, 2, kNew},
      {"HTML with 502 once", {on_object(LieKind::kHtml, 502, 1, 1)}},
      {"no answer once", {on_object(LieKind::kNoAnswer, 0, 1, 1)}},
  };
}

std::vector<Row> broken_listings() {
  const std::string failed = "cannot list bucket";
  return {
      {"403 on the listing",
       {on_listing(LieKind::kError, 403, kAlways, "AccessDenied")},
       77,
       "s3:ListBucket"},
      {"no such bucket", {on_listing(LieKind::kError, 404, kAlways, "NoSuchBucket")}, 2, "bucket"},
      {"error in a 200",
       {on_listing(LieKind::kErrorIn200, 0, kAlways, "InternalError")},
       2,
       failed},
      {"cut XML", {on_listing(LieKind::kCutXml)}, 2, failed},
      {"cut XML once", {on_listing(LieKind::kCutXml, 0, 1)}},
      {"garbage", {on_listing(LieKind::kGarbageXml)}, 2, failed},
      {"an XML bomb", {on_listing(LieKind::kBombXml)}, 2, failed},
      {"HTML", {on_listing(LieKind::kHtml, 200)}, 2, failed},
      {"HTML with 502 once", {on_listing(LieKind::kHtml, 502, 1)}},
      {"the same page for ever", {on_listing(LieKind::kSamePage)}, 2, failed},
      {"an empty page once", {on_listing(LieKind::kEmptyPage, 0, 1)}},
      {"empty pages for ever", {on_listing(LieKind::kEmptyPage)}, 2, failed},
      {"keys out of order", {on_listing(LieKind::kReversedPage)}, 0, "byte order"},
      {"truncated without a token", {on_listing(LieKind::kNoToken)}, 2, failed},
      {"keys that are not encoded as asked", {on_listing(LieKind::kNoEncodingType)}},
  };
}

std::vector<Row> rows() {
  auto all = damaged_bodies();
  for (auto& row : refused_objects()) all.push_back(std::move(row));
  for (auto& row : broken_listings()) all.push_back(std::move(row));
  return all;
}

}  // namespace

TEST_CASE("a server that misbehaves costs no archive, and its next good day repairs everything",
          "[stories]") {
  const auto row = GENERATE(from_range(rows()));
  CAPTURE(row.name);
  Story story;
  story.init();
  story.put("held-1.tar", story::noise(1, 20'000));
  story.put("held-2.tar", story::noise(2, 20'000));
  REQUIRE(story.pull().status == 0);
  const auto before = story.archives();
  story.put(kNew, story::noise(3, 3 * kMiB));
  for (const auto& lie : row.lies) story.server->lie(lie);

  const auto lied_to = story.pull();
  CAPTURE(lied_to.err);
  CHECK(lied_to.status == row.exit);
  CHECK(story::contains(lied_to.err, row.says));
  CHECK(lied_to.err.empty() == row.says.empty());
  CHECK(story.first_untruth() == "");
  auto after = story.archives();
  CHECK(after.contains(kNew) == row.arrives);
  after.erase(kNew);
  CHECK(after == before);
  const auto status = story.status();
  CHECK(status.at("exit_status") == row.exit);
  CHECK(status.at("errors").empty() == (row.exit == 0));

  story.server->clear_lies();
  if (row.comes_next_day) story.let_pass(std::chrono::hours{25});
  const auto undisturbed = story.pull();
  CAPTURE(undisturbed.err);
  CHECK(undisturbed.status == 0);
  CHECK(story.first_difference() == "");
  CHECK(story.source_status().at("alarms").empty());
}

TEST_CASE("an object that changes between two ranges is fetched as what it is now", "[stories]") {
  Story story;
  story.init();
  story.put(kNew, story::noise(3, 3 * kMiB));
  story.server->lie(cut_at_2_mib());
  story.server->lie(on_object(LieKind::kChange, 0, 2, 1));
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  const auto now = story.server->bucket(story::kBucket)->find(kNew, "");
  REQUIRE(now.has_value());
  std::string content(now->content->size_bytes(), '\0');
  REQUIRE(now->content->read(0, content));
  CHECK(content != story.wanted[kNew]);
  CHECK(story.archives() == story::Files{{kNew, content}});
}

TEST_CASE("an object that may not be read is an alarm, and not asked for at each run",
          "[stories]") {
  Story story;
  story.init();
  story.put("held.tar", "held");
  REQUIRE(story.pull().status == 0);
  story.server->put(story::kBucket, kNew, "new");
  const auto state = GENERATE(fake_s3::ObjectState::kDenied, fake_s3::ObjectState::kSseC,
                              fake_s3::ObjectState::kKmsDenied);
  story.server->set_state(story::kBucket, kNew, state);
  const auto first = story.pull();
  CHECK(first.status == 1);
  CHECK(story::contains(first.err, kNew));
  REQUIRE(story.source_status().at("alarms").size() == 1);
  CHECK(story.source_status().at("alarms")[0].at("kind") == "unreadable");
  story.server->reset_journal();
  const auto second = story.pull();
  CHECK(second.status == 1);
  CHECK(second.err.empty());
  // Where the policy may be mended any day, one object is asked for at each run.
  const bool may_be_mended = state != fake_s3::ObjectState::kSseC;
  CHECK(story.server->counters().gets == (may_be_mended ? 1 : 0));
  CHECK(story.first_difference() == "");
}

TEST_CASE("an object in an archived storage class is counted, and no failure", "[stories]") {
  Story story;
  story.init();
  story.server->put(story::kBucket, kNew, "new");
  story.server->set_state(story::kBucket, kNew, fake_s3::ObjectState::kArchived);
  const auto pulled = story.pull();
  CHECK(pulled.status == 0);
  CHECK(pulled.err.empty());
  CHECK(story.source_status().at("run").at("archived") == 1);
}

TEST_CASE("what replaces a held archive upstream never replaces it here", "[stories]") {
  Story story;
  story.init();
  story.put("db.tar", "the good content");
  REQUIRE(story.pull().status == 0);
  story.server->put(story::kBucket, "db.tar", "encrypted by somebody");
  const auto changed = story.pull();
  CHECK(changed.status == 1);
  CHECK(story::contains(changed.err, "db.tar"));
  CHECK(story.archives() == story::Files{{"db.tar", "the good content"}});
  CHECK(story.source_status().at("alarms")[0].at("kind") == "changed");
  story.server->erase(story::kBucket, "db.tar");
  CHECK(story.pull().status == 1);
  CHECK(story.archives() == story::Files{{"db.tar", "the good content"}});
  CHECK(story.source_status().at("run").at("vanished") == 1);
}

TEST_CASE("a wrong region is corrected, with one warning that names the right one", "[stories]") {
  fake_s3::Options options;
  options.region = "eu-central-1";
  Story story(options);
  story.init();
  story.put(kNew, "new");
  const bool redirects = GENERATE(true, false);
  if (redirects) {
    story.server->lie({LieKind::kWrongRegion, "", "", 0, "eu-central-1", 1, 1});
  }
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story::contains(pulled.err, "region = eu-central-1"));
  CHECK(std::count(pulled.err.begin(), pulled.err.end(), '\n') == 1);
  CHECK(story.first_difference() == "");
  story.sources["site"] = "region = eu-central-1\n";
  CHECK(story.pull().err.empty());
}

TEST_CASE("a temporary redirect to another port is another server, and is not followed",
          "[stories]") {
  Story story;
  story.init();
  story.put(kNew, "new");
  const auto front = fake_s3::Server::start({}).value();
  front->make_bucket(story::kBucket);
  front->lie({LieKind::kWrongHost, "", "", 0, story.server->url()});
  story.endpoint = front->url();
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 2);
  CHECK(story::contains(pulled.err, "which is not its own domain"));
  CHECK(story.server->counters().requests() == 0);
}

TEST_CASE("a clock that is a year or decades wrong stops nothing, and is shown", "[stories]") {
  using std::chrono::hours;
  const auto offset = GENERATE(hours(24 * 365), hours(-24 * 365), hours(24 * 365 * 56));
  Story story;
  story.init();
  story.put(kNew, "new");
  story.server->set_clock_offset(offset);
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story.first_difference() == "");
  const double skew = story.status().at("clock").at("skew_seconds");
  CHECK(std::abs(skew - static_cast<double>(std::chrono::seconds(offset).count())) < 60);
}

TEST_CASE("a certificate is believed only when ca_file vouches for it", "[stories]") {
  fake_s3::Options options;
  options.tls = fake_s3::make_certificate();
  Story story(options);
  story.init();
  story.put(kNew, "new");
  const auto refused = story.pull();
  CHECK(refused.status == 2);
  CHECK(story::contains(refused.err, "ca_file"));
  CHECK(story.archives().empty());
  CHECK(story.server->counters().requests() == 0);

  test::write_file(story.dir / "ca.pem", options.tls->certificate_pem);
  story.sources["site"] = fmt::format("ca_file = {}\n", story.dir / "ca.pem");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story.first_difference() == "");
}

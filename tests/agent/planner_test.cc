#include "agent/planner.h"

#include <fmt/format.h>

#include "agent/lister.h"
#include "tests/s3client/world.h"
#include "tests/store/ledger_fixture.h"
#include "tests/support/manual_clock.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using store::RefusalKind;
using Names = std::vector<std::string>;

namespace {

// ---- the lister -----------------------------------------------------------------------------

std::string page_xml(const Names& keys, const std::string& next_token = "") {
  std::string xml = "<ListBucketResult>";
  for (const auto& key : keys) {
    xml += fmt::format(
        "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        "<ETag>\"e\"</ETag><Size>1</Size></Contents>",
        key);
  }
  if (!next_token.empty()) {
    xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", next_token);
  }
  return xml + fmt::format("<IsTruncated>{}</IsTruncated></ListBucketResult>",
                           next_token.empty() ? "false" : "true");
}

struct Listing {
  World world;
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Retrier retrier{3, clock, stop, 1};
  Names keys;
  std::size_t pages = 0;

  void page(const Names& listed, const std::string& next_token = "") {
    world.answer(200, {}, page_xml(listed, next_token));
  }
  s3::Result<void> list() {
    auto client = world.client();
    return agent::list_all(client, *world.session, retrier, stop, "p/", [&](const auto& page) {
      for (const auto& object : page.objects) keys.push_back(object.key);
      return ++pages < 1000;
    });
  }
  std::size_t requests() const { return world.transport.requests().size(); }
};

}  // namespace

TEST_CASE("a listing is handed over page by page, with the token sent back", "[lister]") {
  Listing listing;
  listing.page({"a", "b"}, "T1");
  listing.page({}, "T2");  // legal: no keys, and not the end
  listing.page({"c"});
  CHECK(listing.list());
  CHECK(listing.keys == Names{"a", "b", "c"});
  CHECK(listing.pages == 3);
  CHECK(listing.world.transport.requests()[0].url.find("prefix=p%2F") != std::string::npos);
  CHECK(listing.world.transport.requests()[2].url.find("continuation-token=T2") !=
        std::string::npos);
}

TEST_CASE("an empty bucket lists nothing and that is no error", "[lister]") {
  Listing listing;
  listing.page({});
  CHECK(listing.list());
  CHECK(listing.keys.empty());
}

TEST_CASE("a page that fails is asked for again, and no page is handed over twice", "[lister]") {
  Listing listing;
  listing.page({"a"}, "T1");
  const std::string good = page_xml({"b"});
  const int way = GENERATE(0, 1, 2);
  if (way == 0) listing.world.error(503, "SlowDown");
  if (way == 1) listing.world.answer(200, {}, good.substr(0, good.size() / 2));
  if (way == 2) listing.world.error(200, "InternalError");
  listing.page({"b"});
  CHECK(listing.list());
  CHECK(listing.keys == Names{"a", "b"});
  CHECK(listing.requests() == 3);
}

TEST_CASE("a listing that does not end cleanly is an error", "[lister]") {
  Listing listing;
  SECTION("XML that is cut every time") {
    for (int i = 0; i < 3; ++i) listing.world.answer(200, {}, page_xml({"a"}).substr(0, 60));
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
    CHECK(listing.requests() == 3);
  }
  SECTION("a token that comes again") {
    listing.page({"a"}, "T1");
    for (int i = 0; i < 3; ++i) listing.page({"b"}, "T1");
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
    CHECK(listing.keys == Names{"a"});
  }
  SECTION("keys out of order on a page") {
    listing.page({"b", "a"});
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
    CHECK(listing.pages == 0);
  }
  SECTION("keys out of order from page to page") {
    listing.page({"b"}, "T1");
    listing.page({"a"});
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
    CHECK(listing.requests() == 2);
  }
  SECTION("a key that comes twice") {
    listing.page({"a"}, "T1");
    listing.page({"a"});
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
  }
  SECTION("empty pages without end") {
    for (int i = 0; i < 300; ++i) listing.page({}, fmt::format("T{}", i));
    CHECK(listing.list().error().kind == s3::ErrorKind::kServer);
    CHECK(listing.requests() < 150);
  }
  SECTION("a bucket that is not for us") {
    listing.page({"a"}, "T1");
    listing.world.error(403, "AccessDenied");
    CHECK(listing.list().error().kind == s3::ErrorKind::kDenied);
    CHECK(listing.requests() == 2);
  }
}

TEST_CASE("a listing can be ended, by the taker and by a stop", "[lister]") {
  Listing listing;
  listing.page({"a"}, "T1");
  listing.page({"b"});
  SECTION("by the taker") {
    listing.pages = 999;
    CHECK(listing.list().error().kind == s3::ErrorKind::kAborted);
    CHECK(listing.requests() == 1);
  }
  SECTION("by a stop") {
    listing.stop.store(true);
    CHECK(listing.list().error().kind == s3::ErrorKind::kAborted);
    CHECK(listing.keys.empty());
  }
}

// ---- the planner ----------------------------------------------------------------------------

namespace {

constexpr std::int64_t kNow = 10'000'000;
constexpr std::int64_t kDay = 86'400;

s3::ListedObject listed(std::string key, std::string etag = "e", std::uint64_t size = 10) {
  return {std::move(key), std::move(etag), size, at(500), ""};
}

agent::Planner::Figures plan(Held& held, const std::vector<s3::ListedObject>& listing,
                             const agent::SourceConfig& source = {}, std::int64_t now = kNow) {
  auto plan = held.begin(source.prefix);
  agent::Planner planner(plan, source, at(now));
  // In pages of two, so that the join crosses their bounds.
  for (std::size_t i = 0; i < listing.size(); i += 2) {
    const auto begin = listing.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = i + 2 < listing.size() ? begin + 2 : listing.end();
    REQUIRE(planner.take({begin, end}));
  }
  REQUIRE(planner.finish());
  REQUIRE(plan.commit());
  return planner.figures();
}

std::size_t open_alarms(Held& held) { return held.ledger.open_alarms(held.source, 100)->size(); }

}  // namespace

TEST_CASE("new keys are wanted, held ones are not", "[planner]") {
  Held held;
  held.record({archive("b"), archive("d")});
  const auto figures =
      plan(held, {listed("a"), listed("b"), listed("c"), listed("d"), listed("e")});
  CHECK(held.pending_keys() == Names{"a", "c", "e"});
  CHECK(figures.listed == 5);
  CHECK(figures.wanted == 3);
  CHECK(figures.wanted_bytes == 30);
  CHECK(figures.changed == 0);
  CHECK(figures.vanished == 0);
}

TEST_CASE("a plan that says what the last one said writes nothing", "[planner]") {
  Held held;
  held.record({archive("b"), archive("d")});
  const std::vector<s3::ListedObject> listing = {listed("a"), listed("b", "other")};
  plan(held, listing);
  held.disk.reset_counts();
  plan(held, listing, {}, kNow + kDay);
  CHECK(held.disk.counts().bytes_written == 0);
}

TEST_CASE("a key with another ETag or size has changed; it is not fetched", "[planner]") {
  Held held;
  held.record({archive("a"), archive("b"), archive("c")});
  for (int run = 0; run < 2; ++run) {
    const auto figures = plan(held, {listed("a", "f"), listed("b", "e", 11), listed("c")});
    CHECK(figures.changed == 2);
    CHECK(figures.new_alarms == (run == 0 ? 2 : 0));
    CHECK(figures.wanted == 0);
    CHECK(open_alarms(held) == 2);
    CHECK(held.pending_keys().empty());
  }
  const auto alarms = *held.ledger.open_alarms(held.source, 100);
  CHECK(alarms[0].kind == "changed");
  CHECK(alarms[0].key == "a");
  CHECK(alarms[0].message.find("the same size, 10 bytes") != std::string::npos);
  CHECK(alarms[1].message.find("11 bytes, was 10 bytes") != std::string::npos);
}

TEST_CASE("vanished keys are counted, wherever they stand, and may return", "[planner]") {
  Held held;
  held.record({archive("a"), archive("c"), archive("e")});
  CHECK(plan(held, {listed("b"), listed("c")}).vanished == 2);
  CHECK(plan(held, {listed("b"), listed("c")}).vanished == 2);
  CHECK(open_alarms(held) == 0);
  const auto returned = plan(held, {listed("a"), listed("c"), listed("e")});
  CHECK(returned.vanished == 0);
  CHECK(returned.wanted == 0);
  CHECK(held.pending_keys().empty());
  CHECK(held.totals().archives == 3);
  // An empty listing concludes the same of all.
  CHECK(plan(held, {}).vanished == 3);
  CHECK(held.totals().archives == 3);
}

TEST_CASE("what was wanted and is no longer listed is not pending any more", "[planner]") {
  Held held;
  plan(held, {listed("a"), listed("b")});
  plan(held, {listed("b", "f"), listed("c")});
  CHECK(held.pending_keys() == Names{"b", "c"});
  CHECK(held.ledger.next_pending(held.source, nullptr, 1)->front().upstream.etag == "f");
}

TEST_CASE("excluded keys are not wanted, but what is held stays watched", "[planner]") {
  Held held;
  held.record({archive("b.tmp")});
  agent::SourceConfig source;
  source.exclude = {"*.tmp"};
  const auto figures = plan(held, {listed("a.tar"), listed("a.tmp"), listed("b.tmp", "f")}, source);
  CHECK(held.pending_keys() == Names{"a.tar"});
  CHECK(figures.listed == 3);
  CHECK(figures.changed == 1);
}

TEST_CASE("a prefix bounds what is compared", "[planner]") {
  Held held;
  held.record({archive("a"), archive("p/1"), archive("p/3"), archive("q")});
  agent::SourceConfig source;
  source.prefix = "p/";
  source.include = {"*"};
  const auto figures = plan(held, {listed("p/1"), listed("p/2"), listed("p/x/4")}, source);
  CHECK(figures.vanished == 1);
  CHECK(held.pending_keys() == Names{"p/2"});
}

TEST_CASE("a refused content is asked for again when it is due, another one at once", "[planner]") {
  struct Case {
    RefusalKind kind;
    std::int64_t after;
    std::string etag;
    bool wanted;
  };
  const auto given = GENERATE(
      Case{RefusalKind::kUnreadable, kDay - 1, "e", false},
      Case{RefusalKind::kUnreadable, kDay, "e", true}, Case{RefusalKind::kUnreadable, 1, "f", true},
      Case{RefusalKind::kUnreadable, -1, "e", true},  // the clock was wrong
      Case{RefusalKind::kArchived, kDay - 1, "e", false},
      Case{RefusalKind::kArchived, kDay, "e", true}, Case{RefusalKind::kMismatch, 0, "e", true});
  CAPTURE(static_cast<int>(given.kind), given.after, given.etag);
  Held held;
  plan(held, {listed("k")});
  REQUIRE(held.ledger.refuse(held.source, "k", given.kind, identity("e"), at(kNow)));
  REQUIRE(held.pending_keys().empty());
  const auto figures = plan(held, {listed("k", given.etag)}, {}, kNow + given.after);
  CHECK(held.pending_keys() == (given.wanted ? Names{"k"} : Names{}));
  CHECK(figures.unreadable == (given.wanted || given.kind != RefusalKind::kUnreadable ? 0U : 1U));
  CHECK(figures.archived == (given.wanted || given.kind != RefusalKind::kArchived ? 0U : 1U));
}

TEST_CASE("an unreadable content is asked for ever more rarely, but at least every 30 days",
          "[planner]") {
  const auto [asks, days] = GENERATE(table<int, std::int64_t>(
      {{0, 1}, {1, 1}, {2, 2}, {3, 4}, {4, 8}, {5, 16}, {6, 30}, {7, 30}, {1'000'000, 30}}));
  CAPTURE(asks);
  store::Refusal refusal;
  refusal.asks = asks;
  refusal.asked_at = at(kNow);
  CHECK_FALSE(agent::is_due(refusal, at(kNow + days * kDay - 1)));
  CHECK(agent::is_due(refusal, at(kNow + days * kDay)));
  refusal.kind = RefusalKind::kArchived;
  CHECK(agent::is_due(refusal, at(kNow + kDay)));
}

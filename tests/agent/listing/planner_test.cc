#include "agent/listing/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "agent/listing/lister.h"
#include "agent/listing/refusal_due.h"
#include "store/ledger/ledger_writer.h"
#include "tests/s3client/world.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/dates.h"
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
        "<Contents><Key>p/{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
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
  ClientWorld world;
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Retrier retrier{3, clock, stop, 1};
  Names keys;
  std::size_t pages = 0;
  bool out_of_order = false;

  void page(const Names& listed, const std::string& next_token = "") {
    world.answer(200, {}, page_xml(listed, next_token));
  }
  s3::Result<void> list() {
    auto client = world.client();
    const agent::ListRequest request{"p/", false, true, nullptr};
    const auto end =
        agent::list_bucket(client, *world.session, retrier, stop, request, [&](const auto& page) {
          for (const auto& object : page.objects) keys.push_back(object.key.substr(2));
          return ++pages < 1000;
        });
    if (!end) return end.error();
    out_of_order = end->out_of_order;
    return {};
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

TEST_CASE("a listing whose first byte never comes is not asked for once more", "[lister]") {
  Listing listing;
  ScriptedAnswer silent;
  silent.status = 0;
  silent.failure = s3::Error{s3::ErrorKind::kNetwork, 0, "", "nothing came for 900 s", ""};
  silent.before = [&] { listing.clock.advance(std::chrono::minutes(15)); };
  listing.world.transport.answer(silent);
  listing.page({"a"});
  CHECK(listing.list().error().kind == s3::ErrorKind::kNetwork);
  CHECK(listing.requests() == 1);
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
    CHECK(listing.list());
    CHECK(listing.out_of_order);
    CHECK(listing.pages == 0);
  }
  SECTION("keys out of order from page to page") {
    listing.page({"b"}, "T1");
    listing.page({"a"});
    CHECK(listing.list());
    CHECK(listing.out_of_order);
    CHECK(listing.requests() == 2);
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
// What is asked for once a day is due in the next night, though it begins some minutes earlier.
constexpr std::int64_t kNight = kDay / 6 * 5;

s3::ListedObject listed(std::string key, std::string etag = "e", std::uint64_t size = 10) {
  return {std::move(key), std::move(etag), size, s3::ServerDate{std::chrono::seconds{500}}, ""};
}

agent::Planner::Figures plan(Held& held, const std::vector<s3::ListedObject>& listing,
                             const agent::SourceConfig& source = {}, std::int64_t now = kNow) {
  const auto on_hold = held.totals().hold_since;
  auto plan = held.begin(source.prefix);
  agent::Planner planner(plan, source, on_hold, at(now));
  // In pages of two, so that the join crosses their bounds.
  for (std::size_t i = 0; i < listing.size(); i += 2) {
    const auto begin = listing.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = i + 2 < listing.size() ? begin + 2 : listing.end();
    REQUIRE(planner.plan_page({begin, end}));
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

TEST_CASE("a held key with another ETag or size has changed, and its content is wanted",
          "[planner]") {
  Held held;
  held.record({archive("a"), archive("b"), archive("c")});
  for (int run = 0; run < 2; ++run) {
    const auto figures = plan(held, {listed("a", "f"), listed("b", "e", 11), listed("c")});
    CHECK(figures.changed == 2);
    CHECK(figures.wanted == 2);
    CHECK(held.pending_keys() == Names{"a", "b"});
    CHECK(held.ledger.next_pending(held.source, nullptr, 1)->front().role == store::Role::kChanged);
  }
  CHECK(open_alarms(held) == 0);
}

TEST_CASE("a content that was looked at before is not wanted again", "[planner]") {
  Held held;
  const auto same_as_held = GENERATE(true, false);
  held.record({archive("a")});
  store::Batch batch;
  auto sha256 = archive("a").sha256;
  if (!same_as_held) sha256[0] ^= std::byte{1};
  batch.same.push_back({held.source, "a", identity("f"), sha256});
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  const auto figures = plan(held, {listed("a", "f")});
  CHECK(held.pending_keys().empty());
  CHECK(figures.changed == (same_as_held ? 0U : 1U));
}

// ---- versions ------------------------------------------------------------------------------

namespace {

s3::ListedObject version(std::string key, std::string etag, std::string id, bool latest) {
  auto object = listed(std::move(key), std::move(etag));
  object.version_id = std::move(id);
  object.is_latest = latest;
  return object;
}

s3::ListedObject delete_marker(std::string key, std::string id) {
  auto object = version(std::move(key), "", std::move(id), true);
  object.is_delete_marker = true;
  return object;
}

}  // namespace

TEST_CASE("every version is wanted, each on its own, and none twice", "[planner]") {
  Held held;
  held.record({archive("a")});
  const std::vector<s3::ListedObject> listing = {
      version("a", "f", "3", true), version("a", "e", "2", false), version("a", "g", "1", false),
      delete_marker("b", "2"),      version("b", "h", "1", false), version("c", "i", "1", true)};
  const auto figures = plan(held, listing);
  CHECK(figures.listed == 2);
  CHECK(figures.changed == 1);
  Names wanted;
  const auto pending_now = held.ledger.next_pending(held.source, nullptr, 100);
  REQUIRE(pending_now);
  for (const auto& pending : *pending_now) {
    wanted.push_back(fmt::format("{} {} {}", pending.key, pending.upstream.version_id,
                                 pending.role == store::Role::kNew       ? "new"
                                 : pending.role == store::Role::kChanged ? "changed"
                                                                         : "noncurrent"));
  }
  CHECK(wanted == Names{"a 3 changed", "a 1 noncurrent", "b 1 noncurrent", "c 1 new"});
}

TEST_CASE("a held key below a delete marker has vanished", "[planner]") {
  Held held;
  held.record({archive("a"), archive("b")});
  const auto figures = plan(
      held, {delete_marker("a", "2"), version("a", "e", "1", false), version("b", "e", "1", true)});
  CHECK(figures.vanished == 1);
  CHECK(held.pending_keys().empty());
}

// ---- the tripwire --------------------------------------------------------------------------

namespace {

std::vector<std::string> names(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back(fmt::format("k{:03}", i));
  return keys;
}

// `changed` of the first keys have another content, the next `vanished` are gone.
std::vector<s3::ListedObject> struck(int count, int changed, int vanished) {
  std::vector<s3::ListedObject> listing;
  const auto keys = names(count);
  for (int i = 0; i < count; ++i) {
    if (i >= changed && i < changed + vanished) continue;
    listing.push_back(listed(keys[static_cast<std::size_t>(i)], i < changed ? "f" : "e"));
  }
  return listing;
}

void hold_names(Held& held, int count) {
  std::vector<store::Archive> archives;
  for (const auto& key : names(count)) archives.push_back(archive(key));
  held.record(archives);
}

}  // namespace

TEST_CASE("a share of the held keys that changes at once puts the source on HOLD", "[planner]") {
  struct Case {
    int held, changed, vanished;
    bool trips;
  };
  const auto given = GENERATE(Case{20, 4, 0, false},  // the share, and too few
                              Case{20, 3, 2, true},   // both
                              Case{30, 5, 0, false},  // enough, and no share
                              Case{30, 3, 3, true},   // exactly the share
                              Case{1, 1, 0, false},   // a name that rotates
                              Case{2, 2, 0, true},    // all
                              Case{3, 1, 2, true},    // all
                              Case{3, 0, 2, false},   // not all
                              Case{1, 0, 1, true});   // the listing is empty
  CAPTURE(given.held, given.changed, given.vanished);
  Held held;
  hold_names(held, given.held);
  auto listing = struck(given.held, given.changed, given.vanished);
  const bool empty = listing.empty();
  if (!empty) listing.push_back(listed("new"));
  const auto figures = plan(held, listing);
  CHECK(figures.on_hold == given.trips);
  CHECK(held.totals().hold_since.has_value() == given.trips);
  CHECK(open_alarms(held) == (given.trips ? 1U : 0U));
  // New keys come in any case; changed ones not on HOLD.
  const auto wanted = (empty ? 0U : 1U) + (given.trips ? 0U : static_cast<unsigned>(given.changed));
  CHECK(held.pending_keys().size() == wanted);
}

TEST_CASE("on HOLD the alarm says all that has changed since it began", "[planner]") {
  Held held;
  hold_names(held, 40);
  REQUIRE(plan(held, struck(40, 8, 0)).on_hold);
  REQUIRE(held.ledger.mark_all_announced());
  CHECK(plan(held, struck(40, 8, 0), {}, kNow + 1).on_hold);
  CHECK(held.ledger.unannounced_alarms(1)->empty());
  CHECK(plan(held, struck(40, 40, 0), {}, kNow + 2).on_hold);
  const auto alarms = held.ledger.open_alarms(held.source, 2);
  REQUIRE(alarms->size() == 1);
  CHECK(alarms->front().message.find("40 replaced by other contents") != std::string::npos);
  CHECK(held.ledger.unannounced_alarms(1)->size() == 1);
}

namespace {

struct Backup {
  std::string key;
  std::int64_t modified = 0;
  std::uint64_t size_bytes = 0;
};

void hold_backups(Held& held, const std::vector<Backup>& backups) {
  std::vector<store::Archive> archives;
  for (const auto& one : backups)
    archives.push_back(archive(one.key, one.modified, one.size_bytes));
  held.record(archives);
}

std::vector<s3::ListedObject> listing_of(std::vector<Backup> backups) {
  std::sort(backups.begin(), backups.end(),
            [](const Backup& a, const Backup& b) { return a.key < b.key; });
  std::vector<s3::ListedObject> listing;
  for (const auto& one : backups) listing.push_back(listed(one.key, "e", one.size_bytes));
  return listing;
}

std::vector<Backup> backups_of(std::string_view stream, int first, int last,
                               std::uint64_t size_bytes) {
  std::vector<Backup> made;
  for (int i = first; i <= last; ++i) {
    made.push_back({fmt::format("{}-{}.tar", stream, test::date_of(i)), 1000 + i, size_bytes});
  }
  return made;
}

std::vector<Backup> operator+(std::vector<Backup> one, const std::vector<Backup>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

}  // namespace

TEST_CASE("no junk, however much and whatever its names, hides that the real archives go",
          "[planner]") {
  const bool like_the_real_ones = GENERATE(false, true);
  const bool came_before = GENERATE(false, true);
  const int gone = GENERATE(30, 60, 100);
  CAPTURE(like_the_real_ones, came_before, gone);
  const auto real = backups_of("db", 1, 100, 1'000'000);
  const auto junk = backups_of(like_the_real_ones ? "db" : "zz", 1001, 1420, 100);
  Held held;
  hold_backups(held, came_before ? real + junk : real);
  const auto left = backups_of("db", gone + 1, 100, 1'000'000) + junk;
  REQUIRE(plan(held, listing_of(real + (came_before ? junk : std::vector<Backup>{}))).vanished ==
          0);
  CHECK(plan(held, listing_of(left)).on_hold);
}

TEST_CASE("what rotates trips no wire, and what goes beside it does", "[planner]") {
  const int each = GENERATE(1, 5, 14);
  CAPTURE(each);
  Held held;
  hold_backups(held, backups_of("db", 1, 28, 1'000'000));
  REQUIRE_FALSE(plan(held, listing_of(backups_of("db", 1, 28, 1'000'000))).on_hold);
  const auto after = [&](int first) {
    return backups_of("db", first, 28, 1'000'000) + backups_of("db", 29, 28 + each, 900'000);
  };
  SECTION("the oldest go, as many as come") {
    CHECK_FALSE(plan(held, listing_of(after(1 + each))).on_hold);
  }
  SECTION("more of the oldest go than come") {
    CHECK(plan(held, listing_of(after(7 + each))).on_hold);
  }
  SECTION("others than the oldest go") {
    auto left = backups_of("db", 1, 20, 1'000'000) + backups_of("db", 29, 40, 900'000);
    CHECK(plan(held, listing_of(left)).on_hold);
  }
}

TEST_CASE("small streams that lose most of what they have trip the wire together", "[planner]") {
  const int streams = GENERATE(1, 2);
  auto real = backups_of("db", 1, 100, 1'000'000);
  auto left = real;
  for (int i = 0; i < streams; ++i) {
    const auto name = fmt::format("small{}", std::string(static_cast<std::size_t>(i) + 1, 'x'));
    real = real + backups_of(name, 1, 4, 100);
    left = left + backups_of(name, 4, 4, 100);
  }
  Held held;
  hold_backups(held, real);
  REQUIRE_FALSE(plan(held, listing_of(real)).on_hold);
  CHECK(plan(held, listing_of(left)).on_hold == (streams == 2));
}

TEST_CASE("keys that the last listing did not have neither trip nor disarm the wire", "[planner]") {
  SECTION("eight reappear with other contents") {
    Held held;
    hold_names(held, 20);
    for (int gone = 2; gone <= 8; gone += 2) {
      auto listing = struck(20, 0, gone);
      REQUIRE_FALSE(plan(held, listing, {}, kNow + gone).on_hold);
    }
    CHECK_FALSE(plan(held, struck(20, 8, 0), {}, kNow + 9).on_hold);
  }
  SECTION("one that returns changed, and all the others gone") {
    Held held;
    hold_names(held, 4);
    REQUIRE_FALSE(plan(held, struck(4, 0, 1)).on_hold);
    CHECK(plan(held, {listed("k000", "f")}, {}, kNow + 1).on_hold);
  }
}

TEST_CASE("whatever else is in a bucket, to take a fifth of a series of backups trips the wire",
          "[planner]") {
  std::mt19937 random(GENERATE(range(1U, 31U)));
  const auto pick = [&](int first, int last) {
    return std::uniform_int_distribution(first, last)(random);
  };
  Held held;
  const int nights = pick(25, 60);
  const auto real = backups_of("db", 1, nights, 1'000'000);
  std::vector<Backup> others;
  for (int i = pick(0, 5); i > 0; --i) {
    others = others + backups_of(fmt::format("s{}x", std::string(static_cast<std::size_t>(i), 'y')),
                                 1, pick(1, 80), static_cast<std::uint64_t>(pick(1, 90'000)));
  }
  // Junk may be held already, or come with the attack; its names are like the real ones.
  const auto junk =
      backups_of("db", 5001, 5000 + pick(0, 300), static_cast<std::uint64_t>(pick(0, 20)));
  const bool before = pick(0, 1) == 1;
  hold_backups(held, real + others + (before ? junk : std::vector<Backup>{}));
  REQUIRE_FALSE(
      plan(held, listing_of(real + others + (before ? junk : std::vector<Backup>{}))).on_hold);
  auto left = real;
  const auto lost = static_cast<std::size_t>(pick((nights + 4) / 5 + 1, nights));
  if (pick(0, 1) == 1) std::shuffle(left.begin(), left.end(), random);
  left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(lost));
  CAPTURE(nights, lost, others.size(), junk.size(), before);
  CHECK(plan(held, listing_of(left + others + junk)).on_hold);
}

TEST_CASE("the tripwire can be set, or switched off for names that rotate", "[planner]") {
  Held held;
  hold_names(held, 10);
  agent::SourceConfig source;
  SECTION("off, nothing trips but an empty listing") {
    source.tripwire_share = std::nullopt;
    CHECK_FALSE(plan(held, {listed("new")}, source).on_hold);
    Held other;
    hold_names(other, 10);
    CHECK(plan(other, {}, source).on_hold);
  }
  SECTION("generations are no reason by being all") {
    source.on_change = agent::OnChange::kGenerations;
    source.tripwire_min = 11;
    CHECK_FALSE(plan(held, struck(10, 10, 0), source).on_hold);
  }
  SECTION("but a share of them is") {
    source.on_change = agent::OnChange::kGenerations;
    CHECK(plan(held, struck(10, 5, 0), source).on_hold);
  }
  SECTION("a higher share") {
    source.tripwire_share = 0.6;
    CHECK_FALSE(plan(held, struck(10, 5, 0), source).on_hold);
  }
}

TEST_CASE("a HOLD lasts until it is ended, and then what was seen is the new base line",
          "[planner]") {
  Held held;
  hold_names(held, 10);
  const auto attacked = struck(10, 3, 3);
  REQUIRE(plan(held, attacked).on_hold);
  const auto message = held.ledger.open_alarms(held.source, 1)->front().message;
  CHECK(message.find("of 10 archives") != std::string::npos);
  CHECK(message.find("3 replaced by other contents and 3 gone from the bucket") !=
        std::string::npos);
  CHECK(message.find("k000, k001, k002") != std::string::npos);
  // The next run, and one in which all is as before, change nothing.
  CHECK(plan(held, attacked).on_hold);
  CHECK(plan(held, struck(10, 0, 0)).on_hold);
  CHECK(plan(held, attacked).on_hold);
  CHECK(held.pending_keys().empty());
  held.disk.reset_counts();
  CHECK(plan(held, attacked).wanted == 0);
  CHECK(held.disk.counts().bytes_written == 0);

  REQUIRE(held.ledger.acknowledge(held.source, std::nullopt, at(kNow)));
  REQUIRE(held.ledger.end_hold(held.source));
  const auto after = plan(held, attacked);
  CHECK_FALSE(after.on_hold);
  CHECK(held.pending_keys() == Names{"k000", "k001", "k002"});
  CHECK(open_alarms(held) == 0);
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
  // An empty listing concludes the same of all, and is an alarm.
  CHECK(plan(held, {}).vanished == 3);
  CHECK(open_alarms(held) == 1);
  CHECK(held.totals().archives == 3);
}

TEST_CASE("what was wanted and is no longer listed is not pending any more", "[planner]") {
  Held held;
  plan(held, {listed("a"), listed("b")});
  plan(held, {listed("b", "f"), listed("c")});
  CHECK(held.pending_keys() == Names{"b", "c"});
  CHECK(held.ledger.next_pending(held.source, nullptr, 1)->front().upstream.etag == "f");
}

TEST_CASE("excluded keys are not wanted, and what is held of them is nobody's concern",
          "[planner]") {
  Held held;
  held.record({archive("b.tmp"), archive("c.tmp")});
  plan(held, {listed("a.tar"), listed("b.tmp", "f"), listed("c.tmp")});
  agent::SourceConfig source;
  source.exclude = {"*.tmp"};
  const auto figures = plan(held, {listed("a.tar"), listed("a.tmp"), listed("b.tmp", "f")}, source);
  CHECK(held.pending_keys() == Names{"a.tar"});
  CHECK(figures.listed == 3);
  CHECK(figures.changed == 0);
  CHECK(figures.vanished == 0);
  CHECK_FALSE(figures.on_hold);
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
  const auto given =
      GENERATE(Case{RefusalKind::kUnreadable, kNight - 1, "e", false},
               Case{RefusalKind::kUnreadable, kNight, "e", true},
               Case{RefusalKind::kUnreadable, 1, "f", true},
               Case{RefusalKind::kUnreadable, -1, "e", true},  // the clock was wrong
               Case{RefusalKind::kArchived, kNight - 1, "e", false},
               Case{RefusalKind::kArchived, kNight, "e", true},
               Case{RefusalKind::kMismatch, kNight - 1, "e", false},
               Case{RefusalKind::kMismatch, kNight, "e", true},
               Case{RefusalKind::kDeleted, kNight - 1, "e", false},
               Case{RefusalKind::kDenied, 0, "e", true},  // one of them is asked for at each run
               Case{RefusalKind::kGhost, 0, "e", true});
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

TEST_CASE("what the listing shows in a readable class is asked for at once", "[planner]") {
  const auto [storage_class, wanted] =
      GENERATE(table<std::string, bool>({{"STANDARD", true},
                                         {"GLACIER_IR", true},
                                         {"GLACIER", false},
                                         {"DEEP_ARCHIVE", false},
                                         {"INTELLIGENT_TIERING", false},
                                         {"", false}}));
  CAPTURE(storage_class);
  Held held;
  REQUIRE(held.ledger.refuse(held.source, "k", RefusalKind::kArchived, identity("e"), at(kNow)));
  auto object = listed("k");
  object.storage_class = storage_class;
  plan(held, {object}, {}, kNow + 60);
  CHECK(held.pending_keys() == (wanted ? Names{"k"} : Names{}));
}

TEST_CASE("of what was denied the one that was asked for longest ago is asked for at each run",
          "[planner]") {
  Held held;
  for (const char* const key : {"a", "b", "c"}) {
    const auto asked = kNow - (key[0] == 'b' ? 60 : 0);
    REQUIRE(held.ledger.refuse(held.source, key, RefusalKind::kDenied, identity("e"), at(asked)));
  }
  const auto figures = plan(held, {listed("a"), listed("b"), listed("c")}, {}, kNow + 60);
  CHECK(held.pending_keys() == Names{"b"});
  CHECK(figures.unreadable == 2);
  // Readable after all: the others are due.
  REQUIRE(held.ledger.ask_denied_again(held.source, "b", store::Role::kNew, identity("e")));
  plan(held, {listed("a"), listed("b"), listed("c")}, {}, kNow + 120);
  CHECK(held.pending_keys() == Names{"a", "b", "c"});
}

TEST_CASE("an unreadable content is asked for ever more rarely, but at least every 30 days",
          "[planner]") {
  const auto [asks, days] = GENERATE(table<int, std::int64_t>(
      {{0, 1}, {1, 1}, {2, 2}, {3, 4}, {4, 8}, {5, 16}, {6, 30}, {7, 30}, {1'000'000, 30}}));
  CAPTURE(asks);
  store::Refusal refusal;
  refusal.asks = asks;
  refusal.asked_at = at(kNow);
  CHECK_FALSE(agent::is_due(refusal, at(kNow + days * kNight - 1)));
  CHECK(agent::is_due(refusal, at(kNow + days * kNight)));
  refusal.kind = RefusalKind::kArchived;
  CHECK(agent::is_due(refusal, at(kNow + kNight)));
}

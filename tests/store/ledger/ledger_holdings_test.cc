#include "store/ledger/ledger_holdings.h"

#include <string>
#include <vector>

#include "store/ledger/ledger_writer.h"
#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using ledger_test::pending;
using store::RefusalKind;

namespace {

std::vector<std::string> archive_keys(Held& held) {
  std::vector<std::string> keys;
  REQUIRE(held.ledger.visit_archives(held.source, [&](const store::Archive& one) {
    keys.push_back(one.key);
    return true;
  }));
  return keys;
}

}  // namespace

TEST_CASE("an archive comes back as it was recorded") {
  Held held;
  store::Archive one = archive(std::string("a\0\xff z", 5), -5, 1);
  one.variant = store::NameVariant::kDistinct;
  one.upstream.version_id = "v1";
  one.upstream.etag = "\xc3\x28";
  one.read_at = at(2000);
  held.record({one});
  const auto found = held.ledger.find(held.source, one.key);
  REQUIRE(found);
  REQUIRE(found->has_value());
  CHECK((*found)->key == one.key);
  CHECK((*found)->variant == one.variant);
  CHECK((*found)->upstream == one.upstream);
  CHECK((*found)->last_modified == one.last_modified);
  CHECK((*found)->sha256 == one.sha256);
  CHECK((*found)->verified_by == one.verified_by);
  CHECK((*found)->held_since == one.held_since);
  CHECK((*found)->read_at == one.read_at);
  CHECK_FALSE(held.ledger.find(held.source, "a")->has_value());
  CHECK_FALSE(held.ledger.find(held.source + 1, one.key)->has_value());
}

TEST_CASE("archives are visited in byte order, the empty key first") {
  Held held;
  const std::vector<std::string> sorted = {"",
                                           std::string(1, '\0'),
                                           std::string("\0a", 2),
                                           "A",
                                           "a",
                                           std::string("a\0", 2),
                                           "ab",
                                           "\x7f",
                                           "\x80",
                                           "\xff"};
  for (auto key = sorted.rbegin(); key != sorted.rend(); ++key) held.record({archive(*key)});
  CHECK(archive_keys(held) == sorted);
}

TEST_CASE("a visit of many archives sees each one once and stops when told to") {
  Held held;
  std::vector<store::Archive> many;
  for (int i = 0; i < 1000; ++i) many.push_back(archive("k" + std::to_string(1000 + i)));
  held.record(many);
  CHECK(archive_keys(held).size() == 1000);
  int visited = 0;
  REQUIRE(held.ledger.visit_archives(held.source,
                                     [&](const store::Archive&) { return ++visited < 300; }));
  CHECK(visited == 300);
}

TEST_CASE("the totals follow what is recorded") {
  Held held;
  CHECK(held.totals().archives == 0);
  CHECK_FALSE(held.totals().newest);
  CHECK_FALSE(held.totals().oldest_read_at);
  CHECK_FALSE(held.totals().sums_stale);

  store::Archive old = archive("old", 50, 7);
  old.verified_by = store::ProofLevel::kSize;
  old.read_at = at(900);
  held.record({archive("b", 200, 5), archive("a", 200, 3), old});
  const store::Totals totals = held.totals();
  CHECK(totals.archives == 3);
  CHECK(totals.size_bytes == 15);
  CHECK(totals.verified_by == std::map<std::string, std::uint64_t>{{"etag-md5", 2}, {"size", 1}});
  REQUIRE(totals.newest);
  CHECK(totals.newest->key == "b");
  CHECK(totals.oldest_read_at == at(900));
  CHECK(totals.sums_stale);

  held.record({archive("older", 10)});
  CHECK(held.totals().newest->key == "b");
  REQUIRE(store::LedgerWriter(held.ledger).mark_sums_written(held.source));
  CHECK_FALSE(held.totals().sums_stale);

  const auto other = held.ledger.register_source("other");
  REQUIRE(other);
  CHECK(held.ledger.totals(*other)->archives == 0);
}

TEST_CASE("a key that is recorded again counts once") {
  Held held;
  held.record({archive("a", 200, 5), archive("b", 100, 5)});
  store::Archive again = archive("a", 50, 8);
  again.verified_by = store::ProofLevel::kSha256;
  SECTION("in a later batch") { held.record({again}); }
  SECTION("twice in the same batch") { held.record({again, again}); }
  const store::Totals totals = held.totals();
  CHECK(totals.archives == 2);
  CHECK(totals.size_bytes == 13);
  CHECK(totals.verified_by == std::map<std::string, std::uint64_t>{{"etag-md5", 1}, {"sha256", 1}});
  CHECK(totals.newest->key == "b");
}

TEST_CASE("what is recorded is settled") {
  Held held;
  held.want({pending("a", 1), pending("b", 2)});
  REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kUnreadable, identity("e"), at(5)));
  for (const auto kind :
       {store::AlarmKind::kUnreadable, store::AlarmKind::kMismatch, store::AlarmKind::kChanged}) {
    REQUIRE(held.ledger.raise_alarm(held.source, kind, "a", "message", at(6)).value());
  }
  held.record({archive("a"), archive("b")});
  CHECK(held.pending_keys().empty());
  CHECK(held.ledger.refusal_counts(held.source)->unreadable == 0);
  CHECK_FALSE(held.begin().refusal("a")->has_value());
  const auto open = held.ledger.open_alarms(held.source, 10);
  REQUIRE(open->size() == 1);
  CHECK(open->front().kind == "changed");
}

TEST_CASE("a batch with an archive of no known source is not recorded at all") {
  Held held;
  CHECK_FALSE(store::LedgerWriter(held.ledger)
                  .record({{held.source, archive("a")}, {held.source + 7, archive("b")}}));
  CHECK(held.totals().archives == 0);
  CHECK(archive_keys(held).empty());
  held.record({archive("a")});
  CHECK(held.totals().archives == 1);
}

TEST_CASE("a batch of nothing writes nothing") {
  Held held;
  held.disk.reset_counts();
  REQUIRE(store::LedgerWriter(held.ledger).record({}));
  CHECK(held.disk.operations() == 0);
}

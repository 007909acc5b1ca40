#include "store/ledger/ledger.h"

#include <limits>
#include <string>
#include <vector>

#include "store/disk/posix_disk.h"
#include "store/ledger/ledger_writer.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/temp_dir.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using ledger_test::pending;
using store::Access;
using store::ErrorKind;
using store::Ledger;
using store::RefusalKind;
using test::Fault;
using test::FaultDisk;

namespace {

const std::string kPath(store::kLedgerPath);

void check_refused(FaultDisk& disk) {
  for (const Access access : {Access::kReadOnly, Access::kReadWrite}) {
    const auto opened = Ledger::open(disk, access);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::kCorrupt);
    CHECK(opened.error().detail.find("holdfast rebuild") != std::string::npos);
  }
}

std::vector<std::string> archive_keys(Held& held) {
  std::vector<std::string> keys;
  REQUIRE(held.ledger.visit_archives(held.source, [&](const store::Archive& one) {
    keys.push_back(one.key);
    return true;
  }));
  return keys;
}

}  // namespace

// ---- opening ------------------------------------------------------------------------------------

TEST_CASE("a ledger that is not there is not made by opening it") {
  FaultDisk disk;
  const auto opened = Ledger::open(disk, GENERATE(Access::kReadOnly, Access::kReadWrite));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::kNotFound);
  CHECK(disk.files().empty());
}

TEST_CASE("creating a ledger where there is one changes nothing") {
  Held held;
  const auto before = held.disk.files();
  REQUIRE(Ledger::create(held.disk));
  CHECK(held.disk.files() == before);
}

TEST_CASE("a ledger that was created survives a power cut") {
  FaultDisk disk;
  REQUIRE(Ledger::create(disk));
  disk.power_cut();
  disk.restart();
  CHECK(Ledger::open(disk, Access::kReadWrite));
}

TEST_CASE("creating a ledger removes the journal of one that is gone") {
  FaultDisk disk;
  disk.plant(kPath + "-journal", "a journal that does not belong to it");
  REQUIRE(Ledger::create(disk));
  CHECK(disk.durable_files().count(kPath + "-journal") == 0);
}

TEST_CASE("a creation that is cut off leaves no ledger or a whole one") {
  bool struck = true;
  for (std::uint64_t k = 2; struck; ++k) {  // two seeds for each step
    CAPTURE(k);
    FaultDisk disk;
    disk.set_power_cut_seed(k);
    disk.plant(kPath + "-journal", "stale");
    disk.fail_at(k / 2, Fault::kPowerCut);
    static_cast<void>(Ledger::create(disk));
    struck = disk.struck();
    disk.heal();
    disk.restart();
    const auto opened = Ledger::open(disk, Access::kReadWrite);
    CHECK((opened || opened.error().kind == ErrorKind::kNotFound));
    CHECK(Ledger::create(disk));
    CHECK(Ledger::open(disk, Access::kReadWrite));
  }
}

TEST_CASE("a damaged ledger is refused with the remedy") {
  FaultDisk disk;
  {
    Held held;
    disk.plant(kPath, held.disk.files().at(kPath));
  }
  std::string content = disk.files().at(kPath);
  SECTION("not a database") { disk.plant(kPath, std::string(8192, 'x')); }
  SECTION("empty") { disk.plant(kPath, ""); }
  SECTION("cut short") { disk.plant(kPath, content.substr(0, 5000)); }
  SECTION("a schema page of zeros") { disk.plant(kPath, content.replace(100, 3996, 3996, '\0')); }
  SECTION("another application's") {
    disk.plant(kPath, content.replace(68, 4, "\x01\x02\x03\x04"));
  }
  SECTION("from a newer holdfast") {
    disk.plant(kPath, content.replace(60, 4, std::string("\0\0\x03\xe7", 4)));
  }
  check_refused(disk);
}

TEST_CASE("a ledger on a disk that is mounted read-only can be read") {
  Held held;
  held.record({archive("a")});
  const auto before = held.disk.files();
  held.disk.fail_at(1, Fault::kReadOnly);
  auto opened = Ledger::open(held.disk, Access::kReadOnly);
  REQUIRE(opened);
  CHECK(opened->find_source("site").value() == held.source);
  CHECK(opened->totals(held.source)->archives == 1);
  CHECK(opened->register_source("new").error().kind == ErrorKind::kReadOnly);
  CHECK(Ledger::open(held.disk, Access::kReadWrite).error().kind == ErrorKind::kReadOnly);
  CHECK(held.disk.files() == before);
}

TEST_CASE("a reader works beside a writer that is between two batches") {
  const test::TempDir directory;
  auto disk = store::open_posix_disk(directory.path());
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  auto writer = Ledger::open(**disk, Access::kReadWrite);
  REQUIRE(writer);
  const auto source = writer->register_source("site");
  REQUIRE(source);
  auto reader = Ledger::open(**disk, Access::kReadOnly);
  REQUIRE(reader);
  REQUIRE(store::LedgerWriter(*writer).record({{*source, archive("a")}}));
  CHECK(reader->totals(*source)->archives == 1);
  SECTION("and does not hold it up while it works on what it has read") {
    REQUIRE(reader->visit_archives(*source, [&](const store::Archive&) {
      CHECK(store::LedgerWriter(*writer).record({{*source, archive("b")}}));
      return true;
    }));
  }
  SECTION("and within a plan that has written") {
    auto plan = writer->begin_plan(*source, "");
    REQUIRE(plan);
    REQUIRE(plan->note_vanished("a", at(1)));
    CHECK(reader->totals(*source)->archives == 1);
  }
}

// ---- sources ------------------------------------------------------------------------------------

TEST_CASE("a source keeps its id") {
  Held held;
  CHECK(held.ledger.register_source("site").value() == held.source);
  CHECK(held.ledger.find_source("site").value() == held.source);
  CHECK(held.ledger.find_source("other").value() == std::nullopt);
  const auto other = held.ledger.register_source("other");
  REQUIRE(other);
  CHECK(*other != held.source);
}

// ---- what is held -------------------------------------------------------------------------------

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

// ---- what is not held ---------------------------------------------------------------------------

TEST_CASE("a refusal is remembered, counted and no longer pending") {
  Held held;
  held.want({pending("a", 1), pending("b", 2)});
  REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("e"), at(5)));
  CHECK(held.pending_keys() == std::vector<std::string>{"b"});
  CHECK(held.ledger.refusal_counts(held.source)->archived == 1);

  REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("e"), at(9)));
  auto refusal = held.begin().refusal("a");
  REQUIRE(refusal->has_value());
  CHECK((*refusal)->kind == RefusalKind::kArchived);
  CHECK((*refusal)->upstream == identity("e"));
  CHECK((*refusal)->since == at(5));
  CHECK((*refusal)->asked_at == at(9));
  CHECK((*refusal)->asks == 2);
  CHECK(held.ledger.refusal_counts(held.source)->archived == 1);

  SECTION("anew for another reason") {
    REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kMismatch, identity("e"), at(11)));
    CHECK(held.ledger.refusal_counts(held.source)->archived == 0);
    CHECK(held.ledger.refusal_counts(held.source)->mismatch == 1);
  }
  SECTION("anew for another content") {
    REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("f"), at(11)));
    CHECK(held.ledger.refusal_counts(held.source)->archived == 1);
  }
  if (held.begin().refusal("a")->value().asks == 1) {
    CHECK(held.begin().refusal("a")->value().since == at(11));
  }
}

TEST_CASE("a key is known when it is held or pending") {
  Held held;
  held.want({pending("wanted", 1)});
  held.record({archive("held")});
  CHECK(held.ledger.knows(held.source, "wanted").value());
  CHECK(held.ledger.knows(held.source, "held").value());
  CHECK_FALSE(held.ledger.knows(held.source, "other").value());
}

TEST_CASE("a backlog whose claimed sizes cannot be added does not fail") {
  Held held;
  store::Pending huge = pending("a", 1);
  huge.upstream.size_bytes = std::numeric_limits<std::uint64_t>::max();
  held.want({huge, pending("b", 2)});
  const auto backlog = held.ledger.backlog(held.source);
  REQUIRE(backlog);
  CHECK(backlog->archives == 2);
  CHECK(backlog->size_bytes == std::numeric_limits<std::uint64_t>::max());
  CHECK(held.ledger.next_pending(held.source, nullptr, 2)->back().upstream == huge.upstream);
}

TEST_CASE("pending contents come newest first, page by page") {
  Held held;
  held.want({pending("c", 5), pending("a", 5), pending("b", 9), pending("d", 1), pending("e", 5)});
  const std::vector<std::string> order = {"b", "a", "c", "e", "d"};
  CHECK(held.pending_keys() == order);
  const std::size_t limit = GENERATE(1U, 2U, 3U, 10U);
  std::vector<std::string> paged;
  std::optional<store::Pending> last;
  while (true) {
    const auto page = held.ledger.next_pending(held.source, last ? &*last : nullptr, limit);
    REQUIRE(page);
    CHECK(page->size() <= limit);
    if (page->empty()) break;
    for (const store::Pending& one : *page) paged.push_back(one.key);
    last = page->back();
  }
  CHECK(paged == order);
  CHECK(held.ledger.count_pending(held.source).value() == 5);
}

// ---- alarms -------------------------------------------------------------------------------------

TEST_CASE("an alarm is raised once and stays until it ends") {
  Held held;
  const std::string key("k\0\xff", 3);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "first", at(5))
            .value());
  held.disk.reset_counts();
  CHECK_FALSE(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "second", at(6))
                  .value());
  CHECK(held.disk.counts().bytes_written == 0);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, "other", "third", at(7))
            .value());
  CHECK(
      held.ledger.raise_alarm(held.source, store::AlarmKind::kStale, "", "fourth", at(8)).value());

  const auto open = held.ledger.open_alarms(held.source, 2);
  REQUIRE(open->size() == 2);
  CHECK(open->at(0).kind == "changed");
  CHECK(open->at(0).key == key);
  CHECK(open->at(0).since == at(5));
  CHECK(open->at(0).message == "first");
  CHECK(held.ledger.count_open_alarms(held.source).value() == 3);

  REQUIRE(held.ledger.end_alarm(held.source, store::AlarmKind::kChanged, key, at(9)));
  CHECK(held.ledger.count_open_alarms(held.source).value() == 2);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "again", at(10))
            .value());
  const auto newest = held.ledger.open_alarms(held.source, 10);
  // The gravest first, then the oldest.
  REQUIRE(newest->size() == 3);
  CHECK(newest->back().kind == "stale");
  CHECK(newest->at(1).message == "again");
  CHECK(newest->at(1).id > newest->front().id + 1);
}

// ---- endpoints ----------------------------------------------------------------------------------

TEST_CASE("what an endpoint can is remembered") {
  Held held;
  CHECK(held.ledger.endpoint_fact("https://a", "etag").value() == std::nullopt);
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "md5"));
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "opaque"));
  CHECK(held.ledger.endpoint_fact("https://a", "etag").value() == "opaque");
  CHECK(held.ledger.endpoint_fact("https://b", "etag").value() == std::nullopt);
}

TEST_CASE("evidence counts each object once") {
  Held held;
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "x").value() == 1);
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "x").value() == 1);
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "y").value() == 2);
  CHECK(held.ledger.add_endpoint_evidence("https://b", "etag", "y").value() == 1);
}

TEST_CASE("a call that changes nothing writes nothing") {
  Held held;
  held.record({archive("a")});
  REQUIRE(store::LedgerWriter(held.ledger).mark_sums_written(held.source));
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "md5"));
  REQUIRE(held.ledger.add_endpoint_evidence("https://a", "etag", "x"));
  held.disk.reset_counts();
  REQUIRE(store::LedgerWriter(held.ledger).mark_sums_written(held.source));
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "md5"));
  REQUIRE(held.ledger.add_endpoint_evidence("https://a", "etag", "x"));
  REQUIRE(held.ledger.end_alarm(held.source, store::AlarmKind::kChanged, "a", at(1)));
  REQUIRE(held.ledger.register_source("site"));
  REQUIRE(held.ledger.totals(held.source));
  CHECK(held.disk.counts().bytes_written == 0);
  CHECK(held.disk.counts().file_syncs == 0);
}

#include "store/ledger/ledger.h"

#include <string>

#include "store/disk/posix_disk.h"
#include "store/ledger/ledger_writer.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/temp_dir.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using store::Access;
using store::ErrorKind;
using store::Ledger;
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

}  // namespace

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

TEST_CASE("a source keeps its id") {
  Held held;
  CHECK(held.ledger.register_source("site").value() == held.source);
  CHECK(held.ledger.find_source("site").value() == held.source);
  CHECK(held.ledger.find_source("other").value() == std::nullopt);
  const auto other = held.ledger.register_source("other");
  REQUIRE(other);
  CHECK(*other != held.source);
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

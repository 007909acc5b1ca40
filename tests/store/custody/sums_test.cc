#include "store/custody/sums.h"

#include <string>

#include "store/content/key_path.h"
#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::archive;
using ledger_test::Held;
using store::ErrorKind;
using store::NameRules;
using test::Fault;

namespace {

const std::string kSums = "site/SHA256SUMS";
const std::string kHex = "abababababababababababababababababababababababababababababababab";

store::Status write(Held& held) {
  return store::write_sums(held.disk, held.ledger, held.source, "site", NameRules::kPosix);
}

}  // namespace

TEST_CASE("the sums name every archive in key order, by its path") {
  Held held;
  held.disk.plant("site/archives/a", "");
  store::Archive distinct = archive("b/c");
  distinct.variant = store::NameVariant::kDistinct;
  held.record({distinct, archive("a"), archive("x\\y\n%")});
  REQUIRE(write(held));
  const std::string expected =
      kHex + "  archives/a\n" + kHex + "  " +
      store::archive_path("site", "b/c", NameRules::kPosix, store::NameVariant::kDistinct)
          .substr(5) +
      "\n" + kHex + "  archives/x%5Cy%0A%25\n";
  CHECK(held.disk.files().at(kSums) == expected);
  CHECK(held.disk.finished(kSums) == true);
  held.disk.power_cut();
  held.disk.restart();
  CHECK(held.disk.files().at(kSums) == expected);
}

TEST_CASE("the sums of many archives are complete") {
  Held held;
  held.disk.plant("site/archives/a", "");
  std::vector<store::Archive> many;
  for (int i = 0; i < 2500; ++i) many.push_back(archive("k" + std::to_string(10000 + i)));
  held.record(many);
  REQUIRE(write(held));
  const std::string written = held.disk.files().at(kSums);
  CHECK(written.size() == 2500 * (64 + 2 + 9 + 6 + 1));
  CHECK(written.ends_with("  archives/k12499\n"));
}

TEST_CASE("a source that holds nothing has no sums") {
  Held held;
  SECTION("where there were none, not even its directory is needed") { REQUIRE(write(held)); }
  SECTION("where there were some, they go for good") {
    held.disk.plant(kSums, "old");
    REQUIRE(write(held));
    held.disk.power_cut();
    held.disk.restart();
  }
  CHECK(held.disk.files().count(kSums) == 0);
}

TEST_CASE("sums that cannot be written leave the old ones, and the next try succeeds") {
  const auto fault = GENERATE(Fault::kIoError, Fault::kNoSpace, Fault::kReadOnly,
                              Fault::kShortWrite, Fault::kPowerCut);
  bool struck = true;
  for (std::uint64_t k = 2; struck; ++k) {  // two seeds for each step
    CAPTURE(k);
    Held held;
    held.disk.plant(kSums, "old");
    held.record({archive("a")});
    held.disk.set_power_cut_seed(k);
    held.disk.fail_at(k / 2, fault);
    const store::Status written = write(held);
    struck = held.disk.struck();
    const std::string expected = kHex + "  archives/a\n";
    held.disk.heal();
    held.disk.power_cut();
    held.disk.restart();
    const std::string found = held.disk.files().at(kSums);
    CHECK((found == expected || found == "old"));
    if (written) CHECK(found == expected);
    auto reopened = store::Ledger::open(held.disk, store::Access::kReadWrite);
    REQUIRE(reopened);
    REQUIRE(store::write_sums(held.disk, *reopened, held.source, "site", NameRules::kPosix));
    CHECK(held.disk.files().at(kSums) == expected);
    CHECK(held.disk.files().count(kSums + ".new") == 0);
  }
}

TEST_CASE("sums that are lost, or as long as they never were, are written anew once") {
  Held held;
  held.disk.plant("site/archives/a", "");
  held.record({archive("a"), archive("b")});
  const auto refresh = [&] {
    return store::refresh_sums(held.disk, held.ledger, held.source, "site", NameRules::kPosix);
  };
  CHECK(refresh().value() == false);
  const std::string whole = held.disk.files().at(kSums);
  CHECK(refresh().value() == false);
  SECTION("lost") { REQUIRE(held.disk.remove_file(kSums)); }
  SECTION("cut") { held.disk.plant(kSums, whole.substr(0, whole.size() / 2)); }
  SECTION("longer") { held.disk.plant(kSums, whole + whole); }
  CHECK(refresh().value() == true);
  CHECK(held.disk.files().at(kSums) == whole);
  CHECK(refresh().value() == false);
}

TEST_CASE("sums that an earlier version wrote are written anew, and that is not told") {
  Held held;
  held.disk.plant("site/archives/a", "");
  held.record({archive("a")});
  REQUIRE(write(held));
  REQUIRE(store::LedgerWriter(held.ledger).mark_sums_written(held.source));
  held.disk.plant(kSums, "half");
  CHECK(
      store::refresh_sums(held.disk, held.ledger, held.source, "site", NameRules::kPosix).value() ==
      false);
  CHECK(held.disk.files().at(kSums) == kHex + "  archives/a\n");
}

TEST_CASE("sums are right when every byte is") {
  Held held;
  held.disk.plant("site/archives/a", "");
  const auto right = [&] {
    return store::sums_are_right(held.disk, held.ledger, held.source, "site", NameRules::kPosix)
        .value();
  };
  CHECK(right());
  std::vector<store::Archive> many;
  for (int i = 0; i < 2500; ++i) many.push_back(archive("k" + std::to_string(10000 + i)));
  held.record(many);
  CHECK_FALSE(right());
  REQUIRE(write(held));
  CHECK(right());
  const std::string whole = held.disk.files().at(kSums);
  for (const std::size_t at : {std::size_t{0}, whole.size() / 2, whole.size() - 2}) {
    auto wrong = whole;
    wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
    held.disk.plant(kSums, wrong);
    CHECK_FALSE(right());
    CHECK(store::restore_sums(held.disk, held.ledger, held.source, "site", NameRules::kPosix)
              .has_value());
    CHECK(right());
  }
  for (const auto& wrong : {whole.substr(0, whole.size() - 1), whole + "x", std::string()}) {
    held.disk.plant(kSums, wrong);
    CHECK_FALSE(right());
  }
}

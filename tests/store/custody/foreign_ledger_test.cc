#include <sys/stat.h>

#include <filesystem>

#include "store/disk/posix_disk.h"
#include "store/ledger/ledger.h"
#include "tests/support/catch.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/temp_dir.h"

// What stands in the place of the ledger and is none.

using store::Access;
using store::ErrorKind;
using store::Ledger;

TEST_CASE("what is no plain file in the ledger's place is not opened, and nothing hangs") {
  const test::TempDir dir;
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  const std::string name = GENERATE(as<std::string>(), "", "-journal", "-wal");
  const auto path = dir / ".holdfast/ledger.db" + name;
  const auto elsewhere = dir / "elsewhere.db";
  std::filesystem::copy_file(dir / ".holdfast/ledger.db", elsewhere);
  std::filesystem::remove(path);
  if (GENERATE(true, false)) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  } else {
    std::filesystem::create_symlink(elsewhere, path);
  }
  const auto before = test::read_file(elsewhere);
  const auto opened = Ledger::open(**disk, GENERATE(Access::kReadOnly, Access::kReadWrite));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::kCorrupt);
  CHECK(opened.error().detail.find("holdfast rebuild") != std::string::npos);
  CHECK(test::read_file(elsewhere) == before);
}

TEST_CASE("a link that comes into the ledger's place after it was looked at is not followed") {
  const test::TempDir dir;
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  const auto path = dir / ".holdfast/ledger.db";
  const auto elsewhere = dir / "elsewhere.db";
  // Put there behind the back of whoever has just seen a plain file.
  class Swapped : public test::ForwardingDisk {
   public:
    Swapped(store::Disk& target, std::string from, std::string to)
        : ForwardingDisk(target), from_(std::move(from)), to_(std::move(to)) {}
    store::Result<std::optional<store::FileInfo>> stat(std::string_view name) override {
      auto info = ForwardingDisk::stat(name);
      // The last of its files that is looked at before it is opened.
      if (name.ends_with("ledger.db-shm") && !std::filesystem::exists(to_)) {
        std::filesystem::rename(from_, to_);
        std::filesystem::create_symlink(to_, from_);
      }
      return info;
    }

   private:
    std::string from_;
    std::string to_;
  } swapped(**disk, path, elsewhere);
  const auto opened = Ledger::open(swapped, GENERATE(Access::kReadOnly, Access::kReadWrite));
  REQUIRE(std::filesystem::is_symlink(path));
  CHECK_FALSE(opened);
}

TEST_CASE("the database of another program is told apart before a byte of it changes") {
  const test::TempDir dir;
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  const auto path = dir / ".holdfast/ledger.db";
  auto theirs = test::read_file(path);
  theirs[18] = theirs[19] = 2;  // it keeps a WAL
  theirs.replace(68, 4, "thei");
  test::write_file(path, theirs);
  const auto before = test::read_file(path);
  const auto opened = Ledger::open(**disk, Access::kReadWrite);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::kCorrupt);
  CHECK(test::read_file(path) == before);
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST_CASE("a ledger stays with its disk when another is put in its place") {
  const test::TempDir dir;
  const auto place = dir / "mounted";
  std::filesystem::create_directory(place);
  auto disk = store::open_posix_disk(place);
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  auto ledger = Ledger::open(**disk, Access::kReadWrite);
  REQUIRE(ledger);
  std::filesystem::rename(place, dir / "unmounted");
  std::filesystem::create_directory(place);
  std::filesystem::create_directory(place + "/.holdfast");
  REQUIRE(ledger->register_source("site"));
  CHECK(std::filesystem::is_empty(place + "/.holdfast"));
  CHECK(std::filesystem::exists(dir / "unmounted/.holdfast/ledger.db-journal"));
}

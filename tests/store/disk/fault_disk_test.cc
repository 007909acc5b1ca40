#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/store/disk/fault_disk_fixture.h"

using fault_disk_test::bytes_of;
using fault_disk_test::cut_and_restart;
using fault_disk_test::open_or_fail;
using fault_disk_test::read_all;
using fault_disk_test::write_file;
using store::ErrorKind;
using store::OpenMode;
using test::Fault;
using test::FaultDisk;
using test::Lasting;

TEST_CASE("the operation that was asked for is the one that fails") {
  FaultDisk disk;
  disk.plant("a", "content");
  disk.fail_at(3, Fault::kIoError);
  CHECK(disk.stat("a"));
  CHECK(disk.stat("a"));
  CHECK_FALSE(disk.struck());
  const auto third = disk.stat("a");
  REQUIRE_FALSE(third);
  CHECK(third.error().kind == ErrorKind::kIo);
  CHECK(disk.struck());
  CHECK(disk.stat("a"));
  CHECK(disk.operations() == 4);
}

TEST_CASE("an I/O error can last until it is healed") {
  FaultDisk disk;
  disk.fail_at(1, Fault::kIoError, Lasting::kUntilHealed);
  CHECK_FALSE(disk.stat("a"));
  CHECK_FALSE(disk.stat("a"));
  disk.heal();
  CHECK(disk.stat("a"));
}

TEST_CASE("a full disk can be read and tidied, not written, until it is healed") {
  FaultDisk disk;
  disk.plant("a", "content");
  disk.plant("b", "content");
  const auto file = open_or_fail(disk, "a", OpenMode::kReadWrite);
  disk.fail_at(1, Fault::kNoSpace);
  CHECK(read_all(*file) == "content");
  const auto written = file->write_at(0, bytes_of("x"));
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::kNoSpace);
  CHECK(disk.open("c", OpenMode::kCreateNew).error().kind == ErrorKind::kNoSpace);
  CHECK(disk.remove_file("b"));
  disk.heal();
  CHECK(file->write_at(0, bytes_of("x")));
}

TEST_CASE("a disk that turned read-only can be read and not changed") {
  FaultDisk disk;
  disk.plant("a", "content");
  disk.fail_at(1, Fault::kReadOnly);
  CHECK(disk.open("a", OpenMode::kRead));
  CHECK(disk.open("a", OpenMode::kReadWrite).error().kind == ErrorKind::kReadOnly);
  CHECK(disk.remove_file("a").error().kind == ErrorKind::kReadOnly);
  CHECK(disk.make_directory("d").error().kind == ErrorKind::kReadOnly);
  disk.heal();
  CHECK(disk.remove_file("a"));
}

TEST_CASE("a short write leaves its first half") {
  FaultDisk disk;
  const auto file = open_or_fail(disk, "a", OpenMode::kCreate);
  disk.fail_at(1, Fault::kShortWrite);
  CHECK_FALSE(file->write_at(0, bytes_of("12345678")));
  CHECK(disk.files().at("a") == "1234");
  CHECK(file->write_at(0, bytes_of("12345678")));
}

TEST_CASE("after a power cut nothing works until the restart") {
  FaultDisk disk;
  disk.plant("a", "content");
  const auto file = open_or_fail(disk, "a", OpenMode::kReadWrite);
  REQUIRE(file->write_at(0, bytes_of("CONTENT")));
  disk.fail_at(1, Fault::kPowerCut);
  CHECK_FALSE(file->sync());
  CHECK(disk.stat("a").error().kind == ErrorKind::kIo);
  disk.heal();
  CHECK_FALSE(disk.stat("a"));
  disk.restart();
  CHECK(disk.stat("a"));
  CHECK(disk.files().at("a") == "content");
  SECTION("and what was open before stays dead") {
    CHECK_FALSE(file->size());
    CHECK_FALSE(file->write_at(0, bytes_of("CONTENT")));
    CHECK(disk.files().at("a") == "content");
  }
}

TEST_CASE("a fault counts only the operations before which it makes a difference") {
  const auto [fault, seed, steps] = GENERATE(
      std::tuple(Fault::kIoError, std::optional<std::uint64_t>{}, 9U),
      std::tuple(Fault::kShortWrite, std::optional<std::uint64_t>{}, 9U),
      std::tuple(Fault::kNoSpace, std::optional<std::uint64_t>{}, 3U),    // create, write, sync
      std::tuple(Fault::kReadOnly, std::optional<std::uint64_t>{}, 6U),   // and open, remove, sync
      std::tuple(Fault::kPowerCut, std::optional<std::uint64_t>{1}, 5U),  // all of them but open
      std::tuple(Fault::kPowerCut, std::optional<std::uint64_t>{}, 2U));  // the two syncs
  CAPTURE(static_cast<int>(fault), seed.value_or(0));
  FaultDisk disk;
  disk.plant("old", "content");
  disk.set_power_cut_seed(seed);
  disk.fail_at(100, fault);
  const auto file = open_or_fail(disk, "new", OpenMode::kCreateNew);
  REQUIRE(file->write_at(0, bytes_of("content")));
  REQUIRE(file->sync());
  REQUIRE(file->sync());  // does nothing
  CHECK(disk.stat("new"));
  CHECK(disk.open("old", OpenMode::kRead));
  CHECK(disk.open("old", OpenMode::kReadWrite));
  REQUIRE(disk.remove_file("old"));
  REQUIRE(disk.sync_directory(""));
  CHECK(disk.steps() == steps);
  CHECK_FALSE(disk.struck());
}

TEST_CASE("a copy of a disk has all that it has, durable or not, and shares nothing with it") {
  FaultDisk disk;
  disk.plant("d/durable", "old");
  write_file(disk, "volatile", "content");
  const auto open = open_or_fail(disk, "d/durable", OpenMode::kReadWrite);
  REQUIRE(open->write_at(0, bytes_of("new")));
  REQUIRE(disk.link("d/durable", "d/second"));
  REQUIRE(disk.sync_directory("d"));
  const auto lock = disk.lock("d/durable");
  const auto copy = disk.clone();
  CHECK(copy->files() == disk.files());
  CHECK(copy->durable_files() == disk.durable_files());
  CHECK(copy->lock("d/durable"));

  REQUIRE(open->write_at(0, bytes_of("NEW")));
  REQUIRE(disk.remove_file("volatile"));
  CHECK(copy->files().at("d/durable") == "new");
  CHECK(copy->files().count("volatile") == 1);
  const auto one_name = open_or_fail(*copy, "d/durable", OpenMode::kReadWrite);
  REQUIRE(one_name->write_at(0, bytes_of("two")));
  CHECK(copy->files().at("d/second") == "two");
  CHECK(disk.files().at("d/second") == "NEW");

  copy->power_cut();
  const auto dark = copy->clone();
  CHECK_FALSE(dark->stat("d"));
  dark->restart();
  CHECK(dark->files() ==
        std::map<std::string, std::string>{{"d/durable", "old"}, {"d/second", "old"}});
}

TEST_CASE("a restart without a power cut is a new process on the same page cache") {
  FaultDisk disk;
  write_file(disk, "a", "content");
  auto lock = disk.lock("lock");
  REQUIRE(lock);
  CHECK(disk.lock("lock").error().kind == ErrorKind::kBusy);
  disk.restart();
  CHECK(disk.files().at("a") == "content");
  const auto second = disk.lock("lock");
  REQUIRE(second);
  lock->reset();
  CHECK(disk.lock("lock").error().kind == ErrorKind::kBusy);
}

TEST_CASE("a lock is free once it is let go") {
  FaultDisk disk;
  { REQUIRE(disk.lock("lock")); }
  CHECK(disk.lock("lock"));
}

TEST_CASE("names follow the rules of store::Disk") {
  FaultDisk disk;
  disk.plant("d/a", "A");
  disk.plant("d/b", "B");
  CHECK(disk.rename_no_replace("d/a", "d/b").error().kind == ErrorKind::kExists);
  CHECK(disk.open("d/a", OpenMode::kCreateNew).error().kind == ErrorKind::kExists);
  CHECK(disk.open("missing", OpenMode::kRead).error().kind == ErrorKind::kNotFound);
  CHECK(disk.open("missing/a", OpenMode::kCreate).error().kind == ErrorKind::kNotFound);
  CHECK(disk.make_directory("d"));
  CHECK(disk.make_directory("d/a").error().kind == ErrorKind::kExists);
  CHECK(disk.remove_directory("d").error().kind == ErrorKind::kExists);
  CHECK(disk.remove_file("missing"));
  CHECK(disk.remove_directory("missing"));
  REQUIRE(disk.rename_replace("d/a", "d/b"));
  CHECK(disk.files() == std::map<std::string, std::string>{{"d/b", "A"}});
  REQUIRE(disk.set_finished("d/b", true));
  CHECK(disk.finished("d/b") == true);
  CHECK_FALSE(disk.open("d/b", OpenMode::kReadWrite));
  std::vector<std::string> names;
  REQUIRE(disk.list_directory("d", [&](std::string_view name, store::FileKind) {
    names.emplace_back(name);
    return true;
  }));
  CHECK(names == std::vector<std::string>{"b"});
}

TEST_CASE("a disk that folds case has one file for two spellings") {
  FaultDisk disk;
  disk.set_folds_case(true);
  write_file(disk, "Name", "content");
  CHECK(disk.open("nAME", OpenMode::kCreateNew).error().kind == ErrorKind::kExists);
  CHECK(disk.files().begin()->first == "Name");
}

TEST_CASE("what a weak filesystem cannot do is not done") {
  FaultDisk disk;
  disk.set_weakness({.no_directory_sync = true, .no_filesystem_sync = true});
  write_file(disk, "a", "content");
  CHECK(disk.sync_filesystem().error().kind == ErrorKind::kNotSupported);
  CHECK(disk.sync_directory(""));
  cut_and_restart(disk);
  CHECK(disk.files().empty());
}

TEST_CASE("a hook fails what it picks") {
  FaultDisk disk;
  disk.plant("a", "content");
  disk.plant("b", "content");
  disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "open" || path != "b") return std::nullopt;
        return store::Error{ErrorKind::kIo, 0, std::string(path), "picked"};
      });
  CHECK(disk.open("a", OpenMode::kRead));
  CHECK(disk.open("b", OpenMode::kRead).error().detail == "picked");
  disk.heal();
  CHECK(disk.open("b", OpenMode::kRead));
}

TEST_CASE("the disk counts what was done to it") {
  FaultDisk disk;
  const auto file = open_or_fail(disk, "a", OpenMode::kCreate);
  REQUIRE(file->write_at(0, bytes_of("12345678")));
  CHECK(read_all(*file) == "12345678");
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory(""));
  REQUIRE(disk.sync_filesystem());
  file->drop_cache();
  const FaultDisk::Counts counts = disk.counts();
  CHECK(counts.operations == 6);
  CHECK(counts.file_syncs == 1);
  CHECK(counts.directory_syncs == 1);
  CHECK(counts.filesystem_syncs == 1);
  CHECK(counts.bytes_written == 8);
  CHECK(counts.bytes_read == 8);
  CHECK(counts.drop_caches == 1);
  CHECK(disk.bytes_read("a") == 8);
}

TEST_CASE("several threads may use the disk at once") {
  FaultDisk disk;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&disk, number] {
      const std::string path = "f" + std::to_string(number);
      for (int round = 0; round < 200; ++round) {
        auto file = disk.open(path, OpenMode::kCreate);
        if (file) static_cast<void>((*file)->write_at(0, bytes_of("content")));
        if (file) static_cast<void>((*file)->sync());
        static_cast<void>(disk.sync_directory(""));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(disk.operations() == 4 * 200 * 4);
  CHECK(disk.durable_files().size() == 4);
}

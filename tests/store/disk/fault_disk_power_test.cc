#include <map>
#include <optional>
#include <string>

#include "tests/store/disk/fault_disk_fixture.h"

using fault_disk_test::bytes_of;
using fault_disk_test::cut_and_restart;
using fault_disk_test::open_or_fail;
using fault_disk_test::read_all;
using fault_disk_test::write_file;
using store::OpenMode;
using test::Fault;
using test::FaultDisk;

TEST_CASE("a power cut takes the name of a file whose directory was not synced") {
  FaultDisk disk;
  {
    const auto file = open_or_fail(disk, "a", OpenMode::kCreate);
    REQUIRE(file->write_at(0, bytes_of("content")));
    REQUIRE(file->sync());
  }
  SECTION("without a sync of the directory") {
    cut_and_restart(disk);
    CHECK(disk.files().empty());
  }
  SECTION("but not with it") {
    REQUIRE(disk.sync_directory(""));
    cut_and_restart(disk);
    CHECK(disk.files() == std::map<std::string, std::string>{{"a", "content"}});
  }
}

TEST_CASE("a power cut takes the content of a file that was not synced") {
  FaultDisk disk;
  write_file(disk, "a", "content");
  REQUIRE(disk.sync_directory(""));
  SECTION("all of a new one") {
    cut_and_restart(disk);
    CHECK(disk.files().at("a").empty());
  }
  SECTION("what was written since the last sync") {
    const auto file = open_or_fail(disk, "a", OpenMode::kReadWrite);
    REQUIRE(file->sync());
    REQUIRE(file->write_at(0, bytes_of("CONTENT and more")));
    CHECK(read_all(*file) == "CONTENT and more");
    cut_and_restart(disk);
    CHECK(disk.files().at("a") == "content");
  }
  SECTION("not what a sync of the filesystem has covered") {
    REQUIRE(disk.sync_filesystem());
    cut_and_restart(disk);
    CHECK(disk.files().at("a") == "content");
  }
}

TEST_CASE("a file that was made shorter and longer again holds no old bytes after a power cut") {
  FaultDisk disk;
  disk.plant("a", std::string(10000, 'x'));
  const auto file = open_or_fail(disk, "a", OpenMode::kReadWrite);
  REQUIRE(file->truncate(100));
  REQUIRE(file->truncate(9000));
  REQUIRE(file->sync());
  cut_and_restart(disk);
  CHECK(disk.files().at("a") == std::string(100, 'x') + std::string(8900, '\0'));
}

TEST_CASE("a removal is durable with its directory") {
  FaultDisk disk;
  disk.plant("d/a", "content");
  REQUIRE(disk.remove_file("d/a"));
  CHECK(disk.files().empty());
  SECTION("not before") {
    cut_and_restart(disk);
    CHECK(disk.files().count("d/a") == 1);
  }
  SECTION("from then on") {
    REQUIRE(disk.sync_directory("d"));
    cut_and_restart(disk);
    CHECK(disk.files().empty());
  }
}

TEST_CASE("a rename between directories is durable once both are synced") {
  FaultDisk disk;
  disk.plant("from/a", "content");
  disk.plant("to/other", "");
  REQUIRE(disk.rename_no_replace("from/a", "to/a"));
  SECTION("with neither it has not happened") {
    cut_and_restart(disk);
    CHECK(disk.files().count("from/a") == 1);
    CHECK(disk.files().count("to/a") == 0);
  }
  SECTION("with the new directory alone the file has both names, and they are apart") {
    REQUIRE(disk.sync_directory("to"));
    cut_and_restart(disk);
    write_file(disk, "from/a", "CHANGED");
    CHECK(disk.files().at("to/a") == "content");
  }
  SECTION("with the old directory alone it is lost") {
    REQUIRE(disk.sync_directory("from"));
    cut_and_restart(disk);
    CHECK(disk.files().count("from/a") == 0);
    CHECK(disk.files().count("to/a") == 0);
  }
  SECTION("with both it has happened") {
    REQUIRE(disk.sync_directory("from"));
    REQUIRE(disk.sync_directory("to"));
    cut_and_restart(disk);
    CHECK(disk.files().count("from/a") == 0);
    CHECK(disk.files().at("to/a") == "content");
  }
}

TEST_CASE("a directory whose own name was not synced takes all below it along") {
  FaultDisk disk;
  REQUIRE(disk.make_directory("d"));
  write_file(disk, "d/a", "content");
  REQUIRE(open_or_fail(disk, "d/a", OpenMode::kReadWrite)->sync());
  REQUIRE(disk.sync_directory("d"));
  cut_and_restart(disk);
  CHECK(disk.files().empty());
  CHECK_FALSE(disk.stat("d")->has_value());
}

TEST_CASE("the time of a file is durable with its next sync, and gone with its next write") {
  FaultDisk disk;
  disk.plant("file", "content");
  const std::chrono::sys_seconds time{std::chrono::hours{1}};
  auto file = disk.open("file", store::OpenMode::kReadWrite);
  REQUIRE(file);
  REQUIRE(disk.set_modified("file", time));
  CHECK(disk.modified("file") == time);
  SECTION("not synced") {
    disk.power_cut();
    disk.restart();
    CHECK_FALSE(disk.modified("file"));
  }
  SECTION("synced") {
    REQUIRE((*file)->sync());
    disk.power_cut();
    disk.restart();
    CHECK(disk.modified("file") == time);
  }
  SECTION("written to") {
    REQUIRE((*file)->write_at(0, std::as_bytes(std::span("x", 1))));
    CHECK_FALSE(disk.modified("file"));
  }
}

TEST_CASE("a failed sync condemns what it should have written") {
  FaultDisk disk;
  disk.plant("a", "before");
  const auto file = open_or_fail(disk, "a", OpenMode::kReadWrite);
  REQUIRE(file->write_at(0, bytes_of("after!")));
  disk.fail_at(1, Fault::kIoError);
  REQUIRE_FALSE(file->sync());
  REQUIRE(file->sync());
  SECTION("a second sync does not make it durable") {
    CHECK(read_all(*file) == "after!");
    cut_and_restart(disk);
    CHECK(disk.files().at("a") == "before");
  }
  SECTION("and the device has never had it") {
    file->drop_cache();
    CHECK(read_all(*file) == "before");
  }
  SECTION("what is written afterwards is durable with the next sync") {
    REQUIRE(file->write_at(0, bytes_of("again!")));
    REQUIRE(file->sync());
    cut_and_restart(disk);
    CHECK(disk.files().at("a") == "again!");
  }
}

TEST_CASE("a seeded power cut spares some of what was not synced") {
  constexpr std::size_t kBlocks = 64;
  const auto after_cut = [](std::optional<std::uint64_t> seed) {
    FaultDisk disk;
    disk.plant("big", std::string(kBlocks * 4096, 'o'));
    write_file(disk, "big", std::string(kBlocks * 4096, 'n'));
    for (std::size_t i = 0; i < kBlocks; ++i) write_file(disk, "f" + std::to_string(i), "");
    disk.set_power_cut_seed(seed);
    cut_and_restart(disk);
    return disk.files();
  };
  const auto files = after_cut(7);
  std::size_t new_blocks = 0;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::string block = files.at("big").substr(i * 4096, 4096);
    CHECK((block == std::string(4096, 'n') || block == std::string(4096, 'o')));
    if (block[0] == 'n') ++new_blocks;
  }
  CHECK(new_blocks > 10);
  CHECK(new_blocks < kBlocks - 10);
  CHECK(files.size() > 10);
  CHECK(files.size() < kBlocks - 10);
  CHECK(after_cut(7) == files);
  CHECK(after_cut(8) != files);
  CHECK(after_cut(std::nullopt).size() == 1);
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/disk/posix_scratch.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

// Directories in which somebody else may do what they like.

namespace {

namespace fs = std::filesystem;

std::size_t count_in(const std::string& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a scratch directory goes with all that was made in it, and nothing else does",
          "[scratch]") {
  const test::TempDir place;
  const auto parent = place / "parent";
  const auto outside = place / "outside";
  fs::create_directory(parent);
  fs::create_directory(outside);
  test::write_file(outside + "/precious", "kept");
  auto scratch = store::Scratch::make(parent);
  REQUIRE(scratch);
  test::write_file(scratch->restored() + "/a", "a");
  fs::create_directories(scratch->work() + "/shut/inside");
  test::write_file(scratch->work() + "/shut/inside/b", "b");
  fs::create_directory_symlink(outside, scratch->work() + "/way-out");
  fs::create_symlink(outside + "/precious", scratch->restored() + "/link");
  REQUIRE(::mkfifo((scratch->work() + "/fifo").c_str(), 0600) == 0);
  REQUIRE(::chmod((scratch->work() + "/shut/inside").c_str(), 0) == 0);
  REQUIRE(::chmod((scratch->work() + "/shut").c_str(), 0) == 0);
  CHECK(scratch->remove());
  CHECK(count_in(parent) == 0);
  CHECK(test::read_file(outside + "/precious") == "kept");
}

TEST_CASE("a tree that is deeper than any path is removed too", "[scratch]") {
  const test::TempDir parent;
  auto scratch = store::Scratch::make(parent.path());
  REQUIRE(scratch);
  int directory = ::open(scratch->work().c_str(), O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 3000; ++depth) {
    REQUIRE(::mkdirat(directory, "deep", 0700) == 0);
    const int next = ::openat(directory, "deep", O_RDONLY | O_DIRECTORY);
    ::close(directory);
    directory = next;
  }
  ::close(directory);
  CHECK(scratch->remove());
  CHECK(count_in(parent.path()) == 0);
}

TEST_CASE("what a crash left is removed, and what somebody works in is not", "[scratch]") {
  const test::TempDir parent;
  const auto place = parent.path();
  auto at_work = store::Scratch::make(place);
  REQUIRE(at_work);
  std::string left;
  {
    const auto killed = store::Scratch::make(place);
    REQUIRE(killed);
    left = killed->path();
    test::write_file(killed->restored() + "/a", "a");
  }
  fs::create_directory(place + "/.holdfast");
  CHECK(store::remove_left_scratches(place).value() == 1);
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(at_work->path()));
  CHECK(fs::exists(place + "/.holdfast"));

  SECTION("as long as a process of it is left it is worked in") {
    const int lock = ::dup(at_work->lock());
    { const auto gone = std::move(*at_work); }
    CHECK(store::remove_left_scratches(place).value() == 0);
    ::close(lock);
    CHECK(store::remove_left_scratches(place).value() == 1);
  }
  CHECK(store::remove_left_scratches(place + "/nowhere").value() == 0);
}

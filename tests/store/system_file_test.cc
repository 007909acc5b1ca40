#include "store/system_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

TEST_CASE("a system file is read whole, and its absence is no error") {
  const test::TempDir dir;
  CHECK_FALSE(store::read_system_file(dir / "none").value().has_value());
  REQUIRE(store::replace_system_file(dir / "f", "content"));
  REQUIRE(store::replace_system_file(dir / "f", "newer"));
  CHECK(store::read_system_file(dir / "f").value() == "newer");
}

TEST_CASE("a pipe or directory in the place of a system file is refused and keeps nobody waiting") {
  const test::TempDir dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto fifo = store::read_system_file(dir / "fifo");
  REQUIRE_FALSE(fifo);
  CHECK(store::describe(fifo.error()).ends_with("fifo: it is no regular file"));
  CHECK_FALSE(store::read_system_file(dir.path()));
  CHECK_FALSE(store::read_system_file("/dev/zero"));
  // It is replaced like any other file.
  REQUIRE(store::replace_system_file(dir / "fifo", "content"));
  CHECK(store::read_system_file(dir / "fifo").value() == "content");
}

TEST_CASE("a pipe that waits where the new file is written is no trap") {
  const test::TempDir dir;
  const auto temporary = dir / ("f." + std::to_string(::getpid()) + ".new");
  REQUIRE(::mkfifo(temporary.c_str(), 0666) == 0);
  REQUIRE(store::replace_system_file(dir / "f", "content"));
  CHECK(store::read_system_file(dir / "f").value() == "content");
}

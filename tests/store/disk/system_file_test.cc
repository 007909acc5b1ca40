#include "store/disk/system_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

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
  CHECK(store::describe(fifo.error()).ends_with("fifo: it is not a regular file"));
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

TEST_CASE(
    "a directory that is missing is made for all to read, whatever the umask, but not its parent") {
  const test::TempDir dir;
  const auto before = ::umask(0077);
  const auto made = store::replace_system_file(dir / "state/status.json", "content");
  const auto deeper = store::replace_system_file(dir / "no/such/status.json", "content");
  ::umask(before);
  REQUIRE(made);
  CHECK(store::read_system_file(dir / "state/status.json").value() == "content");
  struct stat status {};
  REQUIRE(::stat((dir / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0755);
  REQUIRE_FALSE(deeper);
  CHECK(store::describe(deeper.error()) ==
        "make the directory " + (dir / "no/such") + ": No such file or directory");
}

TEST_CASE("a staged file has its name with place(), and without it leaves nothing behind") {
  const test::TempDir dir;
  const auto path = dir / "etc/holdfast.conf";
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "etc")) {
      found.push_back(entry.path().filename());
    }
    return found;
  };
  REQUIRE(store::stage_system_file(path, "dropped"));
  CHECK(names().empty());
  {
    auto staged = store::stage_system_file(path, "content");
    REQUIRE(staged);
    CHECK_FALSE(std::filesystem::exists(path));
    REQUIRE(staged->place());
  }
  CHECK(names() == std::vector<std::string>{"holdfast.conf"});
  CHECK(test::read_file(path) == "content");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640);
  REQUIRE(::stat((dir / "etc").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0750);
}

TEST_CASE("a staged file replaces what was there when it was staged, and nothing that came since") {
  const test::TempDir dir;
  const auto path = dir / "holdfast.conf";
  auto early = store::stage_system_file(path, "ours");
  REQUIRE(early);
  test::write_file(path, "somebody's");
  const auto refused = early->place();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == store::ErrorKind::kExists);
  CHECK(test::read_file(path) == "somebody's");

  REQUIRE(::chmod(path.c_str(), 0604) == 0);
  REQUIRE(::symlink(path.c_str(), (dir / "link").c_str()) == 0);
  auto staged = store::stage_system_file(dir / "link", "ours");
  REQUIRE(staged);
  REQUIRE(staged->place());
  CHECK(test::read_file(path) == "ours");
  CHECK(std::filesystem::is_symlink(dir / "link"));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0604);
}

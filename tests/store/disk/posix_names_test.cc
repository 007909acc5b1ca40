#include "store/disk/posix_names.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tests/store/disk/posix_fixture.h"

using posix_test::open_disk;
using posix_test::open_either_way;
using store::ErrorKind;
using store::OpenMode;
using test::RefusedCall;
using test::TempDir;
using test::with_refused;

TEST_CASE("a name that is taken by the wrong kind of thing is kExists") {
  const TempDir dir;
  test::write_file(dir / "file", "x");
  std::filesystem::create_directory(dir / "directory");
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const auto disk = open_either_way(dir.path());
  if (!disk) return;

  CHECK(disk->open("directory", OpenMode::kRead).error().kind == ErrorKind::kExists);
  CHECK(disk->open("directory", OpenMode::kCreate).error().kind == ErrorKind::kExists);
  CHECK(disk->open("pipe", OpenMode::kRead).error().kind == ErrorKind::kExists);
  CHECK(disk->open("pipe", OpenMode::kCreate).error().kind == ErrorKind::kExists);
  CHECK(disk->open("file/below", OpenMode::kRead).error().kind == ErrorKind::kExists);
  CHECK(disk->open("file/below", OpenMode::kCreate).error().kind == ErrorKind::kExists);
  CHECK(disk->make_directory("file").error().kind == ErrorKind::kExists);
  CHECK(disk->make_directory("file/below").error().kind == ErrorKind::kExists);
  CHECK(disk->rename_no_replace("pipe", "file/below").error().kind == ErrorKind::kExists);
  CHECK(disk->remove_file("directory").error().kind == ErrorKind::kExists);
  CHECK(disk->remove_directory("file").error().kind == ErrorKind::kExists);
  CHECK(disk->stat("file/below").value() == std::nullopt);
  CHECK(disk->remove_file("file/below"));
  CHECK(disk->remove_directory("file/below"));
  CHECK(test::read_file(dir / "file") == "x");
}

TEST_CASE("renaming without replacing leaves a taken name alone, whatever the filesystem can do") {
  const TempDir dir;
  test::write_file(dir / "from", "new");
  test::write_file(dir / "taken", "old");
  std::filesystem::create_directory(dir / "directory");
  std::filesystem::create_symlink("nowhere", dir / "link");
  const auto disk = open_disk(dir.path());

  struct Filesystem {
    std::vector<RefusedCall> refuses;
    bool exclusive;
  };
  const auto filesystem = GENERATE(values<Filesystem>({
      {{}, true},
      {{{SYS_renameat2, EINVAL}}, true},
      {{{SYS_renameat2, ENOSYS}}, true},
      {{{SYS_renameat2, EINVAL}, {SYS_linkat, EPERM}}, false},
      {{{SYS_renameat2, EOPNOTSUPP}, {SYS_linkat, EOPNOTSUPP}}, false},
  }));
  CAPTURE(filesystem.refuses.size());
  const bool refuses = !filesystem.refuses.empty();
  if (refuses && !with_refused(filesystem.refuses, [] { return true; })) {
    WARN("SKIPPED: system calls cannot be refused here");
    return;
  }
  const auto rename = [&](std::string_view from, std::string_view to) {
    if (!refuses) return disk->rename_no_replace(from, to);
    return *with_refused(filesystem.refuses, [&] { return disk->rename_no_replace(from, to); });
  };

  for (const std::string_view taken : {"taken", "directory", "link"}) {
    CAPTURE(taken);
    CHECK(rename("from", taken).error().kind == ErrorKind::kExists);
  }
  CHECK(rename("none", "free").error().kind == ErrorKind::kNotFound);
  CHECK(rename("from", "none/free").error().kind == ErrorKind::kNotFound);
  CHECK(test::read_file(dir / "taken") == "old");
  CHECK(test::read_file(dir / "from") == "new");
  CHECK_FALSE(disk->weakness().no_exclusive_rename);

  REQUIRE(rename("from", "directory/free"));
  CHECK(test::read_file(dir / "directory/free") == "new");
  CHECK_FALSE(std::filesystem::exists(dir / "from"));
  CHECK(disk->weakness().no_exclusive_rename == !filesystem.exclusive);
}

TEST_CASE("renaming with replacing replaces a file but not a directory") {
  const TempDir dir;
  test::write_file(dir / "from", "new");
  test::write_file(dir / "to", "old");
  std::filesystem::create_directory(dir / "directory");
  const auto disk = open_disk(dir.path());
  CHECK(disk->rename_replace("from", "directory").error().kind == ErrorKind::kExists);
  REQUIRE(disk->rename_replace("from", "to"));
  CHECK(test::read_file(dir / "to") == "new");
}

TEST_CASE("removing what is not there succeeds") {
  const TempDir dir;
  test::write_file(dir / "file", "");
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  CHECK(disk->remove_file("file"));
  CHECK(disk->remove_file("file"));
  CHECK(disk->remove_file("none/file"));
  CHECK_FALSE(std::filesystem::exists(dir / "file"));
}

TEST_CASE("a directory that is moved away while files are placed in it fails the next sync") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  REQUIRE(disk->make_directory("d"));
  const auto place = [&](const std::string& name) {
    test::write_file(dir / "staged", name);
    return disk->rename_no_replace("staged", "d/" + name);
  };
  REQUIRE(place("one"));
  REQUIRE(disk->sync_directory("d"));
  REQUIRE(place("two"));
  std::filesystem::rename(dir / "d", dir / "elsewhere");
  REQUIRE(disk->make_directory("d"));
  SECTION("of the directory") {
    CHECK(disk->sync_directory("d").error().kind == ErrorKind::kNotFound);
  }
  SECTION("of all") { CHECK(disk->sync_filesystem().error().kind == ErrorKind::kNotFound); }
  REQUIRE(place("three"));
  CHECK(std::filesystem::exists(dir / "d/three"));
  CHECK(disk->sync_directory("d"));
}

TEST_CASE("a directory that was moved or removed is not reached under its old name") {
  const TempDir dir;
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  REQUIRE(disk->make_directory("a"));
  REQUIRE(disk->open("a/1", OpenMode::kCreateNew));
  std::filesystem::rename(dir / "a", dir / "b");
  CHECK(disk->open("a/2", OpenMode::kCreateNew).error().kind == ErrorKind::kNotFound);
  REQUIRE(disk->make_directory("a"));
  REQUIRE(disk->open("a/2", OpenMode::kCreateNew));
  CHECK(std::filesystem::exists(dir / "a/2"));
  CHECK_FALSE(std::filesystem::exists(dir / "b/2"));
}

TEST_CASE("an open file of another directory gets a second name, which is the same file") {
  const TempDir dir;
  const TempDir elsewhere;
  const auto disk = open_disk(dir.path());
  const auto other = open_disk(elsewhere.path());
  { std::ofstream(elsewhere / "file") << "content"; }
  REQUIRE(::chmod((elsewhere / "file").c_str(), 0600) == 0);
  const auto file = other->open("file", OpenMode::kRead).value();
  REQUIRE(disk->make_directory("d"));
  REQUIRE(disk->link_file(*file, "d/linked"));
  CHECK(std::filesystem::equivalent(elsewhere / "file", dir / "d/linked"));
  CHECK(disk->link_file(*file, "d/linked").error().kind == ErrorKind::kExists);
  CHECK(disk->link_file(*file, "none/linked").error().kind == ErrorKind::kNotFound);
  CHECK(disk->link_file(*file, "../linked").error().kind == ErrorKind::kRefusedName);

  REQUIRE(disk->make_ours("d/linked"));
  struct stat info {};
  REQUIRE(::stat((elsewhere / "file").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0440);
  CHECK(info.st_uid == ::geteuid());
  CHECK(disk->make_ours("d/none").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a file that belongs to another user is taken over by root only") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root can give files away");
    return;
  }
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  { std::ofstream(dir / "theirs") << "content"; }
  constexpr uid_t kNobody = 65534;
  REQUIRE(::chown((dir / "theirs").c_str(), kNobody, kNobody) == 0);
  const auto refused =
      with_refused({{SYS_fchown, EPERM}}, [&] { return disk->make_ours("theirs"); });
  if (refused) CHECK(refused->error().kind == ErrorKind::kNotSupported);
  REQUIRE(disk->make_ours("theirs"));
  struct stat info {};
  REQUIRE(::stat((dir / "theirs").c_str(), &info) == 0);
  CHECK(info.st_uid == 0);
}

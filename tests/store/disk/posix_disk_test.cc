#include "store/disk/posix_disk.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <map>

#include "tests/store/disk/posix_fixture.h"

using posix_test::mode_of;
using posix_test::open_disk;
using posix_test::open_disk_without;
using posix_test::open_either_way;
using store::ErrorKind;
using store::FileKind;
using store::OpenMode;
using test::TempDir;
using test::with_refused;

TEST_CASE("the open modes differ in what must and must not be there") {
  const TempDir dir;
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  CHECK(disk->open("none", OpenMode::kRead).error().kind == ErrorKind::kNotFound);
  CHECK(disk->open("none", OpenMode::kReadWrite).error().kind == ErrorKind::kNotFound);
  CHECK(disk->open("none/x", OpenMode::kCreate).error().kind == ErrorKind::kNotFound);
  REQUIRE(disk->open("made", OpenMode::kCreate));
  REQUIRE(disk->open("made", OpenMode::kCreate));
  CHECK(disk->open("made", OpenMode::kCreateNew).error().kind == ErrorKind::kExists);
  CHECK((mode_of(dir / "made") & 0137) == 0);
}

TEST_CASE("stat tells files, directories and everything else apart") {
  const TempDir dir;
  test::write_file(dir / "file", "12345");
  std::filesystem::create_directory(dir / "directory");
  std::filesystem::create_symlink("file", dir / "link");
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  const auto kind = [&](std::string_view path) { return disk->stat(path).value()->kind; };
  CHECK(kind("file") == FileKind::kFile);
  CHECK(disk->stat("file").value()->size_bytes == 5);
  CHECK(kind("directory") == FileKind::kDirectory);
  CHECK(kind("link") == FileKind::kOther);
  CHECK(kind("") == FileKind::kDirectory);
  CHECK(disk->stat("none").value() == std::nullopt);
  CHECK(disk->stat("none/below").value() == std::nullopt);
}

TEST_CASE("no symbolic link is followed, neither to a file nor as a directory") {
  const TempDir outside;
  test::write_file(outside / "secret", "untouched");
  const TempDir dir;
  std::filesystem::create_symlink(outside / "secret", dir / "file");
  std::filesystem::create_directory_symlink(outside.path(), dir / "directory");
  test::write_file(dir / "own", "own");
  const auto disk = open_either_way(dir.path());
  if (!disk) return;

  const auto refused = [](const auto& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kRefusedName);
    CHECK(store::describe(result.error()).find("a symbolic link is in the way") !=
          std::string::npos);
  };
  refused(disk->open("file", OpenMode::kRead));
  refused(disk->open("file", OpenMode::kCreate));
  refused(disk->open("directory/secret", OpenMode::kRead));
  refused(disk->open("directory/new", OpenMode::kCreate));
  refused(disk->stat("directory/secret"));
  refused(disk->make_directory("directory/new"));
  refused(disk->rename_no_replace("own", "directory/own"));
  refused(disk->rename_replace("own", "directory/own"));
  refused(disk->remove_file("directory/secret"));
  refused(disk->set_finished("file", true));
  refused(disk->set_finished("directory/secret", true));
  refused(disk->sync_directory("directory"));
  refused(disk->list_directory("directory", [](auto, auto) { return true; }));
  refused(disk->lock("file"));
  CHECK(disk->make_directory("directory").error().kind == ErrorKind::kExists);

  CHECK(test::read_file(outside / "secret") == "untouched");
  CHECK(mode_of(outside / "secret") != 0440);
  CHECK(std::distance(std::filesystem::directory_iterator(outside.path()), {}) == 1);
}

TEST_CASE("a path that could lead out of the disk is refused before the system sees it") {
  const TempDir dir;
  std::filesystem::create_directories(dir / "root/below");
  test::write_file(dir / "outside", "untouched");
  const auto disk = open_either_way(dir / "root");
  if (!disk) return;
  const std::string with_nul("below\0x", 7);
  for (const std::string& path :
       {std::string("../outside"), std::string("below/../../outside"), dir / "outside",
        std::string("/"), std::string("."), std::string("below/."), std::string("below//x"),
        std::string("below/"), with_nul}) {
    CAPTURE(path);
    CHECK(disk->open(path, OpenMode::kCreate).error().kind == ErrorKind::kRefusedName);
    CHECK(disk->stat(path).error().kind == ErrorKind::kRefusedName);
    CHECK(disk->remove_file(path).error().kind == ErrorKind::kRefusedName);
    CHECK(disk->make_directory(path).error().kind == ErrorKind::kRefusedName);
  }
  CHECK(test::read_file(dir / "outside") == "untouched");
}

TEST_CASE("a path longer than the system takes in one call works") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  std::string path;
  while (path.size() < PATH_MAX + 100) {
    path += "0123456789012345678901234567890123456789";
    REQUIRE(disk->make_directory(path));
    path += '/';
  }
  path += "file";
  REQUIRE(disk->open(path, OpenMode::kCreateNew));
  CHECK(disk->stat(path).value()->kind == FileKind::kFile);
  CHECK(disk->rename_no_replace(path, "short"));
  CHECK(disk->stat(path).value() == std::nullopt);
}

TEST_CASE("making a directory that is there succeeds") {
  const TempDir dir;
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  REQUIRE(disk->make_directory("a"));
  REQUIRE(disk->make_directory("a"));
  REQUIRE(disk->make_directory("a/b"));
  CHECK((mode_of(dir / "a/b") & 027) == 0);
  CHECK(disk->make_directory("none/b").error().kind == ErrorKind::kNotFound);
  CHECK(disk->remove_directory("a").error().kind == ErrorKind::kExists);
  CHECK(disk->remove_directory("a/b"));
  CHECK(disk->remove_directory("a/b"));
}

TEST_CASE("the root is where the directory is, whatever link led to it") {
  const TempDir dir;
  test::write_file(dir / "real/file", "");
  REQUIRE(::symlink("real", (dir / "link").c_str()) == 0);
  CHECK(open_disk(dir / "link")->root_path() == std::filesystem::canonical(dir / "real"));
}

TEST_CASE("a filesystem without permissions is a weakness, not a failure") {
  const TempDir dir;
  test::write_file(dir / "file", "");
  const auto disk = open_disk(dir.path());
  // Error number 0 is a call that says yes and does nothing, which is what FAT does.
  const int answer = GENERATE(EPERM, EOPNOTSUPP, 0);
  const auto done =
      with_refused({{SYS_fchmod, answer}}, [&] { return disk->set_finished("file", true); });
  if (!done) {
    WARN("SKIPPED: system calls cannot be refused here");
    return;
  }
  CHECK(*done);
  CHECK(disk->weakness().no_permissions);
}

TEST_CASE("a filesystem that cannot sync a directory is a weakness, a failed sync is an error") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "directory");
  const auto disk = open_disk(dir.path());
  REQUIRE(disk->sync_directory("directory"));
  REQUIRE(disk->sync_directory(""));
  CHECK_FALSE(disk->weakness().no_directory_sync);
  CHECK(disk->sync_directory("none").error().kind == ErrorKind::kNotFound);

  const auto broken =
      with_refused({{SYS_fsync, EIO}}, [&] { return disk->sync_directory("directory"); });
  if (!broken) {
    WARN("SKIPPED: system calls cannot be refused here");
    return;
  }
  CHECK(broken->error().kind == ErrorKind::kIo);
  CHECK_FALSE(disk->weakness().no_directory_sync);
  const auto lacking =
      with_refused({{SYS_fsync, EINVAL}}, [&] { return disk->sync_directory("directory"); });
  CHECK(lacking->has_value());
  CHECK(disk->weakness().no_directory_sync);
}

TEST_CASE("syncing the filesystem is said to work only where errors would be heard") {
  const TempDir dir;
  SECTION("here") {
    const auto disk = open_disk(dir.path());
    const auto synced = disk->sync_filesystem();
    CHECK(disk->weakness().no_filesystem_sync == !synced.has_value());
  }
  SECTION("where the call fails") {
    const auto disk = open_disk(dir.path());
    if (!disk->sync_filesystem()) {
      WARN("SKIPPED: not supported here");
      return;
    }
    const auto failed = with_refused({{SYS_syncfs, EIO}}, [&] { return disk->sync_filesystem(); });
    if (!failed) {
      WARN("SKIPPED: system calls cannot be refused here");
      return;
    }
    CHECK(failed->error().kind == ErrorKind::kIo);
    CHECK_FALSE(disk->weakness().no_filesystem_sync);
  }
  SECTION("where the drive's cache cannot be emptied") {
    const auto disk = open_disk(dir.path());
    if (!disk->sync_filesystem()) {
      WARN("SKIPPED: not supported here");
      return;
    }
    const auto failed = with_refused({{SYS_fsync, EIO}}, [&] { return disk->sync_filesystem(); });
    if (!failed) {
      WARN("SKIPPED: system calls cannot be refused here");
      return;
    }
    CHECK(failed->error().kind == ErrorKind::kIo);
  }
  SECTION("where there is no such call") {
    const auto disk = open_disk(dir.path());
    const auto lacking =
        with_refused({{SYS_syncfs, ENOSYS}}, [&] { return disk->sync_filesystem(); });
    if (!lacking) {
      WARN("SKIPPED: system calls cannot be refused here");
      return;
    }
    CHECK(lacking->error().kind == ErrorKind::kNotSupported);
    CHECK(disk->weakness().no_filesystem_sync);
  }
  SECTION("where the kernel does not say how old it is") {
    const auto disk = open_disk_without(dir.path(), {SYS_uname, ENOSYS});
    if (!disk) return;
    CHECK(disk->sync_filesystem().error().kind == ErrorKind::kNotSupported);
    CHECK(disk->weakness().no_filesystem_sync);
  }
}

TEST_CASE("the kinds of error say what the caller must do") {
  const std::map<int, ErrorKind> kinds = {
      {ENOENT, ErrorKind::kNotFound},      {EEXIST, ErrorKind::kExists},
      {ENOTEMPTY, ErrorKind::kExists},     {ENOTDIR, ErrorKind::kExists},
      {EISDIR, ErrorKind::kExists},        {ENOSPC, ErrorKind::kNoSpace},
      {EDQUOT, ErrorKind::kNoSpace},       {EFBIG, ErrorKind::kNoSpace},
      {EROFS, ErrorKind::kReadOnly},       {EIO, ErrorKind::kIo},
      {ELOOP, ErrorKind::kRefusedName},    {EACCES, ErrorKind::kRefusedName},
      {EPERM, ErrorKind::kRefusedName},    {EINVAL, ErrorKind::kRefusedName},
      {EILSEQ, ErrorKind::kRefusedName},   {ENAMETOOLONG, ErrorKind::kRefusedName},
      {ENOTSUP, ErrorKind::kNotSupported}, {ENOSYS, ErrorKind::kNotSupported},
      {EWOULDBLOCK, ErrorKind::kBusy},
  };
  for (const auto& [number, kind] : kinds) {
    CAPTURE(number);
    const store::Error error = store::error_from_errno(number, "write", "a/b");
    CHECK(error.kind == kind);
    CHECK(error.error_number == number);
    CHECK(error.path == "a/b");
  }
  CHECK(store::describe(store::error_from_errno(ENOSPC, "write", "archives/db.tar")) ==
        "write archives/db.tar: No space left on device");
  CHECK(store::describe({ErrorKind::kCorrupt, 0, "ledger.db", "damaged"}) == "ledger.db: damaged");
}

TEST_CASE("only one can hold the lock, and letting go frees it") {
  const TempDir dir;
  const auto first = open_disk(dir.path());
  const auto second = open_disk(dir.path());
  CHECK(first->lock(".holdfast/lock").error().kind == ErrorKind::kNotFound);
  REQUIRE(first->make_directory(".holdfast"));
  {
    const auto held = first->lock(".holdfast/lock");
    REQUIRE(held);
    CHECK(second->lock(".holdfast/lock").error().kind == ErrorKind::kBusy);
  }
  CHECK(second->lock(".holdfast/lock"));
}

TEST_CASE("listing gives each name with its kind until it is told to stop") {
  const TempDir dir;
  test::write_file(dir / "d/file", "");
  std::filesystem::create_directory(dir / "d/directory");
  std::filesystem::create_symlink("file", dir / "d/link");
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  std::map<std::string, FileKind> seen;
  REQUIRE(disk->list_directory("d", [&](std::string_view name, FileKind kind) {
    seen.emplace(name, kind);
    return true;
  }));
  CHECK(seen == std::map<std::string, FileKind>{{"file", FileKind::kFile},
                                                {"directory", FileKind::kDirectory},
                                                {"link", FileKind::kOther}});
  int visits = 0;
  REQUIRE(disk->list_directory("d", [&](auto, auto) { return ++visits < 2; }));
  CHECK(visits == 2);
  CHECK(disk->list_directory("none", [](auto, auto) { return true; }).error().kind ==
        ErrorKind::kNotFound);
  CHECK(disk->list_directory("d/file", [](auto, auto) { return true; }).error().kind ==
        ErrorKind::kExists);
}

TEST_CASE("the disk stays the directory that was opened, also when another takes its path") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "disk");
  const auto disk = open_disk(dir / "disk");
  std::filesystem::rename(dir / "disk", dir / "moved");
  std::filesystem::create_directory(dir / "disk");
  REQUIRE(disk->make_directory("new"));
  CHECK(std::filesystem::exists(dir / "moved/new"));
  CHECK_FALSE(std::filesystem::exists(dir / "disk/new"));
}

TEST_CASE("the disk knows its filesystem, its space and where SQLite finds it") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const auto space = disk->space();
  REQUIRE(space);
  CHECK(space->total_bytes > 0);
  CHECK(space->free_bytes <= space->total_bytes);
  CHECK(disk->filesystem_name() != "unknown");
  CHECK(open_disk("/proc")->filesystem_name() == "proc");
  CHECK(disk->database_vfs() == nullptr);

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  const auto relative = open_disk(".");
  std::filesystem::current_path(before);
  // Through the open root, wherever the program and whatever is mounted there.
  test::write_file(dir / "y.db", "found");
  CHECK(test::read_file(relative->database_path("y.db")) == "found");
  const auto moved = std::string(dir.path()) + "-moved";
  std::filesystem::rename(dir.path(), moved);
  CHECK(test::read_file(relative->database_path("y.db")) == "found");
  std::filesystem::rename(moved, dir.path());
}

TEST_CASE("a root that is no directory is not found, and nothing is made") {
  const TempDir dir;
  test::write_file(dir / "file", "");
  CHECK(store::open_posix_disk(dir / "none").error().kind == ErrorKind::kNotFound);
  CHECK(store::open_posix_disk(dir / "file").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(std::filesystem::exists(dir / "none"));
}

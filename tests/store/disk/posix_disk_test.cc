#include "store/disk/posix_disk.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <climits>
#include <map>

#include "tests/support/catch.h"
#include "tests/support/refused_calls.h"
#include "tests/support/temp_dir.h"

using store::Disk;
using store::ErrorKind;
using store::FileKind;
using store::OpenMode;
using test::RefusedCall;
using test::TempDir;
using test::with_refused;

namespace {

std::unique_ptr<Disk> open_disk(const std::string& path) {
  auto disk = store::open_posix_disk(path);
  return disk ? std::move(*disk) : nullptr;
}

// A disk that found, when it was opened, that the kernel lacks these calls; nullptr where the test
// machine cannot pretend so.
std::unique_ptr<Disk> open_disk_without(const std::string& path, const RefusedCall& call) {
  auto disk = with_refused({call}, [&] { return open_disk(path); });
  if (!disk) WARN("SKIPPED: system calls cannot be refused here");
  return disk ? std::move(*disk) : nullptr;
}

// Both ways of resolving a path have to keep the same promises.
std::unique_ptr<Disk> open_either_way(const std::string& path) {
  if (GENERATE(true, false)) return open_disk(path);
  return open_disk_without(path, {SYS_openat2, GENERATE(ENOSYS, EPERM)});
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("what is written to a file can be read back, and reading ends with the file") {
  const TempDir dir;
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  auto file = disk->open("data", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, bytes_of("hello")));
  REQUIRE((*file)->write_at(5, bytes_of(" world")));
  REQUIRE((*file)->sync());
  (*file)->drop_cache();

  std::string text(32, '.');
  CHECK((*file)->read_at(6, std::as_writable_bytes(std::span(text))) == 5U);
  CHECK(text.substr(0, 5) == "world");
  CHECK((*file)->read_at(11, std::as_writable_bytes(std::span(text))) == 0U);
  CHECK((*file)->size() == 11U);
  REQUIRE((*file)->truncate(4));
  CHECK((*file)->size() == 4U);
  CHECK(test::read_file(dir / "data") == "hell");
  // Also where nothing was written through this opening.
  auto again = disk->open("data", OpenMode::kReadWrite);
  REQUIRE(again);
  CHECK((*again)->size() == 4U);
  REQUIRE((*again)->truncate(1));
  CHECK((*again)->size() == 1U);
}

TEST_CASE("an offset beyond four gigabytes is not cut to 32 bits") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("sparse", OpenMode::kCreateNew);
  REQUIRE(file);
  const std::uint64_t offset = (1ULL << 32) + 7;
  REQUIRE((*file)->write_at(offset, bytes_of("far")));
  CHECK((*file)->size() == offset + 3);
  std::array<std::byte, 3> got{};
  CHECK((*file)->read_at(offset, got) == 3U);
  CHECK(got[0] == std::byte{'f'});
}

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

TEST_CASE("finished files are 0440 and unfinished ones 0640") {
  const TempDir dir;
  test::write_file(dir / "file", "");
  const auto disk = open_disk(dir.path());
  REQUIRE(disk->set_finished("file", true));
  CHECK(mode_of(dir / "file") == 0440);
  REQUIRE(disk->set_finished("file", false));
  CHECK(mode_of(dir / "file") == 0640);
  CHECK(disk->set_finished("none", true).error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(disk->weakness().no_permissions);
}

TEST_CASE("an open file is finished, and can still be written to by whoever has opened it") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const auto file = disk->open("file", OpenMode::kCreate).value();
  CHECK(mode_of(dir / "file") == 0640);
  REQUIRE(file->finish());
  CHECK(mode_of(dir / "file") == 0440);
  CHECK(file->write_at(0, std::as_bytes(std::span(std::string_view("content")))));
  CHECK(test::read_file(dir / "file") == "content");
}

TEST_CASE("what is read back is what the file holds, whatever was written before") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const std::string content = std::string(5000, 'a') + "end";
  {
    const auto file = disk->open("file", OpenMode::kCreate).value();
    REQUIRE(file->write_at(0, std::as_bytes(std::span(content))));
    REQUIRE(file->sync());
  }
  const auto back = disk->open("file", OpenMode::kReadBack).value();
  CHECK(back->size() == content.size());
  back->drop_cache();
  std::string odd(content.size() - 3, ' ');  // where nothing is aligned
  CHECK(back->read_at(3, std::as_writable_bytes(std::span(odd))) == odd.size());
  CHECK(odd == content.substr(3));
  CHECK(disk->open("none", OpenMode::kReadBack).error().kind == ErrorKind::kNotFound);
  REQUIRE(disk->make_directory("d"));
  CHECK(disk->open("d", OpenMode::kReadBack).error().kind == ErrorKind::kExists);
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

TEST_CASE("the time of a file can be set, and never that of what a symbolic link leads to") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  test::write_file(dir / "a/file", "content");
  test::write_file(dir / "other", "content");
  REQUIRE(::symlink("../other", (dir / "a/link").c_str()) == 0);
  const std::chrono::sys_seconds time{std::chrono::seconds{1'767'225'600}};
  REQUIRE(disk->set_modified("a/file", time));
  REQUIRE(disk->set_modified("a/link", time));
  struct stat info {};
  REQUIRE(::stat((dir / "a/file").c_str(), &info) == 0);
  CHECK(info.st_mtime == 1'767'225'600);
  CHECK(info.st_mtim.tv_nsec == 0);
  REQUIRE(::stat((dir / "other").c_str(), &info) == 0);
  CHECK(info.st_mtime != 1'767'225'600);
  const auto missing = disk->set_modified("a/missing", time);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a file may be from after 2038, when 32 bits of seconds are over") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  test::write_file(dir / "file", "content");
  REQUIRE(
      disk->set_modified("file", std::chrono::sys_seconds{std::chrono::seconds{3'829'000'089}}));
  struct stat info {};
  REQUIRE(::stat((dir / "file").c_str(), &info) == 0);
  CHECK(info.st_mtime == 3'829'000'089);
  CHECK(disk->stat("file"));
  CHECK(disk->open("file", OpenMode::kRead));
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

TEST_CASE("a failed sync condemns its file") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  const auto failed =
      with_refused({{SYS_fsync, EIO}, {SYS_fdatasync, EIO}}, [&] { return (*file)->sync(); });
  if (!failed) {
    WARN("SKIPPED: system calls cannot be refused here");
    return;
  }
  CHECK(failed->error().kind == ErrorKind::kIo);
  // The kernel would say yes now.
  CHECK((*file)->sync().error().error_number == EIO);
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

TEST_CASE("a file that cannot grow is kNoSpace, and not half a success") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{4096, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  // The system writes the first 4096 bytes and says so: a short write.
  const auto written = (*file)->write_at(0, std::vector<std::byte>(6000));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, old_handler);
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::kNoSpace);
  CHECK((*file)->size() == 4096U);
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

TEST_CASE("dropping the cache makes the next read come from the device") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  if (disk->filesystem_name() == "tmpfs") {
    WARN("SKIPPED: tmpfs is nothing but cache");
    return;
  }
  constexpr std::size_t kSizeBytes = 1024 * 1024;
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, std::vector<std::byte>(kSizeBytes, std::byte{1})));
  REQUIRE((*file)->sync());

  const auto cached_pages = [&] {
    const int fd = ::open((dir / "file").c_str(), O_RDWR);
    void* const map = ::mmap(nullptr, kSizeBytes, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(map != MAP_FAILED);
    std::vector<unsigned char> pages(kSizeBytes / 4096);
    REQUIRE(::mincore(map, kSizeBytes, pages.data()) == 0);
    ::munmap(map, kSizeBytes);
    ::close(fd);
    return std::count_if(pages.begin(), pages.end(), [](auto page) { return (page & 1) != 0; });
  };
  REQUIRE(cached_pages() > 0);
  (*file)->drop_cache();
  CHECK(cached_pages() == 0);
}

TEST_CASE("past the cache every read is right, also one that the device cannot serve at once") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const std::size_t size_bytes = GENERATE(1U, 4096U, 12345U);
  const std::size_t offset = GENERATE(0U, 1U, 4096U, 20000U);
  const std::size_t wanted_bytes = GENERATE(1U, 4096U, 8192U, 100U);
  const std::size_t shift = GENERATE(0U, 8U);
  CAPTURE(size_bytes, offset, wanted_bytes, shift);
  std::vector<std::byte> content(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) content[i] = static_cast<std::byte>(i * 7 / 3);
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, content));
  REQUIRE((*file)->sync());
  (*file)->drop_cache();

  alignas(store::kDirectBytes) std::array<std::byte, 8192 + 8> buffer{};
  const std::span into(buffer.data() + shift, wanted_bytes);
  const auto got = (*file)->read_at(offset, into);
  REQUIRE(got);
  const auto expected =
      offset < size_bytes ? std::min(wanted_bytes, size_bytes - offset) : std::size_t{0};
  REQUIRE(*got == expected);
  CHECK(std::equal(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(expected),
                   content.begin() + static_cast<std::ptrdiff_t>(std::min(offset, size_bytes))));

  // Writing and reading go on as before.
  REQUIRE((*file)->write_at(0, std::vector<std::byte>(1, std::byte{42})));
  REQUIRE((*file)->read_at(0, into.first(1)));
  CHECK(into.front() == std::byte{42});
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

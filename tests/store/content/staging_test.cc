#include "store/content/staging.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "store/content/layout.h"
#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using store::Staging;
using store::staging_path;
using test::TempDir;

namespace {

std::unique_ptr<store::Disk> make_disk(const TempDir& dir) {
  std::filesystem::create_directory(dir / ".holdfast");
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  return std::move(*disk);
}

const std::string kPath = staging_path("site", "db.tar", "", "etag", 100);

// As an agent that does not run as root: permissions then count. Only for this thread.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

}  // namespace

TEST_CASE("a staged file is named by all that identifies its content, and by nothing else") {
  CHECK(kPath == staging_path("site", "db.tar", "", "etag", 100));
  CHECK(kPath.starts_with(".holdfast/staging/site."));
  const std::set<std::string> names = {
      kPath,
      staging_path("other", "db.tar", "", "etag", 100),
      staging_path("site", "db.tar2", "", "etag", 100),
      staging_path("site", "db.tar", "v1", "etag", 100),
      staging_path("site", "db.tar", "", "etag2", 100),
      staging_path("site", "db.tar", "", "etag", 101),
      // The same bytes in a row, divided otherwise.
      staging_path("site", "db.ta", "r", "etag", 100),
      staging_path("site", "db.tar", "etag", "", 100),
      staging_path("site", "db.tar", "e", "tag", 100),
      staging_path("site", "db.tar", "", "etag1", 0),
      staging_path("site", "db.tar", "", "etag10", 0),
  };
  CHECK(names.size() == 11);
}

TEST_CASE("the name of a staged file can stand whatever the key holds") {
  const std::string path = staging_path(std::string(64, 's'),
                                        "../../x\n\\:%" + std::string(1000, 'k'), "..", "\"/\"", 1);
  const std::string name = path.substr(path.rfind('/') + 1);
  CHECK(store::parent_of(path) == store::kStagingDirectory);
  CHECK(name.size() < 255);
  CHECK(name.find_first_not_of("0123456789abcdefs.") == std::string::npos);
}

TEST_CASE("a new staged file is empty, and what is left of it is found again") {
  const TempDir dir;
  const auto disk = make_disk(dir);
  {
    auto staged = Staging(*disk).open(kPath, 100);
    REQUIRE(staged);
    CHECK(staged->size_bytes == 0);
    REQUIRE(staged->file->write_at(0, std::vector<std::byte>(40)));
  }
  const auto again = Staging(*disk).open(kPath, 100);
  REQUIRE(again);
  CHECK(again->size_bytes == 40);
}

TEST_CASE("a leftover as long as the content is kept, a longer one is emptied") {
  const TempDir dir;
  const auto disk = make_disk(dir);
  test::write_file(dir / kPath, std::string(100, 'x'));
  CHECK(Staging(*disk).open(kPath, 100)->size_bytes == 100);
  CHECK(Staging(*disk).open(kPath, 99)->size_bytes == 0);
  CHECK(std::filesystem::file_size(dir / kPath) == 0);
}

TEST_CASE("a staged file that was already made read-only can be used again") {
  const TempDir dir;
  const auto disk = make_disk(dir);
  test::write_file(dir / kPath, std::string(40, 'x'));
  REQUIRE(disk->set_finished(kPath, true));
  bool dropped = false;
  store::Status opened;
  std::thread([&] {
    dropped = drop_capabilities();
    const auto staged = Staging(*disk).open(kPath, 100);
    if (!staged) opened = tl::unexpected(staged.error());
  }).join();
  if (!dropped) WARN("SKIPPED: cannot run without capabilities here");
  CHECK(opened);
}

TEST_CASE("staging does not make a disk out of a directory that is none") {
  const TempDir dir;
  const auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  CHECK(Staging(**disk).open(kPath, 100).error().kind == store::ErrorKind::kNotFound);
}

TEST_CASE("sweeping removes what is not to be kept, and only files") {
  const TempDir dir;
  const auto disk = make_disk(dir);
  CHECK(Staging(*disk).sweep([](const auto&) { return false; }));

  const std::string other = staging_path("site", "old.tar", "", "etag", 1);
  test::write_file(dir / kPath, "keep");
  test::write_file(dir / other, "drop");
  test::write_file(dir / ".holdfast/staging/directory/file", "not ours");
  std::set<std::string> asked;
  REQUIRE(Staging(*disk).sweep([&](const std::string& path) {
    asked.insert(path);
    return path == kPath;
  }));
  CHECK(asked == std::set<std::string>{kPath, other});
  CHECK(test::read_file(dir / kPath) == "keep");
  CHECK_FALSE(std::filesystem::exists(dir / other));
  CHECK(std::filesystem::exists(dir / ".holdfast/staging/directory/file"));
}

TEST_CASE("nothing that is held can be changed through the staging directory") {
  const TempDir dir;
  const auto disk = make_disk(dir);
  test::write_file(dir / "site/archives/a", "held");
  test::write_file(dir / ".holdfast/disk.json", "{}");
  Staging staging(*disk);
  for (const std::string path : {"site/archives/a", ".holdfast/disk.json", ".holdfast/staging",
                                 ".holdfast/staging/../disk.json", ".holdfast/stagingx", ""}) {
    INFO(path);
    CHECK(staging.open(path, 0).error().kind == store::ErrorKind::kRefusedName);
    CHECK(staging.remove(path).error().kind == store::ErrorKind::kRefusedName);
    CHECK(staging.sync(path).error().kind == store::ErrorKind::kRefusedName);
  }
  CHECK(test::read_file(dir / "site/archives/a") == "held");
}

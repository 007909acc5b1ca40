#include "store/disk/posix_owner.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "store/content/disk_marker.h"
#include "store/disk/posix_disk.h"
#include "store/ledger/ledger.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

uid_t owner_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_uid;
}

uid_t nobody() { return ::getpwnam("nobody")->pw_uid; }

}  // namespace

TEST_CASE("what root makes on a mirror belongs to the mirror's owner", "[posix]") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root can give files away");
    return;
  }
  const test::TempDir dir;
  REQUIRE(store::give_mirror_to("nobody", dir.path()));
  CHECK(owner_of(dir.path()) == nobody());
  const auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  REQUIRE(store::Ledger::create(**disk));
  REQUIRE(store::write_marker(**disk, std::chrono::sys_seconds{}));
  REQUIRE((*disk)->lock(".holdfast/lock"));
  REQUIRE((*disk)->make_directory("site"));
  REQUIRE((*disk)->open("site/a", store::OpenMode::kCreate));
  REQUIRE((*disk)->rename_no_replace("site/a", "site/b"));
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path())) {
    CAPTURE(entry.path());
    CHECK(owner_of(entry.path()) == nobody());
    ++seen;
  }
  CHECK(seen >= 6);
}

TEST_CASE("what root makes elsewhere stays root's", "[posix]") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root can give files away");
    return;
  }
  const test::TempDir dir;
  REQUIRE(store::give_mirror_to("no-such-user", dir.path()));
  CHECK(std::filesystem::is_empty(dir.path()));
  REQUIRE(::chown(dir.path().c_str(), nobody(), ::getegid()) == 0);
  const auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  REQUIRE((*disk)->make_directory("site"));
  CHECK(owner_of(dir / "site") == 0);
  // A disk that is somebody's stays so.
  REQUIRE(store::give_mirror_to("daemon", dir.path()));
  CHECK(owner_of(dir.path()) == nobody());
}

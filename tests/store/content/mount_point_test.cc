#include "store/content/mount_point.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using store::ErrorKind;
using test::TempDir;

TEST_CASE("a mount point is told from a directory of its parent's filesystem") {
  const TempDir dir;
  CHECK(store::is_mount_point(dir.path()) == false);
  CHECK(store::is_mount_point("/") == true);
  CHECK(store::is_mount_point("/proc") == true);
  CHECK(store::is_read_only(dir.path()) == false);
  CHECK(store::is_read_only(dir / "absent").error().kind == store::ErrorKind::kNotFound);
  CHECK(store::is_mount_point("/proc/") == true);
  CHECK(store::is_mount_point(dir / "none").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a symbolic link is as much a mount point as what it leads to") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "directory");
  std::filesystem::create_directory_symlink("/proc", dir / "mounted");
  std::filesystem::create_directory_symlink("directory", dir / "plain");
  CHECK(store::is_mount_point(dir / "mounted") == true);
  CHECK(store::is_mount_point(dir / "plain") == false);
}

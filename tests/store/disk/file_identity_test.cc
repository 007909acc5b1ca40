#include "store/disk/file_identity.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "store/disk/posix_call.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using store::find_file_identity;
using store::is_same_file;
using store::seems_same_file;

TEST_CASE("a file is the same by whatever path, and says how many names it has") {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "a");
  std::ofstream(dir / "a/file") << "content";
  std::ofstream(dir / "other") << "content";
  const auto file = find_file_identity(dir / "a/file").value().value();
  CHECK(file.names == 1);
  CHECK_FALSE(is_same_file(file, find_file_identity(dir / "other").value().value()));
  CHECK_FALSE(seems_same_file(file, find_file_identity(dir / "other").value().value()));

  const store::UniqueFd open(::open((dir / "a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(open.get() >= 0);
  const auto elsewhere = fmt::format("/proc/self/fd/{}/file", open.get());
  CHECK(is_same_file(file, find_file_identity(elsewhere).value().value()));

  std::filesystem::create_hard_link(dir / "a/file", dir / "link");
  const auto link = find_file_identity(dir / "link").value().value();
  CHECK(is_same_file(file, link));
  CHECK(link.names == 2);
}

TEST_CASE("what is not there has no identity, and a symbolic link is not what it leads to") {
  const test::TempDir dir;
  std::ofstream(dir / "file") << "content";
  std::filesystem::create_symlink("file", dir / "link");
  CHECK_FALSE(find_file_identity(dir / "none").value());
  CHECK_FALSE(find_file_identity(dir / "file/below").value());
  CHECK_FALSE(is_same_file(find_file_identity(dir / "file").value().value(),
                           find_file_identity(dir / "link").value().value()));
}

TEST_CASE("a network mount's file is known by its number and its last change") {
  const store::FileIdentity here{1, 7, 1, 5'000'000'001};
  CHECK(seems_same_file(here, {2, 7, 1, 5'000'000'001}));
  CHECK_FALSE(is_same_file(here, {2, 7, 1, 5'000'000'001}));
  CHECK_FALSE(seems_same_file(here, {2, 7, 1, 5'000'000'002}));
  CHECK_FALSE(seems_same_file(here, {2, 8, 1, 5'000'000'001}));
  // The roots of two FAT filesystems.
  CHECK_FALSE(seems_same_file({1, 1, 1, 0}, {2, 1, 1, 0}));
}

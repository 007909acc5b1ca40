#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "store/content/key_path.h"
#include "store/disk/posix_disk.h"
#include "store/ledger/database.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

// On a small machine the place for temporary files is the card it runs from.

namespace {

// Open files that have no name any more.
std::vector<std::string> nameless_files() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.ends_with(" (deleted)")) found.push_back(target);
  }
  return found;
}

}  // namespace

TEST_CASE("what SQLite sorts lies on the disk of the ledger, and under no name") {
  const test::TempDir dir;
  test::write_file(dir / ".holdfast/db", "");
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  auto database = store::Database::open(**disk, ".holdfast/db", store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  const auto before = nameless_files();
  // More than its cache holds.
  REQUIRE(database->run_script(
      "CREATE TEMP TABLE large (x BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 "
      "FROM n WHERE i<6000) INSERT INTO large SELECT randomblob(1000) FROM n"));
  const auto after = nameless_files();
  REQUIRE(after.size() > before.size());
  const auto staging = (std::filesystem::canonical(dir.path()) / store::kStagingDirectory).string();
  const auto count = std::count_if(after.begin(), after.end(), [&](const std::string& path) {
    return path.starts_with(staging + "/");
  });
  CHECK(static_cast<std::size_t>(count) == after.size() - before.size());
  CHECK(std::filesystem::is_empty(staging));
}

TEST_CASE("what SQLite sorts leaves min_free of the disk, and says so where it cannot") {
  const test::TempDir dir;
  test::write_file(dir / ".holdfast/db", "");
  auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  const auto space = (*disk)->space();
  REQUIRE(space);
  constexpr const char* kSortMuch =
      "CREATE TEMP TABLE IF NOT EXISTS large (x BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
      "SELECT i+1 FROM n WHERE i<6000) INSERT INTO large SELECT randomblob(1000) FROM n";
  const auto sort = [&](std::uint64_t kept_bytes) {
    (*disk)->keep_free(kept_bytes);
    auto database = store::Database::open(**disk, ".holdfast/db", store::DatabaseMode::kReadWrite);
    REQUIRE(database);
    return database->run_script(kSortMuch);
  };
  const auto refused = sort(space->total_bytes);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == store::ErrorKind::kKeptFree);
  const auto said = store::describe(refused.error());
  CHECK(said.find("\"min_free\"") != std::string::npos);
  CHECK(said.find("full") == std::string::npos);
  CHECK(sort(0));
}

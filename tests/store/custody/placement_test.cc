#include "store/custody/placement.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "store/content/staging.h"
#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/temp_dir.h"

using store::Disk;
using store::ErrorKind;
using store::NameRules;
using store::NameVariant;
using store::Placer;
using store::Result;
using store::Status;
using test::TempDir;

namespace {

// Remembers the syncs instead of doing them, and fails them when told to.
class SyncedDisk : public test::ForwardingDisk {
 public:
  using ForwardingDisk::ForwardingDisk;
  Status sync_directory(std::string_view path) override {
    synced.insert(std::string(path));
    if (fail_sync) return tl::unexpected(store::error_from_errno(EIO, "sync", path));
    return {};
  }
  Status sync_filesystem() override {
    ++filesystem_syncs;
    if (filesystem_error != 0) {
      return tl::unexpected(store::error_from_errno(filesystem_error, "sync", ""));
    }
    return {};
  }
  std::set<std::string> synced;
  bool fail_sync = false;
  int filesystem_syncs = 0;
  int filesystem_error = 0;
};

// A disk that takes `A` and `a` for the same name and lists the one that was stored first, as FAT
// and NTFS do.
class FoldingDisk : public test::ForwardingDisk {
 public:
  using ForwardingDisk::ForwardingDisk;
  Result<std::unique_ptr<store::File>> open(std::string_view path, store::OpenMode mode) override {
    return ForwardingDisk::open(stored(path), mode);
  }
  Result<std::optional<store::FileInfo>> stat(std::string_view path) override {
    return ForwardingDisk::stat(stored(path));
  }
  Status make_directory(std::string_view path) override {
    return ForwardingDisk::make_directory(stored(path));
  }
  Status rename_no_replace(std::string_view from, std::string_view to) override {
    return ForwardingDisk::rename_no_replace(stored(from), stored(to));
  }
  Status remove_file(std::string_view path) override {
    return ForwardingDisk::remove_file(stored(path));
  }
  Status set_finished(std::string_view path, bool finished) override {
    return ForwardingDisk::set_finished(stored(path), finished);
  }
  Status sync_directory(std::string_view path) override {
    return ForwardingDisk::sync_directory(stored(path));
  }
  Status list_directory(
      std::string_view path,
      const std::function<bool(std::string_view, store::FileKind)>& visit) override {
    return ForwardingDisk::list_directory(stored(path), visit);
  }

 private:
  static bool folds_to(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
      return std::tolower(a) == std::tolower(b);
    });
  }

  // The names under which the segments of the path are stored; new ones as they are.
  std::string stored(std::string_view path) {
    if (path.empty()) return {};
    const std::string parent = store::parent_of(path);
    const std::string directory = stored(parent);
    std::string name(parent.empty() ? path : path.substr(parent.size() + 1));
    std::ignore =
        ForwardingDisk::list_directory(directory, [&](std::string_view entry, store::FileKind) {
          const bool same = folds_to(entry, name);
          if (same) name = entry;
          return !same;
        });
    return directory.empty() ? name : directory + "/" + name;
  }
};

// A disk in a temporary directory, and the words to say what happens on it.
struct World {
  World() {
    auto opened = store::open_posix_disk(dir.path());
    REQUIRE(opened);
    disk = std::move(*opened);
    REQUIRE(disk->make_directory(".holdfast"));
  }

  std::string stage(std::string_view key, std::string_view content) {
    const std::string path = store::staging_path("site", key, "", "etag", content.size());
    test::write_file(dir / path, content);
    REQUIRE(disk->set_finished(path, true));
    return path;
  }

  static std::vector<std::byte> sha256_of(std::string_view content) {
    store::DigestSet set({{store::Algorithm::kSha256, {}}});
    set.update(std::as_bytes(std::span(content)));
    return set.finish().front();
  }

  Result<NameVariant> place(Placer& placer, std::string_view key, std::string_view content) {
    return placer.place(stage(key, content), "site", key, sha256_of(content));
  }

  std::string path(std::string_view key, NameVariant variant = NameVariant::kPlain) const {
    return dir / store::archive_path("site", key, NameRules::kPosix, variant);
  }
  std::string distinct(std::string_view key) const { return path(key, NameVariant::kDistinct); }

  bool staging_is_empty() const {
    return std::filesystem::is_empty(dir / store::kStagingDirectory);
  }

  TempDir dir;
  std::unique_ptr<Disk> disk;
};

}  // namespace

TEST_CASE("a verified content gets the name that a person expects, and is read-only") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  CHECK(world.place(placer, "db/2026/01.tar", "content") == NameVariant::kPlain);
  CHECK(placer.sync());
  CHECK(test::read_file(world.path("db/2026/01.tar")) == "content");
  const auto permissions = std::filesystem::status(world.path("db/2026/01.tar")).permissions();
  CHECK(permissions == static_cast<std::filesystem::perms>(0440));
  CHECK(world.staging_is_empty());
}

TEST_CASE("the keys a and a/b stand side by side, whichever comes first") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  SECTION("the file first") {
    CHECK(world.place(placer, "a", "one") == NameVariant::kPlain);
    CHECK(world.place(placer, "a/b", "two") == NameVariant::kDistinct);
    CHECK(world.place(placer, "a/b/c", "three") == NameVariant::kDistinct);
    CHECK(test::read_file(world.path("a")) == "one");
    CHECK(test::read_file(world.distinct("a/b")) == "two");
    CHECK(test::read_file(world.distinct("a/b/c")) == "three");
  }
  SECTION("the directory first") {
    CHECK(world.place(placer, "a/b", "two") == NameVariant::kPlain);
    CHECK(world.place(placer, "a", "one") == NameVariant::kDistinct);
    CHECK(test::read_file(world.path("a/b")) == "two");
    CHECK(test::read_file(world.distinct("a")) == "one");
  }
  CHECK(world.staging_is_empty());
  CHECK(placer.sync());
}

TEST_CASE("a content that was placed before a crash is taken as ours") {
  World world;
  {
    Placer placer(*world.disk, NameRules::kPosix);
    REQUIRE(world.place(placer, "db.tar", "content"));
    REQUIRE(world.place(placer, "a", "file"));
    REQUIRE(world.place(placer, "a/b", "below") == NameVariant::kDistinct);
  }
  Placer placer(*world.disk, NameRules::kPosix);
  CHECK(world.place(placer, "db.tar", "content") == NameVariant::kPlain);
  CHECK(world.place(placer, "a/b", "below") == NameVariant::kDistinct);
  CHECK(world.staging_is_empty());
  CHECK(test::read_file(world.path("db.tar")) == "content");
  CHECK(std::distance(std::filesystem::directory_iterator(world.dir / "site/archives"), {}) == 3);
}

TEST_CASE("a file of somebody else keeps its name and its bytes") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  // Of the same length, so that only the bytes tell.
  test::write_file(world.path("db.tar"), "foreign");
  CHECK(world.place(placer, "db.tar", "content") == NameVariant::kDistinct);
  CHECK(test::read_file(world.path("db.tar")) == "foreign");
  CHECK(test::read_file(world.distinct("db.tar")) == "content");
  const auto permissions = std::filesystem::status(world.path("db.tar")).permissions();
  CHECK((permissions & std::filesystem::perms::owner_write) != std::filesystem::perms::none);
}

TEST_CASE("when two names are taken by others there is a third, and with that nothing changes") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  test::write_file(world.path("db.tar"), "foreign");
  test::write_file(world.distinct("db.tar"), "strange");
  const auto narrow = world.path("db.tar", NameVariant::kNarrow);
  SECTION("taken by nobody") {
    CHECK(world.place(placer, "db.tar", "content") == NameVariant::kNarrow);
    CHECK(test::read_file(narrow) == "content");
  }
  SECTION("taken") {
    std::filesystem::create_directories(std::filesystem::path(narrow).parent_path());
    test::write_file(narrow, "odd");
    CHECK(world.place(placer, "db.tar", "content").error().kind == ErrorKind::kExists);
    CHECK(test::read_file(narrow) == "odd");
    CHECK_FALSE(world.staging_is_empty());
  }
  CHECK(test::read_file(world.path("db.tar")) == "foreign");
  CHECK(test::read_file(world.distinct("db.tar")) == "strange");
}

TEST_CASE("a symbolic link in the place of the file or of a directory is not followed") {
  World world;
  const TempDir outside;
  test::write_file(outside / "file", "content");
  std::filesystem::create_directories(world.dir / "site/archives");
  std::filesystem::create_directory_symlink(outside.path(), world.path("directory"));
  std::filesystem::create_symlink(outside / "file", world.path("link"));
  Placer placer(*world.disk, NameRules::kPosix);
  CHECK(world.place(placer, "directory/new", "content") == NameVariant::kDistinct);
  CHECK(world.place(placer, "link", "content") == NameVariant::kDistinct);
  CHECK_FALSE(std::filesystem::exists(outside / "new"));
}

TEST_CASE("keys that differ in case stand side by side where the filesystem folds it") {
  World world;
  FoldingDisk folding(*world.disk);
  Placer placer(folding, NameRules::kPosix);
  CHECK(world.place(placer, "a", "same") == NameVariant::kPlain);
  // The same bytes: the file of the other key must not be taken for this one's.
  CHECK(world.place(placer, "A", "same") == NameVariant::kDistinct);
  CHECK(world.place(placer, "dir/x", "same") == NameVariant::kPlain);
  CHECK(world.place(placer, "Dir/x", "same") == NameVariant::kDistinct);
  CHECK(world.place(placer, "DIR/x", "other") == NameVariant::kDistinct);
  CHECK(placer.sync());
  CHECK(test::read_file(world.path("a")) == "same");
  CHECK(test::read_file(world.distinct("A")) == "same");
  CHECK(test::read_file(world.path("dir/x")) == "same");
  CHECK(world.staging_is_empty());
}

TEST_CASE("where case is folded a crash does not mix up the keys either") {
  World world;
  FoldingDisk folding(*world.disk);
  {
    Placer placer(folding, NameRules::kPosix);
    REQUIRE(world.place(placer, "dir/x", "same"));
    REQUIRE(world.place(placer, "DIR/x", "same"));
    REQUIRE(world.place(placer, "Dir/x", "same"));
  }
  Placer placer(folding, NameRules::kPosix);
  CHECK(world.place(placer, "Dir/x", "same") == NameVariant::kDistinct);
  CHECK(world.place(placer, "DIR/x", "same") == NameVariant::kDistinct);
  CHECK(world.place(placer, "dir/x", "same") == NameVariant::kPlain);
  CHECK(std::distance(std::filesystem::recursive_directory_iterator(world.dir / "site"), {}) == 6);
  CHECK(world.staging_is_empty());
}

TEST_CASE("every directory above a placed file is synced, once in a run") {
  World world;
  SyncedDisk disk(*world.disk);
  {
    Placer placer(disk, NameRules::kPosix);
    REQUIRE(world.place(placer, "db/x", "1"));
    REQUIRE(placer.sync());
    CHECK(disk.synced == std::set<std::string>{"", "site", "site/archives", "site/archives/db"});
    disk.synced.clear();
    REQUIRE(world.place(placer, "db/y", "2"));
    REQUIRE(placer.sync());
    CHECK(disk.synced == std::set<std::string>{"site/archives/db"});
    disk.synced.clear();
    REQUIRE(placer.sync());
    CHECK(disk.synced.empty());
  }
  // The last run may have been killed between making a directory and syncing it.
  Placer next_run(disk, NameRules::kPosix);
  REQUIRE(world.place(next_run, "db/z", "3"));
  REQUIRE(next_run.sync());
  CHECK(disk.synced == std::set<std::string>{"", "site", "site/archives", "site/archives/db"});
}

TEST_CASE("an adopted file and its directories are synced like a placed one") {
  World world;
  SyncedDisk disk(*world.disk);
  const std::set<std::string> all = {"", "site", "site/archives", "site/archives/db"};
  {
    Placer placer(*world.disk, NameRules::kPosix);
    REQUIRE(world.place(placer, "db/x", "1"));
  }
  SECTION("when it was found in the way") {
    Placer placer(disk, NameRules::kPosix);
    REQUIRE(world.place(placer, "db/x", "1"));
    REQUIRE(placer.sync());
    CHECK(disk.synced == all);
  }
  SECTION("when the caller found it") {
    Placer placer(disk, NameRules::kPosix);
    placer.note_placed("site/archives/db/x");
    REQUIRE(placer.sync());
    CHECK(disk.synced == all);
  }
}

TEST_CASE("many directories are synced at once, where the filesystem can") {
  World world;
  SyncedDisk disk(*world.disk);
  Placer placer(disk, NameRules::kPosix);
  const auto place_in = [&](int directories) {
    for (int i = 0; i < directories; ++i) {
      REQUIRE(world.place(placer, "d" + std::to_string(i) + "/x", "content"));
    }
  };
  SECTION("up to 16 one by one") {
    place_in(13);  // and the three above them
    REQUIRE(placer.sync());
    CHECK(disk.filesystem_syncs == 0);
    CHECK(disk.synced.size() == 16);
  }
  SECTION("more at once") {
    place_in(14);
    REQUIRE(placer.sync());
    CHECK(disk.filesystem_syncs == 1);
    CHECK(disk.synced.empty());
  }
  SECTION("one by one again where that is not supported") {
    disk.filesystem_error = EOPNOTSUPP;
    place_in(14);
    REQUIRE(placer.sync());
    CHECK(disk.synced.size() == 17);
  }
  SECTION("a failure is not taken for lack of support") {
    disk.filesystem_error = EIO;
    place_in(14);
    CHECK(placer.sync().error().kind == ErrorKind::kIo);
    CHECK(disk.synced.empty());
  }
}

TEST_CASE("after a failed sync nothing of the run may be recorded") {
  World world;
  SyncedDisk disk(*world.disk);
  Placer placer(disk, NameRules::kPosix);
  REQUIRE(world.place(placer, "x", "1"));
  disk.fail_sync = true;
  CHECK(placer.sync().error().kind == ErrorKind::kIo);
  disk.fail_sync = false;  // the kernel reports a lost write only once
  CHECK(placer.sync().error().kind == ErrorKind::kIo);
}

TEST_CASE("more directories than are remembered are all synced") {
  World world;
  SyncedDisk disk(*world.disk);
  disk.filesystem_error = EOPNOTSUPP;
  Placer placer(disk, NameRules::kPosix);
  for (int i = 0; i < 600; ++i) {
    REQUIRE(world.place(placer, "d" + std::to_string(i) + "/x", "content"));
  }
  REQUIRE(placer.sync());
  CHECK(disk.synced.size() == 603);
}

TEST_CASE("a directory that was removed since it was last used is made again") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  REQUIRE(world.place(placer, "db/x", "1"));
  std::filesystem::remove_all(world.dir / "site/archives");
  CHECK(world.place(placer, "db/y", "2") == NameVariant::kPlain);
  CHECK(test::read_file(world.path("db/y")) == "2");
}

TEST_CASE("a staged file that is gone is an error, and no directory goes with it") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  CHECK(placer.place(".holdfast/staging/none", "site", "x", World::sha256_of("x")).error().kind ==
        ErrorKind::kNotFound);
}

TEST_CASE("the deepest key there can be has a place") {
  World world;
  Placer placer(*world.disk, NameRules::kPosix);
  const std::string slashes(1024, '/');
  // Never so deep or long that other programs could not follow.
  for (const auto& key : {slashes, std::string(1024, '%')}) {
    CHECK(world.place(placer, key, "content") == NameVariant::kNarrow);
    const auto path = store::archive_path("site", key, NameRules::kPosix, NameVariant::kNarrow);
    CHECK(path.size() < 2500);
    CHECK(world.disk->stat(path).value().has_value());
  }
}

#include "store/content/staging.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <span>
#include <thread>

#include "store/content/key_path.h"
#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"
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

namespace {

constexpr std::uint64_t kLarge = store::kScatteredBytes;
const std::string kLargePath = staging_path("site", "large.tar", "", "etag", kLarge);
constexpr std::size_t kPiece = 1000;

std::string piece_of(char letter) { return std::string(kPiece, letter); }
store::Status put(store::File& file, std::uint64_t offset, const std::string& text) {
  return file.write_at(offset, std::as_bytes(std::span(text)));
}

/// As every transfer begins.
void begin(store::Disk& disk) {
  REQUIRE(disk.make_directory(".holdfast"));
  auto staged = Staging(disk).open(kLargePath, kLarge);
  REQUIRE(staged);
  REQUIRE(put(*staged->file, 0, piece_of('a')));
  REQUIRE(staged->file->sync());
  REQUIRE(disk.sync_filesystem());
}

/// As it goes on where several lanes bring it: with a gap, then without one, and whole.
store::Status collect(store::Disk& disk) {
  Staging staging(disk);
  auto staged = staging.open(kLargePath, kLarge);
  if (!staged) return staged.error();
  auto& file = *staged->file;
  const auto steps = {
      std::function<store::Status()>([&] { return staging.mark_scattered(kLargePath, kPiece); }),
      std::function<store::Status()>([&] { return put(file, 2 * kPiece, piece_of('c')); }),
      std::function<store::Status()>([&] { return put(file, kPiece, piece_of('b')); }),
      std::function<store::Status()>([&] { return put(file, 4 * kPiece, piece_of('e')); }),
      std::function<store::Status()>([&] { return file.sync(); }),
      std::function<store::Status()>(
          [&] { return staging.mark_scattered(kLargePath, 3 * kPiece); }),
      std::function<store::Status()>([&] { return staging.gather(kLargePath, file, 3 * kPiece); }),
  };
  for (const auto& step : steps) {
    if (auto done = step(); !done) return done;
  }
  return {};
}

/// What is found is what was written, without a gap.
void check_left(test::FaultDisk& disk) {
  Staging staging(disk);
  const auto collected = store::collected_bytes(disk, kLargePath, kLarge);
  REQUIRE(collected);
  const auto staged = staging.open(kLargePath, kLarge);
  REQUIRE(staged);
  CHECK(staged->size_bytes == *collected);
  const auto whole = piece_of('a') + piece_of('b') + piece_of('c');
  REQUIRE(staged->size_bytes >= kPiece);
  REQUIRE(staged->size_bytes <= whole.size());
  std::string left(staged->size_bytes, '?');
  REQUIRE(staged->file->read_at(0, std::as_writable_bytes(std::span(left))));
  CHECK(left == whole.substr(0, left.size()));
  CHECK(staged->file->size().value() == staged->size_bytes);
}

}  // namespace

TEST_CASE("a file with gaps is found without them after a crash at any step", "[torture]") {
  test::FaultDisk counting;
  begin(counting);
  counting.fail_at(1'000'000, test::Fault::kIoError);
  REQUIRE(collect(counting));
  const auto steps = counting.steps();
  CHECK(steps > 10);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    CAPTURE(step);
    test::FaultDisk disk;
    begin(disk);
    disk.fail_at(step, test::Fault::kIoError);
    (void)collect(disk);
    disk.heal();
    disk.restart();
    check_left(disk);
  }
}

TEST_CASE("a file with gaps is found without them after a power cut at any step", "[torture]") {
  const auto seed = GENERATE(range(0U, 40U));
  for (std::uint64_t step = 1; step <= 30; ++step) {
    CAPTURE(seed, step);
    test::FaultDisk disk;
    begin(disk);
    disk.set_power_cut_seed(seed);
    disk.fail_at(step, test::Fault::kPowerCut);
    (void)collect(disk);
    const bool struck = disk.struck();
    disk.heal();
    if (!struck) disk.power_cut();
    disk.restart();
    check_left(disk);
    if (!struck) break;
  }
}

TEST_CASE("the mark of a file with gaps is believed only as it was written") {
  test::FaultDisk disk;
  REQUIRE(disk.make_directory(".holdfast"));
  REQUIRE(disk.make_directory(".holdfast/staging"));
  disk.plant(kLargePath, piece_of('a'));
  Staging staging(disk);
  REQUIRE(staging.mark_scattered(kLargePath, 400));
  const auto mark = disk.files().at(kLargePath + ".ranges");
  CHECK(store::collected_bytes(disk, kLargePath, kLarge) == 400U);
  for (const auto& text : {mark.substr(0, mark.size() - 1), "1" + mark.substr(1), mark.substr(1),
                           std::string("00000000000000000400 00000000\n")}) {
    CAPTURE(text);
    disk.plant(kLargePath + ".ranges", text);
    CHECK(store::collected_bytes(disk, kLargePath, kLarge) == 0U);
  }
  // It never came to the disk, and so nothing was written behind a gap.
  for (const auto& text : {std::string(), std::string(30, '\0')}) {
    disk.plant(kLargePath + ".ranges", text);
    CHECK(store::collected_bytes(disk, kLargePath, kLarge) == kPiece);
  }
}

TEST_CASE("the mark of a file goes with it, and stays with it") {
  test::FaultDisk disk;
  REQUIRE(disk.make_directory(".holdfast"));
  REQUIRE(disk.make_directory(".holdfast/staging"));
  const auto other = staging_path("site", "other.tar", "", "etag", kLarge);
  Staging staging(disk);
  for (const auto& path : {kLargePath, other}) {
    disk.plant(path, piece_of('a'));
    REQUIRE(staging.mark_scattered(path, 400));
  }
  REQUIRE(staging.sweep([&](const std::string& path) { return path == other; }));
  const auto left = disk.files();
  CHECK(left.size() == 2);
  CHECK(left.contains(other));
  CHECK(left.contains(other + ".ranges"));
}

TEST_CASE("wherever sweeping is cut off, no gap is taken for content", "[torture]") {
  for (std::uint64_t step = 1;; ++step) {
    CAPTURE(step);
    test::FaultDisk disk;
    REQUIRE(disk.make_directory(".holdfast"));
    REQUIRE(disk.make_directory(".holdfast/staging"));
    // Whatever the order in which a filesystem lists them.
    for (const char* const key : {"a.tar", "b.tar", "c.tar", "d.tar"}) {
      const auto path = staging_path("site", key, "", "etag", kLarge);
      disk.plant(path, piece_of('a'));
      REQUIRE(Staging(disk).mark_scattered(path, 400));
    }
    disk.set_power_cut_seed(step);
    disk.fail_at(step, step % 2 == 0 ? test::Fault::kPowerCut : test::Fault::kIoError);
    (void)Staging(disk).sweep([](const std::string&) { return false; });
    const bool struck = disk.struck();
    disk.heal();
    disk.restart();
    for (const auto& [path, text] : disk.files()) {
      if (!path.ends_with(".ranges")) CHECK(store::collected_bytes(disk, path, kLarge) == 400U);
    }
    if (!struck) break;
  }
}

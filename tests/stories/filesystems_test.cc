#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "tests/stories/mounted_image.h"
#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

// Disks as people have them: each line of the table in deploy/filesystems.md is checked here.

using story::Json;
using story::MountedImage;
using story::Story;
using story::Words;
using test::kMiB;

namespace {

constexpr const char* kCheckedBefore =
    "whether a name is free is checked before the rename, not by it";
constexpr const char* kWritable = "archives cannot be made read-only";
constexpr const char* kEachSynced = "each file is synced on its own";

struct Kind {
  std::string name;
  std::uint64_t size_mib;  // the least that its mkfs takes
  bool folds_case;
  Words weaker;  // by the drivers of Debian's packages, where it is not the kernel's
};
const std::vector<Kind> kKinds = {{"ext4", 32, false, {}},
                                  {"xfs", 320, false, {}},
                                  {"btrfs", 128, false, {}},
                                  {"exfat", 32, true, {kCheckedBefore, kWritable, kEachSynced}},
                                  {"vfat", 64, true, {kCheckedBefore, kWritable, kEachSynced}},
                                  {"ntfs", 32, false, {kWritable, kEachSynced}}};

std::unique_ptr<MountedImage> mount_disk(Story& story, const Kind& kind) {
  auto image = MountedImage::make(story.dir, "usb", kind.size_mib, kind.name);
  if (!image) {
    WARN(fmt::format("SKIPPED: this machine cannot mount {}", kind.name));
    return nullptr;
  }
  story.disk = image->path();
  story.disk_options = "require_mount = yes\nmin_free = 0\n";
  story.init();
  return image;
}

// Bytes that take no memory.
class Zeros final : public fake_s3::Content {
 public:
  explicit Zeros(std::uint64_t size_bytes) : size_bytes_(size_bytes) {}
  std::uint64_t size_bytes() const override { return size_bytes_; }
  bool read(std::uint64_t, std::span<char> out) const override {
    std::ranges::fill(out, '\0');
    return true;
  }
  std::string md5() const override { return std::string(32, '0'); }

 private:
  const std::uint64_t size_bytes_;
};

void put_zeros(Story& story, const std::string& key, std::uint64_t size_bytes) {
  fake_s3::Object object;
  object.content = std::make_shared<Zeros>(size_bytes);
  story.server->put_object(story::kBucket, key, std::move(object));
}

// Every key with its content, whatever its path.
void check_all_is_held(const Story& story) {
  std::map<std::string, std::string> held;
  for (const auto& [path, element] : story.list()) {
    held[element.at("key").get<std::string>()] = element.at("sha256").get<std::string>();
  }
  CHECK(held.size() == story.wanted.size());
  for (const auto& [key, content] : story.wanted) {
    CAPTURE(key);
    CHECK(held[key] == story::sha256_of(content));
  }
  const auto sums = check_sums(story);
  CAPTURE(sums.err);
  CHECK(sums.status == 0);
}

std::string path_of(const Story& story, const std::string& key) {
  for (const auto& [path, element] : story.list()) {
    if (element.at("key") == key) return story.disk + "/" + path;
  }
  FAIL("not held: " << key);
  return "";
}

void rot(const std::string& path) {
  std::error_code ignored;  // where there are no permissions, nothing is in the way
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, ignored);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.write("rot", 3);
  REQUIRE(file.flush());
}

}  // namespace

TEST_CASE("on every filesystem that disks come with, all is held, proven and told apart",
          "[stories]") {
  const auto kind = GENERATE(from_range(kKinds));
  CAPTURE(kind.name);
  Story story;
  auto image = mount_disk(story, kind);
  if (!image) return;
  for (const char* key :
       {"db/2026-11-21.tar", "what: a \"name\"?.tar", "back\\slash|<>*", "trailing. ", "README",
        "readme", "CASE/one", "case/one", "a", "a/b", "..", "x//y"}) {
    story.put(key, fmt::format("the content of {}", key));
  }
  // fusefat, which is what can be had without the kernel's driver, knows ASCII only.
  if (kind.name != "vfat") story.put("\xc3\xbcn\xc3\xaf/\xe2\x98\x83", "umlauts and a snowman");
  for (std::size_t i = 0; i < 20; ++i) {
    story.put(fmt::format("of/{}/many", i), story::noise(i, 1000));
  }
  story.put("large.tar", story::noise(99, 3 * kMiB));

  const auto first = story.pull();
  CAPTURE(first.err);
  CHECK(first.status == 0);
  CHECK(first.err == "");
  check_all_is_held(story);
  const auto disk = story.status().at("disk");
  const auto weaker = disk.at("weaker").get<Words>();
  const auto driver = disk.at("filesystem").get<std::string>();
  CAPTURE(driver, weaker);
  const bool by_a_program = driver.starts_with("fuse");
  if (by_a_program || kind.weaker.empty()) CHECK(weaker == kind.weaker);
  const auto lower = path_of(story, "readme");
  CHECK((lower.find("%~") != std::string::npos) == kind.folds_case);

  // A changed content, taken; another one that supersedes; and rot.
  story.put("db/2026-11-21.tar", "another content");
  CHECK(story.pull().status == 1);
  CHECK(story.run({"accept", story::kSource, "db/2026-11-21.tar"}).status == 0);
  story.sources[story::kSource] = "on_change = generations\n";
  story.put("db/2026-11-21.tar", "a third content");
  CHECK(story.pull().status == 0);
  rot(path_of(story, "readme"));
  CHECK(story.run({"verify"}).status == 1);
  const auto repaired = story.pull();
  CAPTURE(repaired.err);
  CHECK(repaired.status == 0);
  CHECK(story::contains(repaired.err, "repaired"));
  check_all_is_held(story);
  CHECK(story.source_status().at("superseded") == 2);

  // Unplugged, and plugged in somewhere else.
  image.reset();
  image = MountedImage::mount(story.dir / "usb.img", story.dir / "elsewhere", "rw", kind.name);
  REQUIRE(image != nullptr);
  story.disk = image->path();
  story.server->reset_journal();
  CHECK(story.pull().status == 0);
  CHECK(story.server->counters().gets == 0);
  const auto verified = story.run({"verify", "--all"});
  CAPTURE(verified.err);
  CHECK(verified.status == 0);
  CHECK(story.status().at("disk").at("weaker").get<Words>() == weaker);
}

TEST_CASE("what FAT32 cannot hold is refused before a byte is fetched, and the rest is held",
          "[stories]") {
  Story story;
  const auto image = mount_disk(story, {"vfat", 64, true, {}});
  if (!image) return;
  put_zeros(story, "huge.tar", std::uint64_t{4} << 30);
  story.put("small.tar", "small");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 2);
  CHECK(story::contains(pulled.err, "must be smaller than 4 GiB"));
  CHECK(story::contains(pulled.err, "ext4 or exFAT"));
  CHECK(story.archives().size() == 1);
  for (const auto& entry : story.server->journal()) CHECK(entry.key != "huge.tar");
}

TEST_CASE("a disk that dies in mid-run ends it, and nothing is written elsewhere or forgotten",
          "[stories]") {
  const std::string name = GENERATE("ext4", "xfs");
  CAPTURE(name);
  Story story;
  auto image = mount_disk(story, {name, 320, false, {}});
  if (!image) return;
  story.put("held.tar", story::noise(1, kMiB));
  REQUIRE(story.pull().status == 0);
  for (std::size_t i = 0; i < 8; ++i) {
    story.put(fmt::format("new-{}.tar", i), story::noise(10 + i, 2 * kMiB));
  }
  story.server->lie({story::LieKind::kSlow, "GET", "", kMiB});
  story.server->reset_journal();
  story.write_config();
  test::Program pull(story.command({"pull"}));
  REQUIRE(
      story.server->wait_until([](const auto& seen) { return seen.object_bytes_sent >= kMiB; }));
  REQUIRE(image->fail_device());
  const auto died = pull.wait();
  CAPTURE(died.err);
  CHECK(died.status == 74);
  CHECK(story.status().at("state") == "failed");
  const auto mount_point = image->path();
  image.reset();
  CHECK(story::files_below(mount_point).empty());

  story.server->clear_lies();
  CHECK(story.pull().status == 75);  // nothing is mounted
  CHECK(story::files_below(mount_point).empty());
  // As a file of its own: where anybody's mount namespace still has the dead filesystem, it would
  // be that one again.
  std::filesystem::copy_file(story.dir / "usb.img", story.dir / "again.img");
  image = MountedImage::mount(story.dir / "again.img", mount_point, "rw", name);
  REQUIRE(image != nullptr);
  CHECK(story.first_untruth() == "");
  const auto finished = story.pull();
  CAPTURE(finished.err);
  CHECK(finished.status == 0);
  CHECK(story.first_difference() == "");
}

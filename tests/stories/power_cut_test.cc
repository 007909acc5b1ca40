#include <fmt/format.h>
#include <signal.h>

#include "tests/stories/mounted_image.h"
#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

using story::MountedImage;
using story::Story;
using test::kMiB;

namespace {

// The disk of the story becomes a filesystem of its own.
std::unique_ptr<MountedImage> mount_disk(Story& story, std::uint64_t size_mib) {
  auto image = MountedImage::make(story.dir, "usb", size_mib);
  if (!image) {
    WARN("SKIPPED: this machine cannot loop-mount an ext4 image");
    return nullptr;
  }
  story.disk = image->path();
  story.disk_options = "require_mount = yes\nmin_free = 0\n";
  story.init();
  return image;
}

}  // namespace

TEST_CASE("whenever the power goes, the disk holds only truth, and the next pull finishes",
          "[stories][power]") {
  constexpr int kCuts = 20;
  Story story;
  auto image = mount_disk(story, 256);
  if (!image) return;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t size = i % 10 == 0 ? 3 * kMiB : 1024 + i * i * 20;
    story.put(fmt::format("d{}/archive-{}.tar", i % 3, i), story::noise(i, size));
    bytes += size;
  }
  const auto copy_path = [&](int cut) { return story.dir / fmt::format("cut-{}.img", cut); };
  {
    story.write_config();
    test::Program pull(story.command({"pull"}));
    for (int cut = 1; cut <= kCuts; ++cut) {
      // Half of the moments while bytes flow, half while what came is made durable.
      const auto enough = std::min(bytes, bytes * static_cast<std::uint64_t>(2 * cut) / kCuts);
      REQUIRE(story.server->wait_until(
          [&](const auto& seen) { return seen.object_bytes_sent >= enough; }));
      if (enough == bytes) pull.wait_for(std::chrono::milliseconds(8));
      // Nothing but the kernel writes while the copy is made.
      pull.send(SIGSTOP);
      REQUIRE(image->copy_at_one_moment(copy_path(cut)));
      pull.send(SIGCONT);
    }
    CHECK(pull.wait().status == 0);
  }
  CHECK(story.first_difference() == "");
  image.reset();

  for (int cut = 1; cut <= kCuts; ++cut) {
    CAPTURE(cut);
    const auto after = MountedImage::mount(copy_path(cut), story.dir / "after", "rw");
    REQUIRE(after != nullptr);
    story.disk = after->path();
    CHECK(story.first_untruth() == "");
    const auto finished = story.pull();
    CAPTURE(finished.err);
    CHECK(finished.status == 0);
    CHECK(story.first_difference() == "");
  }
}

TEST_CASE("on a disk that fills up everything that is said to be held is held", "[stories]") {
  Story story;
  const auto image = mount_disk(story, 16);
  if (!image) return;
  for (std::size_t i = 0; i < 12; ++i) {
    story.put(fmt::format("archive-{}.tar", i), story::noise(i, 2 * kMiB));
  }
  SECTION("by downloads, which are then not begun") {
    const auto full = story.pull();
    CAPTURE(full.err);
    CHECK((full.status == 2 || full.status == 74));
    CHECK(story::contains(full.err, "min_free"));
  }
  SECTION("by somebody else, in the midst of a download") {
    story.server->lie({story::LieKind::kSlow, "GET", "", kMiB});
    story.write_config();
    test::Program pull(story.command({"pull"}));
    REQUIRE(
        story.server->wait_until([](const auto& seen) { return seen.object_bytes_sent >= kMiB; }));
    test::run_program({{"dd", "if=/dev/zero", "of=" + story.disk + "/ballast", "bs=64k"}});
    const auto full = pull.wait();
    CAPTURE(full.err);
    CHECK(full.status == 74);
    CHECK(story::contains(full.err, "full"));
    CHECK(story.status().at("exit_status") == 74);
  }
  CHECK(story.first_untruth() == "");
  CHECK(story.archives().size() < story.wanted.size());

  // Room again, and a bucket that fits: what is held, and something small.
  story.server->clear_lies();
  test::run_program({{"rm", "-f", story.disk + "/ballast"}});
  const auto held = story.archives();
  for (std::size_t i = 0; i < 12; ++i) {
    const auto key = fmt::format("archive-{}.tar", i);
    if (held.contains(key)) continue;
    story.server->erase(story::kBucket, key);
    story.wanted.erase(key);
  }
  story.put("small.tar", story::noise(99, 1000));
  const auto finished = story.pull();
  CAPTURE(finished.err);
  CHECK(finished.status == 0);
  CHECK(story.first_difference() == "");
}

TEST_CASE("a disk that turns read-only fails the pull, and can still be looked at", "[stories]") {
  Story story;
  auto image = mount_disk(story, 32);
  if (!image) return;
  story.put("one.tar", "content");
  REQUIRE(story.pull().status == 0);
  story.put("two.tar", "more");
  REQUIRE(image->remount("ro"));
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 74);
  CHECK(story::contains(pulled.err, "read-only"));
  CHECK(story.list().size() == 1);
  CHECK(story.run({"status"}).status == 0);
  CHECK(story.status().at("exit_status") == 74);

  // On another machine: no status file there, and a disk that may not be written.
  image.reset();
  image = MountedImage::mount(story.dir / "usb.img", story.dir / "elsewhere", "ro");
  REQUIRE(image != nullptr);
  story.disk = image->path();
  test::run_program({{"rm", story.status_path()}});
  CHECK(story.list().size() == 1);
  const auto status = story.run({"status", "--json"});
  CHECK(status.status == 0);
  CHECK(story::Json::parse(status.out).at("sources")[0].at("archives") == 1);
}

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "tests/stories/mounted_image.h"
#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/text.h"

using story::contains;
using story::MountedImage;
using story::Story;
using story::Words;
using test::kMiB;

namespace {

constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();

// Two sources in one bucket, of which somebody may write into "shop".
struct Two : Story {
  Two() {
    sources["site"] = "prefix = site/\n";
    sources["shop"] = "prefix = shop/\n";
  }

  void put_at(const std::string& key, const std::string& content, int minute) const {
    fake_s3::Object object;
    object.content = std::make_shared<fake_s3::MemoryContent>(content);
    object.last_modified = start + std::chrono::minutes(minute);
    server->put_object(story::kBucket, key, std::move(object));
  }
  void put_gigantic(const std::string& key, std::uint64_t size_bytes) const {
    server->put_pattern(story::kBucket, key, size_bytes, "0123456789abcdef0123456789abcdef");
  }
  void hold_one_each() {
    init();
    put_at("site/db-1.tar", "held of site", 0);
    put_at("shop/db-1.tar", "held of shop", 0);
    const auto pulled = pull();
    CAPTURE(pulled.err);
    REQUIRE(pulled.status == 0);
  }
  std::string held(const std::string& source, const std::string& name) const {
    return test::read_file(archives_path(source) + "/" + source + "/" + name);
  }
  std::vector<std::string> keys_got() const {
    std::vector<std::string> keys;
    for (const auto& entry : server->journal()) {
      if (entry.method == "GET" && !entry.listing) keys.push_back(entry.key);
    }
    return keys;
  }

  std::chrono::sys_seconds start =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) -
      std::chrono::hours(24);
};

std::uint64_t free_bytes(const std::string& path) { return std::filesystem::space(path).available; }

}  // namespace

TEST_CASE("objects of impossible sizes are left out in one line, and all else comes", "[stories]") {
  Two story;
  story.disk_options = "require_mount = no\nmin_free = 1M\n";
  story.hold_one_each();
  for (const auto size :
       {kLargest, kLargest - 1, kLargest - 4096, std::uint64_t{1} << 63,
        (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 60, std::uint64_t{1} << 50}) {
    const auto key = fmt::format("shop/junk-{}", size);
    story.put_gigantic(key, size);
    // Should one be asked for after all, it does not fill the disk of whoever tests.
    story.server->lie({story::LieKind::kTruncate, "GET", key, 1000});
  }
  story.put_at("shop/db-2.tar", "new of shop", 1);
  story.put_at("site/db-2.tar", "new of site", 1);
  for (int run = 0; run < 2; ++run) {
    story.server->reset_journal();
    const auto pulled = story.pull();
    CAPTURE(run, pulled.err);
    CHECK(pulled.status == 2);
    CHECK(story::lines(pulled.err) == 1);
    CHECK(contains(pulled.err, "shop: shop/junk-"));
    CHECK(contains(pulled.err, "not fetched: its "));
    CHECK(contains(pulled.err, "less than min_free = 1.0 MiB"));
    CHECK(contains(pulled.err, "find out who wrote it"));
    CHECK(story.keys_got().size() == (run == 0 ? 2 : 0));
    CHECK(story.source_status("shop").at("run").at("failed") == 7);
    CHECK(story.source_status("shop").at("archives") == 2);
    CHECK(story.source_status("shop").at("state") == "incomplete");
    CHECK(story.source_status("site").at("archives") == 2);
    CHECK(story.source_status("site").at("state") == "ok");
  }
  CHECK(story.held("shop", "db-1.tar") == "held of shop");
  CHECK(story.held("shop", "db-2.tar") == "new of shop");
  CHECK(story.held("site", "db-2.tar") == "new of site");
}

TEST_CASE("a flood of junk ends at min_free, after the newest archive of each source",
          "[stories]") {
  Two story;
  const auto image = MountedImage::make(story.dir, "usb", 64);
  if (!image) {
    WARN("SKIPPED: this machine cannot loop-mount an ext4 image");
    return;
  }
  story.disk = image->path();
  story.disk_options = "require_mount = yes\nmin_free = 16M\n";
  story.hold_one_each();
  for (int i = 0; i < 30; ++i) {
    story.put_at(fmt::format("shop/junk-{:02}", i),
                 story::noise(static_cast<std::uint64_t>(i), 2 * kMiB), 100 + i);
  }
  story.put_gigantic("shop/junk-giant", kLargest - 1);
  for (int night = 2; night <= 6; ++night) {
    story.put_at(fmt::format("site/db-{}.tar", night),
                 story::noise(static_cast<std::uint64_t>(night), kMiB), night);
  }
  const unsigned parallel = GENERATE(1U, 4U);
  story.agent_options = fmt::format("retries = 3\nparallel = {}\n", parallel);
  story.server->reset_journal();
  const auto pulled = story.pull();
  CAPTURE(parallel, pulled.err);
  CHECK(pulled.status == 2);
  CHECK(std::count(pulled.err.begin(), pulled.err.end(), '\n') <= 2);  // one for each source
  CHECK(contains(pulled.err, "shop: shop/junk-"));

  const auto got = story.keys_got();
  REQUIRE(got.size() > 2);
  const auto newest = std::find(got.begin(), got.end(), "site/db-6.tar");
  CHECK(newest - got.begin() < 2 * static_cast<std::ptrdiff_t>(parallel));
  const auto floor = std::uint64_t{16} * kMiB;
  CHECK(free_bytes(story.disk) >= floor - kMiB / 2);  // the ledger grows too
  CHECK(free_bytes(story.disk) < floor + 3 * kMiB);
  CHECK(story.held("site", "db-1.tar") == "held of site");
  CHECK(story.held("shop", "db-1.tar") == "held of shop");
  CHECK(story.held("site", "db-6.tar") == story::noise(6, kMiB));
  CHECK(story::files_below(story.disk + "/.holdfast/staging").empty());
  for (const auto* source : {"site", "shop"}) {
    CHECK(story::check_sums(story, source).status == 0);
  }

  const auto before = story::files_below(story.disk + "/site");
  story.server->reset_journal();
  const auto again = story.pull();
  CHECK(again.status == 2);
  CHECK(free_bytes(story.disk) >= floor - kMiB / 2);
  for (const auto& [path, content] : before) {
    CAPTURE(path);
    CHECK(test::read_file(story.disk + "/site/" + path) == content);
  }
}

TEST_CASE("a thousand junk archives neither hide the rest nor flood the mail", "[stories]") {
  Two story;
  story.hold_one_each();
  story.sources["shop"] += "min_size = 1K\n";
  const auto told = story.dir / "told";
  story.agent_options += fmt::format("on_alarm = echo \"$HOLDFAST_ALARM_KEY\" >>{}\n", told);
  for (int i = 0; i < 1000; ++i) story.put_at(fmt::format("shop/junk-{:04}", i), "junk", 100);
  story.put_at("site/db-2.tar", "new of site", 1);
  const auto pulled = story.pull();
  CHECK(pulled.status == 1);
  CAPTURE(pulled.err);
  CHECK(story::lines(pulled.err) == 11);
  CHECK(contains(pulled.err, "shop: and 990 more like these (small)"));
  // Twenty, and once for all the others.
  CHECK(story::lines(test::read_file(told)) == 21);
  CHECK(story.source_status("shop").at("alarms").size() == 100);
  CHECK(story.source_status("site").at("state") == "ok");
  CHECK(story.held("site", "db-2.tar") == "new of site");
  CHECK(contains(story.run({"status"}).out, "and 900 more alarms"));
  CHECK(story.run({"ack", "shop"}).status == 0);
  CHECK(story.pull().status == 0);
}

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/stories/mounted_image.h"
#include "tests/stories/story.h"
#include "tests/support/catch.h"

// Two disks that are swapped each week: what a person sees of a month of it.

using story::contains;
using story::MountedImage;
using story::Story;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// One mount point and two disks; two directories, where this machine cannot mount.
class TwoDisks {
 public:
  explicit TwoDisks(Story& story) : story_(story) {
    for (std::size_t i = 0; i < 2; ++i) {
      images_[i] = MountedImage::make(story.dir, fmt::format("usb-{}", i), 32);
      if (!images_[i]) WARN("SKIPPED: this machine cannot loop-mount an ext4 image");
      const auto at = story.dir / fmt::format("usb-{}", i);
      fs::create_directories(at);
      story.disk = at;
      story.init();
      ids_[i] = story::Json::parse(test::read_file(at + "/.holdfast/disk.json")).at("id");
    }
    mounts_ = images_[0] && images_[1];
    images_ = {};
    story.disk = story.dir / "usb";
    story.disk_options =
        fmt::format("require_mount = {}\nmin_free = 0\nid = {}, {}\nrotate_every = 2w\n",
                    mounts_ ? "yes" : "no", ids_[0], ids_[1]);
    plug_in(0);
  }

  void plug_in(std::size_t which) {
    const auto own_path = [&](std::size_t i) { return story_.dir / fmt::format("usb-{}", i); };
    if (mounts_) {
      here_.reset();
      here_ = MountedImage::mount(own_path(which) + ".img", story_.disk, "rw");
      REQUIRE(here_);
    } else {
      if (fs::exists(story_.disk)) fs::rename(story_.disk, own_path(which_));
      fs::rename(own_path(which), story_.disk);
    }
    which_ = which;
  }
  std::size_t which() const { return which_; }
  const std::string& id(std::size_t which) const { return ids_[which]; }

 private:
  Story& story_;
  bool mounts_ = false;
  std::array<std::unique_ptr<MountedImage>, 2> images_;
  std::array<std::string, 2> ids_;
  std::unique_ptr<MountedImage> here_;
  std::size_t which_ = 0;
};

class Month {
 public:
  Month() : disks(story) {
    hooks_path_ = story.dir / "hooks";
    story.agent_options = fmt::format(
        "retries = 3\nremind_every = 0\non_alarm = echo \"$HOLDFAST_ALARM_KIND "
        "$HOLDFAST_ALARM_KEY\" >> {}\n",
        hooks_path_);
  }

  static std::string key_of(int night) { return fmt::format("db-202603{:02}.sql", night); }

  // The job writes one archive, and keeps ten.
  void night() {
    ++nights;
    story.let_pass(24h);
    story.put(key_of(nights), story::noise(static_cast<std::uint64_t>(nights), 3'000));
    if (expires && nights > 10) {
      story.server->erase(story::kBucket, key_of(nights - 10));
      story.wanted.erase(key_of(nights - 10));
    }
    pull();
  }

  test::Finished pull() {
    story.server->reset_journal();
    const auto pulled = story.pull();
    CAPTURE(nights, pulled.err, pulled.out);
    CHECK(pulled.status == (alarms_are_open ? 1 : 0));
    for (const auto& entry : story.server->journal()) {
      if (entry.method == "GET" && !entry.key.empty()) ++gets[disks.which()][entry.key];
    }
    // The first content that a disk sees is the one that it trusts.
    for (const auto& [key, content] : story.wanted) seen[disks.which()].emplace(key, content);
    said = pulled.err;
    return pulled;
  }

  std::map<std::string, int> hooks() const {
    std::map<std::string, int> count;
    std::ifstream file(hooks_path_);
    for (std::string line; std::getline(file, line);) ++count[line];
    return count;
  }

  Story story;
  TwoDisks disks;
  int nights = 0;
  bool expires = true;
  bool alarms_are_open = false;
  std::string said;
  std::array<std::map<std::string, int>, 2> gets;
  std::array<story::Files, 2> seen;

 private:
  std::string hooks_path_;
};

}  // namespace

TEST_CASE("two disks take turns for a month, with an attack in the third week",
          "[stories][rotation]") {
  Month month;
  auto& story = month.story;
  for (int i = 0; i < 7; ++i) month.night();
  CHECK(contains(story.run({"status"}).out, month.disks.id(1) + " has not been here since"));
  month.disks.plug_in(1);
  for (int i = 0; i < 7; ++i) month.night();

  // What is away is shown with its age, wherever somebody looks.
  const auto away = "was last here 7d ago, and held 7 archives";
  CHECK(contains(story.run({"status"}).out, month.disks.id(0) + " " + away));
  CHECK(contains(story.run({"status", "--check"}).out, away));
  const auto page = story.dir / "page.html";
  REQUIRE(story.run({"status", "--html", page}).status == 0);
  CHECK(contains(test::read_file(page), away));

  month.disks.plug_in(0);
  month.night();
  month.night();
  CHECK(month.hooks().empty());
  CHECK(month.said.empty());

  // Everything that the bucket has is encrypted.
  std::set<std::string> attacked;
  for (const auto& [key, content] : story::Files(story.wanted)) {
    story.put(key, story::noise(1'000 + attacked.size(), 3'000));
    attacked.insert(key);
  }
  REQUIRE(attacked.size() == 10);
  month.expires = false;
  month.alarms_are_open = true;
  for (int i = 0; i < 5; ++i) month.night();
  CHECK(story.source_status().at("hold") == true);
  CHECK(month.hooks() == std::map<std::string, int>{{"mass-change ", 1}});

  // The other one comes, and knows.
  month.disks.plug_in(1);
  month.night();
  CHECK(month.said.empty());
  CHECK(story.source_status().at("hold") == true);
  month.night();
  month.night();
  CHECK(month.hooks() == std::map<std::string, int>{{"mass-change ", 1}});

  // One acknowledges the HOLD here, and then what went into quarantine; once each.
  REQUIRE(story.run({"ack", story::kSource}).status == 0);
  CHECK(story.source_status().at("hold") == false);
  month.night();
  REQUIRE(story.run({"ack", story::kSource}).status == 0);
  month.alarms_are_open = false;
  while (month.nights < 28) month.night();

  // The first one has not been here since it was on HOLD. Two archives were encrypted before the
  // other one saw them, so of those it has to ask.
  month.disks.plug_in(0);
  month.alarms_are_open = true;
  month.night();
  CHECK(story.source_status().at("hold") == false);
  CHECK(story.alarm_kinds() == story::Words{"changed", "changed"});
  REQUIRE(story.run({"ack", story::kSource}).status == 0);
  month.alarms_are_open = false;
  month.night();
  REQUIRE(month.nights == 30);

  for (const auto& [alarm, calls] : month.hooks()) {
    CAPTURE(alarm);
    CHECK(calls == 1);
  }
  CHECK(month.hooks().size() == 1 + 10);

  for (const std::size_t which : {1U, 0U}) {
    CAPTURE(which);
    month.disks.plug_in(which);
    CHECK(story.archives() == month.seen[which]);
    CHECK(story::check_sums(story).status == 0);
    for (const auto& [key, count] : month.gets[which]) {
      CAPTURE(key);
      // What was encrypted is fetched once more, into quarantine.
      const bool twice =
          attacked.contains(key) && month.seen[which].at(key) != story.wanted.at(key);
      CHECK(count == (twice ? 2 : 1));
    }
  }
}

TEST_CASE("a disk that stays away is one alarm, and a foreign one is refused",
          "[stories][rotation]") {
  Month month;
  auto& story = month.story;
  for (int i = 0; i < 14; ++i) month.night();
  month.alarms_are_open = true;
  for (int i = 0; i < 3; ++i) month.night();
  CHECK(story.alarm_kinds() == story::Words{"rotation"});
  CHECK(month.hooks() == std::map<std::string, int>{{"rotation ", 1}});
  CHECK(story.run({"status", "--check"}).status == 1);
  CHECK(contains(story.run({"status"}).out, "rotation since"));
  month.alarms_are_open = false;
  month.disks.plug_in(1);
  month.night();
  month.disks.plug_in(0);
  month.night();
  CHECK(story.alarm_kinds().empty());
  CHECK(month.hooks() == std::map<std::string, int>{{"rotation ", 1}});

  story.disk_options = "require_mount = no\nid = one, another\n";
  const auto refused = story.pull();
  CHECK(refused.status == 75);
  CHECK(contains(refused.err, "but one or another is wanted"));
  story.disk_options = "require_mount = no\nid = one, another, third\n";
  const auto third = story.pull();
  CHECK(third.status == 78);
  CHECK(contains(third.err, "only two can take turns"));
}

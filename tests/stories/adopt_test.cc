#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

// What another tool has mirrored becomes held by the real program, in a real directory.

using story::contains;
using story::Files;
using story::Story;

namespace {

struct Adoption : Story {
  Adoption() {
    init();
    std::filesystem::create_directory(old);
  }
  void lay(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(old + "/" + path).parent_path());
    std::ofstream(old + "/" + path, std::ios::binary) << content;
  }
  void put_both(const std::string& key, const std::string& content) {
    put(key, content);
    lay(key, content);
  }
  test::Finished adopt(const story::Words& more = {}) {
    server->reset_journal();
    story::Words words = {"adopt", story::kSource, old};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  struct stat info(const std::string& path) const {
    struct stat info {};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    return info;
  }

  std::string old = dir / "old";
};

}  // namespace

TEST_CASE("a directory of another tool is adopted by links, and the next pull fetches the rest",
          "[stories]") {
  Adoption story;
  story.put_both("db/a.tar", story::noise(1, 70'000));
  story.put_both("db/b.tar", story::noise(2, 3'500'000));
  story.put_both("odd name (1)", "x");
  story.put("flipped", story::noise(3, 5000));
  auto flipped = story::noise(3, 5000);
  flipped[77] = static_cast<char>(flipped[77] ^ 4);
  story.lay("flipped", flipped);
  story.put("missing", "only in the bucket");
  story.put("link", "a secret of this machine");
  story.lay("../outside", "a secret of this machine");
  std::filesystem::create_symlink(story.dir / "outside", story.old + "/link");
  story.lay("extra", "only in the directory");

  const auto looked = story.adopt({"--dry-run"});
  CAPTURE(looked.out, looked.err);
  CHECK(looked.status == 2);
  CHECK(contains(looked.out, "site: would adopt db/a.tar (68.4 KiB, verified by etag-md5)\n"));
  CHECK(story.archives().empty());

  const auto adopted = story.adopt();
  CAPTURE(adopted.out, adopted.err);
  CHECK(adopted.status == 2);
  CHECK(adopted.out ==
        fmt::format("site: 3 archives adopted from {0} (3.4 MiB); 1 differs from the bucket; 1 "
                    "could not be taken; 1 is not in {0}; 1 there is not in the bucket\n",
                    story.old));
  CHECK(contains(adopted.err, "site: flipped: " + story.old + "/flipped differs"));
  CHECK(contains(adopted.err, "site: link: not adopted from " + story.old +
                                  "/link: it is not a regular file\n"));
  CHECK(contains(adopted.err, "the bucket does not have " + story.old + "/extra"));
  CHECK(contains(adopted.err, "3 archives share one file with " + story.old));
  CHECK(story.server->counters().gets == 0);
  const auto archive = story.info(story.archives_path() + "/db/a.tar");
  const auto original = story.info(story.old + "/db/a.tar");
  CHECK(archive.st_ino == original.st_ino);
  CHECK((archive.st_mode & 07777) == 0440);
  CHECK((story.info(story.old + "/flipped").st_mode & 0200) != 0);
  CHECK(story.first_untruth().empty());

  CHECK(story.pull().status == 0);
  CHECK(story.server->counters().gets == 3);
  CHECK(story.first_difference().empty());
  CHECK(story::check_sums(story).status == 0);
}

TEST_CASE("a directory is moved into the mirror, or copied", "[stories]") {
  Adoption story;
  story.put_both("db/a.tar", story::noise(1, 70'000));
  story.put_both("db/b.tar", story::noise(2, 2'000'000));
  const bool moves = GENERATE(true, false);
  const auto adopted = story.adopt({moves ? "--move" : "--copy"});
  CAPTURE(adopted.out, adopted.err);
  CHECK(adopted.status == 0);
  CHECK(adopted.err.empty());
  CHECK(story::files_below(story.old).size() == (moves ? 0 : 2));
  CHECK(story.info(story.archives_path() + "/db/a.tar").st_nlink == 1);
  CHECK(story.pull().status == 0);
  CHECK(story.server->counters().gets == 0);
  CHECK(story.first_difference().empty());
}

TEST_CASE("the mirror is neither moved into itself nor restored into by a bind mount of it",
          "[stories]") {
  Adoption story;
  story.put("db/a.tar", story::noise(1, 70'000));
  REQUIRE(story.pull().status == 0);
  const auto* part = GENERATE("/archives", "/archives/db");
  const auto mounted = test::run_program(
      {{"mount", "--bind", story.disk_path() + "/" + story::kSource + part, story.old}});
  if (mounted.status != 0) {
    WARN("SKIPPED: this machine cannot bind-mount a directory");
    return;
  }
  const auto adopted = story.adopt({"--move", "--orphans"});
  const auto restored = story.run({"restore", story::kSource, "**", "--to", story.old});
  CHECK(test::run_program({{"umount", story.old}}).status == 0);
  CAPTURE(adopted.out, adopted.err, restored.err);
  CHECK(adopted.status == 64);
  CHECK(contains(adopted.err, story.old + " is the mirror's own"));
  CHECK(restored.status == 64);
  CHECK(contains(restored.err, story.old + " lies in the mirror"));
  CHECK(story.first_difference().empty());
}

TEST_CASE("what was linked first is moved later", "[stories]") {
  Adoption story;
  story.put_both("db/a.tar", story::noise(1, 70'000));
  REQUIRE(story.adopt({"--link"}).status == 0);
  const auto moved = story.adopt({"--move"});
  CAPTURE(moved.out, moved.err);
  CHECK(moved.status == 0);
  CHECK(story::files_below(story.old).empty());
  CHECK(story.first_difference().empty());
}

TEST_CASE("of --copy, --move and --link only one is taken", "[stories]") {
  Adoption story;
  const auto both = story.adopt({"--copy", "--move"});
  CHECK(both.status == 64);
  CHECK(contains(both.err, "holdfast adopt --help"));
}

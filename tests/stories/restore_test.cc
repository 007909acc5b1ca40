#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

// What the disk holds comes back, by the real program, to a directory beside it.

using story::contains;
using story::Files;
using story::Json;
using story::Story;
using namespace std::chrono_literals;

namespace {

struct Restore : Story {
  Restore() {
    init();
    std::filesystem::create_directory(to);
  }
  test::Finished restore(const std::string& pattern, const story::Words& more = {}) const {
    story::Words words = {"restore", story::kSource, pattern, "--to", to};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // As the program sees it.
  std::string time_of_day(std::chrono::seconds from_now) const {
    const auto time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto seconds = std::chrono::system_clock::to_time_t(time + from_now);
    std::array<char, 32> text{};
    std::tm utc{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S+00:00", ::gmtime_r(&seconds, &utc));
    return text.data();
  }

  std::string to = dir / "restored";
};

}  // namespace

TEST_CASE("a whole source comes back, as it is and as it was, and over nothing", "[stories]") {
  Restore story;
  story.sources[story::kSource] = "on_change = generations\ntripwire = off\n";
  for (int i = 0; i < 12; ++i) {
    story.put(fmt::format("db/{:02}.tar", i), story::noise(static_cast<std::uint64_t>(i), 70'000));
  }
  story.put("web/large.tar", story::noise(99, 3'500'000));
  const auto uploaded_at = std::chrono::floor<std::chrono::seconds>(
      story.server->bucket(story::kBucket)->find("db/03.tar", "")->last_modified);
  REQUIRE(story.pull().status == 0);
  const auto before = story.wanted;
  story.let_pass(48h);
  story.put("db/03.tar", "another content");
  story.put("db/new.tar", "new");
  REQUIRE(story.pull().status == 0);
  const auto mirror = story::files_below(story.disk);

  const auto then = story.restore("**", {"--as-of", story.time_of_day(24h)});
  CAPTURE(then.err);
  CHECK(then.status == 0);
  CHECK(then.err.empty());
  CHECK(then.out == fmt::format("site: 13 archives restored to {} (4.1 MiB)\n", story.to));
  CHECK(story::files_below(story.to) == before);
  struct stat info {};
  REQUIRE(::stat((story.to + "/db/03.tar").c_str(), &info) == 0);
  CHECK(info.st_mtime == std::chrono::system_clock::to_time_t(uploaded_at));
  CHECK((info.st_mode & 0600) == 0600);

  const auto now = story.restore("**", {"--json"});
  CHECK(now.status == 2);
  CHECK(story::lines(now.err) == 1);
  CHECK(contains(now.err, "site: db/03.tar: not restored to " + story.to + "/db/03.tar: "));
  const auto counts = Json::parse(now.out);
  CHECK(counts.at("restored") == 1);
  CHECK(counts.at("there_already") == 12);
  CHECK(counts.at("not_written") == 1);
  auto both = story.wanted;
  both["db/03.tar"] = before.at("db/03.tar");
  CHECK(story::files_below(story.to) == both);

  std::filesystem::remove_all(story.to);
  std::filesystem::create_directory(story.to);
  CHECK(story.restore("**").status == 0);
  CHECK(story::files_below(story.to) == story.wanted);
  CHECK(story::files_below(story.disk) == mirror);
}

TEST_CASE("a restore that is asked wrongly writes nothing and says what to do", "[stories]") {
  Restore story;
  story.put("db/a.tar", "content");
  REQUIRE(story.pull().status == 0);
  const auto check = [](const test::Finished& finished, const std::string& piece) {
    CAPTURE(finished.err, piece);
    CHECK(finished.status == 64);
    CHECK(finished.out.empty());
    CHECK(contains(finished.err, piece));
  };
  check(story.restore("none"), "'holdfast list site'");
  check(story.restore("**", {"--as-of", "last week"}), "is not a time");
  check(story.run({"restore", "site", "**", "--to", story.to + "/none"}), "there is no directory");
  std::filesystem::create_directory_symlink(story.archives_path(), story.dir / "link");
  check(story.run({"restore", "site", "**", "--to", story.dir / "link"}), "lies in the mirror");
  CHECK(story::files_below(story.to).empty());

  const auto listed = story.restore("**", {"--list", "--json"});
  CHECK(listed.status == 0);
  CHECK(Json::parse(listed.out).at(0).at("sha256") == story::sha256_of("content"));
  CHECK(story::files_below(story.to).empty());
}

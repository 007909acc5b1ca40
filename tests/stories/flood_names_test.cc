#include <fmt/format.h>

#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::Story;

namespace {

// Keys whose generations somebody would like to see elsewhere, or under another key's name.
const story::Words kKeys = {
    "../x",
    "../../../../../../../../tmp/holdfast-escaped",
    "..",
    "/etc/passwd",
    "//",
    "./a",
    "d/../../e",
    "back\\..\\slash",
    "%2E%2E/percent",
    "nul\x01\n\x1b[2J",
    "trusted.tar",
    "../archives/trusted.tar",
    "archives/trusted.tar",
    "../quarantine/trusted.tar/20260131T020000Z-00000000",
    "20260131T020000Z-00000000",
    "quarantine",
    "superseded/trusted.tar",
    "SHA256SUMS",
    ".holdfast/ledger.db",
};

struct Names : Story {
  Names() {
    sources["site"] = "versions = all\ntripwire = off\n";
    server->make_bucket(story::kBucket);
    server->keep_versions(story::kBucket);
    init();
  }

  void put_at(const std::string& key, const std::string& content, int minute = 0) {
    fake_s3::Object object;
    object.content = std::make_shared<fake_s3::MemoryContent>(content);
    object.last_modified = kStart + std::chrono::minutes(minute);
    server->put_object(story::kBucket, key, std::move(object));
    contents.insert(content);
  }

  void check_all_is_held() const {
    std::set<std::string> held;
    for (const auto& [path, content] : story::files_below(disk + "/site")) {
      if (path != "SHA256SUMS" && path != "manifest.jsonl") held.insert(content);
    }
    CHECK(held == contents);
    std::set<std::string> elsewhere;
    for (const auto& [path, content] : story::files_below(dir.path())) {
      if (!path.starts_with("disk/site/") && !path.starts_with("disk/.holdfast/")) {
        elsewhere.insert(path);
      }
    }
    CHECK(elsewhere == std::set<std::string>{"credentials", "holdfast.conf", "status/status.json"});
    CHECK(story::files_below(disk + "/.holdfast").size() == 4);
    const auto sums = story::check_sums(*this);
    CAPTURE(sums.err);
    CHECK(sums.status == 0);
    check_the_list();
  }

  // Each line of the list leads to the content that it names.
  void check_the_list() const {
    const auto listed = run({"list", "site", "--all", "--json"});
    REQUIRE(listed.status == 0);
    std::set<std::string> paths;
    for (const auto& element : story::Json::parse(listed.out)) {
      const std::string path = element.at("path");
      CAPTURE(path);
      CHECK(path.starts_with("site/"));
      CHECK(path.find("/../") == std::string::npos);
      CHECK(paths.insert(path).second);
      CHECK(story::sha256_of(test::read_file(disk + "/" + path)) == element.at("sha256"));
    }
    // And SHA256SUMS, and the manifest.
    CHECK(paths.size() + 2 == story::files_below(disk + "/site").size());
  }

  static constexpr auto kStart =
      std::chrono::sys_days(std::chrono::January / 31 / 2026) + std::chrono::hours(2);
  std::set<std::string> contents;
};

std::string generation_name(const std::string& content) {
  return "20260131T020000Z-" + story::sha256_of(content).substr(0, 8);
}

}  // namespace

TEST_CASE("no key leads a generation out of its place, whatever it is called", "[stories]") {
  Names story;
  const std::string on_change = GENERATE("quarantine", "generations");
  story.sources["site"] += "on_change = " + on_change + "\n";
  CAPTURE(on_change);
  for (const auto& key : kKeys) story.put_at(key, "first of " + key);
  const auto first = story.pull();
  CAPTURE(first.err);
  CHECK(first.status == 0);
  story.check_all_is_held();
  const auto archives = story.archives();

  for (const auto& key : kKeys) {
    story.put_at(key, "second of " + key, 1);
    story.put_at(key, "third of " + key, 2);
  }
  const bool generations = on_change == "generations";
  const auto second = story.pull();
  CAPTURE(second.err);
  CHECK(second.status == (generations ? 0 : 1));
  CHECK(second.err.find('\x1b') == std::string::npos);
  story.check_all_is_held();
  CHECK(story::files_below(story.archives_path()).size() == kKeys.size());
  CHECK((story.archives() == archives) != generations);
  CHECK(story.source_status().at("quarantined") == (generations ? 0 : kKeys.size()));
  CHECK(story.source_status().at("superseded") == kKeys.size() * (generations ? 2 : 1));
}

TEST_CASE("a key that is named like a generation of another key takes nothing from it",
          "[stories]") {
  Names story;
  story.sources["site"] = "tripwire = off\n";
  const std::string bad = "second of a";
  const auto like_a_file = "a/" + generation_name(bad);
  const auto below_it = like_a_file + "/" + generation_name("x");
  story.put_at("a", "first of a");
  story.put_at(like_a_file, "first of the impostor");
  story.put_at(below_it, "first below the impostor");
  REQUIRE(story.pull().status == 0);
  const auto archives = story.archives();

  const auto change_a = [&] { story.put_at("a", bad); };
  const auto change_the_others = [&] {
    story.put_at(like_a_file, "second of the impostor");
    story.put_at(below_it, "second below the impostor");
  };
  const bool a_first = GENERATE(true, false);
  const bool in_two_runs = GENERATE(true, false);
  CAPTURE(a_first, in_two_runs);
  a_first ? change_a() : change_the_others();
  if (in_two_runs) CHECK(story.pull().status == 1);
  a_first ? change_the_others() : change_a();
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(story.archives() == archives);
  CHECK(story.source_status().at("quarantined") == 3);
  story.check_all_is_held();

  CHECK(story.run({"accept", "site", "a"}).status == 0);
  CHECK(story.run({"accept", "site", like_a_file}).status == 0);
  story.check_all_is_held();
}

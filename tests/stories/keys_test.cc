#include <algorithm>
#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::Story;

namespace {

std::multiset<std::string> contents_of(const story::Files& files) {
  std::multiset<std::string> contents;
  for (const auto& [path, content] : files) contents.insert(content);
  return contents;
}

std::string key_of_1024_bytes() {
  std::string key;
  while (key.size() < 1000) key += "segment-of-twenty/";
  return key + std::string(1024 - key.size(), 'e');
}

// Keys that S3 allows and that no file could be named by, and the names they get.
const story::Files kOddKeys = {
    {"../x", "%2E%2E/x"},
    {"../../../../../../tmp/x", "%2E%2E/%2E%2E/%2E%2E/%2E%2E/%2E%2E/%2E%2E/tmp/x"},
    {"/abs", "%2F/abs"},
    {"//", "%2F/%2F/%2F"},
    {"d//b", "d/%2F/b"},
    {"c/./b", "c/%2E/b"},
    {"trailing/", "trailing/%2F"},
    {"control\x01\n\x7f", "control%01%0A%7F"},
    {"back\\slash", "back%5Cslash"},
    {"percent%2Fsign", "percent%252Fsign"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {" -rf *?\"'$(x);&", " -rf *?\"'$(x);&"},
    {"a+b=c&d#e?f", "a+b=c&d#e?f"},
    {".holdfast/ledger.db", ".holdfast/ledger.db"},
    {"SHA256SUMS", "SHA256SUMS"},
    {"site/archives/x", "site/archives/x"},
};

}  // namespace

TEST_CASE("whatever a key is called, its archive lies under archives/ and nowhere else",
          "[stories]") {
  Story story;
  story.init();
  std::multiset<std::string> contents;
  const auto put = [&](const std::string& key) {
    story.server->put(story::kBucket, key, "content of " + key);
    contents.insert("content of " + key);
  };
  for (const auto& [key, path] : kOddKeys) put(key);
  put(key_of_1024_bytes());
  put("long/" + std::string(300, 's') + "/" + std::string(700, 't'));
  put(std::string("no UTF-8: \xff\xfe\xc3"));
  put("twin");
  put("twin/below");

  const auto first = story.pull();
  CHECK(first.status == 0);
  CHECK(first.out.empty());
  CHECK(first.err.empty());
  const auto archives = story.archives();
  CHECK(contents_of(archives) == contents);
  for (const auto& [key, path] : kOddKeys) {
    CAPTURE(key, path);
    REQUIRE(archives.contains(path));
    CHECK(archives.at(path) == "content of " + key);
  }
  for (const auto& [path, content] : archives) {
    CAPTURE(path);
    CHECK(path.find("%00") == std::string::npos);
    CHECK(std::none_of(path.begin(), path.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }

  std::set<std::string> elsewhere;
  for (const auto& [path, content] : story::files_below(story.dir.path())) {
    if (!path.starts_with("disk/site/archives/")) elsewhere.insert(path);
  }
  CHECK(elsewhere ==
        std::set<std::string>{"credentials", "disk/.holdfast/disk.json", "disk/.holdfast/ledger.db",
                              "disk/.holdfast/ledger.db-journal", "disk/.holdfast/lock",
                              "disk/site/SHA256SUMS", "disk/site/manifest.jsonl", "holdfast.conf",
                              "status/status.json"});
  const auto sums = story::check_sums(story);
  CHECK(sums.status == 0);
  CHECK(sums.err.empty());
  CHECK(story.list().size() == contents.size());
  CHECK(story.source_status().at("archives") == contents.size());

  story.server->reset_journal();
  CHECK(story.pull().status == 0);
  CHECK(story.server->counters().gets == 0);
  CHECK(story.server->counters().heads == 0);
  CHECK(story.archives() == archives);
}

TEST_CASE("keys of nothing but dots are files like others", "[stories]") {
  Story story;
  story.init();
  for (const auto* key : {".", "..", "..."}) story.server->put(story::kBucket, key, key);
  CHECK(story.pull().status == 0);
  CHECK(story.archives() == story::Files{{"%2E", "."}, {"%2E%2E", ".."}, {"...", "..."}});
}

TEST_CASE("a prefix and globs choose what is mirrored, under the whole key", "[stories]") {
  Story story;
  story.init();
  story.sources["site"] = "prefix = db/\ninclude = *.tar, deep/**\nexclude = *-tmp.tar\n";
  for (const auto* key : {"db/a.tar", "db/a-tmp.tar", "db/deep/b/c.txt", "db/d.txt", "a.tar"}) {
    story.server->put(story::kBucket, key, key);
  }
  CHECK(story.pull().status == 0);
  CHECK(story.archives() ==
        story::Files{{"db/a.tar", "db/a.tar"}, {"db/deep/b/c.txt", "db/deep/b/c.txt"}});
  for (const auto& entry : story.server->journal()) {
    if (entry.listing) CHECK(story::contains(entry.target, "prefix=db%2F"));
  }
}

TEST_CASE("archives are files that nobody writes, in directories that others cannot read",
          "[stories]") {
  Story story;
  story.init();
  story.put("db/one.tar", "content");
  REQUIRE(story.pull().status == 0);
  const auto modes = test::run_program({{"stat", "-c", "%a", story.archives_path() + "/db/one.tar",
                                         story.archives_path() + "/db", story.status_path()}});
  CHECK(modes.out == "440\n750\n644\n");
}

TEST_CASE("an empty bucket leaves no sums, and an empty object is an archive", "[stories]") {
  Story story;
  story.init();
  CHECK(story.pull().status == 1);
  CHECK(story.alarm_kinds() == std::vector<std::string>{"nothing"});
  CHECK(story.archives().empty());
  CHECK_FALSE(story::files_below(story.disk).contains("site/SHA256SUMS"));
  story.put("empty", "");
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference() == "");
}

TEST_CASE("a bucket of many pages is mirrored whole, each object fetched once", "[stories]") {
  Story story;
  story.init();
  story.server->set_page_keys(7);
  for (std::size_t i = 0; i < 50; ++i) {
    story.put("n/" + std::to_string(i), story::noise(i, i * 100));
  }
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference() == "");
  CHECK(story.server->counters().gets == 50);
  const auto status = story.source_status();
  CHECK(status.at("run").at("listed") == 50);
  CHECK(status.at("run").at("new") == 50);
  CHECK(status.at("verified_by").at("etag-md5") == 50);
}

TEST_CASE("the command that an alarm suggests does what it says when it is pasted", "[stories]") {
  Story story;
  story.init();
  const std::vector<std::string> keys = {"plain.tar",
                                         "-x",
                                         "--help",
                                         "odd/tab\tx",
                                         "a b",
                                         "it's",
                                         "$(touch x)",
                                         "!!",
                                         "\xE2\x80\xAEtxt",
                                         "bell\x07\xFF",
                                         "x: holdfast accept site y",
                                         "list",
                                         "a\\x09b",
                                         "=a",
                                         "~",
                                         "new\nline",
                                         "''",
                                         std::string(300, 'l') + " " + std::string(300, 'm')};
  for (const auto& key : keys) story.server->put(story::kBucket, key, "the good content");
  story.sources["site"] = "tripwire = off\n";
  REQUIRE(story.pull().status == 0);
  for (const auto& key : keys) story.server->put(story::kBucket, key, "another content");
  REQUIRE(story.pull().status == 1);
  const auto status = story.run({"status"});
  std::string script = "set -o history -H\nholdfast() { ";
  const auto command = story.command({});
  for (const auto& word : command.words) script += "'" + word + "' ";
  script += "\"$@\"; }\n";
  std::size_t commands = 0;
  for (std::size_t at = 0; at < status.out.size();) {
    const auto end = std::min(status.out.find('\n', at), status.out.size());
    const auto line = status.out.substr(at, end - at);
    const auto start = line.find_first_not_of(' ');
    if (start != std::string::npos && line.substr(start).starts_with("holdfast accept")) {
      script += line.substr(start) + " || exit 9\n";
      ++commands;
    }
    at = end + 1;
  }
  CHECK(commands == keys.size());
  test::write_file(story.dir / "script", script);
  auto pasted = command;
  pasted.words = {"/bin/bash", story.dir / "script"};
  const auto ran = test::Program(pasted).wait();
  CAPTURE(ran.out, ran.err, script);
  CHECK(ran.status == 0);
  CHECK(story.alarm_kinds().empty());
  for (const auto& [path, content] : story.archives()) {
    CAPTURE(path);
    CHECK(content == "another content");
  }
}

TEST_CASE("no key steers or hides in what is printed, and JSON has it exactly", "[stories]") {
  Story story;
  story.init();
  const std::vector<std::string> keys = {
      "a\tb",           "a\\tb", "a\\x09b",    "\xE2\x80\xAEgnp.exe",
      "z\xE2\x80\x8Bz", "zz",    "n\xC2\xA0n", "\xC2\x9B"};
  for (const auto& key : keys) story.server->put(story::kBucket, key, "the good content");
  story.sources["site"] = "tripwire = off\n";
  REQUIRE(story.pull().status == 0);
  for (const auto& key : keys) story.server->put(story::kBucket, key, "another content");
  REQUIRE(story.pull().status == 1);
  for (const auto& words : {story::Words{"list", "site", "--all"},
                            {"status"},
                            {"status", "--json"},
                            {"list", "site", "--all", "--json"},
                            {"pull", "--dry-run"}}) {
    CAPTURE(words);
    const auto shown = story.run(words);
    for (const char* hidden : {"\t", "\xE2\x80\xAE", "\xE2\x80\x8B", "\xC2\xA0", "\xC2\x9B"}) {
      CHECK(shown.out.find(hidden) == std::string::npos);
      CHECK(shown.err.find(hidden) == std::string::npos);
    }
  }
  std::set<std::string> listed;
  for (const auto& [path, archive] : story.list()) listed.insert(archive.at("key"));
  CHECK(listed == std::set<std::string>(keys.begin(), keys.end()));
  std::set<std::string> alarmed;
  const auto source = story.source_status();
  for (const auto& alarm : source.at("alarms")) alarmed.insert(alarm.at("key"));
  CHECK(alarmed == std::set<std::string>(keys.begin(), keys.end()));
}

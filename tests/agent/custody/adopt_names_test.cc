#include "agent/custody/adopt_names.h"

#include "tests/support/catch.h"

using agent::AdoptNames;
using Names = std::vector<std::string>;

TEST_CASE("the file of a key is looked for under the key, then as a mirror would name it",
          "[adopt]") {
  const AdoptNames names("");
  CHECK(names.paths_of("db/a.tar").front() == "db/a.tar");
  CHECK(names.paths_of("100%").at(0) == "100%");
  CHECK(names.paths_of("100%").at(1) == "100%25");
  const auto portable = names.paths_of("a:b");
  CHECK(std::find(portable.begin(), portable.end(), "a%3Ab") != portable.end());
  for (const std::string key : {"../a", "a//b", "/a", "a/", "./a", "a/../b"}) {
    CAPTURE(key);
    for (const auto& path : names.paths_of(key)) {
      CHECK(path != key);
      CHECK(!path.starts_with("/"));
      CHECK(path.find("..") == std::string::npos);
      CHECK(path.find("//") == std::string::npos);
    }
  }
  CHECK(names.paths_of(std::string("a\0b", 3)).front() == "a%00b");
  CHECK(names.paths_of("").empty());
  CHECK(names.paths_of(std::string(1025, 'k')).empty());
}

TEST_CASE("what the other tool left out is stripped from the keys, and put before the paths",
          "[adopt]") {
  const auto prefix = GENERATE(std::string("nightly/"), std::string("nightly"));
  const AdoptNames names(prefix);
  CHECK(names.paths_of("nightly/a.tar").front() == "a.tar");
  CHECK(names.paths_of("weekly/a.tar").empty());
  CHECK(names.paths_of("nightly/").empty());
  CHECK(names.keys_of("a.tar").front() == "nightly/a.tar");
}

TEST_CASE("a path is of the key of its name, and of the one that a mirror names so", "[adopt]") {
  const AdoptNames names("");
  CHECK(names.keys_of("db/a.tar") == Names{"db/a.tar"});
  CHECK(names.keys_of("100%25") == Names{"100%25", "100%"});
  for (const std::string key : {"a//b", "../a", "odd\nkey", "a:b"}) {
    CAPTURE(key);
    for (const auto& path : names.paths_of(key)) {
      const auto keys = names.keys_of(path);
      CHECK(std::find(keys.begin(), keys.end(), key) != keys.end());
    }
  }
}

TEST_CASE("what may have been left out are the folders of a key", "[adopt]") {
  CHECK(agent::likely_strips("a/b/c") == Names{"a/", "a/b/"});
  CHECK(agent::likely_strips("c").empty());
}

#include "store/content/path_check.h"

#include "tests/support/catch.h"

using store::is_content_path;

TEST_CASE("a path that the disk's own files name leads to a content, or nowhere") {
  for (const char* path : {"site/archives/a", "site/superseded/a/b/20260131T020000Z-0123abcd",
                           "site/quarantine/a/x", "site/damaged/a%~/x", "s/archives/..."}) {
    CAPTURE(path);
    CHECK(is_content_path(path));
  }
  for (const char* path :
       {"", "site", "site/", "site/archives", "site/archives/", "site/archives/a/",
        "site/manifest.jsonl", "site/notes/x", "site/archives/../manifest.jsonl",
        "site/archives/a/..", "site/archives/./a", "site/archives//a", ".holdfast/disk.json",
        ".holdfast/archives/x", "../archives/x", "./archives/x", "/archives/x",
        "Site/archives/x"}) {
    CAPTURE(path);
    CHECK_FALSE(is_content_path(path));
  }
  CHECK_FALSE(is_content_path(std::string_view("site/archives/a\0b", 17)));
  CHECK(is_content_path("site/archives/a", "site"));
  CHECK_FALSE(is_content_path("site/archives/a", "other"));
  CHECK_FALSE(is_content_path("site/archives/a", "sit"));
}

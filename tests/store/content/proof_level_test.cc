#include "store/content/proof_level.h"

#include <set>
#include <string_view>

#include "tests/support/catch.h"

TEST_CASE("each way to know that a content is right has a name of its own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < store::kProofNames.size(); ++i) {
    const auto level = static_cast<store::ProofLevel>(i);
    CHECK(names.insert(store::name_of(level)).second);
    CHECK(store::proof_level_of(store::name_of(level)) == level);
  }
}

TEST_CASE("a name that nobody knows proves no more than the size") {
  for (const char* name : {"", "sha", "sha256sum", "SHA256", "sha1024", "etag"}) {
    CAPTURE(name);
    CHECK(store::proof_level_of(name) == store::ProofLevel::kSize);
  }
}

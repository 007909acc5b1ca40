#include "s3client/xml_tree.h"

#include "tests/support/catch.h"

TEST_CASE("a small document becomes a tree", "[xml]") {
  const auto root =
      s3::parse_xml("<a xmlns=\"x\"><b><c>one</c></b><b><c>two</c></b><d> three </d><empty/></a>");
  REQUIRE(root);
  CHECK(root->name == "a");
  REQUIRE(root->children.size() == 4);
  CHECK(root->at("b/c") == "one");
  CHECK(root->children[1].at("c") == "two");
  CHECK(root->at("d") == " three ");
  CHECK(root->at("empty").empty());
  CHECK(root->at("b/none").empty());
  CHECK(root->find("none") == nullptr);
}

TEST_CASE("what is no document is refused", "[xml]") {
  for (const auto* text : {"", "<a>", "<a></b>", "{}", "<!DOCTYPE a []><a/>"}) {
    CAPTURE(text);
    CHECK_FALSE(s3::parse_xml(text));
  }
}

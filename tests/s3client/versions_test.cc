#include <filesystem>
#include <fstream>
#include <sstream>

#include "s3client/dates.h"
#include "s3client/responses.h"
#include "tests/s3client/world.h"

using s3::ErrorKind;

namespace {

const std::string kWhole = "<IsTruncated>false</IsTruncated>";
const std::string kCut = "<IsTruncated>true</IsTruncated>";
const std::string kEncoded = "<EncodingType>url</EncodingType>";

std::string page_of(const std::string& inside) {
  return "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" + inside +
         "</ListVersionsResult>";
}

std::string version(const std::string& key, const std::string& id, bool is_latest = true) {
  return "<Version><Key>" + key + "</Key><VersionId>" + id + "</VersionId><IsLatest>" +
         (is_latest ? "true" : "false") + "</IsLatest><Size>1</Size></Version>";
}

std::string markers(const std::string& key, const std::string& version_id) {
  return "<NextKeyMarker>" + key + "</NextKeyMarker><NextVersionIdMarker>" + version_id +
         "</NextVersionIdMarker>";
}

s3::Result<s3::ListPage> parse(const std::string& text) {
  s3::ListParser parser(s3::Listing::kVersions);
  if (auto fed = parser.feed(std::as_bytes(std::span(text))); !fed) {
    return tl::unexpected(fed.error());
  }
  return parser.finish();
}

s3::Result<s3::ListPage> list(ClientWorld& world, const std::string& key = "",
                              const std::string& version_id = "") {
  return world.client().list_versions_page("", key, version_id, nullptr);
}

}  // namespace

TEST_CASE("versions and delete markers are read as they interleave, each with its id") {
  const auto page = parse(page_of(
      kWhole +
      "<DeleteMarker><Key>k</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest>"
      "<LastModified>2013-01-10T21:45:09.000Z</LastModified><Owner><ID>1</ID></Owner>"
      "</DeleteMarker>"
      "<Version><Key>k</Key><VersionId>3/L4kqtJl40Nr8X8+gdRQBpUMLUo=</VersionId>"
      "<IsLatest>false</IsLatest><LastModified>2013-01-10T21:45:08.000Z</LastModified>"
      "<ETag>&quot;abc&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass></Version>"
      "<DeleteMarker><Key>k</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest>"
      "</DeleteMarker>"
      "<Version><Size>8</Size><IsLatest>true</IsLatest><VersionId>null</VersionId><Key>l</Key>"
      "</Version>"));
  REQUIRE(page.has_value());
  REQUIRE(page->objects.size() == 4);
  const auto& marker = page->objects[0];
  CHECK(marker.key == "k");
  CHECK(marker.version_id == "v3");
  CHECK(marker.is_latest);
  CHECK(marker.is_delete_marker);
  CHECK(marker.etag.empty());
  CHECK(marker.size_bytes == 0);
  CHECK(marker.last_modified == s3::parse_iso8601("2013-01-10T21:45:09Z"));
  const auto& noncurrent = page->objects[1];
  CHECK(noncurrent.version_id == "3/L4kqtJl40Nr8X8+gdRQBpUMLUo=");
  CHECK_FALSE(noncurrent.is_latest);
  CHECK_FALSE(noncurrent.is_delete_marker);
  CHECK(noncurrent.etag == "abc");
  CHECK(noncurrent.size_bytes == 7);
  CHECK(noncurrent.storage_class == "GLACIER");
  CHECK_FALSE(page->objects[2].is_latest);
  CHECK(page->objects[2].is_delete_marker);
  CHECK(page->objects[3].key == "l");
  CHECK(page->objects[3].version_id == "null");
  CHECK(page->objects[3].is_latest);
  CHECK_FALSE(page->objects[3].is_delete_marker);
}

TEST_CASE("a current version may have no id: there is only one") {
  const auto page = parse(
      page_of(kWhole + "<Version><Key>k</Key><IsLatest>true</IsLatest><Size>1</Size></Version>"));
  REQUIRE(page.has_value());
  CHECK(page->objects.at(0).version_id.empty());
}

TEST_CASE("both markers lead to the next page, and the last page has none") {
  const auto page = parse(page_of(kCut + markers("k", "v1") + version("k", "v1")));
  REQUIRE(page.has_value());
  CHECK(page->truncated);
  CHECK(page->next_token == "k");
  CHECK(page->next_version_marker == "v1");
  const auto no_version = parse(page_of(kCut + "<NextKeyMarker>k</NextKeyMarker>"));
  REQUIRE(no_version.has_value());
  CHECK(no_version->next_token == "k");
  CHECK(no_version->next_version_marker.empty());
  const auto last = parse(page_of(kWhole + markers("k", "v1")));
  REQUIRE(last.has_value());
  CHECK(last->next_token.empty());
  CHECK(last->next_version_marker.empty());
}

TEST_CASE("the keys and the key marker of an encoded page are decoded, the version marker is not") {
  const auto page =
      parse(page_of(kCut + markers("a+b%2Bc%25", "v%2B+") + version("a+b%2Bc%24", "v") + kEncoded));
  REQUIRE(page.has_value());
  CHECK(page->objects.at(0).key == "a b+c$");
  CHECK(page->next_token == "a b+c%");
  CHECK(page->next_version_marker == "v%2B+");
  const auto plain = parse(page_of(kCut + markers("a+b%2B", "v") + version("a+b%2B", "v")));
  REQUIRE(plain.has_value());
  CHECK(plain->objects.at(0).key == "a+b%2B");
  CHECK(plain->next_token == "a+b%2B");
}

TEST_CASE("a key marker that stands raw in an encoded page is taken as it stands") {
  // As Ceph and Swift send it: the last key of the page.
  const auto page = parse(page_of(kEncoded + kCut + markers("100% a+b", "v1") + version("1", "v0") +
                                  version("100%25+a%2Bb", "v1")));
  REQUIRE(page.has_value());
  CHECK(page->next_token == "100% a+b");
}

TEST_CASE("a page of versions that cannot be trusted is a server error") {
  const std::string latest = "<IsLatest>true</IsLatest>";
  const std::string text = GENERATE_COPY(
      page_of(version("k", "v1")), page_of(kCut),
      page_of(kCut + "<NextContinuationToken>t</NextContinuationToken>"),
      page_of(kEncoded + kCut + markers("100%", "v1") + version("k", "v1")),
      page_of(kWhole + "<Version><VersionId>v</VersionId>" + latest + "<Size>1</Size></Version>"),
      page_of(kWhole + "<DeleteMarker><VersionId>v</VersionId>" + latest + "</DeleteMarker>"),
      page_of(kWhole + "<Version><Key>k</Key><VersionId>v</VersionId><Size>1</Size></Version>"),
      page_of(kWhole + "<DeleteMarker><Key>k</Key><VersionId>v</VersionId></DeleteMarker>"),
      page_of(kWhole + version("j", "u") +
              "<Version><Key>k</Key><VersionId>v</VersionId><Size>1</Size></Version>"),
      page_of(kWhole + "<DeleteMarker><Key>k</Key><IsLatest>yes</IsLatest></DeleteMarker>"),
      page_of(kWhole + "<Version><Key>k</Key><IsLatest>false</IsLatest><Size>1</Size></Version>"),
      std::string("<html><body>It works!</body></html>"), std::string());
  CAPTURE(text);
  const auto page = parse(text);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kServer);
}

TEST_CASE("a page of versions that is cut anywhere is a server error") {
  const std::string whole = page_of(kWhole + version("k", "v2") + version("k", "v1", false));
  REQUIRE(parse(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(parse(whole.substr(0, size)).has_value());
  }
}

TEST_CASE("an object of the one listing is nothing in the other") {
  const std::string both =
      kWhole + "<Contents><Key>k</Key><VersionId>v</VersionId><Size>1</Size></Contents>" +
      version("l", "v");
  const auto versions = parse(page_of(both));
  REQUIRE(versions.has_value());
  REQUIRE(versions->objects.size() == 1);
  CHECK(versions->objects.at(0).key == "l");
  s3::ListParser parser(s3::Listing::kObjects);
  const std::string text =
      "<ListBucketResult>" + both + "<DeleteMarker><Key>m</Key></DeleteMarker></ListBucketResult>";
  REQUIRE(parser.feed(std::as_bytes(std::span(text))).has_value());
  const auto objects = parser.finish();
  REQUIRE(objects.has_value());
  REQUIRE(objects->objects.size() == 1);
  CHECK(objects->objects.at(0).key == "k");
  CHECK(objects->objects.at(0).version_id.empty());
}

TEST_CASE("the listing of versions on file parses") {
  const auto path = std::filesystem::path(HOLDFAST_VECTORS) / "xml" / "botocore" /
                    "responses-s3-list-object-versions.xml";
  if (!std::filesystem::exists(path)) {
    WARN("SKIPPED: no vectors at " << path);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const auto page = parse(text.str());
  REQUIRE(page.has_value());
  REQUIRE(page->objects.size() == 5);
  CHECK(page->objects[0].version_id == "3/L4kqtJl40Nr8X8gdRQBpUMLUo");
  CHECK(page->objects[0].size_bytes == 434234);
  CHECK(page->objects[1].is_delete_marker);
  CHECK(page->objects[1].key == "my-second-image.jpg");
  CHECK(page->objects[2].key == "my-second-image.jpg");
  CHECK_FALSE(page->objects[2].is_latest);
  CHECK(page->objects[4].version_id == "UIORUnfndfhnw89493jJFJ");
  CHECK_FALSE(page->truncated);
}

TEST_CASE("a listing of versions sends both markers back, with everything encoded") {
  ClientWorld world;
  world.answer(200, {}, page_of(kCut + markers("l", "v1")));
  const auto page = world.client().list_versions_page("a b/+", "k &%2B", "3/L4+=", nullptr);
  REQUIRE(page.has_value());
  CHECK(world.transport.requests().at(0).method == "GET");
  CHECK(world.transport.requests().at(0).url ==
        "https://s3.example.org:9000/bucket?encoding-type=url&key-marker=k%20%26%252B&"
        "max-keys=1000&prefix=a%20b%2F%2B&version-id-marker=3%2FL4%2B%3D&versions=");
  CHECK(page->next_token == "l");
  CHECK(page->next_version_marker == "v1");
}

TEST_CASE("the first page of versions is asked for without markers") {
  ClientWorld world;
  world.answer(200, {}, page_of(kWhole));
  REQUIRE(list(world).has_value());
  CHECK(world.transport.requests().at(0).url ==
        "https://s3.example.org:9000/bucket?encoding-type=url&max-keys=1000&versions=");
}

TEST_CASE("a version marker without a key marker is refused before it is sent") {
  ClientWorld world;
  const auto page = list(world, "", "v1");
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kInvalid);
  CHECK_FALSE(s3::has_no_version_listing(page.error()));
  CHECK(world.transport.requests().empty());
}

TEST_CASE("a listing of versions that gives back its own markers is a server error") {
  ClientWorld world;
  world.answer(200, {}, page_of(kCut + markers("k", "v1")));
  world.answer(200, {}, page_of(kCut + markers("k", "v2")));
  const auto circle = list(world, "k", "v1");
  REQUIRE_FALSE(circle.has_value());
  CHECK(circle.error().kind == ErrorKind::kServer);
  // The versions of one key go on for several pages.
  CHECK(list(world, "k", "v1").has_value());
}

TEST_CASE("a listing of versions stops when the caller says so") {
  ClientWorld world;
  world.answer(200, {}, page_of(kWhole));
  const auto page = world.client().list_versions_page("", "", "", [] { return false; });
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kAborted);
}

TEST_CASE("a server without a listing of versions is recognised, however it says so") {
  ClientWorld world;
  SECTION("501, as Garage") { world.error(501, "NotImplemented", "not implemented"); }
  SECTION("501 and no S3 error") { world.answer(501, {}, "<html></html>"); }
  SECTION("NotImplemented under another status") { world.error(400, "NotImplemented"); }
  SECTION("405") { world.error(405, "MethodNotAllowed"); }
  SECTION("naming the parameter") {
    world.error(501, "NotImplemented", "", "<ArgumentName>versions</ArgumentName>");
  }
  SECTION("an error in a 200") {
    world.answer(200, {}, "<Error><Code>NotImplemented</Code></Error>");
  }
  SECTION("it lists the objects instead") {
    world.answer(200, {}, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  }
  const auto page = list(world);
  REQUIRE_FALSE(page.has_value());
  CHECK(s3::has_no_version_listing(page.error()));
  CHECK(page.error().kind == ErrorKind::kInvalid);
  CHECK(page.error().code == "NotImplemented");
  // What it says about this operation is not held against the option in all the others.
  CHECK(world.session->refused_options().empty());
}

TEST_CASE("what else goes wrong with a listing of versions does not mean that there is none") {
  ClientWorld world;
  ErrorKind kind{};
  SECTION("denied") {
    world.error(403, "AccessDenied");
    kind = ErrorKind::kDenied;
  }
  SECTION("a broken server") {
    world.error(500, "InternalError");
    kind = ErrorKind::kServer;
  }
  SECTION("somebody else's page") {
    world.answer(200, {}, "<html><p>Please log in</p></html>");
    kind = ErrorKind::kServer;
  }
  SECTION("a marker that is no good") {
    world.error(400, "InvalidArgument", "Invalid version id specified",
                "<ArgumentName>version-id-marker</ArgumentName>");
    kind = ErrorKind::kInvalid;
  }
  const auto page = list(world, "k", "v1");
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == kind);
  CHECK_FALSE(s3::has_no_version_listing(page.error()));
  CHECK(world.session->refused_options().empty());
}

TEST_CASE("only a listing of versions may be unknown to a server") {
  ClientWorld world;
  world.error(501, "NotImplemented", "", "<ArgumentName>list-type</ArgumentName>");
  const auto page = world.client().list_page("", "", nullptr);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::kServer);
}

TEST_CASE("an encoding-type refused in a listing of versions is dropped, and keys are then raw") {
  ClientWorld world;
  const int status = GENERATE(400, 501);
  world.error(status, status == 501 ? "NotImplemented" : "InvalidArgument", "",
              "<ArgumentName>encoding-type</ArgumentName>");
  REQUIRE(list(world).error().kind == ErrorKind::kRefusedOption);
  world.answer(200, {}, page_of(kCut + markers("a+b", "v") + version("a+b", "v")));
  const auto page = list(world);
  REQUIRE(page.has_value());
  CHECK(page->objects.at(0).key == "a+b");
  CHECK(page->next_token == "a+b");
  CHECK(world.transport.requests().back().url.find("encoding-type") == std::string::npos);
}

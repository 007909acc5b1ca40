// The forms in which real servers list; the bytes are theirs, scaled down.
#include <fmt/format.h>

#include "s3client/dates.h"
#include "s3client/etag.h"
#include "s3client/responses.h"
#include "tests/s3client/world.h"

using s3::Listing;

namespace {

s3::Result<s3::ListPage> parse(Listing listing, const std::string& text) {
  s3::ListParser parser(listing);
  if (auto fed = parser.feed(std::as_bytes(std::span(text))); !fed) return fed.error();
  return parser.finish();
}

std::string marker(const std::string& key, const std::string& id, const std::string& time) {
  return fmt::format(
      "<DeleteMarker><IsLatest>true</IsLatest><Key>{}</Key><LastModified>{}</LastModified>"
      "<VersionId>{}</VersionId></DeleteMarker>",
      key, time, id);
}

std::string version(const std::string& key, const std::string& id, bool is_latest = true,
                    const std::string& time = "2026-11-25T05:46:00.787326808Z") {
  return fmt::format(
      "<Version><Key>{}</Key><VersionId>{}</VersionId><IsLatest>{}</IsLatest>"
      "<LastModified>{}</LastModified><ETag>&#34;e744&#34;</ETag><Size>1000</Size></Version>",
      key, id, is_latest, time);
}

std::vector<std::string> described(const s3::ListPage& page) {
  std::vector<std::string> lines;
  for (const auto& object : page.objects) {
    lines.push_back(object.key + " " + object.version_id +
                    (object.is_delete_marker ? " gone" : ""));
  }
  return lines;
}

const std::string kWhole = "<IsTruncated>false</IsTruncated>";

}  // namespace

TEST_CASE("gofakes3 (rclone serve s3): a ListBucketVersionsResult is a listing of versions") {
  const auto page =
      parse(Listing::kVersions,
            "<ListBucketVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Name>tiny</Name><IsTruncated>true</IsTruncated><MaxKeys>2</MaxKeys>"
            "<NextKeyMarker>t/1.tar</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>"
            "<Version><Key>t/0.tar</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>"
            "<LastModified>2026-11-25T05:43:14.097Z</LastModified><Size>1000</Size>"
            "<StorageClass>STANDARD</StorageClass><ETag>&#34;e744&#34;</ETag></Version>"
            "</ListBucketVersionsResult>");
  REQUIRE(page.has_value());
  CHECK(page->objects.at(0).key == "t/0.tar");
  CHECK(page->objects.at(0).etag == "e744");
  CHECK(page->next_token == "t/1.tar");
  CHECK(page->next_version_marker == "null");
}

TEST_CASE("versitygw and moto: delete markers apart from the versions are merged among them") {
  const std::string early = "2026-11-25T05:45:00.1Z";
  const std::string late = "2026-11-25T05:47:00.787326808Z";
  const std::string markers = marker("a", "01M8A", late) + marker("c", "01M8C", late);
  const std::string versions = version("a", "01M7A", false, early) + version("b", "01M7B") +
                               version("c", "01M7C", false, early) + version("d", "01M7D");
  const bool first = GENERATE(true, false);
  const auto page =
      parse(Listing::kVersions, "<ListVersionsResult>" + kWhole +
                                    (first ? markers + versions : versions + markers) +
                                    "</ListVersionsResult>");
  REQUIRE(page.has_value());
  CHECK(described(*page) == std::vector<std::string>{"a 01M8A gone", "a 01M7A", "b 01M7B",
                                                     "c 01M8C gone", "c 01M7C", "d 01M7D"});
  CHECK(page->objects.at(0).last_modified == s3::parse_iso8601("2026-11-25T05:47:00Z"));
}

TEST_CASE("S3Mock: versions below a ListBucketResult, too many of them, are no clean end") {
  std::string entries;
  for (int i = 0; i < 1021; ++i) entries += version(fmt::format("k{:04}", i), "v");
  const auto page =
      parse(Listing::kVersions, "<ListBucketResult>" + kWhole + entries + "</ListBucketResult>");
  REQUIRE(page.has_value());
  CHECK(page->objects.size() == 1021);
  CHECK(page->unclean.find("1021 entries") != std::string::npos);
  const auto contradiction =
      parse(Listing::kVersions, "<ListBucketResult>" + kWhole +
                                    "<NextVersionIdMarker>v</NextVersionIdMarker>" +
                                    version("k", "v") + "</ListBucketResult>");
  REQUIRE(contradiction.has_value());
  CHECK_FALSE(contradiction->truncated);
  CHECK(contradiction->unclean.find("where it goes on") != std::string::npos);
  const auto clean = parse(Listing::kVersions, "<ListBucketResult>" + kWhole + version("k", "v") +
                                                   "<NextKeyMarker/></ListBucketResult>");
  REQUIRE(clean.has_value());
  CHECK(clean->unclean.empty());
}

TEST_CASE("a page that is truncated without a token has its entries") {
  const auto page =
      parse(Listing::kObjects,
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>k</NextMarker>"
            "<Contents><Key>k</Key><Size>1</Size></Contents></ListBucketResult>");
  REQUIRE(page.has_value());
  CHECK(page->truncated);
  CHECK(page->next_token.empty());
}

TEST_CASE("one entry that cannot be understood costs that entry, and is named") {
  const auto [odd, named] = GENERATE(table<std::string, std::string>({
      {"<Key>odd</Key><LastModified>yesterday</LastModified><Size>1</Size>",
       "\"odd\" has the date \"yesterday\""},
      {"<Key>100%</Key><Size>1</Size>", "\"100%\" is not encoded"},
      {"<Key>" + std::string(1025, 'k') + "</Key><Size>1</Size>", "1025 bytes"},
      {"<Key>odd</Key>", "\"odd\" has no size"},
      {"<Key>odd</Key><Size></Size>", "\"odd\" has the size \"\""},
      {"<Key>odd</Key><Size>-1</Size>", "\"odd\" has the size \"-1\""},
      {"<Key>odd</Key><Size>1k</Size>", "\"odd\" has the size \"1k\""},
      {"<Key>odd</Key><Size>99999999999999999999</Size>", "has the size \"9999999"},
  }));
  const auto page =
      parse(Listing::kObjects,
            "<ListBucketResult><EncodingType>url</EncodingType>" + kWhole +
                "<Contents><Key>a</Key><LastModified/><Size>1</Size></Contents><Contents>" + odd +
                "</Contents><Contents><Key>z</Key><Size>1</Size></Contents></"
                "ListBucketResult>");
  REQUIRE(page.has_value());
  CHECK(page->objects.size() == 2);
  CHECK(page->odd_entries == 1);
  CAPTURE(page->first_odd);
  CHECK(page->first_odd.find(named) != std::string::npos);
}

TEST_CASE("a version's id that is none costs that version") {
  const std::string id =
      GENERATE(as<std::string>{}, "", "a b", "a&#10;b", "\xC3\xA9", std::string(1025, 'v'));
  CAPTURE(id);
  const auto page = parse(Listing::kVersions, "<ListVersionsResult>" + kWhole + version("k", id) +
                                                  version("l", "v") + "</ListVersionsResult>");
  if (!page) FAIL(page.error().message);
  CHECK(described(*page) == std::vector<std::string>{"l v"});
  CHECK(page->odd_entries == 1);
}

TEST_CASE("a hostile page is given up at its first defect, and long before its end") {
  const auto [begin, piece] = GENERATE(table<std::string, std::string>({
      {"", "<Contents></Contents>"},
      {"", "<Contents><Key>k</Key><Size>1</Size></Contents>"},
      {"<Contents a=\"", "x"},
      {"<!-- ", "x"},
  }));
  s3::ListParser parser(Listing::kObjects);
  const std::string head = "<ListBucketResult>" + kWhole + begin;
  REQUIRE(parser.feed(std::as_bytes(std::span(head))).has_value());
  std::string block;
  while (block.size() < 16 * 1024) block += piece;
  std::size_t fed = 0;
  while (fed < 4 * 1024 * 1024 && parser.feed(std::as_bytes(std::span(block)))) fed += block.size();
  CHECK(fed < 256 * 1024);
}

TEST_CASE("a key that does not begin with the prefix is a defect of the listing, by name") {
  ClientWorld world;
  world.answer(200, {},
               "<ListBucketResult>" + kWhole +
                   "<Contents><Key>p/a</Key><Size>1</Size></Contents>"
                   "<Contents><Key>q/b</Key><Size>1</Size></Contents></ListBucketResult>");
  const auto page = world.client().list_page("p/", "", nullptr);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == s3::ErrorKind::kServer);
  CHECK(page.error().message.find("\"q/b\"") != std::string::npos);
}

TEST_CASE("an ETag has one form, however it is sent") {
  const std::string md5 = "0123456789abcdef0123456789abcdef";
  for (const std::string sent :
       {"\"0123456789abcdef0123456789abcdef\"", "W/\"0123456789abcdef0123456789abcdef\"",
        "0123456789ABCDEF0123456789ABCDEF", "\"0123456789ABCDEF0123456789ABCDEF\"",
        " 0123456789abcdef0123456789abcdef "}) {
    CAPTURE(sent);
    CHECK(s3::normal_etag(sent) == md5);
  }
  CHECK(s3::normal_etag("\"0123456789ABCDEF0123456789ABCDEF-2\"") == md5 + "-2");
  CHECK(s3::normal_etag("\"AbC\"") == "AbC");
  CHECK(s3::normal_etag("\"\"").empty());
  CHECK(s3::normal_etag("W/\"w/" + md5 + "\"") == md5);
  CHECK(s3::normal_etag("\"\"" + md5 + "\"\"") == md5);
  CHECK(s3::normal_etag("").empty());
}

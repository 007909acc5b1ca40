#include "s3client/responses.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "s3client/dates.h"
#include "tests/support/catch.h"

namespace {

s3::Result<s3::ListPage> parse(const std::string& text,
                               s3::Listing listing = s3::Listing::kObjects) {
  s3::ListParser parser(listing);
  if (auto fed = parser.feed(std::as_bytes(std::span(text))); !fed) {
    return tl::unexpected(fed.error());
  }
  return parser.finish();
}

std::string page(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inside + "</ListBucketResult>";
}

const std::string kWhole = "<IsTruncated>false</IsTruncated>";

std::string object(const std::string& key, const std::string& more = "") {
  return "<Contents><Key>" + key + "</Key><Size>1</Size>" + more + "</Contents>";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a listed object has its fields, whatever their order and quotes") {
  const auto result = parse(page(
      kWhole +
      "<Contents><ETag>&quot;abc-2&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
      "<ChecksumType>FULL_OBJECT</ChecksumType><Size>10000000000</Size>"
      "<StorageClass>GLACIER</StorageClass><LastModified>2013-01-10T21:45:09.000Z</LastModified>"
      "<Key>k1</Key></Contents>"
      "<Contents><Key>k2</Key><LastModified>2013-01-10T21:45:09Z</LastModified>"
      "<ETag>\"abc\"</ETag><Size>0</Size></Contents>"));
  REQUIRE(result.has_value());
  REQUIRE(result->objects.size() == 2);
  const auto& first = result->objects[0];
  CHECK(first.key == "k1");
  CHECK(first.etag == "abc-2");
  CHECK(first.size_bytes == 10'000'000'000U);
  CHECK(first.storage_class == "GLACIER");
  CHECK(first.last_modified == s3::parse_iso8601("2013-01-10T21:45:09Z"));
  const auto& second = result->objects[1];
  CHECK(second.etag == "abc");
  CHECK(second.storage_class.empty());
  CHECK(second.last_modified == first.last_modified);
  CHECK_FALSE(result->truncated);
  CHECK(result->next_token.empty());
}

TEST_CASE("what is nested below an object or beside it is not taken for its fields") {
  const auto result =
      parse(page("<Name>bucket</Name><Key>not a key</Key><Size>7</Size>" +
                 object("k",
                        "<Owner><ID>1</ID><DisplayName>n</DisplayName><Key>evil</Key></Owner>"
                        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                        "<Size>9</Size></RestoreStatus>") +
                 "<CommonPrefixes><Prefix>p/</Prefix><Key>p</Key></CommonPrefixes>"
                 "<Unknown><IsTruncated>true</IsTruncated></Unknown>" +
                 kWhole));
  REQUIRE(result.has_value());
  REQUIRE(result->objects.size() == 1);
  CHECK(result->objects[0].key == "k");
  CHECK(result->objects[0].size_bytes == 1);
  CHECK_FALSE(result->truncated);
}

TEST_CASE("a listing tells what has been restored") {
  const auto class_of = [](const std::string& status) {
    const auto result =
        parse(page(object("k", "<StorageClass>GLACIER</StorageClass><RestoreStatus>" + status +
                                   "</RestoreStatus>") +
                   object("next", "<StorageClass>GLACIER</StorageClass>") + kWhole));
    REQUIRE(result.has_value());
    REQUIRE(result->objects.size() == 2);
    CHECK(result->objects[1].storage_class == "GLACIER");
    return result->objects[0].storage_class;
  };
  CHECK(class_of("<IsRestoreInProgress>false</IsRestoreInProgress>"
                 "<RestoreExpiryDate>2026-12-21T00:00:00.000Z</RestoreExpiryDate>") ==
        s3::kRestored);
  CHECK(class_of("<IsRestoreInProgress>true</IsRestoreInProgress>") == "GLACIER");
  CHECK(class_of("<IsRestoreInProgress>true</IsRestoreInProgress><RestoreExpiryDate/>") ==
        "GLACIER");
}

TEST_CASE("namespaces may be there, prefixed, or missing") {
  CHECK(
      parse("<ListBucketResult>" + kWhole + object("k") + "</ListBucketResult>")->objects.size() ==
      1);
  CHECK(parse("<s:ListBucketResult xmlns:s=\"urn:x\"><s:IsTruncated>false</s:IsTruncated>"
              "<s:Contents><s:Key>k</s:Key><s:Size>1</s:Size></s:Contents></s:ListBucketResult>")
            ->objects.size() == 1);
}

TEST_CASE("keys are decoded exactly when the page says that they are encoded") {
  const std::string key = "a+b%2Bc%FF%01%2Fd";
  CHECK(parse(page(kWhole + object(key)))->objects[0].key == key);
  const std::string decoded = "a b+c\xFF\x01/d";
  const std::string encoding = "<EncodingType>url</EncodingType>";
  CHECK(parse(page(encoding + kWhole + object(key)))->objects[0].key == decoded);
  // Behind the keys, too.
  CHECK(parse(page(kWhole + object(key) + encoding))->objects[0].key == decoded);
}

TEST_CASE("the token is taken verbatim, even from an encoded page") {
  const auto result =
      parse(page("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                 "<NextContinuationToken>1+a%2F/=&amp;</NextContinuationToken>"));
  REQUIRE(result.has_value());
  CHECK(result->truncated);
  CHECK(result->next_token == "1+a%2F/=&");
}

TEST_CASE("a token on the last page is dropped") {
  CHECK(
      parse(page(kWhole + "<NextContinuationToken>t</NextContinuationToken>"))->next_token.empty());
}

TEST_CASE("a page that cannot be trusted is a server error") {
  const std::string text = GENERATE_COPY(
      page(""), page("<IsTruncated>maybe</IsTruncated>"), page("<IsTruncated>true</IsTruncated>"),
      page(kWhole + "<Contents><Size>1</Size></Contents>"),
      page(kWhole + "<Contents><Key></Key><Size>1</Size></Contents>"),
      std::string("<html><body>It works!</body></html>"), std::string("not XML"), std::string(),
      std::string("<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"));
  CAPTURE(text);
  const auto result = parse(text);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().kind == s3::ErrorKind::kServer);
}

TEST_CASE("a page that is cut anywhere is a server error") {
  const std::string whole = page(kWhole + object("k1") + object("k2"));
  REQUIRE(parse(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(parse(whole.substr(0, size)).has_value());
  }
}

TEST_CASE("an error in place of a page is told from a page") {
  s3::ListParser parser(GENERATE(s3::Listing::kObjects, s3::Listing::kVersions));
  const std::string text = "<Error><Code>InternalError</Code><Message>again</Message></Error>";
  REQUIRE(parser.feed(std::as_bytes(std::span(text))).has_value());
  CHECK_FALSE(parser.finish().has_value());
  REQUIRE(parser.error().has_value());
  CHECK(parser.error()->code == "InternalError");
}

TEST_CASE("an error body is read as far as it goes") {
  const auto body = s3::parse_error_body(
      "<Error><Code>AccessDenied</Code><Message>No&#10;way \xC3\xA9</Message>"
      "<Region>eu-west-1</Region><Endpoint>e</Endpoint><RequestId>r</RequestId>"
      "<ArgumentName>a</ArgumentName><HostId>cut he");
  CHECK(body.code == "AccessDenied");
  CHECK(body.message == "No\nway \xC3\xA9");  // as it came: secrets are looked for first
  CHECK(body.region == "eu-west-1");
  CHECK(body.endpoint == "e");
  CHECK(body.request_id == "r");
  CHECK(body.argument == "a");
}

TEST_CASE("a body that is no S3 error tells nothing") {
  const std::string text = GENERATE("", "<html><Code>x</Code></html>", "502 Bad Gateway",
                                    "<!DOCTYPE html><html></html>", "{\"Code\": \"x\"}");
  CAPTURE(text);
  CHECK(s3::parse_error_body(text).code.empty());
  CHECK(s3::parse_error_body(text).message.empty());
}

TEST_CASE("the samples on file parse") {
  const auto samples = std::filesystem::path(HOLDFAST_VECTORS) / "xml";
  if (!std::filesystem::exists(samples)) {
    WARN("SKIPPED: no vectors at " << samples);
    return;
  }
  const auto listing = parse(read(samples / "botocore" / "responses-s3-list-objects.xml"));
  REQUIRE(listing.has_value());
  REQUIRE(listing->objects.size() == 2);
  CHECK(listing->objects[1].key == "key2");
  CHECK(listing->objects[1].size_bytes == 1234);
  CHECK(listing->objects[1].etag == "1d921b22129502cbbe5cbaf2c8bac682");

  CHECK(s3::parse_error_body(read(samples / "botocore" / "errors-s3-list-objects.xml")).code ==
        "AccessDenied");
  int errors = 0;
  for (const auto& entry : std::filesystem::directory_iterator(samples / "aws-c-s3")) {
    const auto exchange = nlohmann::json::parse(read(entry.path()));
    std::string body;
    for (const auto& line : exchange["body"]) body += line.get<std::string>() + "\n";
    if (body.find("<Error>") == std::string::npos) continue;
    CAPTURE(entry.path().filename());
    CHECK_FALSE(s3::parse_error_body(body).code.empty());
    ++errors;
  }
  CHECK(errors >= 5);
}

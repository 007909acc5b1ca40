#include "s3client/object_head.h"

#include "s3client/dates.h"
#include "tests/s3client/world.h"

namespace {

const s3::Header kLength{"content-length", "100"};

s3::ObjectHead head_of(std::vector<s3::Header> headers, const s3::GetRequest& request = {},
                       int status = 200) {
  headers.push_back(kLength);
  auto result = s3::read_object_head({status, headers}, request, false);
  REQUIRE(result.has_value());
  return *std::move(result);
}

s3::Checksum only_checksum(const s3::ObjectHead& head) {
  REQUIRE(head.checksums.size() == 1);
  return head.checksums.front();
}

s3::GetRequest from(std::uint64_t offset_bytes) {
  s3::GetRequest request = object_request("k");
  request.offset_bytes = offset_bytes;
  return request;
}

s3::Result<s3::ObjectHead> ranged(int status, const std::string& content_range,
                                  const std::string& length) {
  return s3::read_object_head(
      {status, {{"content-length", length}, {"content-range", content_range}}}, from(10), true);
}

}  // namespace

TEST_CASE("an object's head has its size, ETag, version and dates") {
  const auto head = head_of({{"etag", "\"abc\""},
                             {"x-amz-version-id", "v1"},
                             {"last-modified", "Fri, 24 May 2013 00:00:00 GMT"},
                             {"x-amz-storage-class", "GLACIER_IR"},
                             {"x-amz-expiration", "expiry-date=\"x\", rule-id=\"r\""},
                             {"x-amz-mp-parts-count", "3"}});
  CHECK(head.size_bytes == 100);
  CHECK(head.offset_bytes == 0);
  CHECK(head.etag == "abc");
  CHECK(head.version_id == "v1");
  CHECK(head.last_modified == s3::parse_iso8601("2013-05-24T00:00:00Z"));
  CHECK(head.storage_class == "GLACIER_IR");
  CHECK(head.expiration == "expiry-date=\"x\", rule-id=\"r\"");
  CHECK(head.parts_count == 3);
  CHECK_FALSE(head.etag_is_opaque);
}

TEST_CASE("an ETag comes quoted, bare or weak") {
  CHECK(head_of({{"etag", "abc"}}).etag == "abc");
  CHECK(head_of({{"etag", "W/\"abc\""}}).etag == "abc");
  CHECK(head_of({}).etag.empty());
}

TEST_CASE("an ETag that the bucket's own answer leaves out is the one that was listed") {
  const auto listed_at = s3::parse_iso8601("2013-05-24T00:00:00Z").value();
  auto request = object_request("k");
  request.listed = s3::ListingFacts{"abc", 100, listed_at};
  const s3::Header id{"x-amz-request-id", "R1"};
  const s3::Header at{"last-modified", "Fri, 24 May 2013 00:00:00 GMT"};
  CHECK(head_of({id, at}, request).etag == "abc");
  CHECK(head_of({id}, request).etag == "abc");
  CHECK(head_of({at}, request).etag.empty());
  CHECK(head_of({id, {"last-modified", "Fri, 24 May 2013 00:00:01 GMT"}}, request).etag.empty());
  CHECK(head_of({id, at, {"etag", "\"other\""}}, request).etag == "other");
  request.listed->size_bytes = 101;
  CHECK(head_of({id, at}, request).etag.empty());
}

TEST_CASE("what something may unpack on the way is known by its encoding") {
  CHECK(head_of({{"content-encoding", "gzip"}}).is_encoded);
  CHECK_FALSE(head_of({{"content-encoding", "aws-chunked"}}).is_encoded);
  CHECK_FALSE(head_of({}).is_encoded);
}

TEST_CASE("an ETag is opaque under KMS and customer keys, and only there") {
  CHECK(head_of({{"x-amz-server-side-encryption", "aws:kms"}}).etag_is_opaque);
  CHECK(head_of({{"x-amz-server-side-encryption", "aws:kms:dsse"}}).etag_is_opaque);
  CHECK(head_of({{"x-amz-server-side-encryption-customer-algorithm", "AES256"}}).etag_is_opaque);
  CHECK_FALSE(head_of({{"x-amz-server-side-encryption", "AES256"}}).etag_is_opaque);
}

TEST_CASE("a checksum is composite by its type, then its suffix, then the ETag's") {
  struct Row {
    const char* type;
    const char* value;
    const char* etag;
    bool composite;
  };
  const Row rows[] = {
      {"FULL_OBJECT", "sZB91Q==", "\"abc-2\"", false},
      {"COMPOSITE", "sZB91Q==", "\"abc\"", true},
      {"COMPOSITE", "sZB91Q==-2", "\"abc-2\"", true},
      {"", "sZB91Q==-2", "\"abc\"", true},
      {"", "sZB91Q==", "\"abc-2\"", true},
      {"", "sZB91Q==", "\"abc\"", false},
      {"", "sZB91Q==", "\"abc-x\"", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type, row.value, row.etag);
    std::vector<s3::Header> headers = {{"x-amz-checksum-crc32c", row.value}, {"etag", row.etag}};
    if (*row.type != '\0') headers.emplace_back("x-amz-checksum-type", row.type);
    const auto checksum = only_checksum(head_of(headers));
    CHECK(checksum.composite == row.composite);
    CHECK(checksum.algorithm == s3::ChecksumAlgorithm::kCrc32c);
    CHECK(checksum.value == std::vector<std::byte>{std::byte{0xb1}, std::byte{0x90},
                                                   std::byte{0x7d}, std::byte{0xd5}});
  }
}

TEST_CASE("the checksum that comes with a part is of that part") {
  s3::GetRequest request = object_request("k");
  request.part_number = 1;
  const auto checksum = only_checksum(head_of({{"x-amz-checksum-crc32c", "fwuu0Q=="},
                                               {"x-amz-checksum-type", "COMPOSITE"},
                                               {"etag", "\"abc-1\""},
                                               {"content-range", "bytes 0-99/200"}},
                                              request, 206));
  CHECK_FALSE(checksum.composite);
}

TEST_CASE("all known checksums are read, and unknown or malformed ones are left out") {
  const auto head =
      head_of({{"x-amz-checksum-crc32", "sZB91Q=="},
               {"x-amz-checksum-crc64nvme", "44QnbGeotHE="},
               {"x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
               {"x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
               {"x-amz-checksum-blake3", "44QnbGeotHE="},
               {"x-amz-checksum-crc32c", "44QnbGeotHE="}});
  REQUIRE(head.checksums.size() == 4);
  const auto of_2026 =
      head_of({{"x-amz-checksum-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="},
               {"x-amz-checksum-sha512",
                "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kx"
                "vUdBeoGlODJ6+SfaPg=="},
               {"x-amz-checksum-xxhash64", "44QnbGeotHE="},
               {"x-amz-checksum-xxhash3", "44QnbGeotHE="},
               {"x-amz-checksum-xxhash128", "1B2M2Y8AsgTpgAmY7PhCfg=="}});
  REQUIRE(of_2026.checksums.size() == 5);
  CHECK(of_2026.checksums[0].algorithm == s3::ChecksumAlgorithm::kSha512);
  CHECK(of_2026.checksums[1].algorithm == s3::ChecksumAlgorithm::kMd5);
  CHECK(of_2026.checksums[2].algorithm == s3::ChecksumAlgorithm::kXxHash64);
  CHECK(of_2026.checksums[3].algorithm == s3::ChecksumAlgorithm::kXxHash3);
  CHECK(of_2026.checksums[4].algorithm == s3::ChecksumAlgorithm::kXxHash128);
  CHECK(head.checksums[3].algorithm == s3::ChecksumAlgorithm::kSha256);
  CHECK(head.checksums[3].value.size() == 32);
  CHECK(head.checksums[3].value.front() == std::byte{0xe3});
  const std::string bad = GENERATE("", "sZB91Q=", "sZ!91Q==", "====", "sZB91Q==-");
  CAPTURE(bad);
  CHECK(head_of({{"x-amz-checksum-crc32", bad}}).checksums.empty());
}

TEST_CASE("rclone's and s3cmd's MD5 are read as hex") {
  CHECK(head_of({{"x-amz-meta-md5chksum", "1B2M2Y8AsgTpgAmY7PhCfg=="}}).metadata_md5 ==
        "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(head_of({{"x-amz-meta-md5chksum", "sZB91Q=="}}).metadata_md5.empty());
  const s3::Header attributes{"x-amz-meta-s3cmd-attrs",
                              "atime:1/md5:D41D8CD98F00B204E9800998ECF8427E/mode:33188"};
  CHECK(head_of({attributes}).s3cmd_md5 == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(head_of({attributes, {"x-amz-meta-s3tools-gpgenc", "gpg"}}).s3cmd_md5.empty());
  CHECK(head_of({{"x-amz-meta-s3cmd-attrs", "md5:short/mode:1"}}).s3cmd_md5.empty());
}

TEST_CASE("a Range is answered by its rest of the object") {
  const auto head = ranged(206, "bytes 10-99/100", "90");
  REQUIRE(head.has_value());
  CHECK(head->size_bytes == 100);
  CHECK(head->offset_bytes == 10);
}

TEST_CASE("a Range with an end is answered by just that of the object") {
  s3::GetRequest request;
  request.offset_bytes = 10;
  request.end_bytes = 20;
  const auto answer = [&](const std::string& content_range, const std::string& length) {
    return s3::read_object_head(
        {206, {{"content-length", length}, {"content-range", content_range}}}, request, true);
  };
  const auto head = answer("bytes 10-19/100", "10");
  REQUIRE(head);
  CHECK(head->size_bytes == 100);
  CHECK(head->offset_bytes == 10);
  // Of one that ends earlier, all that there is.
  CHECK(answer("bytes 10-14/15", "5"));
  for (const auto& [range, length] :
       std::vector<std::pair<std::string, std::string>>{{"bytes 10-99/100", "90"},
                                                        {"bytes 10-18/100", "9"},
                                                        {"bytes 10-20/100", "11"},
                                                        {"bytes 10-19/100", "11"},
                                                        {"bytes 10-19/100", "9"},
                                                        {"bytes 10-19/100", "0"},
                                                        {"bytes 10-14/100", "5"},
                                                        {"bytes 10-19/*", "10"}}) {
    CAPTURE(range, length);
    CHECK_FALSE(answer(range, length));
  }
}

TEST_CASE("a server that lies about a Range is found out") {
  struct Row {
    int status;
    const char* content_range;
    const char* length;
  };
  const Row row =
      GENERATE(Row{200, "", "100"}, Row{206, "", "90"}, Row{206, "bytes 9-99/100", "91"},
               Row{206, "bytes 11-99/100", "89"}, Row{206, "bytes 10-98/100", "89"},
               Row{206, "bytes 10-99/*", "90"}, Row{206, "bytes 10-99/100", "89"},
               Row{206, "bytes 10-99/100", ""}, Row{206, "bytes */100", "90"},
               Row{206, "lines 10-99/100", "90"}, Row{206, "bytes 10-9/10", "0"},
               Row{206, "bytes 10-18446744073709551615/0", "18446744073709551606"});
  CAPTURE(row.status, row.content_range, row.length);
  const auto head = ranged(row.status, row.content_range, row.length);
  REQUIRE_FALSE(head.has_value());
  CHECK(head.error().kind == s3::ErrorKind::kProtocol);
}

TEST_CASE("a part in place of the whole, and a size that is not told, are protocol errors") {
  CHECK_FALSE(s3::read_object_head({206, {kLength, {"content-range", "bytes 0-99/200"}}},
                                   object_request("k"), false)
                  .has_value());
  CHECK_FALSE(s3::read_object_head({200, {}}, object_request("k"), false).has_value());
}

TEST_CASE("another ETag than If-Match asked for means the object has changed") {
  s3::GetRequest request = object_request("k");
  request.if_match = "abc";
  const auto other = s3::read_object_head({200, {kLength, {"etag", "\"abd\""}}}, request, false);
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().kind == s3::ErrorKind::kChanged);
  CHECK(s3::read_object_head({200, {kLength, {"etag", "\"abc\""}}}, request, false).has_value());
}

TEST_CASE("another version than the one asked for is a protocol error") {
  s3::GetRequest request = object_request("k");
  request.version_id = "v1";
  CHECK_FALSE(s3::read_object_head({200, {kLength, {"x-amz-version-id", "v2"}}}, request, false)
                  .has_value());
}

TEST_CASE("an answer to a Range tells no checksums") {
  const auto head = s3::read_object_head({206,
                                          {{"content-length", "90"},
                                           {"content-range", "bytes 10-99/100"},
                                           {"x-amz-checksum-crc32", "sZB91Q=="}}},
                                         from(10), true);
  REQUIRE(head.has_value());
  CHECK(head->checksums.empty());
}

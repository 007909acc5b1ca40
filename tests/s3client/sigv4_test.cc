#include "s3client/sigv4.h"

#include "tests/support/catch.h"

// The worked examples of the S3 API reference.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

namespace {

const s3::Secret kSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
constexpr std::string_view kKeyId = "AKIAIOSFODNN7EXAMPLE";
constexpr s3::SigningScope kScope{"us-east-1", "s3",
                                  std::chrono::sys_days{std::chrono::year{2013} / 5 / 24}};

const s3::Header kHost{"host", "examplebucket.s3.amazonaws.com"};
const s3::Header kDate{"x-amz-date", "20130524T000000Z"};
const s3::Header kEmptyPayload{"x-amz-content-sha256", std::string(s3::kEmptyPayloadHash)};

s3::Signed sign(std::string_view method, std::string_view path,
                const std::vector<s3::QueryParameter>& query,
                const std::vector<s3::Header>& headers,
                std::string_view payload_hash = s3::kEmptyPayloadHash) {
  return s3::sign({method, path, query, headers, payload_hash}, kScope, kKeyId,
                  s3::derive_signing_key(kSecret, kScope));
}

}  // namespace

TEST_CASE("GET with a Range is signed as in the S3 reference") {
  const auto result =
      sign("GET", "/test.txt", {}, {kHost, {"Range", "bytes=0-9"}, kEmptyPayload, kDate});
  CHECK(result.canonical_request ==
        "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
        "x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
        "x-amz-date:20130524T000000Z\n\nhost;range;x-amz-content-sha256;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(result.string_to_sign ==
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
        "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
  CHECK(result.authorization ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("PUT of a key with a special character is signed as in the S3 reference") {
  const std::string hash = s3::sha256_hex("Welcome to Amazon S3.");
  CHECK(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  const auto result = sign("PUT", "/test%24file.text", {},
                           {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                            kHost,
                            {"x-amz-content-sha256", hash},
                            kDate,
                            {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                           hash);
  CHECK(result.signature == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("GET of a sub-resource without a value is signed as in the S3 reference") {
  const auto result = sign("GET", "/", {{"lifecycle", ""}}, {kHost, kEmptyPayload, kDate});
  CHECK(result.canonical_query == "lifecycle=");
  CHECK(result.signature == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_CASE("a listing is signed as in the S3 reference") {
  const auto result =
      sign("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {kHost, kEmptyPayload, kDate});
  CHECK(result.canonical_query == "max-keys=2&prefix=J");
  CHECK(result.signature == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("a presigned GET is signed as in the S3 reference") {
  const auto result =
      sign("GET", "/test.txt",
           {{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
            {"X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"},
            {"X-Amz-Date", "20130524T000000Z"},
            {"X-Amz-Expires", "86400"},
            {"X-Amz-SignedHeaders", "host"}},
           {kHost}, "UNSIGNED-PAYLOAD");
  CHECK(result.signature == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("the path is signed as it is sent: dots and slashes stay") {
  const auto result = sign("GET", "/a/../b//%2E/", {}, {kHost});
  CHECK(result.canonical_request.starts_with("GET\n/a/../b//%2E/\n"));
}

TEST_CASE("a query is sorted by name and then value, and a space is %20") {
  const auto result =
      sign("GET", "/", {{"a-b", "1"}, {"a", "2"}, {"a", "1"}, {"p", "x y+/"}}, {kHost});
  CHECK(result.canonical_query == "a=1&a=2&a-b=1&p=x%20y%2B%2F");
}

TEST_CASE("a signing key is good for its day, region and service only") {
  const auto key = s3::derive_signing_key(kSecret, kScope);
  s3::SigningScope same_day = kScope;
  same_day.time += std::chrono::hours{23};
  CHECK(s3::derive_signing_key(kSecret, same_day) == key);
  s3::SigningScope next_day = kScope;
  next_day.time += std::chrono::hours{24};
  CHECK(s3::derive_signing_key(kSecret, next_day) != key);
  CHECK(s3::derive_signing_key(kSecret, {"eu-west-1", "s3", kScope.time}) != key);
  CHECK(s3::derive_signing_key(kSecret, {"us-east-1", "iam", kScope.time}) != key);
}

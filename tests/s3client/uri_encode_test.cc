#include "s3client/uri_encode.h"

#include "tests/support/catch.h"

using s3::decode_url;
using s3::Slash;
using s3::uri_encode;

TEST_CASE("every byte but the unreserved ones is percent-encoded once, in upper case") {
  CHECK(uri_encode("AZaz09-._~", Slash::kEncode) == "AZaz09-._~");
  CHECK(uri_encode("a b+c%41", Slash::kEncode) == "a%20b%2Bc%2541");
  CHECK(uri_encode("\xE1\x88\xB4", Slash::kEncode) == "%E1%88%B4");
  CHECK(uri_encode(std::string_view("\0\x1f\x7f\xff", 4), Slash::kEncode) == "%00%1F%7F%FF");
}

TEST_CASE("a slash is kept in a path and encoded in a query") {
  CHECK(uri_encode("a/../b//c", Slash::kKeep) == "a/../b//c");
  CHECK(uri_encode("a/b", Slash::kEncode) == "a%2Fb");
}

TEST_CASE("a url-encoded listing value has spaces for plus signs and any bytes") {
  CHECK(decode_url("a+b%2Bc%2fd") == "a b+c/d");
  CHECK(decode_url("%FF%00x") == std::string("\xFF\0x", 3));
  CHECK(decode_url("").value() == "");
}

TEST_CASE("a listing value that is not encoded is refused") {
  const std::string text = GENERATE("100%", "%4", "%zz", "a%4gb");
  CAPTURE(text);
  CHECK_FALSE(decode_url(text).has_value());
}

TEST_CASE("decoding undoes encoding for every byte") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  CHECK(decode_url(uri_encode(all, Slash::kEncode)) == all);
}

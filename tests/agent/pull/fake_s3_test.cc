#include "tests/support/fake_s3.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/support/raw_client.h"
#include "tests/support/text.h"

namespace {

using fake_s3::RawClient;
using fake_s3::RawResponse;
using fake_s3::Server;
using test::contains;

// What stands between the first <name> and </name>.
std::string element(const std::string& xml, const std::string& name) {
  const auto begin = xml.find("<" + name + ">");
  const auto end = xml.find("</" + name + ">");
  if (begin == std::string::npos || end == std::string::npos) return {};
  return xml.substr(begin + name.size() + 2, end - begin - name.size() - 2);
}

// All of them, each followed by a space.
std::string elements(std::string xml, const std::string& name) {
  std::string found;
  while (contains(xml, "<" + name + ">")) {
    found += element(xml, name) + " ";
    xml.erase(0, xml.find("</" + name + ">") + 1);
  }
  return found;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "fake-s3-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("the fake's signatures are those of AWS's published examples", "[fake_s3]") {
  std::ifstream file(HOLDFAST_VECTORS "/sigv4/s3-worked-examples.json");
  if (!file) {
    WARN("SKIPPED: no published signature examples at hand");
    return;
  }
  const auto vectors = nlohmann::json::parse(file);
  int compared = 0;
  for (const auto& example : vectors["examples"]) {
    if (example["name"].get<std::string>().find("presigned") != std::string::npos) continue;
    CAPTURE(example["name"]);
    fake_s3::HttpRequest request;
    request.method = example["method"];
    request.target = example["canonical_uri"].get<std::string>() + "?" +
                     example["canonical_query"].get<std::string>();
    fake_s3::SignatureInput input;
    const std::string secret = vectors["credentials"]["secret_access_key"];
    const std::string payload_hash = example["payload_hash"];
    input.region = "us-east-1";
    input.secret_access_key = secret;
    input.payload_hash = payload_hash;
    for (const auto& header : example["headers"]) {
      request.headers.emplace_back(header[0], header[1]);
      input.signed_headers.push_back(header[0]);
    }
    CHECK(fake_s3::canonical_request(request, input) == example["canonical_request"]);
    CHECK(fake_s3::signature(request, input) == example["signature"]);
    ++compared;
  }
  CHECK(compared == 4);
}

TEST_CASE("an object is served to who signs as a known user", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "key +&~\xc3\xa4", "content");
  RawClient client(server->port(), fake_s3::reader());
  const RawResponse response = client.get("/b/key%20%2B%26~%C3%A4");
  CHECK(response.status == 200);
  CHECK(response.body == "content");
  CHECK(response.header("etag") == "\"9a0364b9e99bb480dd25e1f0284c8555\"");
}

TEST_CASE("a request that is not signed as it should be is refused as AWS does", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "content");
  const auto code_of = [&](const fake_s3::User& user, const fake_s3::RawRequest& request) {
    RawClient client(server->port(), user);
    const RawResponse response = client.send(request);
    return fmt::format("{} {}", response.status, element(response.body, "Code"));
  };
  fake_s3::User user = fake_s3::reader();
  fake_s3::RawRequest request;
  request.target = "/b/k";

  SECTION("a wrong secret") {
    user.secret_access_key += "x";
    CHECK(code_of(user, request) == "403 SignatureDoesNotMatch");
  }
  SECTION("an unknown key id") {
    user.access_key_id = "NOBODY";
    CHECK(code_of(user, request) == "403 InvalidAccessKeyId");
  }
  SECTION("nobody") {
    request.is_signed = false;
    CHECK(code_of(user, request) == "403 AccessDenied");
  }
  SECTION("a clock that is 16 minutes off") {
    request.clock_offset = std::chrono::minutes(GENERATE(-16, 16));
    CHECK(code_of(user, request) == "403 RequestTimeTooSkewed");
  }
  SECTION("a session token that nobody gave out") {
    request.headers.emplace_back("x-amz-security-token", "made up");
    CHECK(code_of(user, request) == "400 InvalidToken");
  }
  SECTION("an expired session token") {
    user.session_token = "token";
    user.token_expired = true;
    server->set_users({user});
    request.headers.emplace_back("x-amz-security-token", "token");
    CHECK(code_of(user, request) == "400 ExpiredToken");
  }
  SECTION("another region, which is corrected") {
    server->set_region("eu-west-1");
    RawClient client(server->port(), user);
    const RawResponse response = client.send(request);
    CHECK(response.status == 400);
    CHECK(element(response.body, "Code") == "AuthorizationHeaderMalformed");
    CHECK(element(response.body, "Region") == "eu-west-1");
    CHECK(response.header("x-amz-bucket-region") == "eu-west-1");
  }
  SECTION("a header added after signing") {
    request.unsigned_headers = {{"x-amz-checksum-mode", "ENABLED"}};
    RawClient client(server->port(), user);
    const RawResponse response = client.send(request);
    CHECK(response.status == 403);
    CHECK(element(response.body, "HeadersNotSigned") == "x-amz-checksum-mode");
  }
}

TEST_CASE("a query or path that was changed on the way breaks the signature", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "content");
  fake_s3::HttpRequest request;
  request.method = "GET";
  request.target = "/b?list-type=2&prefix=a%2Fb";
  request.headers = {{"host", "h"},
                     {"x-amz-date", "20260101T000000Z"},
                     {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
  const fake_s3::SignatureInput input{"s3",
                                      "us-east-1",
                                      "secret",
                                      {"host", "x-amz-content-sha256", "x-amz-date"},
                                      "UNSIGNED-PAYLOAD"};
  const std::string before = fake_s3::signature(request, input);
  SECTION("the same query in another order and spelling signs the same") {
    request.target = "/b?prefix=a/b&list%2Dtype=2";
    CHECK(fake_s3::signature(request, input) == before);
  }
  SECTION("another value does not") {
    request.target = "/b?list-type=2&prefix=a%2Fc";
    CHECK(fake_s3::signature(request, input) != before);
  }
  SECTION("a path that was encoded twice does not") {
    request.target = "/b%2525?list-type=2&prefix=a%2Fb";
    const std::string twice = fake_s3::signature(request, input);
    request.target = "/b%25?list-type=2&prefix=a%2Fb";
    CHECK(fake_s3::signature(request, input) != twice);
  }
}

TEST_CASE("a server whose clock is off says so, and accepts who follows it", "[fake_s3]") {
  fake_s3::Options options;
  options.clock_offset = std::chrono::hours(24 * 365);
  const auto server = Server::start(options).value();
  server->put("b", "k", "content");
  RawClient client(server->port(), fake_s3::reader());
  fake_s3::RawRequest request;
  request.target = "/b/k";
  const RawResponse refused = client.send(request);
  CHECK(refused.status == 403);
  CHECK(element(refused.body, "ServerTime").substr(0, 4) >
        element(refused.body, "RequestTime").substr(0, 4));
  CHECK(element(refused.body, "MaxAllowedSkewMilliseconds") == "900000");
  CHECK(contains(refused.header("date"), element(refused.body, "ServerTime").substr(0, 4)));
  request.clock_offset = options.clock_offset;
  CHECK(client.send(request).status == 200);
}

TEST_CASE("a reader is refused every write, and an owner none", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "content");
  const fake_s3::RawRequest put{"PUT", "/b/new", {}, "written"};
  const fake_s3::RawRequest remove{"DELETE", "/b/k"};
  const fake_s3::RawRequest upload_part{"PUT", "/b/new?partNumber=1&uploadId=none", {}, "x"};
  {
    CHECK(RawClient(server->port(), fake_s3::reader()).send(put).status == 403);
    CHECK(RawClient(server->port(), fake_s3::reader()).send(remove).status == 403);
    CHECK(RawClient(server->port(), fake_s3::reader()).send(upload_part).status == 403);
    CHECK(server->bucket("b")->find("k", ""));
    CHECK_FALSE(server->bucket("b")->find("new", ""));
  }
  {
    RawClient owner(server->port(), fake_s3::owner());
    CHECK(owner.send(upload_part).status == 404);
    CHECK(owner.send(put).status == 200);
    CHECK(owner.get("/b/new").body == "written");
    CHECK(owner.send(remove).status == 204);
    CHECK(owner.get("/b/k").status == 404);
  }
}

TEST_CASE("a body is only asked for when the write is allowed", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->make_bucket("b");
  const auto answer_to_expect = [&](const fake_s3::User& user) {
    RawClient client(server->port(), user);
    fake_s3::RawRequest request{"PUT", "/b/k"};
    request.headers = {{"content-length", "5"}, {"expect", "100-continue"}};
    return client.send(request).status;
  };
  CHECK(answer_to_expect(fake_s3::reader()) == 403);
  CHECK(answer_to_expect(fake_s3::owner()) == 100);
}

TEST_CASE("a range is answered as AWS answers it", "[fake_s3]") {
  struct Row {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  const Row row = GENERATE(
      Row{"bytes=0-", 206, "0123456789", "bytes 0-9/10"},
      Row{"bytes=4-", 206, "456789", "bytes 4-9/10"}, Row{"bytes=2-4", 206, "234", "bytes 2-4/10"},
      Row{"bytes=8-99", 206, "89", "bytes 8-9/10"}, Row{"bytes=-3", 206, "789", "bytes 7-9/10"},
      Row{"bytes=-99", 206, "0123456789", "bytes 0-9/10"}, Row{"bytes=1-0", 200, "0123456789", ""},
      Row{"nonsense", 200, "0123456789", ""});
  CAPTURE(row.range);
  const auto server = Server::start({}).value();
  server->put("b", "k", "0123456789");
  RawClient client(server->port(), fake_s3::reader());
  const RawResponse response = client.get("/b/k", {{"range", row.range}});
  CHECK(response.status == row.status);
  CHECK(response.body == row.body);
  CHECK(response.header("content-range") == row.content_range);

  const RawResponse past = client.get("/b/k", {{"range", "bytes=10-"}});
  CHECK(past.status == 416);
  CHECK(element(past.body, "ActualObjectSize") == "10");
}

TEST_CASE("conditions, metadata and checksums of an object", "[fake_s3]") {
  const auto server = Server::start({}).value();
  const std::string etag = server->put("b", "k", "content");
  server->set_checksum("b", "k", "crc32", "AAAAAA==");
  server->set_header("b", "k", "x-amz-meta-md5chksum", "abc");
  server->set_header("b", "k", "x-amz-expiration", "expiry-date=\"x\", rule-id=\"y\"");
  RawClient client(server->port(), fake_s3::reader());

  CHECK(client.get("/b/k", {{"if-match", "\"" + etag + "\""}}).status == 200);
  const RawResponse changed = client.get("/b/k", {{"if-match", "\"other\""}});
  CHECK(changed.status == 412);
  CHECK(element(changed.body, "Code") == "PreconditionFailed");
  CHECK(client.get("/b/k").header("x-amz-checksum-crc32").empty());
  const fake_s3::Header mode{"x-amz-checksum-mode", "ENABLED"};
  const RawResponse whole = client.head("/b/k", {mode});
  CHECK(whole.header("x-amz-checksum-crc32") == "AAAAAA==");
  CHECK(whole.header("x-amz-checksum-type") == "FULL_OBJECT");
  CHECK(whole.header("x-amz-meta-md5chksum") == "abc");
  CHECK(contains(whole.header("x-amz-expiration"), "rule-id"));
  CHECK(whole.header("content-length") == "7");
  CHECK(client.get("/b/k", {mode, {"range", "bytes=1-"}}).header("x-amz-checksum-crc32").empty());
  const RawResponse same = client.get("/b/k", {{"if-none-match", etag}});
  CHECK(same.status == 304);
}

TEST_CASE("the parts of a multipart object are told one by one", "[fake_s3]") {
  const auto server = Server::start({}).value();
  const std::string etag = server->put_multipart("b", "k", "aaaabbbbcc", 4);
  // md5(md5("aaaa") md5("bbbb") md5("cc")), computed with coreutils' md5sum.
  CHECK(etag == "cf6c8a60b0e393d7e70f2e7564027788-3");
  RawClient client(server->port(), fake_s3::reader());
  const RawResponse last = client.head("/b/k?partNumber=3");
  CHECK(last.status == 206);
  CHECK(last.header("content-length") == "2");
  CHECK(last.header("x-amz-mp-parts-count") == "3");
  CHECK(client.get("/b/k?partNumber=2").body == "bbbb");
  CHECK(client.get("/b/k?partNumber=4").status == 416);
  CHECK(client.get("/b/k?partNumber=1", {{"range", "bytes=0-"}}).status == 400);
}

TEST_CASE("an object that cannot be read says why", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "content");
  RawClient client(server->port(), fake_s3::reader());
  const auto set = [&](fake_s3::ObjectState state) { REQUIRE(server->set_state("b", "k", state)); };
  SECTION("archived") {
    set(fake_s3::ObjectState::kArchived);
    const RawResponse response = client.get("/b/k");
    CHECK(response.status == 403);
    CHECK(element(response.body, "Code") == "InvalidObjectState");
    CHECK(element(response.body, "StorageClass") == "GLACIER");
    CHECK(client.head("/b/k").header("x-amz-storage-class") == "GLACIER");
  }
  SECTION("under a customer's key") {
    set(fake_s3::ObjectState::kSseC);
    CHECK(client.head("/b/k").status == 400);
    CHECK(contains(client.get("/b/k").body, "form of Server Side Encryption"));
  }
  SECTION("under a KMS key") {
    set(fake_s3::ObjectState::kKmsDenied);
    CHECK(contains(client.get("/b/k").body, "kms:Decrypt"));
  }
  SECTION("denied") {
    set(fake_s3::ObjectState::kDenied);
    CHECK(element(client.get("/b/k").body, "Code") == "AccessDenied");
    CHECK(client.head("/b/k").body.empty());
  }
}

TEST_CASE("a listing comes in pages, in byte order, by opaque tokens", "[fake_s3]") {
  const auto server = Server::start({}).value();
  for (const char* key : {"b/2", "b/1", "a", "c d+", "B"}) server->put("x", key, "content");
  server->set_page_keys(2);
  RawClient client(server->port(), fake_s3::reader());
  std::string keys;
  std::string token;
  int pages = 0;
  do {
    const std::string more =
        token.empty() ? "" : "&continuation-token=" + fake_s3::percent_encode(token, false);
    const RawResponse page = client.get("/x?list-type=2&encoding-type=url" + more);
    REQUIRE(page.status == 200);
    keys += elements(page.body, "Key");
    token = element(page.body, "NextContinuationToken");
    CHECK((element(page.body, "IsTruncated") == "true") == !token.empty());
    ++pages;
  } while (!token.empty());
  CHECK(keys == "B a b/1 b/2 c+d%2B ");
  CHECK(pages == 3);

  SECTION("whose unencoded '+' is a space, and no token any more") {
    const RawResponse first = client.get("/x?list-type=2");
    const std::string raw = element(first.body, "NextContinuationToken");
    CHECK(contains(raw, "+"));
    CHECK(client.get("/x?list-type=2&continuation-token=" + raw).status == 400);
  }
  SECTION("below a prefix, after a key, by a delimiter") {
    CHECK(elements(client.get("/x?list-type=2&prefix=b%2F").body, "Key") == "b/1 b/2 ");
    CHECK(elements(client.get("/x?list-type=2&start-after=b%2F1").body, "Key") == "b/2 c d+ ");
    server->set_page_keys(1000);
    const RawResponse grouped = client.get("/x?list-type=2&delimiter=%2F");
    CHECK(elements(grouped.body, "Key") == "B a c d+ ");
    CHECK(contains(grouped.body, "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"));
    CHECK(element(grouped.body, "KeyCount") == "4");
  }
  SECTION("with groups across pages") {
    server->set_page_keys(3);
    const RawResponse first = client.get("/x?list-type=2&delimiter=%2F");
    CHECK(element(first.body, "KeyCount") == "3");
    const std::string next = element(first.body, "NextContinuationToken");
    const RawResponse rest = client.get("/x?list-type=2&delimiter=%2F&continuation-token=" +
                                        fake_s3::percent_encode(next, false));
    CHECK(elements(rest.body, "Key") == "c d+ ");
    CHECK_FALSE(contains(rest.body, "CommonPrefixes"));
  }
}

TEST_CASE("a million keys are listed without being stored", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->make_synthetic_bucket("big", 1'000'000);
  RawClient client(server->port(), fake_s3::reader());
  const RawResponse page =
      client.get("/big?list-type=2&start-after=backup-0999998.tar.zst&encoding-type=url");
  CHECK(elements(page.body, "Key") == "backup-0999999.tar.zst backup-1000000.tar.zst ");
  const RawResponse object = client.get("/big/backup-1000000.tar.zst");
  CHECK(object.header("etag") == "\"" + fake_s3::md5_hex(object.body) + "\"");
  CHECK(std::to_string(object.body.size()) + " " ==
        elements(page.body, "Size").substr(elements(page.body, "Size").find(' ') + 1));
  CHECK(client.get("/big/backup-1000001.tar.zst").status == 404);
}

TEST_CASE("a huge object shows a wrong offset", "[fake_s3]") {
  const auto server = Server::start({}).value();
  const std::uint64_t size = std::uint64_t{5} << 30U;
  server->put_pattern("b", "huge", size, "0123456789abcdef0123456789abcdef-9");
  RawClient client(server->port(), fake_s3::reader());
  const auto piece = [&](std::uint64_t offset) {
    return client.get("/b/huge", {{"range", fmt::format("bytes={}-{}", offset, offset + 15)}}).body;
  };
  const std::uint64_t far = (std::uint64_t{1} << 32U) + 5;
  CHECK(piece(far).size() == 16);
  CHECK(piece(far) != piece(5));
  CHECK(piece(far).substr(3) == piece(far + 3).substr(0, 13));
  CHECK(client.head("/b/huge").header("content-length") == std::to_string(size));
}

TEST_CASE("versions are kept, listed and read one by one", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->put("b", "k", "before");
  server->keep_versions("b");
  server->put("b", "k", "after");
  server->erase("b", "k");
  server->put("b", "other", "x");
  RawClient client(server->port(), fake_s3::reader());

  const RawResponse gone = client.get("/b/k");
  CHECK(gone.status == 404);
  CHECK(gone.header("x-amz-delete-marker") == "true");
  CHECK(client.get("/b/k?versionId=" + gone.header("x-amz-version-id")).status == 405);
  CHECK(client.get("/b/k?versionId=null").body == "before");
  CHECK(elements(client.get("/b?list-type=2").body, "Key") == "other ");

  server->set_page_keys(1);
  std::string seen;
  std::string markers;
  do {
    const RawResponse page = client.get("/b?versions" + markers);
    REQUIRE(page.status == 200);
    const bool marker = contains(page.body, "<DeleteMarker>");
    seen += element(page.body, "Key") + (marker ? "(deleted) " : " ");
    if (!marker && element(page.body, "Key") == "k") {
      seen += client.get("/b/k?versionId=" + element(page.body, "VersionId")).body + " ";
    }
    markers.clear();
    if (element(page.body, "IsTruncated") == "true") {
      markers = "&key-marker=" + element(page.body, "NextKeyMarker") +
                "&version-id-marker=" + element(page.body, "NextVersionIdMarker");
    }
  } while (!markers.empty());
  CHECK(seen == "k(deleted) k after k before other ");
}

TEST_CASE("a directory is served as it is at the moment", "[fake_s3]") {
  const TemporaryDirectory root;
  write(root.path() / "b" / "sub" / "one", "1");
  write(root.path() / "b" / "sub.two", "2");
  write(root.path() / "secret", "not below a bucket");
  fake_s3::Options options;
  options.root = root.path().string();
  const auto server = Server::start(options).value();
  RawClient client(server->port(), fake_s3::reader());
  CHECK(elements(client.get("/b?list-type=2").body, "Key") == "sub.two sub/one ");
  CHECK(client.get("/b/sub/one").header("etag") == "\"" + fake_s3::md5_hex("1") + "\"");

  write(root.path() / "b" / "sub" / "one", "tampered");
  const RawResponse after = client.get("/b/sub/one");
  CHECK(after.body == "tampered");
  CHECK(after.header("etag") == "\"" + fake_s3::md5_hex("tampered") + "\"");
  CHECK(client.get("/b/../secret").status == 404);
  CHECK(client.get("/b/sub").status == 404);
  CHECK(client.get("/none?list-type=2").status == 404);

  RawClient owner(server->port(), fake_s3::owner());
  CHECK(owner.send({"PUT", "/b/new/three", {}, "3"}).status == 200);
  CHECK(std::filesystem::file_size(root.path() / "b" / "new" / "three") == 1);
}

TEST_CASE("the bucket's settings are what the test says", "[fake_s3]") {
  const auto server = Server::start({}).value();
  server->make_bucket("b");
  RawClient client(server->port(), fake_s3::reader());
  CHECK(client.head("/b").status == 200);
  CHECK(client.head("/none").status == 404);
  CHECK(element(client.get("/b?lifecycle").body, "Code") == "NoSuchLifecycleConfiguration");
  CHECK(client.get("/b?never-heard-of").status == 501);
  server->set_bucket_answer("b", "lifecycle", 200, "<LifecycleConfiguration/>");
  CHECK(client.get("/b?lifecycle").body == "<LifecycleConfiguration/>");
  CHECK(element(client.get("/b?versioning").body, "Status").empty());
  server->keep_versions("b");
  CHECK(element(client.get("/b?versioning").body, "Status") == "Enabled");
}

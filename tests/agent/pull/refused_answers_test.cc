#include <fmt/format.h>
#include <sys/stat.h>

#include "tests/agent/pull/pull_world.h"
#include "tests/support/temp_dir.h"

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

TEST_CASE("a refused listing says what was asked for, where, and with which key", "[refused]") {
  World world;
  world.server->put("b", "db/k", "content");
  world.site().prefix = "db/";
  const auto [code, status] = GENERATE(std::pair{"AccessDenied", ExitStatus::kRefused},
                                       std::pair{"SignatureDoesNotMatch", ExitStatus::kRefused},
                                       std::pair{"NoSuchBucket", ExitStatus::kIncomplete});
  CAPTURE(code);
  const bool missing = std::string_view(code) == "NoSuchBucket";
  world.server->lie({LieKind::kError, "GET", "listing", missing ? 404 : 403, code});
  SECTION("in the environment") {
    CHECK(world.pull() == status);
    CAPTURE(world.lines);
    CHECK(world.lines_with(fmt::format(
              "cannot list bucket \"b\", prefix \"db/\", at {} with the key {} from the "
              "AWS_* environment variables",
              world.server->url(), fake_s3::reader().access_key_id)) == 1);
  }
  SECTION("in a file") {
    const test::TempDir dir;
    const auto file = dir / "credentials";
    test::write_file(
        file, fmt::format("[q]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                          fake_s3::reader().access_key_id, fake_s3::reader().secret_access_key));
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    world.variables.clear();
    world.site().credentials_file = file;
    world.site().profile = "q";
    CHECK(world.pull() == status);
    CHECK(world.lines_with(fmt::format("with the key {} from {}, profile [q]",
                                       fake_s3::reader().access_key_id, file)) == 1);
  }
  CHECK(world.lines_with(fake_s3::reader().secret_access_key) == 0);
}

TEST_CASE("what a server says in its own words is told with what helps", "[refused]") {
  struct Row {
    int status;
    const char* error;
    const char* remedy;
  };
  const Row rows[] = {
      {403, "AccessDenied|Forbidden: No such key: GK31c2f218a2e44f485b94239e",
       "the server does not know this access key; correct the credentials"},
      {403, "AccessDenied|Forbidden: Invalid signature",
       "correct the credentials, most likely the secret key; if they are right, something on"},
      {403, "AccessDenied|Forbidden: Operation is not allowed for this key.",
       "the credentials need s3:ListBucket here"},
      {403, "InvalidTokenId|The security token included in the request is invalid",
       "the session token is wrong or too old; renew it"},
      {403, "SignatureDoesNotMatch", "as a proxy that rewrites Host or leaves out Range"},
      {404, "NoSuchBucket|Bucket not found: b", "see garage bucket alias and garage bucket allow"},
      {404, "NoSuchBucket", "correct \"bucket\", or find out who deleted it"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.error);
    World world;
    world.server->lie({LieKind::kError, "GET", "listing", row.status, row.error});
    CHECK(world.pull() != ExitStatus::kOk);
    CAPTURE(world.lines);
    CHECK(world.lines_with(row.remedy) == 1);
    const bool about_the_key = std::string_view(row.remedy).find("key") != std::string_view::npos;
    if (about_the_key && row.status == 403) CHECK(world.lines_with("s3:ListBucket") == 0);
  }
}

TEST_CASE("a web page in the stead of a listing is told as one", "[refused]") {
  World world;
  const int status = GENERATE(200, 302, 403, 404);
  CAPTURE(status);
  world.config.agent.retries = 1;
  world.server->lie({LieKind::kHtml, "GET", "listing", status});
  world.server->lie({LieKind::kOmitHeader, "GET", "listing", 0, "x-amz-request-id"});
  CHECK(world.pull() != ExitStatus::kOk);
  CAPTURE(world.lines);
  CHECK(world.lines_with("that is a web page, not S3") == 1);
}

TEST_CASE("a version that is refused names the permission for versions", "[refused]") {
  World world;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  const bool all = GENERATE(true, false);
  world.site().versions = all ? agent::Versions::kAll : agent::Versions::kCurrent;
  world.server->lie({LieKind::kError, "GET", "k", 403, "AccessDenied"});
  CHECK(world.pull() != ExitStatus::kOk);
  CAPTURE(world.lines);
  CHECK(world.lines_with("s3:GetObjectVersion here") == (all ? 1 : 0));
  CHECK(world.lines_with("s3:GetObject here") == (all ? 0 : 1));
}

TEST_CASE("what was encrypted with the uploader's own key is told so", "[refused]") {
  World world;
  world.server->put("b", "k", "content");
  world.server->put("b", "l", "content");
  world.server->lie(
      {LieKind::kError, "", "k", 400, "InvalidRequest|Bad request: Object is encrypted"});
  CHECK(world.pull() == ExitStatus::kAlarm);
  CAPTURE(world.lines);
  CHECK(world.lines_with("it is encrypted with a key of the uploader's own (SSE-C)") == 1);
}

#include "s3client/credentials.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

/// A credentials source whose environment and files are the test's own.
struct Setup {
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = directory / name;
    test::write_file(path, text);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }

  s3::Result<s3::Credentials> load() {
    s3::CredentialsSource source;
    source.environment = [this](const char* name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    source.source_name = "site";
    source.credentials_file = directory / "credentials";
    source.profile = profile;
    source.has_own_file = has_own_file;
    return s3::load_credentials(source);
  }

  std::string refusal() {
    const auto loaded = load();
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().kind == s3::ErrorKind::kBadCredentials);
    return loaded.error().message;
  }

  test::TempDir directory;
  std::map<std::string, std::string> environment;
  std::string profile = "default";
  bool has_own_file = false;
};

const std::string kFile =
    "[default]\naws_access_key_id = AKFILE\naws_secret_access_key = s3cr3t/+=\n";

}  // namespace

TEST_CASE("credentials are read from the file") {
  Setup setup;
  setup.write("credentials", kFile);
  const auto loaded = setup.load();
  REQUIRE(loaded.has_value());
  CHECK(loaded->access_key_id == "AKFILE");
  CHECK(loaded->secret_access_key.reveal() == "s3cr3t/+=");
  CHECK(loaded->session_token.empty());
}

TEST_CASE("the file may have comments, blanks, other profiles, CRLF and a byte order mark") {
  Setup setup;
  setup.profile = "site";
  setup.write("credentials",
              "\xEF\xBB\xBF# mine\r\n[default]\r\naws_access_key_id=WRONG\r\n\r\n[ site ]\r\n"
              "; aws_access_key_id = COMMENT\r\n  AWS_ACCESS_KEY_ID\t=  AKSITE  \r\n"
              "aws_secret_access_key=a=b\r\naws_session_token = tok\r\nregion = x\r\nnonsense\r\n"
              "[other]\r\naws_access_key_id=WRONG\r\n");
  const auto loaded = setup.load();
  REQUIRE(loaded.has_value());
  CHECK(loaded->access_key_id == "AKSITE");
  CHECK(loaded->secret_access_key.reveal() == "a=b");
  CHECK(loaded->session_token.reveal() == "tok");
}

TEST_CASE("the AWS variables come before every file") {
  Setup setup;
  setup.write("credentials", kFile);
  setup.environment = {{"AWS_ACCESS_KEY_ID", "AKENV"},
                       {"AWS_SECRET_ACCESS_KEY", "env-secret"},
                       {"AWS_SESSION_TOKEN", "env-token"}};
  const auto loaded = setup.load();
  REQUIRE(loaded.has_value());
  CHECK(loaded->access_key_id == "AKENV");
  CHECK(loaded->session_token.reveal() == "env-token");
}

TEST_CASE("half a pair of AWS variables is refused, and not mixed with a file") {
  Setup setup;
  setup.write("credentials", kFile);
  setup.environment = {{"AWS_ACCESS_KEY_ID", "AKENV"}};
  CHECK(setup.refusal().find("secret access key") != std::string::npos);
  setup.environment = {{"AWS_SECRET_ACCESS_KEY", "env-secret"}};
  CHECK(setup.refusal().find("env-secret") == std::string::npos);
}

TEST_CASE("AWS_PROFILE and AWS_SHARED_CREDENTIALS_FILE replace profile and file") {
  Setup setup;
  const std::string other =
      setup.write("other", "[work]\naws_access_key_id=AKWORK\naws_secret_access_key=x\n");
  setup.environment = {{"AWS_SHARED_CREDENTIALS_FILE", other}, {"AWS_PROFILE", "work"}};
  CHECK(setup.load()->access_key_id == "AKWORK");
}

TEST_CASE("systemd's credentials come before the file, by source name and then by program name") {
  Setup setup;
  setup.write("credentials", kFile);
  setup.environment = {{"CREDENTIALS_DIRECTORY", setup.directory.path()}};
  CHECK(setup.load()->access_key_id == "AKFILE");
  setup.write("holdfast", "[default]\naws_access_key_id=AKALL\naws_secret_access_key=x\n");
  CHECK(setup.load()->access_key_id == "AKALL");
  setup.write("site", "[default]\naws_access_key_id=AKSITE\naws_secret_access_key=x\n");
  CHECK(setup.load()->access_key_id == "AKSITE");
}

TEST_CASE("a file of the source's own comes before systemd's for all, where it can be read") {
  Setup setup;
  setup.has_own_file = true;
  const std::string own = setup.write("credentials", kFile);
  setup.environment = {{"CREDENTIALS_DIRECTORY", setup.directory.path()}};
  setup.write("holdfast", "[default]\naws_access_key_id=AKALL\naws_secret_access_key=x\n");
  CHECK(setup.load()->access_key_id == "AKFILE");
  setup.write("site", "[default]\naws_access_key_id=AKSITE\naws_secret_access_key=x\n");
  CHECK(setup.load()->access_key_id == "AKSITE");
  std::filesystem::remove(setup.directory / "site");
  std::filesystem::remove(own);
  CHECK(setup.load()->access_key_id == "AKALL");
}

TEST_CASE("where the unit has no key to hand out the file is asked for") {
  Setup setup;
  setup.write("holdfast", "\n");
  setup.environment = {{"CREDENTIALS_DIRECTORY", setup.directory.path()}};
  CHECK(setup.refusal().find(setup.directory / "credentials") != std::string::npos);
  setup.write("credentials", kFile);
  CHECK(setup.load()->access_key_id == "AKFILE");
}

TEST_CASE("a file that others can read or write is refused with the remedy") {
  const mode_t mode = GENERATE(0644U, 0604U, 0602U, 0660U, 0620U);
  CAPTURE(mode);
  Setup setup;
  const std::string path = setup.write("credentials", kFile, mode);
  const std::string message = setup.refusal();
  CHECK(message.find(path) != std::string::npos);
  CHECK(message.find("chmod 600") != std::string::npos);
}

TEST_CASE("a file that only the group can read is good") {
  Setup setup;
  setup.write("credentials", kFile, GENERATE(0400U, 0440U, 0640U));
  CHECK(setup.load().has_value());
}

TEST_CASE("a missing file and a directory are refused with the remedy") {
  Setup setup;
  CHECK(setup.refusal().find("create it") != std::string::npos);
  REQUIRE(::mkdir((setup.directory / "credentials").c_str(), 0700) == 0);
  CHECK(setup.refusal().find("not a regular file") != std::string::npos);
}

TEST_CASE("a named pipe is refused and not waited for") {
  Setup setup;
  REQUIRE(::mkfifo((setup.directory / "credentials").c_str(), 0600) == 0);
  CHECK(setup.refusal().find("not a regular file") != std::string::npos);
}

TEST_CASE("a missing profile or key is named") {
  Setup setup;
  setup.write("credentials", kFile);
  setup.profile = "nobody";
  CHECK(setup.refusal().find("[nobody]") != std::string::npos);
  setup.profile = "default";
  setup.write("credentials", "[default]\naws_access_key_id = AK\n");
  CHECK(setup.refusal().find("secret access key") != std::string::npos);
  setup.write("credentials", "[default]\naws_secret_access_key = hush\n");
  const std::string message = setup.refusal();
  CHECK(message.find("access key id") != std::string::npos);
  CHECK(message.find("hush") == std::string::npos);
}

TEST_CASE("values that could break out of a header are refused") {
  Setup setup;
  setup.environment = {{"AWS_ACCESS_KEY_ID", "AK\r\nx: y"}, {"AWS_SECRET_ACCESS_KEY", "hush"}};
  CHECK(setup.refusal().find("hush") == std::string::npos);
}

TEST_CASE("an endless file is refused") {
  Setup setup;
  setup.write("credentials", std::string(std::size_t{1} << 17U, '#'));
  CHECK(setup.refusal().find("too large") != std::string::npos);
}

TEST_CASE("a secret prints as redacted, however it is printed") {
  const s3::Secret secret("hush");
  std::ostringstream stream;
  stream << secret;
  CHECK(stream.str() == "<redacted>");
  CHECK(format_as(secret) == "<redacted>");
}

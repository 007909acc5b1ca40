#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "s3client/dates.h"
#include "s3client/sigv4.h"
#include "s3client/uri_encode.h"
#include "tests/support/catch.h"

// Published signing suites, read from beside the project where they are lent to it.

namespace fs = std::filesystem;

namespace {

const fs::path kVectors = fs::path(HOLDFAST_VECTORS) / "sigv4";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct ParsedRequest {
  std::string method;
  std::string path;
  std::vector<s3::QueryParameter> query;
  std::vector<s3::Header> headers;
  std::string body;
};

std::string decoded(const std::string& text) { return s3::decode_url(text).value(); }

void parse_target(const std::string& target, ParsedRequest& out) {
  const std::size_t mark = target.find('?');
  out.path = s3::uri_encode(target.substr(0, mark), s3::Slash::kKeep);
  if (mark == std::string::npos) return;
  std::istringstream query(target.substr(mark + 1));
  for (std::string pair; std::getline(query, pair, '&');) {
    const std::size_t equals = pair.find('=');
    out.query.emplace_back(decoded(pair.substr(0, equals)),
                           equals == std::string::npos ? "" : decoded(pair.substr(equals + 1)));
  }
}

ParsedRequest parse_request(const std::string& text) {
  ParsedRequest out;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(" HTTP/1.1");
  out.method = line.substr(0, first);
  parse_target(line.substr(first + 1, last - first - 1), out);
  while (std::getline(lines, line) && !line.empty()) {
    if (line.front() == ' ') {
      out.headers.back().second += line;
    } else {
      const std::size_t colon = line.find(':');
      out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  std::getline(lines, out.body, '\0');
  return out;
}

bool available() {
  if (fs::exists(kVectors)) return true;
  WARN("SKIPPED: no vectors at " << kVectors);
  return false;
}

std::chrono::sys_seconds at(std::string_view time) {
  return std::chrono::sys_seconds{s3::parse_iso8601(time)->time_since_epoch()};
}

const s3::Secret kSuiteSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
const s3::SigningScope kSuiteScope{"us-east-1", "service", at("2015-08-30T12:36:00Z")};

s3::Signed sign(const ParsedRequest& request, std::string_view payload_hash) {
  return s3::sign({request.method, request.path, request.query, request.headers, payload_hash},
                  kSuiteScope, "AKIDEXAMPLE", s3::derive_signing_key(kSuiteSecret, kSuiteScope));
}

std::string joined_names(const std::vector<s3::Header>& headers) {
  std::map<std::string, bool> names;
  for (auto [name, value] : headers) {
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names[name] = true;
  }
  std::string out;
  for (const auto& [name, unused] : names) out += (out.empty() ? "" : ";") + name;
  return out;
}

void check_header_form(const fs::path& folder, ParsedRequest request,
                       const nlohmann::json& context) {
  const std::string hash = s3::sha256_hex(request.body);
  const auto& credentials = context["credentials"];
  const bool token = credentials.contains("token");
  const bool omit = context.value("omit_session_token", false);
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  if (token && !omit) request.headers.emplace_back("X-Amz-Security-Token", credentials["token"]);
  if (context["sign_body"] == true) request.headers.emplace_back("x-amz-content-sha256", hash);
  const s3::Signed result = sign(request, hash);
  CHECK(result.canonical_request == read(folder / "header-canonical-request.txt"));
  CHECK(result.string_to_sign == read(folder / "header-string-to-sign.txt"));
  CHECK(result.signature == read(folder / "header-signature.txt"));
}

void check_query_form(const fs::path& folder, ParsedRequest request,
                      const nlohmann::json& context) {
  const auto& credentials = context["credentials"];
  const bool token = credentials.contains("token");
  const bool omit = context.value("omit_session_token", false);
  request.query.insert(
      request.query.end(),
      {{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
       {"X-Amz-Credential", "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"},
       {"X-Amz-Date", "20150830T123600Z"},
       {"X-Amz-Expires", std::to_string(context["expiration_in_seconds"].get<int>())},
       {"X-Amz-SignedHeaders", joined_names(request.headers)}});
  if (token && !omit) request.query.emplace_back("X-Amz-Security-Token", credentials["token"]);
  const s3::Signed result = sign(request, s3::sha256_hex(request.body));
  CHECK(result.canonical_request == read(folder / "query-canonical-request.txt"));
  CHECK(result.string_to_sign == read(folder / "query-string-to-sign.txt"));
  CHECK(result.signature == read(folder / "query-signature.txt"));
}

}  // namespace

TEST_CASE("the newer signing suite is reproduced, headers and presigned") {
  if (!available()) return;
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(kVectors / "aws-c-auth-v4")) {
    // S3 never normalises a path.
    if (!entry.is_directory() || entry.path().filename().string().ends_with("-normalized")) {
      continue;
    }
    CAPTURE(entry.path().filename());
    const auto context = nlohmann::json::parse(read(entry.path() / "context.json"));
    const ParsedRequest request = parse_request(read(entry.path() / "request.txt"));
    check_header_form(entry.path(), request, context);
    check_query_form(entry.path(), request, context);
    ++cases;
  }
  CHECK(cases == 31);
}

TEST_CASE("the older signing suite is reproduced") {
  if (!available()) return;
  int cases = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kVectors / "botocore-aws4_testsuite")) {
    const fs::path& path = entry.path();
    const bool normalises = path.string().find("normalize-path") != std::string::npos;
    if (path.extension() != ".req" || (normalises && path.stem() != "get-space")) continue;
    CAPTURE(path.stem());
    const auto part = [&](const char* extension) {
      return read(fs::path(path).replace_extension(extension));
    };
    ParsedRequest request = parse_request(read(path));
    if (path.stem() == "get-vanilla-with-session-token") {
      // Its request lacks the token that the signed one has.
      request.headers = parse_request(part(".sreq")).headers;
      std::erase_if(request.headers, [](const auto& h) { return h.first == "Authorization"; });
    }
    const s3::Signed result = sign(request, s3::sha256_hex(request.body));
    CHECK(result.canonical_request == part(".creq"));
    CHECK(result.string_to_sign == part(".sts"));
    CHECK(result.authorization == part(".authz"));
    ++cases;
  }
  CHECK(cases == 27);
}

TEST_CASE("the S3 examples on file are reproduced") {
  if (!available()) return;
  const auto examples = nlohmann::json::parse(read(kVectors / "s3-worked-examples.json"));
  const s3::Secret secret(examples["credentials"]["secret_access_key"].get<std::string>());
  const s3::SigningScope scope{"us-east-1", "s3", at("2013-05-24T00:00:00Z")};
  for (const auto& example : examples["examples"]) {
    CAPTURE(example["name"]);
    ParsedRequest request;
    const std::string query = example["canonical_query"];
    parse_target("/" + (query.empty() ? "" : "?" + query), request);
    for (const auto& header : example["headers"]) {
      request.headers.emplace_back(header[0], header[1]);
    }
    const std::string path = example["canonical_uri"];
    const std::string method = example["method"];
    const std::string hash = example["payload_hash"];
    const s3::Signed result =
        s3::sign({method, path, request.query, request.headers, hash}, scope,
                 "AKIAIOSFODNN7EXAMPLE", s3::derive_signing_key(secret, scope));
    CHECK(result.canonical_request == example["canonical_request"].get<std::string>());
    CHECK(result.signature == example["signature"].get<std::string>());
  }
}

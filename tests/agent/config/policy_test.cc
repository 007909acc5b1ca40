#include "agent/config/policy.h"

#include <algorithm>
#include <regex>

#include "agent/commands/commands.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/temp_dir.h"

using agent::ExitStatus;
using agent::policy_for;
using agent::PolicyRequest;
using pull_test::World;
using store::Json;

namespace {

constexpr auto kAscii = Json::Charset::kAscii;

Json parsed(const std::string& text) {
  auto json = Json::parse(text);
  REQUIRE(json);
  return *std::move(json);
}

Json documented(const std::string& name) {
  return parsed(test::read_file(HOLDFAST_SOURCES "/deploy/iam/" + name));
}

agent::SourceConfig source(std::string prefix = "", bool all_versions = true) {
  agent::SourceConfig made;
  made.name = "site";
  made.bucket = "BUCKET";
  made.prefix = std::move(prefix);
  made.versions = all_versions ? agent::Versions::kAll : agent::Versions::kCurrent;
  return made;
}

agent::SourceConfig on_ceph(const std::string& prefix = "") {
  auto made = source(prefix);
  made.endpoint = "https://s3.example.org";
  return made;
}

Json::Array statements(const Json& policy) {
  const auto* found = policy.find("Statement");
  REQUIRE(found != nullptr);
  REQUIRE(found->array() != nullptr);
  return *found->array();
}

// Those with these Sids, as text, in their order.
std::vector<std::string> statements_of(const Json& policy, const std::vector<std::string>& sids) {
  std::vector<std::string> found;
  for (const auto& statement : statements(policy)) {
    const auto* sid = statement.find("Sid");
    REQUIRE(sid != nullptr);
    if (std::find(sids.begin(), sids.end(), *sid->text()) != sids.end()) {
      found.push_back(statement.line(kAscii));
    }
  }
  return found;
}

std::vector<std::string> all_of(const Json& policy) {
  std::vector<std::string> found;
  for (const auto& statement : statements(policy)) found.push_back(statement.line(kAscii));
  return found;
}

std::vector<std::string> texts_of(const Json* value) {
  REQUIRE(value != nullptr);
  if (value->text() != nullptr) return {*value->text()};
  REQUIRE(value->array() != nullptr);
  std::vector<std::string> all;
  for (const auto& one : *value->array()) all.push_back(*one.text());
  return all;
}

std::vector<std::string> actions_of(const Json& policy) {
  std::vector<std::string> all;
  for (const auto& statement : statements(policy)) {
    for (auto& action : texts_of(statement.find("Action"))) all.push_back(std::move(action));
  }
  return all;
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
void check_grammar(const Json& policy) {
  REQUIRE(policy.object() != nullptr);
  for (const auto& [name, value] : *policy.object()) {
    CHECK((name == "Version" || name == "Statement"));
  }
  REQUIRE(policy.find("Version") != nullptr);
  CHECK(*policy.find("Version")->text() == "2012-10-17");
  static const std::regex kAction("(s3|kms):[A-Z][A-Za-z]*[*]?([?][*])?");
  static const std::regex kResource(
      "arn:aws[a-z-]*:(s3:::[^ /]+(/.*)?|kms:[a-z0-9-]+:[0-9]+:key/[0-9a-f-]+)");
  static const std::regex kSid("[A-Za-z0-9]+");
  std::vector<std::string> sids;
  for (const auto& statement : statements(policy)) {
    for (const auto& [name, value] : *statement.object()) {
      CAPTURE(name);
      CHECK((name == "Sid" || name == "Effect" || name == "Principal" || name == "Action" ||
             name == "Resource" || name == "Condition"));
    }
    const auto sid = texts_of(statement.find("Sid")).front();
    CHECK(std::regex_match(sid, kSid));
    CHECK(std::find(sids.begin(), sids.end(), sid) == sids.end());
    sids.push_back(sid);
    const auto effect = texts_of(statement.find("Effect")).front();
    CHECK((effect == "Allow" || effect == "Deny"));
    for (const auto& action : texts_of(statement.find("Action"))) {
      CAPTURE(action);
      CHECK(std::regex_match(action, kAction));
    }
    for (const auto& resource : texts_of(statement.find("Resource"))) {
      CAPTURE(resource);
      CHECK(std::regex_match(resource, kResource));
    }
  }
}

}  // namespace

TEST_CASE("what policy prints for holdfast's key is what deploy/iam has", "[policy]") {
  CHECK(policy_for(source(), {}).line(kAscii) == documented("aws/reader.json").line(kAscii));

  PolicyRequest posture;
  posture.posture = true;
  CHECK(statements_of(policy_for(source(), posture), {"SeeHowTheBucketIsSetUp"}) ==
        all_of(documented("aws/reader-posture.json")));

  PolicyRequest kms;
  kms.kms_key = "arn:aws:kms:REGION:ACCOUNT_A:key/KEY_ID";
  CHECK(statements_of(policy_for(source(), kms), {"DecryptThroughS3Only"}) ==
        all_of(documented("aws/reader-kms.json")));
}

TEST_CASE("and for the server's key", "[policy]") {
  PolicyRequest uploader;
  uploader.uploader = true;
  const auto printed = policy_for(source("PREFIX/"), uploader);
  CHECK(printed.line(kAscii) == documented("aws/uploader.json").line(kAscii));
}

TEST_CASE("and for a bucket, with the user it is for", "[policy]") {
  PolicyRequest request;
  request.bucket_policy = true;
  request.principal = "arn:aws:iam::ACCOUNT_A:user/READER";
  CHECK(all_of(policy_for(source(), request)) ==
        statements_of(documented("aws/immutable-bucket.json"), {"HoldfastLists", "HoldfastGets"}));

  request.principal = "arn:aws:iam::TENANT_A:user/READER";
  for (const auto* name :
       {"ceph/bucket.json", "ceph/immutable-bucket.json", "ceph/replica-bucket.json"}) {
    CAPTURE(name);
    CHECK(all_of(policy_for(on_ceph(), request)) ==
          statements_of(documented(name), {"HoldfastLists", "HoldfastGets"}));
  }

  request.uploader = true;
  request.principal = "arn:aws:iam::TENANT_A:user/UPLOADER";
  CHECK(all_of(policy_for(on_ceph("PREFIX/"), request)) ==
        statements_of(documented("ceph/bucket.json"),
                      {"UploaderPuts", "UploaderNeitherReadsNorDeletesNorShares"}));
}

TEST_CASE("versions are allowed only where they are pulled", "[policy]") {
  using Names = std::vector<std::string>;
  CHECK(actions_of(policy_for(source("", false), {})) == Names{"s3:ListBucket", "s3:GetObject"});
  CHECK(actions_of(policy_for(source("", true), {})) ==
        Names{"s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion"});
}

TEST_CASE("a prefix is allowed as a pull sends it, and nothing beside it", "[policy]") {
  const auto all = statements(policy_for(source("web1/"), {}));
  REQUIRE(all.size() == 2);
  CHECK(all[0].find("Condition")->line(kAscii) == R"({"StringEquals":{"s3:prefix":"web1/"}})");
  CHECK(*all[1].find("Resource")->text() == "arn:aws:s3:::BUCKET/web1/*");
}

TEST_CASE("what means something in a policy stands for itself in a prefix", "[policy]") {
  const auto all = statements(policy_for(source("a*b?c$d/"), {}));
  CHECK(all[0].find("Condition")->line(kAscii) ==
        R"({"StringEquals":{"s3:prefix":"a*b?c${$}d/"}})");
  CHECK(*all[1].find("Resource")->text() == "arn:aws:s3:::BUCKET/a${*}b${?}c${$}d/*");
}

TEST_CASE("another partition's buckets are named by it", "[policy]") {
  auto in_china = source();
  in_china.region = "cn-north-1";
  CHECK(*statements(policy_for(in_china, {}))[0].find("Resource")->text() ==
        "arn:aws-cn:s3:::BUCKET");
}

TEST_CASE("Ceph is spared what it would refuse a policy for", "[policy]") {
  PolicyRequest request;
  request.posture = true;
  const auto actions = actions_of(policy_for(on_ceph(), request));
  for (const auto* unknown : {"s3:GetEncryptionConfiguration", "s3:GetBucketOwnershipControls"}) {
    CHECK(std::find(actions.begin(), actions.end(), unknown) == actions.end());
  }
  CHECK(std::find(actions.begin(), actions.end(), "s3:GetLifecycleConfiguration") != actions.end());
}

TEST_CASE("every policy keeps to the grammar", "[policy]") {
  for (int bits = 0; bits < 8; ++bits) {
    for (const bool ceph : {false, true}) {
      for (const auto* prefix : {"", "web1/", "a b/"}) {
        CAPTURE(bits, ceph, prefix);
        PolicyRequest request;
        request.uploader = (bits & 1) != 0;
        request.bucket_policy = (bits & 2) != 0;
        request.posture = (bits & 4) != 0;
        if (!request.bucket_policy) {
          request.kms_key = "arn:aws:kms:eu-west-1:111122223333:key/12ab-34cd";
        }
        const auto policy = policy_for(ceph ? on_ceph(prefix) : source(prefix), request);
        check_grammar(policy);
        for (const auto& statement : statements(policy)) {
          CHECK((statement.find("Principal") != nullptr) == request.bucket_policy);
        }
        if (!request.uploader) {
          for (const auto& action : actions_of(policy)) {
            CAPTURE(action);
            CHECK((action.starts_with("s3:List") || action.starts_with("s3:Get") ||
                   action == "kms:Decrypt"));
          }
        }
      }
    }
  }
}

TEST_CASE("only the ARN of a KMS key is one", "[policy]") {
  CHECK(agent::is_kms_key("arn:aws:kms:eu-west-1:111122223333:key/12ab-34cd"));
  CHECK(agent::is_kms_key("arn:aws-cn:kms:cn-north-1:111122223333:key/12ab"));
  for (const auto* text : {"", "12ab-34cd", "alias/backup", "arn:aws:kms:eu-west-1:1:alias/backup",
                           "arn:aws:kms::1:key/1", "arn:aws:s3:::bucket"}) {
    CAPTURE(text);
    CHECK_FALSE(agent::is_kms_key(text));
  }
}

TEST_CASE("policy prints JSON, needs no disk, and says where a name is missing", "[policy]") {
  World world;
  world.other_disks["/disk"] = nullptr;
  agent::PolicyOptions options;
  options.source = "site";
  const auto run = [&] {
    return world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::policy_command(world.config, options, environment, print);
    });
  };
  CHECK(run() == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  CHECK(actions_of(parsed(world.printed.front())).size() == 2);
  CHECK(world.lines.empty());

  options.bucket_policy = true;
  CHECK(run() == ExitStatus::kOk);
  CHECK(world.printed.front().find(agent::kNobodyYet) != std::string::npos);
  CHECK(world.lines_with("--principal") == 1);

  options.source = "other";
  CHECK(run() == ExitStatus::kUsage);
  CHECK(world.printed.empty());
}

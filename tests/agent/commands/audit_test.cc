#include "agent/commands/audit.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/json.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using agent::Grade;
using pull_test::World;
using store::Json;
using Names = std::vector<std::string>;

namespace {

struct Audit {
  ExitStatus status = ExitStatus::kDefect;
  Json report;

  std::string of(std::string_view name, std::string_view field = "judgement") const {
    for (const auto& finding : *report.find("findings")->array()) {
      if (*finding.find("name")->text() == name) return *finding.find(field)->text();
    }
    return "not there";
  }
  std::string upstream(std::string_view scenario) const {
    for (const auto& one : *report.find("scenarios")->array()) {
      if (*one.find("name")->text() == scenario) return *one.find("upstream")->text();
    }
    return "not there";
  }
};

ExitStatus run(World& world, bool json) {
  return world.command([&](const agent::Environment& environment, const agent::Print& print) {
    return agent::audit_command(world.config, {{}, json}, environment, print);
  });
}

Audit audit(World& world) {
  Audit done;
  done.status = run(world, true);
  CAPTURE(world.lines);
  REQUIRE(world.printed.size() == 1);
  auto json = Json::parse(world.printed.front());
  REQUIRE(json);
  done.report = *std::move(json);
  return done;
}

void as_owner(World& world) {
  world.variables["AWS_ACCESS_KEY_ID"] = fake_s3::owner().access_key_id;
  world.variables["AWS_SECRET_ACCESS_KEY"] = fake_s3::owner().secret_access_key;
}

void answers(World& world, const std::string& name, const std::string& xml, int status = 200) {
  world.server->set_bucket_answer("b", name, status, xml);
}

void forbids(World& world, const std::string& name) {
  answers(world, name, "<Error><Code>AccessDenied</Code></Error>", 403);
}

std::string lifecycle(const std::string& rules) {
  return "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>";
}
std::string expires(const std::string& id, int days, const std::string& prefix = "") {
  return fmt::format(
      "<Rule><ID>{}</ID><Filter><Prefix>{}</Prefix></Filter><Status>Enabled</Status><Expiration>"
      "<Days>{}</Days></Expiration></Rule>",
      id, prefix, days);
}

// Key, version, size and whether it is a marker, of all there is.
Names everything(const World& world) {
  Names all;
  world.server->bucket("b")->visit(
      "", [&](const std::string& key, const fake_s3::Object& object, bool is_latest) {
        all.push_back(fmt::format("{} {} {} {} {}", key, object.version_id,
                                  object.content ? object.content->size_bytes() : 0,
                                  object.delete_marker, is_latest));
        return true;
      });
  return all;
}

}  // namespace

TEST_CASE("a key that may only read is on the leash", "[audit]") {
  World world;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  const auto before = everything(world);
  const auto found = audit(world);
  for (const auto* name : {"write", "delete", "public-get", "public-list"}) {
    CAPTURE(name);
    CHECK(found.of(name) == "good");
    CHECK(found.of(name, "remedy").empty());
  }
  CHECK(found.of("write", "why").find("here and now") != std::string::npos);
  CHECK(everything(world) == before);
  CHECK(world.lines.empty());
}

TEST_CASE("the owner's key is found, is an alarm until it is replaced, and has changed nothing",
          "[audit]") {
  World world;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  world.server->put("b", "k", "newer");
  world.server->erase("b", "k");
  world.server->put("b", "other", "content");
  const auto before = everything(world);
  as_owner(world);
  world.config.agent.on_alarm = "tell";
  const auto found = audit(world);
  CHECK(found.status == ExitStatus::kAlarm);
  CHECK(found.of("write") == "bad");
  CHECK(found.of("delete") == "bad");
  REQUIRE(world.hooks.size() == 1);
  CHECK(world.hooks.front().at("HOLDFAST_ALARM_KIND") == "writable");
  CHECK(everything(world) == before);
  CHECK(world.lines_with("whoever steals this machine can harm the bucket") == 1);

  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.hooks.empty());  // they have been told
  CHECK(world.alarm_kinds() == Names{"writable"});
  REQUIRE(audit(world).status == ExitStatus::kAlarm);
  CHECK(world.lines.empty());

  world.variables["AWS_ACCESS_KEY_ID"] = fake_s3::reader().access_key_id;
  world.variables["AWS_SECRET_ACCESS_KEY"] = fake_s3::reader().secret_access_key;
  CHECK(audit(world).of("write") == "good");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.alarm_kinds().empty());
}

TEST_CASE("the leash is asked by four requests that change nothing, of a key that never was",
          "[audit]") {
  World world;
  world.site().prefix = "db/";
  world.server->put("b", "db/k", "content");
  world.server->reset_journal();
  audit(world);
  Names writes;
  std::size_t others = 0;
  std::string key;
  for (const auto& entry : world.server->journal()) {
    if (entry.method == "GET") {
      ++others;
      continue;
    }
    writes.push_back(entry.method);
    if (key.empty()) key = entry.key;
    CHECK(entry.key == key);
  }
  CHECK(writes == Names{"PUT", "DELETE"});
  CHECK(key.starts_with("db/holdfast-audit-"));
  CHECK(key.size() > 40);
  CHECK(others == 3 + agent::setting_names().size());
}

TEST_CASE("only 403 AccessDenied is good", "[audit]") {
  struct Row {
    int status;
    const char* code;
    const char* grade;
  };
  const auto row =
      GENERATE(Row{403, "AccessDenied", "good"}, Row{403, "SignatureDoesNotMatch", "unknown"},
               Row{404, "NoSuchUpload", "bad"}, Row{404, "NoSuchKey", "unknown"},
               Row{400, "InvalidRequest", "unknown"}, Row{503, "SlowDown", "unknown"},
               Row{501, "NotImplemented", "unknown"}, Row{204, "", "bad"}, Row{200, "", "bad"});
  World world;
  world.server->put("b", "k", "content");
  world.server->lie({fake_s3::LieKind::kError, "PUT", "", row.status, row.code});
  CAPTURE(row.status, row.code);
  CHECK(audit(world).of("write") == row.grade);
}

TEST_CASE("what could not be proven neither raises nor ends the alarm", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  as_owner(world);
  audit(world);
  world.server->lie({fake_s3::LieKind::kError, "PUT", "", 503, "SlowDown"});
  world.server->lie({fake_s3::LieKind::kError, "DELETE", "", 503, "SlowDown"});
  CHECK(audit(world).of("write") == "unknown");
  world.server->clear_lies();
  world.pull();
  CHECK(world.alarm_kinds() == Names{"writable"});
}

TEST_CASE("a public bucket is found", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  world.server->allow_anonymous_reads(true);
  const auto found = audit(world);
  CHECK(found.status == ExitStatus::kAlarm);
  CHECK(found.of("public-get") == "bad");
  CHECK(found.of("public-list") == "bad");
}

TEST_CASE("a bucket where nothing was set up is bad in everything but what is closed by itself",
          "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  const auto found = audit(world);
  for (const auto* name :
       {"versioning", "mfa-delete", "object-lock", "replication", "public-access-block",
        "ownership", "bucket-deletion", "encryption", "logging"}) {
    CAPTURE(name);
    CHECK(found.of(name) == "bad");
    CHECK_FALSE(found.of(name, "why").empty());
    CHECK(found.of(name, "remedy").find("--bucket b") != std::string::npos);
  }
  for (const auto* name : {"lifecycle", "policy-status", "acl"}) {
    CAPTURE(name);
    CHECK(found.of(name) == "good");
  }
  for (const auto* scenario : {"bucket-lost", "object-deleted", "versions-deleted",
                               "content-corrupted", "bucket-deleted"}) {
    CAPTURE(scenario);
    CHECK(found.upstream(scenario) == "not");
  }
}

TEST_CASE("a bucket that is set up as advised is good in everything", "[audit]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  answers(world, "versioning",
          "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"
          "</VersioningConfiguration>");
  answers(world, "object-lock",
          "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
          "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule>"
          "</ObjectLockConfiguration>");
  answers(world, "lifecycle", lifecycle(expires("slow", 365)));
  answers(world, "replication",
          "<ReplicationConfiguration><Rule><Status>Enabled</Status><DeleteMarkerReplication>"
          "<Status>Enabled</Status></DeleteMarkerReplication><Destination><Bucket>"
          "arn:aws:s3:::replica</Bucket></Destination></Rule></ReplicationConfiguration>");
  answers(world, "publicAccessBlock",
          "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
          "<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>"
          "<RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>");
  answers(world, "ownershipControls",
          "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
          "</OwnershipControls>");
  answers(world, "policy",
          R"({"Statement":[{"Effect":"Deny","Action":["s3:Delete*"],"Resource":"*"}]})");
  answers(world, "encryption",
          "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
          "<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
          "</ServerSideEncryptionConfiguration>");
  answers(world, "logging",
          "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled>"
          "</BucketLoggingStatus>");
  const auto found = audit(world);
  CHECK(found.status == ExitStatus::kOk);
  for (const auto& finding : *found.report.find("findings")->array()) {
    CAPTURE(finding.line(Json::Charset::kAscii));
    CHECK(*finding.find("judgement")->text() == "good");
  }
  for (const auto& scenario : *found.report.find("scenarios")->array()) {
    CHECK(*scenario.find("upstream")->text() == "survived");
  }
  CHECK(found.of("replication", "why").find("delete markers") != std::string::npos);
}

TEST_CASE("what the advice on security warns of is found", "[audit]") {
  struct Row {
    const char* what;
    const char* setting;
    std::string answer;
    const char* finding;
  };
  const auto row = GENERATE(
      Row{"versioning suspended", "versioning",
          "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
          "versioning"},
      Row{"a lock without a time", "object-lock",
          "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
          "</ObjectLockConfiguration>",
          "object-lock"},
      Row{"archives that expire before a Pi is mended", "lifecycle", lifecycle(expires("r", 3)),
          "lifecycle"},
      Row{"deletions that become final at once", "lifecycle",
          lifecycle("<Rule><ID>r</ID><Prefix></Prefix><Status>Enabled</Status>"
                    "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
                    "</NoncurrentVersionExpiration></Rule>"),
          "lifecycle"},
      Row{"replication that is off", "replication",
          "<ReplicationConfiguration><Rule><Status>Disabled</Status></Rule>"
          "</ReplicationConfiguration>",
          "replication"},
      Row{"a public access block with ACLs left open", "publicAccessBlock",
          "<PublicAccessBlockConfiguration><IgnorePublicAcls>false</IgnorePublicAcls>"
          "</PublicAccessBlockConfiguration>",
          "public-access-block"},
      Row{"objects that belong to who puts them", "ownershipControls",
          "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"
          "</OwnershipControls>",
          "ownership"},
      Row{"a policy that opens the bucket", "policyStatus",
          "<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>", "policy-status"},
      Row{"a policy that lets everybody delete the bucket", "policy",
          R"({"Statement":[{"Effect":"Allow","Action":"s3:*"}]})", "bucket-deletion"},
      Row{"an ACL that opens the bucket", "acl",
          "<AccessControlPolicy><AccessControlList><Grant><Grantee>"
          "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>"
          "<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>",
          "acl"});
  World world;
  world.server->put("b", "k", "content");
  answers(world, row.setting, row.answer);
  CAPTURE(row.what);
  const auto found = audit(world);
  CHECK(found.status == ExitStatus::kAlarm);
  CHECK(found.of(row.finding) == "bad");
}

TEST_CASE("versions that nobody pulls are bad where the bucket keeps them", "[audit]") {
  World world;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  CHECK(audit(world).of("versions") == "bad");
  world.site().versions = agent::Versions::kAll;
  CHECK(audit(world).of("versions") == "good");
}

TEST_CASE("Ceph's own name for the public access block is known", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  const bool on = GENERATE(true, false);
  answers(world, "publicAccessBlock",
          fmt::format("<BlockPublicAccessBlockConfiguration><BlockPublicAcls>false"
                      "</BlockPublicAcls><IgnorePublicAcls>{}</IgnorePublicAcls>"
                      "</BlockPublicAccessBlockConfiguration>",
                      on));
  CHECK(audit(world).of("public-access-block") == (on ? "good" : "bad"));
}

TEST_CASE("what may not be read, or is not told, is unknown and never bad", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  SECTION("forbidden") {
    for (const auto name : agent::setting_names()) forbids(world, std::string(name));
  }
  SECTION("not implemented") {
    for (const auto name : agent::setting_names()) {
      answers(world, std::string(name), "<Error><Code>NotImplemented</Code></Error>", 501);
    }
  }
  SECTION("answered by a listing") {
    for (const auto name : agent::setting_names()) {
      answers(world, std::string(name), "<ListBucketResult/>");
    }
  }
  const auto found = audit(world);
  CHECK(found.status == ExitStatus::kOk);
  for (const auto* name : {"versioning", "mfa-delete", "object-lock", "lifecycle", "replication",
                           "public-access-block", "ownership", "policy-status", "bucket-deletion",
                           "acl", "encryption", "logging"}) {
    CAPTURE(name, found.of(name, "why"));
    CHECK(found.of(name) == "unknown");
    CHECK_FALSE(found.of(name, "remedy").empty());
  }
  CHECK(found.upstream("bucket-lost") == "unknown");
}

TEST_CASE("a lifecycle that was not there before is an alarm, once", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  answers(world, "lifecycle", lifecycle(expires("old", 90)));
  audit(world);
  CHECK(world.lines.empty());
  SECTION("a new rule") {
    answers(world, "lifecycle", lifecycle(expires("old", 90) + expires("new", 30)));
  }
  SECTION("one that deletes sooner") { answers(world, "lifecycle", lifecycle(expires("old", 30))); }
  const auto found = audit(world);
  CHECK(found.of("lifecycle") == "good");
  CHECK(world.lines_with("deletes archives 30 days after upload") == 1);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"expiring"});
  REQUIRE(world.ack() == ExitStatus::kOk);
  audit(world);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("a rule that goes, deletes later or concerns others raises nothing", "[audit]") {
  World world;
  world.site().prefix = "db/";
  world.server->put("b", "db/k", "content");
  answers(world, "lifecycle", lifecycle(expires("old", 90)));
  audit(world);
  const auto* now = GENERATE("later", "gone", "elsewhere");
  CAPTURE(now);
  answers(world, "lifecycle",
          now == std::string("later")
              ? lifecycle(expires("old", 120))
              : lifecycle(now == std::string("gone") ? "" : expires("logs", 1, "logs/")));
  const auto found = audit(world);
  CHECK(found.of("lifecycle") == "good");
  CHECK(world.lines.empty());
}

TEST_CASE("a lifecycle that could not be read is compared with nothing", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  audit(world);
  forbids(world, "lifecycle");
  audit(world);
  answers(world, "lifecycle", lifecycle(expires("new", 30)));
  audit(world);
  CHECK(world.lines_with("was not there before") == 1);
}

TEST_CASE("audit goes on without the disk, and says that nothing is recorded", "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  world.other_disks["/disk"] = nullptr;
  const auto found = audit(world);
  CHECK(found.of("write") == "good");
  CHECK(world.lines_with("not recorded") == 1);
}

TEST_CASE("a bucket that cannot be asked is not judged", "[audit]") {
  World world;
  SECTION("it does not exist") {
    world.site().bucket = "none";
    CHECK(run(world, true) == ExitStatus::kIncomplete);
  }
  SECTION("the secret is wrong") {
    world.variables["AWS_SECRET_ACCESS_KEY"] = "wrong";
    CHECK(run(world, true) == ExitStatus::kRefused);
  }
  CHECK(world.printed.empty());
  CHECK(world.lines_with("nothing is judged") == 1);
}

TEST_CASE("the report for a person has a line for each finding and ends with the scenarios",
          "[audit]") {
  World world;
  world.server->put("b", "k", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  run(world, false);
  const auto has = [&](std::string_view piece) {
    return std::any_of(world.printed.begin(), world.printed.end(), [&](const std::string& line) {
      return line.find(piece) != std::string::npos;
    });
  };
  CHECK(has("site: "));
  CHECK(has("good     write"));
  CHECK(has("bad      versioning"));
  CHECK(has("-> aws s3api put-bucket-versioning --bucket b"));
  CHECK(has("1 archive is held"));
  CHECK(world.printed.back().find("the bucket is deleted") != std::string::npos);
}

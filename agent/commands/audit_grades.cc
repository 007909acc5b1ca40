#include <fmt/format.h>

#include <algorithm>

#include "agent/base/glob.h"
#include "agent/base/shell_word.h"
#include "agent/commands/audit.h"
#include "s3client/endpoint.h"
#include "store/json.h"

namespace agent {
namespace {

using State = Setting::State;

// The time that an owner has to notice.
constexpr std::int64_t kMinDaysCurrent = 7;
constexpr std::int64_t kMinDaysNoncurrent = 14;

class BucketGrader {
 public:
  BucketGrader(const SourceConfig& source, const Settings& settings)
      : source_(source), settings_(settings) {
    const auto endpoint = s3::parse_endpoint(source.endpoint);
    on_aws_ = source.endpoint.empty() || (endpoint && s3::is_aws(*endpoint));
  }

  std::vector<AuditFinding> grade() {
    grade_versioning();
    grade_versions();
    grade_mfa_delete();
    grade_object_lock();
    grade_lifecycle();
    grade_replication();
    grade_public_access_block();
    grade_ownership();
    grade_policy_status();
    grade_bucket_deletion();
    grade_acl();
    grade_encryption();
    grade_logging();
    return std::move(findings_);
  }

 private:
  const Setting& setting(std::string_view name) const {
    static const Setting kNotAsked;
    const auto found = settings_.find(name);
    return found == settings_.end() ? kNotAsked : found->second;
  }

  std::string api(std::string_view operation, std::string_view arguments) const {
    return fmt::format("aws s3api {} --bucket {}{}{} {}", operation, shell_word(source_.bucket),
                       on_aws_ ? "" : " --endpoint-url ",
                       on_aws_ ? "" : shell_word(source_.endpoint), arguments);
  }

  void add(std::string name, bool is_good, std::string why, std::string remedy) {
    findings_.push_back({std::move(name), is_good ? Grade::kGood : Grade::kBad, std::move(why),
                         is_good ? "" : std::move(remedy)});
  }

  // What could not be read is never bad.
  bool is_unknown(const std::string& name, const Setting& asked, std::string_view matters) {
    if (asked.state == State::kForbidden) {
      findings_.push_back(
          {name, Grade::kUnknown,
           fmt::format("these credentials may not read it ({}); {}", asked.told, matters),
           fmt::format("let them: 'holdfast policy {} --posture' prints the policy",
                       source_.name)});
      return true;
    }
    if (asked.state != State::kUnknown) return false;
    findings_.push_back({name, Grade::kUnknown,
                         fmt::format("this server does not tell ({}); {}", asked.told, matters),
                         "look into the provider's console"});
    return true;
  }

  bool is_versioned() const { return setting("versioning").document.at("Status") == "Enabled"; }

  void grade_versioning() {
    constexpr auto kMatters = "with versions kept, overwriting and deleting only add something";
    const auto& asked = setting("versioning");
    if (is_unknown("versioning", asked, kMatters)) return;
    const auto status = asked.document.at("Status");
    add("versioning", is_versioned(),
        is_versioned()
            ? fmt::format("versions are kept: {}", kMatters)
            : fmt::format("no versions are kept{}, so whoever may put or delete destroys "
                          "what was there",
                          status.empty() ? "" : " any more"),
        api("put-bucket-versioning", "--versioning-configuration Status=Enabled"));
  }

  void grade_versions() {
    if (!is_versioned()) return;
    const bool all = source_.versions == Versions::kAll;
    add("versions", all,
        all ? "every version is pulled, so that what is overwritten between two pulls is held too"
            : "only current contents are pulled, so an archive that is overwritten before the next "
              "pull is not held here",
        fmt::format("write \"versions = all\" into [source {}]", source_.name));
  }

  void grade_mfa_delete() {
    constexpr auto kMatters =
        "with it no stolen key alone deletes a version for good, the administrator's included";
    const auto& asked = setting("versioning");
    if (is_unknown("mfa-delete", asked, kMatters)) return;
    const auto told = asked.document.at("MfaDelete").empty() ? asked.document.at("MFADelete")
                                                             : asked.document.at("MfaDelete");
    const bool on = is_versioned() && told == "Enabled";
    add("mfa-delete", on,
        on ? "a version is deleted only with the code of a device, so no stolen key alone does it"
           : "whoever has an administrator's key deletes versions for good; an object lock helps "
             "as well",
        api("put-bucket-versioning",
            "--versioning-configuration Status=Enabled,MFADelete=Enabled --mfa 'SERIAL CODE', as "
            "root, whose device that is"));
  }

  void grade_object_lock() {
    constexpr auto kMatters = "a lock keeps versions from everybody for a time";
    const auto& asked = setting("object-lock");
    if (is_unknown("object-lock", asked, kMatters)) return;
    const auto remedy =
        api("put-object-lock-configuration",
            "--object-lock-configuration "
            "'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=30}}'");
    const auto mode = asked.document.at("Rule/DefaultRetention/Mode");
    const auto days = asked.document.at("Rule/DefaultRetention/Days");
    const auto years = asked.document.at("Rule/DefaultRetention/Years");
    if (mode.empty() || (days.empty() && years.empty())) {
      add("object-lock", false,
          asked.document.at("ObjectLockEnabled") == "Enabled"
              ? "the bucket can lock versions, and none is locked by itself, so they can be deleted"
              : "no version is locked, so whoever may delete versions can do so at once",
          remedy);
      return;
    }
    const auto time = days.empty() ? fmt::format("{} {}", years, years == "1" ? "year" : "years")
                                   : fmt::format("{} {}", days, days == "1" ? "day" : "days");
    add("object-lock", true,
        mode == "COMPLIANCE"
            ? fmt::format("nobody deletes a version within {} (COMPLIANCE), not even root", time)
            : fmt::format("a version is locked for {} (GOVERNANCE); who has "
                          "s3:BypassGovernanceRetention deletes it nevertheless",
                          time),
        "");
  }

  void grade_lifecycle() {
    constexpr auto kMatters =
        "a lifecycle deletes by itself, and is how a key deletes that may not delete";
    const auto& asked = setting("lifecycle");
    if (is_unknown("lifecycle", asked, kMatters)) return;
    const auto rules = lifecycle_rules(source_, asked);
    std::string said;
    bool soon = false;
    for (const auto& rule : rules) {
      said += fmt::format("{}\"{}\" {}", said.empty() ? "" : ", ", rule.id, words_of(rule));
      soon = soon || (rule.kind == "current" && rule.days < kMinDaysCurrent) ||
             (rule.kind == "noncurrent" && rule.days < kMinDaysNoncurrent);
    }
    if (rules.empty()) {
      add("lifecycle", true, "no rule deletes anything of this source", "");
      return;
    }
    const auto early =
        is_versioned() && !on_aws_
            ? "; servers as Ceph name no rule in what a reader of a versioned bucket gets, so only "
              "audit sees it: run it from time to time"
            : "";
    add("lifecycle", !soon,
        fmt::format("{}; {}{}", said,
                    soon ? "that is less time than it may take to notice"
                         : "what was pulled before stays here",
                    early),
        api("put-bucket-lifecycle-configuration",
            fmt::format("--lifecycle-configuration file://rules.json, with {} days or more for "
                        "archives and {} for replaced versions",
                        kMinDaysCurrent, kMinDaysNoncurrent)));
  }

  void grade_replication() {
    constexpr auto kMatters = "a replica in another account survives this one";
    const auto& asked = setting("replication");
    if (is_unknown("replication", asked, kMatters)) return;
    const s3::XmlNode* enabled = nullptr;
    for (const auto& rule : asked.document.children) {
      if (rule.name == "Rule" && rule.at("Status") == "Enabled") enabled = &rule;
    }
    if (enabled == nullptr) {
      add("replication", false,
          "nothing is replicated, so outside of this bucket there is only what is held here",
          api("put-bucket-replication", "--replication-configuration file://replication.json"));
      return;
    }
    const bool markers = enabled->at("DeleteMarkerReplication/Status") == "Enabled";
    add("replication", true,
        fmt::format("it is replicated to {}; deletions {}", enabled->at("Destination/Bucket"),
                    markers ? "arrive there as delete markers, and become final by its lifecycle"
                            : "do not travel"),
        "");
  }

  void grade_public_access_block() {
    constexpr auto kMatters = "it keeps a slip in an ACL or a policy from making backups public";
    const auto& asked = setting("publicAccessBlock");
    if (is_unknown("public-access-block", asked, kMatters)) return;
    // Ceph refuses every upload under BlockPublicAcls, and every policy under BlockPublicPolicy.
    std::vector<std::string_view> wanted = {"IgnorePublicAcls"};
    if (on_aws_) {
      wanted = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                "RestrictPublicBuckets"};
    }
    std::string missing;
    for (const auto name : wanted) {
      if (asked.document.at(name) != "true") {
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
      }
    }
    std::string arguments;
    for (const auto name : wanted) {
      arguments += fmt::format("{}{}=true", arguments.empty() ? "" : ",", name);
    }
    add("public-access-block", missing.empty(),
        missing.empty() ? "nothing in the bucket can be made public by a slip"
                        : fmt::format("{} is off, so a slip in an ACL or a policy can make backups "
                                      "public",
                                      missing),
        api("put-public-access-block",
            fmt::format("--public-access-block-configuration {}", arguments)));
  }

  void grade_ownership() {
    constexpr auto kMatters = "who puts an object may own it, and then read and share it";
    const auto& asked = setting("ownershipControls");
    if (is_unknown("ownership", asked, kMatters)) return;
    const bool enforced = asked.document.at("Rule/ObjectOwnership") == "BucketOwnerEnforced";
    add("ownership", enforced,
        enforced ? "the bucket's owner owns whatever is put, and ACLs mean nothing"
                 : "whoever puts an object owns it, and may read and share it",
        api("put-bucket-ownership-controls",
            "--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"));
  }

  void grade_policy_status() {
    constexpr auto kMatters = "a policy may open the bucket to everybody";
    const auto& asked = setting("policyStatus");
    if (is_unknown("policy-status", asked, kMatters)) return;
    auto is_public = std::string(asked.document.at("IsPublic"));
    std::transform(is_public.begin(), is_public.end(), is_public.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    add("policy-status", is_public != "true",
        is_public == "true" ? "the bucket's policy opens it to everybody"
                            : "no policy opens the bucket to everybody",
        api("get-bucket-policy", "shows it: take the statements with Principal \"*\" out"));
  }

  static bool names(const store::Json* value, std::string_view action) {
    if (value == nullptr) return false;
    if (value->text() != nullptr) return glob_match(*value->text(), action);
    if (value->array() == nullptr) return false;
    return std::any_of(value->array()->begin(), value->array()->end(),
                       [&](const store::Json& one) { return names(&one, action); });
  }

  void grade_bucket_deletion() {
    constexpr auto kMatters = "a policy that denies s3:DeleteBucket stands in the way of a slip";
    const auto& asked = setting("policy");
    if (is_unknown("bucket-deletion", asked, kMatters)) return;
    const auto policy = store::Json::parse(asked.text);
    bool denied = false;
    if (policy && policy->find("Statement") != nullptr &&
        policy->find("Statement")->array() != nullptr) {
      for (const auto& statement : *policy->find("Statement")->array()) {
        const auto* effect = statement.find("Effect");
        denied = denied ||
                 (effect != nullptr && effect->text() != nullptr && *effect->text() == "Deny" &&
                  names(statement.find("Action"), "s3:DeleteBucket"));
      }
    }
    add("bucket-deletion", denied,
        denied ? "the bucket's policy denies deleting the bucket, at least to some"
               : "no policy denies deleting the bucket",
        api("put-bucket-policy",
            "--policy file://policy.json, with a Deny of s3:DeleteBucket; deploy/iam has one"));
  }

  void grade_acl() {
    constexpr auto kMatters = "an ACL may open the bucket to everybody";
    const auto& asked = setting("acl");
    if (is_unknown("acl", asked, kMatters)) return;
    std::string open;
    if (const auto* list = asked.document.find("AccessControlList")) {
      for (const auto& grant : list->children) {
        const auto group = grant.at("Grantee/URI");
        const bool everybody =
            group.ends_with("/AllUsers") || group.ends_with("/AuthenticatedUsers");
        if (everybody && open.empty()) open = grant.at("Permission");
      }
    }
    add("acl", open.empty(),
        open.empty() ? "the ACL opens the bucket to nobody else"
                     : fmt::format("the ACL gives {} to everybody", open),
        api("put-bucket-acl", "--acl private"));
  }

  void grade_encryption() {
    constexpr auto kMatters = "unencrypted, what is on the provider's disks can be read there";
    const auto& asked = setting("encryption");
    if (is_unknown("encryption", asked, kMatters)) return;
    const auto algorithm =
        asked.document.at("Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm");
    add("encryption", !algorithm.empty(),
        algorithm.empty() ? fmt::format("nothing is encrypted by default; {}", kMatters)
                          : fmt::format("what is put is encrypted by default ({})", algorithm),
        api("put-bucket-encryption",
            "--server-side-encryption-configuration "
            "'Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=AES256}}]'"));
  }

  void grade_logging() {
    constexpr auto kMatters = "only an access log says afterwards who did it";
    const auto& asked = setting("logging");
    if (is_unknown("logging", asked, kMatters)) return;
    const bool on = !asked.document.at("LoggingEnabled/TargetBucket").empty();
    add("logging", on,
        on ? fmt::format("accesses are logged to {}",
                         asked.document.at("LoggingEnabled/TargetBucket"))
           : fmt::format("accesses are not logged; {}", kMatters),
        api("put-bucket-logging", "--bucket-logging-status file://logging.json"));
  }

  const SourceConfig& source_;
  const Settings& settings_;
  bool on_aws_ = true;
  std::vector<AuditFinding> findings_;
};

}  // namespace

std::vector<AuditFinding> grade_bucket(const SourceConfig& source, const Settings& settings) {
  return BucketGrader(source, settings).grade();
}

}  // namespace agent

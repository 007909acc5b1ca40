#include "agent/config/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "s3client/endpoint.h"

namespace agent {
namespace {

using store::Json;

// In a resource `*`, `?` and `${...}` mean something; a prefix is meant as it stands.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '*' || c == '?' || c == '$' ? fmt::format("${{{}}}", c) : std::string(1, c);
  return out;
}

// A condition's value knows variables alone.
std::string condition_literal(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '$' ? "${$}" : std::string(1, c);
  return out;
}

bool is_on_aws(const SourceConfig& source) {
  if (source.endpoint.empty()) return true;
  const auto endpoint = s3::parse_endpoint(source.endpoint);
  return endpoint && s3::is_aws(*endpoint);
}

// China's and other partitions' resources are of their own.
std::string_view partition_of(const SourceConfig& source) {
  if (!is_on_aws(source)) return "aws";
  if (source.region.starts_with("cn-")) return "aws-cn";
  if (source.region.starts_with("us-gov-")) return "aws-us-gov";
  if (source.region.starts_with("eusc-")) return "aws-eusc";
  return "aws";
}

// arn, partition, service, region, account, resource
constexpr std::size_t kArnParts = 6;
constexpr std::size_t kArnPartition = 1;
constexpr std::size_t kArnRegion = 3;

std::vector<std::string_view> parts_of(std::string_view arn) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = std::min(arn.find(':'), arn.size());
    parts.push_back(arn.substr(0, end));
    if (end == arn.size()) return parts;
    arn.remove_prefix(end + 1);
  }
}

Json texts(std::vector<std::string_view> all) { return {Json::Array(all.begin(), all.end())}; }

class PolicyWriter {
 public:
  PolicyWriter(const SourceConfig& source, const PolicyRequest& request)
      : source_(source),
        request_(request),
        on_aws_(is_on_aws(source)),
        bucket_(fmt::format("arn:{}:s3:::{}", partition_of(source), source.bucket)),
        objects_(fmt::format("{}/{}*", bucket_, literal(source.prefix))),
        all_(bucket_ + "/*") {}

  Json write() {
    if (request_.uploader) {
      let_put();
    } else {
      let_read();
    }
    return Json::Object{{"Version", "2012-10-17"}, {"Statement", std::move(statements_)}};
  }

 private:
  void add(std::string_view sid, std::string_view effect, Json actions, Json resources,
           Json condition = nullptr) {
    Json::Object statement{{"Sid", sid}, {"Effect", effect}};
    if (request_.bucket_policy) {
      const auto principal =
          request_.principal.empty() ? std::string(kNobodyYet) : request_.principal;
      statement.emplace_back("Principal", Json::Object{{"AWS", principal}});
    }
    statement.emplace_back("Action", std::move(actions));
    statement.emplace_back("Resource", std::move(resources));
    if (!condition.is_null()) statement.emplace_back("Condition", std::move(condition));
    statements_.emplace_back(std::move(statement));
  }

  void let_read() {
    const bool of_bucket = request_.bucket_policy;
    const bool versions = source_.versions == Versions::kAll;
    Json only_this_prefix;
    if (!source_.prefix.empty()) {
      only_this_prefix = Json::Object{
          {"StringEquals", Json::Object{{"s3:prefix", condition_literal(source_.prefix)}}}};
    }
    // Also where only versions are listed: without ListBucket a key that is gone answers 403.
    const auto lists =
        versions ? texts({"s3:ListBucket", "s3:ListBucketVersions"}) : Json("s3:ListBucket");
    const auto gets =
        versions ? texts({"s3:GetObject", "s3:GetObjectVersion"}) : Json("s3:GetObject");
    add(of_bucket ? "HoldfastLists" : "ListArchives", "Allow", lists, bucket_, only_this_prefix);
    add(of_bucket ? "HoldfastGets" : "GetArchives", "Allow", gets, objects_);
    if (!request_.kms_key.empty()) let_decrypt();
    if (request_.posture) add("SeeHowTheBucketIsSetUp", "Allow", posture_reads(), bucket_);
  }

  // Never with the key itself, only by way of S3. A bucket's policy cannot grant it.
  void let_decrypt() {
    const auto arn = parts_of(request_.kms_key);
    if (request_.bucket_policy || arn.size() != kArnParts) return;
    const auto via = fmt::format("s3.{}.amazonaws.com{}", arn[kArnRegion],
                                 arn[kArnPartition] == "aws-cn" ? ".cn" : "");
    add("DecryptThroughS3Only", "Allow", "kms:Decrypt", request_.kms_key,
        Json::Object{{"StringEquals", Json::Object{{"kms:ViaService", via}}}});
  }

  // Ceph refuses a policy with an action that it does not know as a whole.
  Json posture_reads() const {
    std::vector<std::string_view> reads = {"s3:GetBucketAcl",
                                           "s3:GetBucketLogging",
                                           "s3:GetBucketObjectLockConfiguration",
                                           "s3:GetBucketOwnershipControls",
                                           "s3:GetBucketPolicy",
                                           "s3:GetBucketPolicyStatus",
                                           "s3:GetBucketPublicAccessBlock",
                                           "s3:GetBucketVersioning",
                                           "s3:GetEncryptionConfiguration",
                                           "s3:GetLifecycleConfiguration",
                                           "s3:GetReplicationConfiguration"};
    if (!on_aws_) {
      std::erase(reads, "s3:GetBucketOwnershipControls");
      std::erase(reads, "s3:GetEncryptionConfiguration");
    }
    return texts(std::move(reads));
  }

  void let_put() {
    const bool of_bucket = request_.bucket_policy;
    add(of_bucket ? "UploaderPuts" : "PutArchives", "Allow",
        texts({"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}),
        objects_);
    add(of_bucket ? "UploaderNeitherReadsNorDeletesNorShares" : "NeitherReadNorDeleteNorShare",
        "Deny",
        texts({"s3:BypassGovernanceRetention", "s3:Delete*", "s3:Get*", "s3:PutBucket*",
               "s3:PutLifecycleConfiguration", "s3:PutObject?*", "s3:PutReplicationConfiguration",
               "s3:RestoreObject"}),
        texts({bucket_, all_}));
    // Of a bucket's policy Ceph would refuse nothing by it, see deploy/iam.
    if (of_bucket && !on_aws_) return;
    add("NoEncryptionWithForeignKeys", "Deny", "s3:PutObject", all_,
        Json::Object{{"StringLike",
                      Json::Object{{"s3:x-amz-server-side-encryption-customer-algorithm", "*"}}}});
  }

  const SourceConfig& source_;
  const PolicyRequest& request_;
  const bool on_aws_;
  const std::string bucket_;
  const std::string objects_;
  const std::string all_;
  Json::Array statements_;
};

}  // namespace

Json policy_for(const SourceConfig& source, const PolicyRequest& request) {
  return PolicyWriter(source, request).write();
}

bool is_kms_key(std::string_view arn) {
  const auto parts = parts_of(arn);
  return parts.size() == kArnParts && parts[0] == "arn" && parts[2] == "kms" &&
         !parts[kArnRegion].empty() && !parts[4].empty() && parts[5].starts_with("key/") &&
         parts[5].size() > std::string_view("key/").size();
}

std::string complain_of_kms_key(const std::string& arn) {
  if (is_kms_key(arn)) return {};
  return fmt::format("\"{}\" is no KMS key, as arn:aws:kms:eu-west-1:111122223333:key/ID", arn);
}

}  // namespace agent

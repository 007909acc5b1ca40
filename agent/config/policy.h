#pragma once

#include <string>

#include "agent/config/config.h"
#include "store/json.h"

namespace agent {

/// Whose key a policy is for, and how much it shall allow.
struct PolicyRequest {
  bool uploader = false;       ///< the key on the server, which only puts; else holdfast's own
  bool bucket_policy = false;  ///< for the bucket, naming `principal`; else for the user itself
  bool posture = false;        ///< holdfast's key: also what `audit` reads of the bucket
  std::string principal = {};  ///< an ARN; empty: kNobodyYet
  std::string kms_key = {};    ///< the ARN of a KMS key that the objects are encrypted with
};

/// What stands in a bucket policy for the user, until somebody names it.
inline constexpr std::string_view kNobodyYet = "arn:aws:iam::ACCOUNT:user/USER";

/// The least that the key needs for this source, as an IAM policy: pure text from the
/// configuration. Listing is allowed with exactly the prefix that a pull sends, objects below it.
/// What servers other than AWS's are known to refuse a policy for is left out for their endpoints.
store::Json policy_for(const SourceConfig& source, const PolicyRequest& request);

/// `arn:aws:kms:REGION:ACCOUNT:key/ID`: a form that a policy can name.
bool is_kms_key(std::string_view arn);
/// Empty where it is one.
std::string complain_of_kms_key(const std::string& arn);

}  // namespace agent

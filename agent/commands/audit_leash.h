#pragma once

#include <string>
#include <vector>

#include "agent/commands/audit.h"
#include "s3client/leash.h"

namespace agent {

/// What the leash is asked with.
struct LeashProbe {
  std::string unused_key;  ///< one that never existed
  std::string no_upload;   ///< an upload that never existed
  std::string a_key;       ///< one that exists; empty: the bucket has none here
};
/// Random ones, under the source's prefix.
LeashProbe new_probe(const SourceConfig& source, std::string a_key);

/// Whether writes and deletes are refused to these credentials, and everything to everybody else.
/// Four requests, none of which changes anything, allowed or not.
std::vector<AuditFinding> grade_leash(const SourceConfig& source, s3::Leash& leash,
                                      const LeashProbe& probe);

}  // namespace agent

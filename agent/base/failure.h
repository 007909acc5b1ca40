#pragma once

#include <string>
#include <string_view>

#include "s3client/error.h"
#include "store/disk/error.h"

namespace agent {

/// One sentence: what happened and what to do. `action` is the IAM action that was needed, for
/// example "s3:GetObject".
std::string explain(const s3::Error& error, std::string_view action);
std::string explain(const store::Error& error);
/// Likewise, of the file of one content; see store::concerns_a_content().
std::string explain_bad_file(const store::Error& error);
/// Likewise, of a key that could not be given a name on the disk; see store::concerns_a_name().
std::string explain_refused_name(const store::Error& error);

}  // namespace agent

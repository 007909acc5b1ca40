#pragma once

#include <string_view>

namespace agent {

/// True where the storage class that a listing tells says that the content can be read without
/// being restored first. False where it says nothing, as of a class that moves contents between
/// tiers of its own: there only the answer to a GET tells, s3::ErrorKind::kArchived.
bool needs_no_restore(std::string_view storage_class);

}  // namespace agent

#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/key_path.h"
#include "store/disk/time.h"

namespace store {

/// Where a content lies that is held beside the trusted one of its key.
enum class Place {
  kSuperseded = 1,  ///< was held, or is a noncurrent version
  kQuarantine = 2,  ///< replaced a held one upstream
};
std::string_view name_of(Place place);  ///< "superseded" or "quarantine"

/// The names it can have, best first: "SOURCE/PLACE/" + path_of_key(plain) + "/WHEN-ID" with WHEN
/// as 20260131T020000Z in UTC and ID the first 8 hex digits of the SHA-256; then below the distinct
/// path; then there with all 64 digits, so that no two contents ever want the same last name; then
/// likewise below the narrow one. Only below those that variants_of() has.
std::vector<std::string> generation_paths(std::string_view source, Place place,
                                          std::string_view key, NameRules rules,
                                          UpstreamTime last_modified,
                                          std::span<const std::byte> sha256);

/// Where the damaged bytes of a content go when it is repaired or given up, best first:
/// "SOURCE/damaged/" + path_of_key(distinct, or else narrow) + "/" + when that was, as in WHEN.
std::vector<std::string> damaged_paths(std::string_view source, std::string_view key,
                                       NameRules rules, std::chrono::sys_seconds when);

}  // namespace store

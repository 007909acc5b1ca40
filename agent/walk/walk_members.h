#pragma once

#include <cstdint>
#include <string>

#include "agent/proof/content_form.h"
#include "agent/walk/walk_bytes.h"
#include "agent/walk/walk_source.h"

namespace agent {

struct WalkedMembers {
  std::uint64_t members = 0;
  std::uint64_t size_bytes = 0;
  bool proved = false;          ///< the check sum of each was compared
  std::uint64_t end_bytes = 0;  ///< where its end was seen
};

/// Goes through the members of a tar, cpio, zip or 7z with libarchive, which gets this one form and
/// no filter. What has a check sum for each member is unpacked, to no more than `limit_bytes`.
/// `seekable`: the same bytes, where they can be read in any order; 7z needs that.
Walked<WalkedMembers> walk_members(ContentForm form, ByteSource& bytes, WalkedContent* seekable,
                                   std::uint64_t limit_bytes, std::uint64_t memory_bytes);

/// "3.6.2"; "none: " and why, where it cannot be opened.
std::string libarchive_version_text();

}  // namespace agent

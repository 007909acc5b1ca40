#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "store/content/proof_level.h"

namespace agent {

/// A file that the uploader put next to an object, and that gives its digest: "db.sql.gz.sha256"
/// next to "db.sql.gz".
struct SidecarKind {
  std::string_view suffix;
  std::size_t digits = 0;                                       ///< of its digest, in hex
  store::ProofLevel level = store::ProofLevel::kSidecarSha256;  ///< what agreement with it proves
};

/// All that are understood, the stronger first.
inline constexpr std::array<SidecarKind, 2> kSidecarKinds = {{
    {".sha256", 64, store::ProofLevel::kSidecarSha256},
    {".md5", 32, store::ProofLevel::kSidecarMd5},
}};

/// Requires one of the suffixes above.
const SidecarKind& sidecar_kind(std::string_view suffix);

/// What the content of a sidecar ("hex  name" lines, or the bare digest) says about the file
/// `name`, as it is written there; empty when it says nothing.
std::string digest_in_sidecar(std::string_view content, std::string_view name, std::size_t digits);

}  // namespace agent

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace store {

/// How we know that the bytes of a content are right. The checksums in a row, each as a whole and
/// of its parts.
enum class ProofLevel {
  kSha512,
  kSha512Composite,
  kSha256,
  kSha256Composite,
  kSha1,
  kSha1Composite,
  kMd5,
  kMd5Composite,
  kXxHash128,
  kXxHash128Composite,
  kCrc64Nvme,
  kCrc64NvmeComposite,
  kXxHash3,
  kXxHash3Composite,
  kXxHash64,
  kXxHash64Composite,
  kCrc32c,
  kCrc32cComposite,
  kCrc32,
  kCrc32Composite,
  kEtagMd5,
  kEtagMultipart,
  kMetadataMd5,
  kSidecarSha256,
  kSidecarMd5,
  kSize,  ///< by nothing but the size
};

/// Their names, as the ledger, the manifest and the status file have them, in the same order.
inline constexpr std::array<std::string_view, 26> kProofNames = {
    "sha512",       "sha512-composite",
    "sha256",       "sha256-composite",
    "sha1",         "sha1-composite",
    "md5",          "md5-composite",
    "xxhash128",    "xxhash128-composite",
    "crc64nvme",    "crc64nvme-composite",
    "xxhash3",      "xxhash3-composite",
    "xxhash64",     "xxhash64-composite",
    "crc32c",       "crc32c-composite",
    "crc32",        "crc32-composite",
    "etag-md5",     "etag-multipart",
    "metadata-md5", "sidecar-sha256",
    "sidecar-md5",  "size"};

constexpr std::string_view name_of(ProofLevel level) {
  return kProofNames[static_cast<std::size_t>(level)];
}

/// What no name is, as one of a newer holdfast, proves no more than the size.
constexpr ProofLevel proof_level_of(std::string_view name) {
  const auto* const found = std::find(kProofNames.begin(), kProofNames.end(), name);
  if (found == kProofNames.end()) return ProofLevel::kSize;
  return static_cast<ProofLevel>(found - kProofNames.begin());
}

/// Of a checksum, the one of its parts in the stead of the whole.
constexpr ProofLevel composite_of(ProofLevel checksum) {
  return static_cast<ProofLevel>(static_cast<std::size_t>(checksum) + 1);
}

static_assert(name_of(ProofLevel::kSize) == "size");
static_assert(name_of(composite_of(ProofLevel::kCrc32)) == "crc32-composite");
static_assert(proof_level_of("etag-md5") == ProofLevel::kEtagMd5);

}  // namespace store

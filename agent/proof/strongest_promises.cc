#include "agent/proof/strongest_promises.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "agent/proof/likely_part_sizes.h"

namespace agent {
namespace {

struct ChecksumKind {
  s3::ChecksumAlgorithm upstream;
  store::Algorithm ours;
  ProofLevel level;  // of the whole
};

// Strongest first.
constexpr std::array<ChecksumKind, 10> kChecksumKinds = {{
    {s3::ChecksumAlgorithm::kSha512, store::Algorithm::kSha512, ProofLevel::kSha512},
    {s3::ChecksumAlgorithm::kSha256, store::Algorithm::kSha256, ProofLevel::kSha256},
    {s3::ChecksumAlgorithm::kSha1, store::Algorithm::kSha1, ProofLevel::kSha1},
    {s3::ChecksumAlgorithm::kMd5, store::Algorithm::kMd5, ProofLevel::kMd5},
    {s3::ChecksumAlgorithm::kXxHash128, store::Algorithm::kXxHash128, ProofLevel::kXxHash128},
    {s3::ChecksumAlgorithm::kCrc64Nvme, store::Algorithm::kCrc64Nvme, ProofLevel::kCrc64Nvme},
    {s3::ChecksumAlgorithm::kXxHash3, store::Algorithm::kXxHash3, ProofLevel::kXxHash3},
    {s3::ChecksumAlgorithm::kXxHash64, store::Algorithm::kXxHash64, ProofLevel::kXxHash64},
    {s3::ChecksumAlgorithm::kCrc32c, store::Algorithm::kCrc32c, ProofLevel::kCrc32c},
    {s3::ChecksumAlgorithm::kCrc32, store::Algorithm::kCrc32, ProofLevel::kCrc32},
}};

class Collector {
 public:
  Collector(const s3::ObjectHead& head, const SourceTrust& trust, const PartSizes& parts, bool all)
      : head_(head), trust_(trust), parts_(parts), all_(all) {}

  std::vector<Promise> collect() {
    if (!(add_checksums() && add_etag() && add_metadata())) add_witness();
    return std::move(promises_);
  }

 private:
  // Each add() returns false when nothing behind this one is needed.
  bool add(Promise promise) {
    promises_.push_back(std::move(promise));
    return all_ || !promises_.back().firm;
  }

  // One promise for each way the object may have been cut; firm only when we were told.
  bool add_by_parts(ProofLevel level, store::Algorithm algorithm, const store::RawDigest& expected,
                    bool firm_when_told) {
    bool go_on = true;
    if (!parts_.sizes_bytes.empty()) {
      go_on =
          add({level, {algorithm, parts_.sizes_bytes}, expected, firm_when_told && parts_.certain});
      if (!all_) return go_on;
    }
    // The same guesses fit for one promise as for another.
    if (!all_ && guessed_) return go_on;
    guessed_ = true;
    for (const auto size : likely_part_sizes(head_.size_bytes, part_count_of_etag(head_.etag),
                                             most_guessed_sizes(head_.size_bytes, all_))) {
      (void)add({level, {algorithm, {size}}, expected, false});
    }
    return go_on;
  }

  bool add_checksums() {
    for (const auto& kind : kChecksumKinds) {
      for (const auto& checksum : head_.checksums) {
        if (checksum.algorithm != kind.upstream) continue;
        const bool go_on =
            checksum.composite
                ? add_by_parts(store::composite_of(kind.level), kind.ours, checksum.value, true)
                : add({kind.level, {kind.ours, {}}, checksum.value, true});
        if (!go_on) return false;
      }
    }
    return true;
  }

  // An opaque one too, because it may match after all.
  bool add_etag() {
    if (head_.etag_is_opaque) return true;
    if (is_single_md5(head_.etag)) {
      return add({ProofLevel::kEtagMd5,
                  {store::Algorithm::kMd5, {}},
                  store::from_hex(head_.etag),
                  trust_.single == EtagTrust::kProven});
    }
    if (part_count_of_etag(head_.etag) == 0) return true;
    if (all_ && trust_.multipart == EtagTrust::kOpaque) return true;
    return add_by_parts(ProofLevel::kEtagMultipart, store::Algorithm::kMd5,
                        store::from_hex(head_.etag.substr(0, kMd5Digits)),
                        trust_.multipart == EtagTrust::kProven);
  }

  bool add_metadata() {
    for (const auto& hex : {head_.metadata_md5, head_.s3cmd_md5}) {
      if (!is_single_md5(hex)) continue;
      return add(
          {ProofLevel::kMetadataMd5, {store::Algorithm::kMd5, {}}, store::from_hex(hex), true});
    }
    return true;
  }

  // Where all contents have checksums nobody would look at the ETags, and a few odd ones could pass
  // for all of them.
  void add_witness() {
    if (all_ || trust_.single != EtagTrust::kUnknown || !is_single_md5(head_.etag)) return;
    const auto is_etag = [](const Promise& promise) {
      return promise.level == ProofLevel::kEtagMd5;
    };
    if (std::none_of(promises_.begin(), promises_.end(), is_etag)) (void)add_etag();
  }

  const s3::ObjectHead& head_;
  const SourceTrust& trust_;
  const PartSizes& parts_;
  const bool all_;
  bool guessed_ = false;
  std::vector<Promise> promises_;
};

}  // namespace

bool needs_part_sizes(const s3::ObjectHead& head, const SourceTrust& trust) {
  if (part_count_of_etag(head.etag) == 0) return false;
  const auto promises = promises_of(head, trust, PartSizes{{head.size_bytes}});
  if (promises.empty() || promises.front().digest.part_sizes_bytes.empty()) return false;
  return promises.front().level != ProofLevel::kEtagMultipart ||
         trust.multipart != EtagTrust::kOpaque;
}

std::vector<Promise> promises_of(const s3::ObjectHead& head, const SourceTrust& trust,
                                 const PartSizes& parts) {
  return Collector(head, trust, parts, false).collect();
}

std::vector<Promise> all_promises_of(const s3::ObjectHead& head, const SourceTrust& trust,
                                     const PartSizes& parts) {
  return Collector(head, trust, parts, true).collect();
}

}  // namespace agent

#include "agent/promise.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace agent {
namespace {

constexpr std::size_t kMd5Digits = 32;
constexpr std::size_t kMostGuesses = 8;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

struct ChecksumKind {
  s3::ChecksumAlgorithm upstream;
  store::Algorithm ours;
  std::string_view level;
};

// Strongest first.
constexpr std::array<ChecksumKind, 5> kChecksumKinds = {{
    {s3::ChecksumAlgorithm::kSha256, store::Algorithm::kSha256, "sha256"},
    {s3::ChecksumAlgorithm::kSha1, store::Algorithm::kSha1, "sha1"},
    {s3::ChecksumAlgorithm::kCrc64Nvme, store::Algorithm::kCrc64Nvme, "crc64nvme"},
    {s3::ChecksumAlgorithm::kCrc32c, store::Algorithm::kCrc32c, "crc32c"},
    {s3::ChecksumAlgorithm::kCrc32, store::Algorithm::kCrc32, "crc32"},
}};

class Collector {
 public:
  // Returns false when nothing behind this one is needed.
  bool add(Promise promise) {
    promises_.push_back(std::move(promise));
    return !promises_.back().firm;
  }

  // One promise for each way the object may have been cut; firm only when we were told.
  bool add_by_parts(std::string_view level, store::Algorithm algorithm,
                    const store::RawDigest& expected, const s3::ObjectHead& head,
                    const PartSizes& parts, bool firm_when_told) {
    if (!parts.sizes_bytes.empty()) {
      return add({std::string(level), {algorithm, parts.sizes_bytes}, expected, firm_when_told});
    }
    for (const auto size : likely_part_sizes(head.size_bytes, part_count_of_etag(head.etag))) {
      (void)add({std::string(level), {algorithm, {size}}, expected, false});
    }
    return true;
  }

  std::vector<Promise> take() { return std::move(promises_); }

 private:
  std::vector<Promise> promises_;
};

bool add_checksums(Collector& collector, const s3::ObjectHead& head, const PartSizes& parts) {
  for (const auto& kind : kChecksumKinds) {
    for (const auto& checksum : head.checksums) {
      if (checksum.algorithm != kind.upstream) continue;
      const bool go_on =
          checksum.composite
              ? collector.add_by_parts(std::string(kind.level) + "-composite", kind.ours,
                                       checksum.value, head, parts, true)
              : collector.add({std::string(kind.level), {kind.ours, {}}, checksum.value, true});
      if (!go_on) return false;
    }
  }
  return true;
}

bool is_single_md5(std::string_view etag) { return etag.size() == kMd5Digits && is_hex(etag); }

bool add_etag(Collector& collector, const s3::ObjectHead& head, const EndpointTrust& trust,
              const PartSizes& parts) {
  if (head.etag_is_opaque) return true;
  if (is_single_md5(head.etag) && trust.single != EtagTrust::kOpaque) {
    return collector.add({"etag-md5",
                          {store::Algorithm::kMd5, {}},
                          store::from_hex(head.etag),
                          trust.single == EtagTrust::kProven});
  }
  if (part_count_of_etag(head.etag) > 0 && trust.multipart != EtagTrust::kOpaque) {
    return collector.add_by_parts("etag-multipart", store::Algorithm::kMd5,
                                  store::from_hex(head.etag.substr(0, kMd5Digits)), head, parts,
                                  trust.multipart == EtagTrust::kProven);
  }
  return true;
}

}  // namespace

std::uint32_t part_count_of_etag(std::string_view etag) {
  if (etag.size() < kMd5Digits + 2 || etag[kMd5Digits] != '-' ||
      !is_hex(etag.substr(0, kMd5Digits))) {
    return 0;
  }
  std::uint32_t count = 0;
  const char* end = etag.data() + etag.size();
  const auto [stopped, error] = std::from_chars(etag.data() + kMd5Digits + 1, end, count);
  constexpr std::uint32_t kMostParts = 10'000;
  return error == std::errc() && stopped == end && count <= kMostParts ? count : 0;
}

bool needs_part_sizes(const s3::ObjectHead& head, const EndpointTrust& trust) {
  if (part_count_of_etag(head.etag) == 0) return false;
  const auto promises = promises_of(head, trust, PartSizes{{head.size_bytes}});
  return !promises.empty() && !promises.front().digest.part_sizes_bytes.empty();
}

std::vector<Promise> promises_of(const s3::ObjectHead& head, const EndpointTrust& trust,
                                 const PartSizes& parts) {
  Collector collector;
  if (add_checksums(collector, head, parts) && add_etag(collector, head, trust, parts)) {
    for (const auto& hex : {head.metadata_md5, head.s3cmd_md5}) {
      if (!is_single_md5(hex)) continue;
      (void)collector.add(
          {"metadata-md5", {store::Algorithm::kMd5, {}}, store::from_hex(hex), true});
      break;
    }
  }
  return collector.take();
}

bool proves_identity(const Promise& promise) {
  return promise.firm && (promise.level.starts_with("sha") || promise.level.starts_with("etag-"));
}

std::vector<std::uint64_t> likely_part_sizes(std::uint64_t size_bytes, std::uint32_t count) {
  if (count == 0 || size_bytes == 0) return {};
  if (count == 1) return {size_bytes};
  const std::uint64_t least = (size_bytes + count - 1) / count;
  const std::uint64_t most = (size_bytes - 1) / (count - 1);
  std::vector<std::uint64_t> found;
  const auto consider = [&](std::uint64_t size) {
    if (size < least || size > most || found.size() >= kMostGuesses) return;
    if (std::find(found.begin(), found.end(), size) == found.end()) found.push_back(size);
  };
  // aws-cli 8, rclone 5, s3cmd 15, minio 16 and 64, s5cmd 50, restic 16 ... 200, boto's doubling.
  for (const auto mib : {8U, 5U, 15U, 16U, 64U, 50U, 10U, 25U, 32U, 100U, 128U, 200U, 256U, 512U}) {
    consider(mib * kMiB);
  }
  for (const auto mb : {5U, 8U, 10U, 16U, 50U, 100U}) consider(mb * std::uint64_t{1'000'000});
  for (std::uint64_t size = (least + kMiB - 1) / kMiB * kMiB;
       size <= most && found.size() < kMostGuesses; size += kMiB) {
    consider(size);
  }
  return found;
}

std::string digest_in_sidecar(std::string_view content, std::string_view name, std::size_t digits) {
  std::string first;
  bool only_one = true;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    auto line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto hex = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
    if (hex.size() != digits || !is_hex(hex)) continue;
    auto file = line.substr(hex.size());
    file.remove_prefix(std::min(file.find_first_not_of(" \t*"), file.size()));
    if (file.substr(file.rfind('/') + 1) == name) return std::string(hex);
    only_one = first.empty();
    if (file.empty() && first.empty()) first = hex;
  }
  // A bare digest speaks for the file it stands beside; one with another name does not.
  return only_one ? first : "";
}

}  // namespace agent

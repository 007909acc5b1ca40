#include "agent/proof/likely_part_sizes.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace agent {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kMB = 1'000'000;

// Guesses share one reading; these many are hashed in no more time than the disk takes.
constexpr std::size_t kFewGuesses = 8;
// And these, where else the content would be fetched again or its promise go unchecked.
constexpr std::size_t kMaxGuesses = 64;
constexpr std::uint64_t kMaxGuessedBytes = std::uint64_t{32} << 30;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

}  // namespace

bool is_single_md5(std::string_view etag) { return etag.size() == kMd5Digits && is_hex(etag); }

std::uint32_t part_count_of_etag(std::string_view etag) {
  if (etag.size() < kMd5Digits + 2 || etag[kMd5Digits] != '-' ||
      !is_hex(etag.substr(0, kMd5Digits))) {
    return 0;
  }
  std::uint32_t count = 0;
  const char* end = etag.data() + etag.size();
  const auto [stopped, error] = std::from_chars(etag.data() + kMd5Digits + 1, end, count);
  constexpr std::uint32_t kMaxParts = 10'000;
  return error == std::errc() && stopped == end && count <= kMaxParts ? count : 0;
}

std::size_t most_guessed_sizes(std::uint64_t size_bytes, bool all) {
  if (!all) return kFewGuesses;
  const auto guesses = kMaxGuessedBytes / std::max<std::uint64_t>(size_bytes, 1);
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(guesses, kFewGuesses, kMaxGuesses));
}

std::vector<std::uint64_t> likely_part_sizes(std::uint64_t size_bytes, std::uint32_t count,
                                             std::size_t most) {
  if (count == 0 || size_bytes == 0) return {};
  if (count == 1) return {size_bytes};
  const std::uint64_t smallest = (size_bytes + count - 1) / count;
  const std::uint64_t largest = (size_bytes - 1) / (count - 1);
  std::vector<std::uint64_t> found;
  const auto consider = [&](std::uint64_t size) {
    if (size < smallest || size > largest || found.size() >= most) return;
    if (std::find(found.begin(), found.end(), size) == found.end()) found.push_back(size);
  };
  // aws-cli and boto 8, rclone and many SDKs 5, s3cmd 15, minio 16, 64 and 128, s5cmd 50, Cyberduck
  // and s3fs 10, duplicity 20 and 25, restic 16 ... 200; mc pipe 528 or 576: 5 TiB in 10,000 parts.
  for (const auto mib : {8U,   5U,   15U,  16U,  64U,  50U,  10U,   25U,   32U,   100U, 128U, 528U,
                         20U,  6U,   12U,  24U,  30U,  40U,  60U,   80U,   96U,   150U, 160U, 200U,
                         250U, 256U, 320U, 500U, 512U, 576U, 1000U, 1024U, 2048U, 5120U}) {
    consider(mib * kMiB);
  }
  for (const auto mb : {5U, 6U, 8U, 10U, 15U, 16U, 20U, 25U, 50U, 100U, 200U, 250U, 500U, 1000U}) {
    consider(mb * kMB);
  }
  // One size for all, as of whoever divides by the number of parts.
  consider(smallest);
  for (std::uint64_t size = 1; size <= largest && size < (std::uint64_t{1} << 62); size *= 2) {
    consider(size);
  }
  for (const auto unit : {kMiB, kMB}) {
    for (std::uint64_t size = (smallest + unit - 1) / unit * unit;
         size <= largest && found.size() < most; size += unit) {
      consider(size);
    }
  }
  return found;
}

}  // namespace agent

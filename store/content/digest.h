#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/disk.h"
#include "store/disk/error.h"

namespace store {

enum class Algorithm {
  kMd5,
  kSha1,
  kSha256,
  kSha512,
  kCrc32,
  kCrc32c,
  kCrc64Nvme,
  kXxHash64,
  kXxHash3,
  kXxHash128
};

/// One digest to take of a file.
///
/// With no parts: of all bytes. With parts: the digest of the concatenated raw digests of the
/// parts, as S3 does for multipart ETags and composite checksums. `part_sizes_bytes` lists the
/// parts in order; when the file is longer than their sum, the last size repeats (so one entry
/// means a uniform part size); the last part may be short.
struct DigestRequest {
  Algorithm algorithm = Algorithm::kSha256;
  std::vector<std::uint64_t> part_sizes_bytes;
};

/// Raw digest bytes; CRCs and xxHashes big-endian, as S3 sends them before base64.
using RawDigest = std::vector<std::byte>;

/// Takes any number of digests of one stream in one pass.
class DigestSet {
 public:
  explicit DigestSet(const std::vector<DigestRequest>& requests);
  ~DigestSet();
  DigestSet(DigestSet&&) noexcept;
  DigestSet& operator=(DigestSet&&) noexcept;

  void update(std::span<const std::byte> bytes);

  /// In the order of the requests. Call it once. Empty where OpenSSL refuses the algorithm, as a
  /// FIPS policy does with MD5.
  std::vector<RawDigest> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The first and the last bytes of a file, of a small one all of them.
struct FileEnds {
  std::size_t head_bytes = 0;  ///< as asked for
  std::size_t tail_bytes = 0;
  std::string head;
  std::string tail;
};

struct FileDigests {
  std::uint64_t size_bytes = 0;
  std::vector<RawDigest> digests;  ///< in the order of the requests
};

/// Reads the file from the device (the page cache is dropped first, and again behind the reader)
/// exactly once, in constant memory. `keep_going` is asked between chunks of at most 1 MiB; when it
/// says false, kBusy with the detail "interrupted"; an empty function never does. kNotSupported
/// when OpenSSL refuses an algorithm. `ends`, where it is given, gets the ends of what was read.
Result<FileDigests> digest_file(File& file, const std::vector<DigestRequest>& requests,
                                const std::function<bool()>& keep_going, FileEnds* ends = nullptr);

/// Reads the ends of a file alone, for the bytes that `ends` asks for. Returns its size.
Result<std::uint64_t> read_ends(File& file, FileEnds& ends);

std::string to_hex(std::span<const std::byte> bytes);
/// Returns nothing when `text` is not hex, or of odd length.
std::vector<std::byte> from_hex(std::string_view text);
/// With padding. Nothing here reads base64: the headers of S3 that have it are read in s3client/.
std::string to_base64(std::span<const std::byte> bytes);

/// The version that runs: "3.0.20".
std::string openssl_version_text();

}  // namespace store

#include "store/content/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "store/content/crc.h"
#include "store/content/xxhash.h"
#include "store/disk/aligned_buffer.h"

namespace store {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

// With several digests the same bytes are read several times. A slice of this size is still in the
// cache of a small processor when the second digest comes to it.
constexpr std::size_t kSliceBytes = 64 * 1024;

// The kernel drops what it has read ahead too, so not after every chunk.
constexpr std::uint64_t kDropEveryBytes = 32ULL * 1024 * 1024;

// Fetching searches the providers, which takes longer than hashing a small file.
const EVP_MD* message_digest(Algorithm algorithm) {
  static const EVP_MD* const md5 = ::EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const sha1 = ::EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha512 = ::EVP_MD_fetch(nullptr, "SHA512", nullptr);
  if (algorithm == Algorithm::kMd5) return md5;
  if (algorithm == Algorithm::kSha512) return sha512;
  return algorithm == Algorithm::kSha1 ? sha1 : sha256;
}

class CryptoHash {
 public:
  explicit CryptoHash(Algorithm algorithm)
      : digest_(message_digest(algorithm)), context_(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free) {
    restart();
  }

  void update(std::span<const std::byte> bytes) {
    usable_ = usable_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }

  RawDigest finish() {
    RawDigest digest(EVP_MAX_MD_SIZE);
    unsigned size_bytes = 0;
    usable_ = usable_ &&
              ::EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                   &size_bytes) == 1;
    digest.resize(usable_ ? size_bytes : 0);
    return digest;
  }

  void restart() {
    usable_ = digest_ != nullptr && context_ != nullptr &&
              ::EVP_DigestInit_ex2(context_.get(), digest_, nullptr) == 1;
  }

 private:
  const EVP_MD* digest_;
  std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context_;
  bool usable_ = false;
};

template <typename Register, Register (*kContinue)(Register, std::span<const std::byte>)>
class Crc {
 public:
  void update(std::span<const std::byte> bytes) { crc_ = kContinue(crc_, bytes); }

  RawDigest finish() {
    RawDigest digest;
    for (std::size_t i = sizeof(Register); i-- > 0;) {
      digest.push_back(static_cast<std::byte>((crc_ >> (8 * i)) & 0xff));
    }
    return digest;
  }

  void restart() { crc_ = 0; }

 private:
  Register crc_ = 0;
};

using Crc32 = Crc<std::uint32_t, &crc32_ieee>;
using Crc32c = Crc<std::uint32_t, &crc32c>;
using Crc64Nvme = Crc<std::uint64_t, &crc64_nvme>;
using Hash = std::variant<CryptoHash, Crc32, Crc32c, Crc64Nvme, XxHash>;

Hash make_hash(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kCrc32:
      return Crc32();
    case Algorithm::kCrc32c:
      return Crc32c();
    case Algorithm::kCrc64Nvme:
      return Crc64Nvme();
    case Algorithm::kXxHash64:
      return XxHash(XxHash::Kind::k64);
    case Algorithm::kXxHash3:
      return XxHash(XxHash::Kind::k3Of64);
    case Algorithm::kXxHash128:
      return XxHash(XxHash::Kind::k3Of128);
    case Algorithm::kMd5:
    case Algorithm::kSha1:
    case Algorithm::kSha256:
    case Algorithm::kSha512:
      break;
  }
  return CryptoHash(algorithm);
}

void update(Hash& hash, std::span<const std::byte> bytes) {
  std::visit([&](auto& h) { h.update(bytes); }, hash);
}

RawDigest finish(Hash& hash) {
  return std::visit([](auto& h) { return h.finish(); }, hash);
}

// One request: the hash of the bytes, and where there are parts, the hash of their digests.
class Stream {
 public:
  explicit Stream(const DigestRequest& request)
      : part_sizes_bytes_(request.part_sizes_bytes), inner_(make_hash(request.algorithm)) {
    if (!part_sizes_bytes_.empty()) outer_ = make_hash(request.algorithm);
  }

  void update(std::span<const std::byte> bytes) {
    if (!outer_) return store::update(inner_, bytes);
    while (!bytes.empty()) {
      // Only the next byte tells that a full part was not the last one.
      if (filled_bytes_ == part_size_bytes()) close_part();
      const std::uint64_t room = part_size_bytes() - filled_bytes_;
      const auto part_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
      store::update(inner_, bytes.first(part_bytes));
      filled_bytes_ += part_bytes;
      bytes = bytes.subspan(part_bytes);
    }
  }

  RawDigest finish() {
    if (!outer_) return store::finish(inner_);
    close_part();
    // An upload may end in a part without bytes.
    while (part_ < part_sizes_bytes_.size() && part_sizes_bytes_[part_] == 0) close_part();
    return unusable_ ? RawDigest() : store::finish(*outer_);
  }

 private:
  std::uint64_t part_size_bytes() const {
    if (part_ < part_sizes_bytes_.size()) return part_sizes_bytes_[part_];
    // Parts without bytes cannot repeat; what is left is one part.
    return part_sizes_bytes_.back() != 0 ? part_sizes_bytes_.back()
                                         : std::numeric_limits<std::uint64_t>::max();
  }

  void close_part() {
    const RawDigest digest = store::finish(inner_);
    unusable_ = unusable_ || digest.empty();
    store::update(*outer_, digest);
    std::visit([](auto& h) { h.restart(); }, inner_);
    filled_bytes_ = 0;
    ++part_;
  }

  std::vector<std::uint64_t> part_sizes_bytes_;
  Hash inner_;
  std::optional<Hash> outer_;
  std::size_t part_ = 0;
  std::uint64_t filled_bytes_ = 0;
  bool unusable_ = false;
};

void add_to(FileEnds& ends, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ends.head.append(text.substr(0, ends.head_bytes - std::min(ends.head_bytes, ends.head.size())));
  const auto last = text.substr(text.size() - std::min(text.size(), ends.tail_bytes));
  const auto kept = ends.tail_bytes - last.size();
  if (ends.tail.size() > kept) ends.tail.erase(0, ends.tail.size() - kept);
  ends.tail.append(last);
}

}  // namespace

struct DigestSet::Impl {
  std::vector<Stream> streams;
};

DigestSet::DigestSet(const std::vector<DigestRequest>& requests) : impl_(std::make_unique<Impl>()) {
  impl_->streams.reserve(requests.size());
  for (const DigestRequest& request : requests) impl_->streams.emplace_back(request);
}

DigestSet::~DigestSet() = default;
DigestSet::DigestSet(DigestSet&&) noexcept = default;
DigestSet& DigestSet::operator=(DigestSet&&) noexcept = default;

void DigestSet::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::span<const std::byte> slice = bytes.first(std::min(bytes.size(), kSliceBytes));
    for (Stream& stream : impl_->streams) stream.update(slice);
    bytes = bytes.subspan(slice.size());
  }
}

std::vector<RawDigest> DigestSet::finish() {
  std::vector<RawDigest> digests;
  digests.reserve(impl_->streams.size());
  for (Stream& stream : impl_->streams) digests.push_back(stream.finish());
  return digests;
}

Result<FileDigests> digest_file(File& file, const std::vector<DigestRequest>& requests,
                                const std::function<bool()>& keep_going, FileEnds* ends) {
  const auto size_bytes = file.size();
  if (!size_bytes) return size_bytes.error();
  file.drop_cache();

  DigestSet set(requests);
  const auto buffer_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(
      (*size_bytes + kDirectBytes - 1) / kDirectBytes * kDirectBytes, kReadBytes));
  const auto buffer = make_aligned_buffer(buffer_bytes);
  FileDigests result;
  while (result.size_bytes < *size_bytes) {
    if (keep_going && !keep_going()) {
      return Error{ErrorKind::kBusy, 0, "", "interrupted"};
    }
    const auto got = file.read_at(result.size_bytes, {buffer.get(), buffer_bytes});
    if (!got) {
      auto error = got.error();
      error.detail = fmt::format("{}, at offset {}", describe(error), result.size_bytes);
      return error;
    }
    if (*got == 0) break;
    set.update({buffer.get(), *got});
    if (ends != nullptr) add_to(*ends, {buffer.get(), *got});
    result.size_bytes += *got;
    if (result.size_bytes % kDropEveryBytes == 0) file.drop_cache();
  }
  file.drop_cache();

  result.digests = set.finish();
  const auto refused = [](const RawDigest& digest) { return digest.empty(); };
  if (std::any_of(result.digests.begin(), result.digests.end(), refused)) {
    return Error{ErrorKind::kNotSupported, 0, "",
                 "OpenSSL on this system refuses a digest that is needed"};
  }
  return result;
}

Result<std::uint64_t> read_ends(File& file, FileEnds& ends) {
  const auto size_bytes = file.size();
  if (!size_bytes) return size_bytes.error();
  const auto read = [&](std::uint64_t at, std::size_t bytes, std::string& into) -> Status {
    into.resize(bytes);
    const auto got = file.read_at(at, std::as_writable_bytes(std::span(into)));
    if (!got) return got.error();
    into.resize(*got);
    return {};
  };
  const auto tail = std::min<std::uint64_t>(*size_bytes, ends.tail_bytes);
  const auto head = std::min<std::uint64_t>(*size_bytes, ends.head_bytes);
  Status done = read(0, static_cast<std::size_t>(head), ends.head);
  if (done) done = read(*size_bytes - tail, static_cast<std::size_t>(tail), ends.tail);
  if (!done) return done.error();
  return *size_bytes;
}

std::string openssl_version_text() { return OpenSSL_version(OPENSSL_VERSION_STRING); }

}  // namespace store

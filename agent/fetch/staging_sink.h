#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "agent/base/halt.h"
#include "agent/base/rate_limit.h"
#include "s3client/client.h"
#include "store/disk/disk.h"
#include "store/ledger/records.h"

namespace agent {

/// Whether the answer's object is the wanted one, as far as ETag and size tell.
bool same_content(const s3::ObjectHead& head, const store::Identity& wanted);

/// The bucket listed an ETag, and this answer has none that could be meant: it is not the bucket's,
/// but a login page's or a proxy's.
bool is_impostor(const s3::ObjectHead& head, const store::Identity& wanted);
s3::Error impostor_error();

/// Writes what arrives behind what the file holds already.
class StagingSink final : public s3::BodySink {
 public:
  struct Into {
    RateLimit& rate_limit;
    const Halt& halt;
    const std::atomic<bool>& give_way;
    std::atomic<std::uint64_t>& received_bytes;
    store::File& file;
    const store::Identity& wanted;
    std::uint64_t offset = 0;
    /// Of the answer that gave the first bytes; nullptr: there was none in this run.
    const s3::ObjectHead* first = nullptr;
  };
  explicit StagingSink(const Into& into) : into_(into), offset_(into.offset) {}

  bool on_object(const s3::ObjectHead& head) override;
  bool on_bytes(std::span<const std::byte> bytes) override;
  bool keep_going() override { return !into_.halt.load() && !into_.give_way.load(); }

  enum class HeadMatch {
    kFits,
    kMoved,      ///< another content: that one is wanted now
    kImpostor,   ///< no answer of the bucket's
    kOtherSize,  ///< this very content, in another size than was listed
    kUnknown,    ///< nothing tells that it is what the first bytes are from
  };
  HeadMatch match() const { return match_; }
  std::uint64_t offset() const { return offset_; }
  const std::optional<s3::ObjectHead>& head() const { return head_; }
  const std::optional<store::Error>& disk_error() const { return disk_error_; }

 private:
  HeadMatch match_of(const s3::ObjectHead& head) const;

  const Into into_;
  std::uint64_t offset_;
  HeadMatch match_ = HeadMatch::kFits;
  std::optional<s3::ObjectHead> head_;
  std::optional<store::Error> disk_error_;
};

}  // namespace agent

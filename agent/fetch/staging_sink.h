#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "agent/base/halt.h"
#include "agent/base/rate_limit.h"
#include "s3client/client.h"
#include "store/disk/disk.h"
#include "store/ledger/records.h"

namespace agent {

/// Whether the answer's object is the wanted one, as far as ETag and size tell.
bool answers_for(const s3::ObjectHead& head, const store::Identity& wanted);

/// The bucket listed an ETag, and this answer has none that could be meant: it is not the bucket's,
/// but a login page's or a proxy's.
bool is_impostor(const s3::ObjectHead& head, const store::Identity& wanted);
s3::Error impostor_error();

/// Writes what arrives behind what the file holds already.
class StagingSink : public s3::BodySink {
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

  bool on_object(const s3::ObjectHead& head) final;
  bool on_bytes(std::span<const std::byte> bytes) final;
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
  /// More came than was admitted: the transfer was ended, and that is no failure.
  bool has_enough() const { return has_enough_; }

 protected:
  /// How many of so many bytes, which go to offset(), are wanted; fewer than all: none after them.
  virtual std::size_t admit(std::size_t size_bytes) { return size_bytes; }
  /// So many were written.
  virtual void wrote(std::size_t /*size_bytes*/) {}
  void fail(store::Error error) { disk_error_ = std::move(error); }

 private:
  HeadMatch match_of(const s3::ObjectHead& head) const;

  const Into into_;
  std::uint64_t offset_;
  HeadMatch match_ = HeadMatch::kFits;
  std::optional<s3::ObjectHead> head_;
  std::optional<store::Error> disk_error_;
  bool has_enough_ = false;
};

}  // namespace agent

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "s3client/client.h"
#include "store/disk/disk.h"
#include "store/ledger/records.h"

namespace agent {

/// Bytes of a content: from `begin` on, and no longer `end`.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size_bytes() const { return end - begin; }
  bool operator==(const ByteRange&) const = default;
};

/// Says which lane fetches what of one large content, once more than one does. The lane that owns
/// the transfer has been receiving all that is missing with one request; who helps takes a piece
/// that lies ahead of it, and the owner stops where the first piece begins. From then on every lane
/// takes the next piece in the content's order, so that little lies behind a gap at any time.
/// What a lane has taken and not brought is taken again by another. Thread-safe.
class RangeShare {
 public:
  /// What a helper needs.
  struct Content {
    s3::GetRequest request;  ///< without its range; on the condition that it is the same content
    store::Identity wanted;
    s3::ObjectHead head;  ///< of the answer that gave the first bytes
    store::File& file;    ///< outlives close()
  };

  /// The owner has all before `begin`, and is receiving the rest. `lanes`: who may fetch at once.
  RangeShare(Content content, std::uint64_t begin, std::size_t lanes);

  const Content& content() const { return content_; }

  /// Names a lane, from join() until leave().
  using Ticket = std::size_t;
  static constexpr Ticket kOwner = 0;

  /// A helper comes; nullopt: there is nothing for it to do.
  std::optional<Ticket> join();
  /// A helper goes. `failed`: nobody is to help any more.
  void leave(Ticket ticket, bool failed);

  /// The lane gives up what is left of its last piece and wants another. nullopt: there is none
  /// that nobody has.
  std::optional<ByteRange> next_piece(Ticket ticket);
  /// What is left of the lane's piece; empty: it is done with it.
  ByteRange piece(Ticket ticket) const;
  /// The lane has received so many bytes, fewer than 4 MiB, in order; it may write as many as are
  /// returned, at the offset that its piece has come to. Fewer: its piece ends with them.
  std::size_t grant(Ticket ticket, std::size_t size_bytes);
  /// What the lane was granted last is written.
  void written(Ticket ticket, std::size_t size_bytes);

  /// Waits for what others are bringing: until something is there to be taken, all is there, or
  /// `keep_waiting` says no. True: next_piece() has one.
  bool wait_for_piece(const std::function<bool()>& keep_waiting);

  /// Whether every byte has been written.
  bool is_complete() const;
  /// How many bytes there are from the beginning on, without a gap.
  std::uint64_t collected_bytes() const;

  /// Whether helpers have to go.
  bool is_closed() const;
  /// A helper could not write: the disk's error, for the owner.
  void fail(store::Error error);
  std::optional<store::Error> disk_error() const;
  /// Returns when no helper is left.
  void close();

 private:
  struct Lane {
    bool present = false;
    ByteRange piece;  ///< begins with the next byte that it wants
  };

  // All of these require the lock.
  std::uint64_t collected() const;
  bool has_piece() const { return !given_up_.empty() || ahead_ < size_bytes_; }
  void split_owner();
  void give_up(Lane& lane);

  const Content content_;
  const std::uint64_t size_bytes_;
  const std::uint64_t piece_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Lane> lanes_;
  std::vector<ByteRange> given_up_;  ///< taken, and not brought
  std::uint64_t ahead_ = 0;          ///< nobody has had anything from here on
  bool is_split_ = false;
  bool closed_ = false;
  std::optional<store::Error> disk_error_;
};

/// Where lanes that have nothing else to do look for a transfer to help with. Thread-safe.
class RangeShares {
 public:
  virtual ~RangeShares() = default;
  /// Until withdraw() a lane of this source may join.
  virtual void offer(std::size_t source, std::shared_ptr<RangeShare> share) = 0;
  virtual void withdraw(const std::shared_ptr<RangeShare>& share) = 0;
};

}  // namespace agent

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/s3_answer.h"

namespace fake_s3 {

/// One request, as it came and as it was answered.
struct JournalEntry {
  std::string method;
  std::string bucket;
  std::string key;     ///< decoded; empty: the bucket
  std::string target;  ///< raw
  bool listing = false;
  std::string range;                 ///< as sent; empty: none
  std::string if_match;              ///< as sent
  std::vector<Header> headers;       ///< all but Authorization; names lower case
  int status = 0;                    ///< 0: not answered yet, or never
  std::uint64_t promised_bytes = 0;  ///< Content-Length of the answer
  std::uint64_t sent_bytes = 0;      ///< of the body, handed to the socket so far
  std::uint64_t connection = 0;      ///< 1 for the first
};

/// A request counts when it arrives; bytes count just before they are sent, so that a client which
/// has them finds them counted.
struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t listings = 0;
  std::uint64_t gets = 0;  ///< of objects
  std::uint64_t heads = 0;
  std::uint64_t others = 0;
  std::uint64_t object_bytes_sent = 0;

  std::uint64_t requests() const { return listings + gets + heads + others; }
};

/// Everything that was asked of the server. Thread-safe.
class Journal {
 public:
  using EntryId = std::uint64_t;
  using Predicate = std::function<bool(const Counters&)>;

  /// Every entry is also appended to this file when its answer is known, one JSON object a line.
  bool write_to(const std::string& path);

  void count_connection();
  EntryId begin(const S3Request& request);
  void answered(EntryId id, int status, std::uint64_t promised_bytes);
  void sending(EntryId id, std::uint64_t bytes, bool of_object);

  std::vector<JournalEntry> entries() const;
  Counters counters() const;
  void reset();
  /// Looks at the counters whenever they change; false when the time is over.
  bool wait_until(const Predicate& predicate, std::chrono::milliseconds timeout) const;

 private:
  JournalEntry* find(EntryId id);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<JournalEntry> entries_;
  EntryId first_id_ = 0;  ///< of entries_[0]; entries from before a reset have none
  Counters counters_;
  std::ofstream file_;
};

}  // namespace fake_s3

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "store/ledger/ledger_impl.h"

// Shared by the files that implement store/ledger/ledger_writer.h; for nobody else.
namespace store {

/// Writes the parts of one batch or of one removal into the tables, and adds up what they do to the
/// sums of each source. Each call expects that a transaction is open, which the caller commits
/// after write_sums(). What is added has to outlive the Recorder. On an error the caller takes the
/// transaction back.
class Recorder {
 public:
  explicit Recorder(Database& database) : database_(database) {}

  /// The archive is the trusted content of its key from now on, and nothing of the key is pending.
  Status add(const Placed& placed, Time now);
  /// The generation is held beside the trusted content of its key.
  Status add(const Batch::NewGeneration& added);
  /// The upstream identity is known to be that content; nothing is fetched for it.
  Status add(const Batch::Same& same, Time now);
  /// The content was read right at `now`, and is no longer damaged.
  Status add(const Batch::Repaired& repaired, Time now);
  /// The generation is no longer held. Changes nothing where it was not.
  Status remove(const Batch::Removed& removed, Time now);
  /// The content is no longer held, and its file is to be removed: writes the intent `removal`.
  /// What is not lost is remembered, so that it is not taken for a new one. Changes nothing where
  /// it is not held.
  Status prune(SourceId source, const Removal& removal, Time now);
  /// Writes the sums of every source that the calls above changed. Called once, at the end.
  Status write_sums();

 private:
  /// What a batch does to the sums of one source, written once at its end.
  struct Difference {
    std::int64_t archives = 0;
    std::int64_t size_bytes = 0;
    std::map<ProofLevel, std::int64_t> verified_by;
    std::map<std::int64_t, std::int64_t> refusals;  ///< by RefusalKind
    std::int64_t superseded = 0;
    std::int64_t quarantined = 0;
    const Archive* newest = nullptr;
    bool newest_may_have_aged = false;
    bool newest_may_be_gone = false;
  };

  Status remove_archive(SourceId source, const std::string& key, Time now);
  Status remove_row(SourceId source, std::string_view key, UpstreamTime last_modified, Time now,
                    Difference& difference);
  Status insert(SourceId source, const Archive& archive);
  static void count(Place place, std::int64_t change, Difference& difference);
  Status sight(SourceId source, std::string_view key, const Identity& upstream,
               const Sha256& sha256);
  Status note_arrival(SourceId source, const Archive& archive);
  Status note_vanished(SourceId source, const Archive& archive);
  Status settle(SourceId source, std::string_view key, std::string_view slot, Time now,
                Difference& difference);
  Status write_sums_of(SourceId source, const Difference& difference);
  Status replace_newest_if_gone(SourceId source);
  Status find_newest(SourceId source);
  Result<bool> remember_content(SourceId source, const Removal& removal, std::string_view table,
                                std::string_view path);
  Result<bool> forget_content(SourceId source, const Removal& removal, std::string_view table,
                              std::string_view path);

  Database& database_;
  std::map<SourceId, Difference> differences_;
};

}  // namespace store

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/output.h"
#include "agent/config/adopt_options.h"
#include "agent/custody/adopt_counts.h"
#include "agent/custody/adopt_directory.h"
#include "agent/custody/adopt_prover.h"
#include "agent/custody/adopt_stager.h"
#include "agent/fetch/committer.h"
#include "agent/run/etag_evidence.h"

namespace agent {

/// Makes files of another tool's directory held, a batch at a time. Each file is staged, synced,
/// read back, placed and recorded, in this order; with kMove it is then removed from where it was.
/// An error is the mirror's and ends the run. Trouble with one file of the directory is reported
/// and counted, and the others go on.
class AdoptBatch {
 public:
  /// All arguments outlive the batch.
  AdoptBatch(RunContext& context, const AdoptOptions& options, AdoptDirectory& directory,
             AdoptProver& prover, AdoptCounts& counts);

  /// Adds the file that was found for a wanted key, or for a key that the bucket no longer has.
  /// Commits once the batch is full.
  store::Status adopt(store::Pending wanted, AdoptDirectory::File found);

  /// Makes all that was added held. It is durable and recorded on return.
  store::Status commit();

  /// For a dry run: tells `print` what adopt() would do with the file. Writes nothing.
  void look_at(store::Pending wanted, const AdoptDirectory::File& found, const Print& print);

  /// With kMove: removes a file from the directory whose bytes are those of the archive that is
  /// held.
  void leave_held(const store::Archive& held, const AdoptDirectory::File& found);

  /// Reports and counts a file that cannot be read because of `error`.
  void fail(const std::string& key, const store::Error& error);
  /// Reports and counts a file that cannot be adopted.
  void fail(const std::string& key, const std::string& path, const std::string& why);
  /// Whether so many files could not be read that the directory itself must be at fault.
  bool directory_is_gone() const { return gone_; }

 private:
  struct InHand {
    Job job;
    AdoptDirectory::File found;
    std::string path;  ///< in staging
    bool linked = false;
    std::string differs_because;  ///< set: it goes to quarantine
    std::unique_ptr<store::File> file;
  };
  struct Kept {
    std::string key;
    store::Sha256 sha256{};
    AdoptDirectory::File found;
    store::Role role = store::Role::kNew;
    ProofLevel level = ProofLevel::kSize;
    bool linked = false;
    bool quarantined = false;
  };

  Job job_of(store::Pending wanted) const;
  std::string why_it_differs(const store::Pending& wanted, const AdoptDirectory::File& found,
                             const AdoptProof* proof) const;
  void tell_difference(const store::Pending& wanted, const std::string& why);
  store::Result<AdoptProof> prove(store::File& file, const InHand& one);
  store::Status stage(InHand one);
  store::Status settle(InHand one);
  store::Status settle_proven(InHand one, const AdoptProof& proof);
  store::Status settle_right(InHand one, const AdoptProof& proof);
  void accept(InHand one, const AdoptProof& proof);
  store::Status let_go(const InHand& one);
  store::Status sync();
  store::Status note_kept(const Kept& kept);
  store::Result<bool> reads_as(store::Result<std::unique_ptr<store::File>> file,
                               const store::Archive& held);
  std::string path_of(const store::Archive& held) const;
  void leave(const std::string& key, const AdoptDirectory::File& found,
             const std::string& archive_path);
  bool batch_is_full() const;
  SourceRun& source() const { return context_.sources.front(); }

  RunContext& context_;
  const AdoptOptions& options_;
  AdoptDirectory& directory_;
  AdoptProver& prover_;
  AdoptCounts& counts_;
  AdoptStager stager_;
  Committer committer_;
  EtagEvidence etags_;
  std::vector<InHand> unsynced_;  ///< copies
  std::vector<Accepted> accepted_;
  std::vector<Kept> kept_;  ///< one for each of them
  std::uint64_t in_hand_bytes_ = 0;
  store::UnreadableFiles unreadable_;
  bool gone_ = false;
};

}  // namespace agent

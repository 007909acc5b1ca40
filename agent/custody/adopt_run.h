#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/output.h"
#include "agent/config/adopt_options.h"
#include "agent/custody/adopt_batch.h"
#include "agent/custody/adopt_counts.h"
#include "agent/custody/adopt_directory.h"
#include "agent/custody/adopt_names.h"
#include "agent/custody/adopt_prover.h"
#include "agent/fetch/workers.h"
#include "agent/run/run_context.h"

namespace agent {

/// Lists the one source of the context, commits its plan, and adopts from the directory what the
/// plan wants. An error is the mirror's.
class AdoptRun {
 public:
  /// All arguments outlive the run.
  AdoptRun(RunContext& context, const AdoptOptions& options, AdoptDirectory& directory,
           const Print& print);

  store::Status run();

  const AdoptCounts& counts() const { return counts_; }
  /// What --strip would have to be for the files to be found; empty where nothing is known.
  const std::string& likely_strip() const { return likely_strip_; }

 private:
  store::Status adopt();
  store::Status look();
  store::Status walk();
  store::Status adopt_pending();
  store::Status consider(const store::Pending& wanted);
  store::Status consider_file(const AdoptDirectory::File& file);
  store::Status consider_held(const std::string& key, const AdoptDirectory::File& file);
  store::Status consider_orphan(const std::string& key, const AdoptDirectory::File& file);
  store::Result<store::Ledger::KeyState> state_of_key(const std::string& key);
  store::Status decide_on_orphans();
  store::Status look_for_strip();
  std::string strip_that_finds(const store::Pending& wanted);
  void note_missing(const store::Pending& wanted);
  bool stopping();
  SourceRun& source() const { return context_.sources.front(); }

  RunContext& context_;
  const AdoptOptions& options_;
  AdoptDirectory& directory_;
  const Print& print_;
  const AdoptNames names_;
  Lane lane_;
  Retrier retrier_;
  AdoptProver prover_;
  AdoptCounts counts_;
  AdoptBatch batch_;
  store::Ledger::Plan* plan_ = nullptr;  ///< of a dry run
  bool adopts_orphans_ = false;
  std::size_t looked_for_strips_ = 0;
  std::string likely_strip_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> done_bytes_{0};
};

}  // namespace agent

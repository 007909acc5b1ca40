#pragma once

#include <string>
#include <vector>

#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// Decides what a final refusal by the bucket means for the object, the source and the run, and
/// records it. Every error is the ledger's.
class Refusals {
 public:
  explicit Refusals(RunContext& context);

  /// Reports the refusal, and records it or keeps it for the next transaction. A denial waits until
  /// the source has given us another object, or until finish(): it may concern the whole source.
  store::Status settle(const FetchRefused& refused);

  /// Notes that the source gave us this object, so that its credentials may read.
  store::Status note_success(const Job& job);

  /// At the end: settles the denials that still wait, and records all.
  store::Status finish();

 private:
  store::Status settle_denied(const FetchRefused& refused);
  store::Status flush_denied(std::size_t source);
  store::Status mark_unreadable(const FetchRefused& refused);
  store::Status fail_object(SourceRun& source, const FetchRefused& refused);
  void count_failure(SourceRun& source, const s3::Error& error);
  store::Status settle_absent(const FetchRefused& refused);
  store::Status flush_setbacks(std::size_t source);
  store::Status mark_archived(const FetchRefused& refused);
  store::Status record(const FetchRefused& refused, store::RefusalKind kind, store::AlarmKind alarm,
                       std::string message);
  store::Status record_all();
  void stop_source(SourceRun& source, const FetchRefused& refused);

  struct Unrecorded {
    std::size_t source = 0;
    store::Ledger::Refused refused;
  };

  RunContext& context_;
  std::vector<Unrecorded> unrecorded_;             ///< a bounded number, until the next transaction
  std::vector<std::vector<FetchRefused>> denied_;  ///< by source, until one object was readable
  std::vector<bool> readable_;
  std::vector<std::vector<store::Pending>> setbacks_;  ///< by source, not yet recorded
};

}  // namespace agent

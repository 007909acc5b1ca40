#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/disk/disk.h"
#include "store/disk/error.h"
#include "store/ledger/ledger_alarms.h"
#include "store/ledger/ledger_carried.h"
#include "store/ledger/ledger_clock.h"
#include "store/ledger/ledger_drills.h"
#include "store/ledger/ledger_endpoints.h"
#include "store/ledger/ledger_expectations.h"
#include "store/ledger/ledger_forms.h"
#include "store/ledger/ledger_holdings.h"
#include "store/ledger/ledger_plan.h"
#include "store/ledger/ledger_readings.h"
#include "store/ledger/ledger_refusals.h"
#include "store/ledger/ledger_review.h"
#include "store/ledger/ledger_walks.h"
#include "store/ledger/records.h"

namespace store {

enum class Access { kReadOnly, kReadWrite };

/// The ledger remembers, for each source (a bucket, or a prefix of one), which contents the disk
/// holds, what proves each of them, what the bucket listed last, and which alarms are open. It is
/// the SQLite file `.holdfast/ledger.db` on the mirror's disk.
///
/// This class opens the ledger and knows the sources. What it remembers is read and written through
/// the views below, one for each question; each header says what its calls change. The calls by
/// which a content becomes held, or stops being held, are not here: they are in ledger_writer.h,
/// and only store/custody makes them, in an order that survives a crash.
///
/// Durability: a call that writes is one transaction and is durable when it returns; when it fails
/// it has changed nothing. A call that finds nothing to change writes nothing. Inside at_once(),
/// and between PlanView::begin_plan() and Plan::commit(), calls become durable together. See there.
///
/// Threads: one thread at a time uses a ledger and all its views. Other processes may read it
/// meanwhile; one that waits too long for a commit gets kBusy.
///
/// Ownership: the disk outlives the ledger. The ledger outlives its plans and reviews.
///
/// Errors of every call: kCorrupt (the file is damaged, is no ledger, or was written by a newer
/// holdfast), kNoSpace, kKeptFree (what SQLite sorts would leave less free than Disk::keep_free()
/// said), kReadOnly, kBusy, kIo. Where a call has further errors its comment names them.
class Ledger : public PlanView,
               public RefusalView,
               public ClockView,
               public AlarmView,
               public HoldingView,
               public ReadingView,
               public ReviewView,
               public ExpectationView,
               public FormView,
               public WalkView,
               public EndpointView,
               public CarriedView,
               public DrillView {
 public:
  /// Opens the ledger at `path`. Returns kNotFound when there is none; it is never made here,
  /// because an empty ledger on a full disk would forget all that is held. With kReadWrite the
  /// schema is brought up to date first, durably. With kReadOnly no file is created, so that it
  /// works on a disk that is mounted read-only; a ledger with an older schema is then kReadOnly.
  static Result<Ledger> open(Disk& disk, Access access, std::string_view path = kLedgerPath);

  /// Makes an empty ledger at `path` where there is none; one that is there is left as it is. On
  /// return the file and its name are durable. For `init` and `rebuild`.
  static Status create(Disk& disk, std::string_view path = kLedgerPath);

  /// Reads the whole file and checks it. Returns nullopt when SQLite finds nothing wrong, else its
  /// first complaint.
  Result<std::optional<std::string>> check();

  ~Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;

  /// Returns the id of the source `name`. A source that is not known yet is registered, durably. An
  /// id stays the same for as long as the ledger lives.
  Result<SourceId> register_source(std::string_view name);
  /// Returns the id of the source, or nullopt when it was never registered. Writes nothing.
  Result<std::optional<SourceId>> find_source(std::string_view name);

  /// Returns the name of the source, or "" when there is no source with this id.
  Result<std::string> source_name(SourceId source);
  /// Calls `work` inside one transaction. All that `work` reads comes from one state of the ledger,
  /// and costs one lock and one look at the file instead of one for each call. When `work`
  /// succeeds, all that it wrote is durable on return. When it fails, all of that is taken back and
  /// its error is returned.
  Status at_once(const std::function<Status()>& work);
  /// Returns every source that was ever registered, by id, with its name. They are few: about as
  /// many as the configuration has sections.
  Result<std::vector<std::pair<SourceId, std::string>>> sources();

 private:
  friend class LedgerWriter;
  explicit Ledger(std::unique_ptr<OpenLedger> impl);
  std::unique_ptr<OpenLedger> impl_;
};

/// Returns the version of the SQLite that runs, as "3.40.1".
std::string sqlite_version_text();

}  // namespace store

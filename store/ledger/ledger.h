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

/// What we hold and how we know: `.holdfast/ledger.db`.
///
/// Every writing call outside a Plan is one transaction, durable on return. A call that changes
/// nothing writes nothing. One thread at a time. Errors: kCorrupt (damaged, not a ledger, or from a
/// newer holdfast), kNoSpace, kReadOnly, kIo, kNotFound.
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
  /// Opens the ledger; kNotFound when there is none (it is never made here: an empty ledger on a
  /// full disk would forget everything). Pending migrations are applied with kReadWrite. With
  /// kReadOnly it works on a disk that is mounted read-only and creates no file.
  static Result<Ledger> open(Disk& disk, Access access, std::string_view path = kLedgerPath);

  /// Makes an empty ledger where there is none, else does nothing. For `init` and `rebuild`.
  static Status create(Disk& disk, std::string_view path = kLedgerPath);

  /// Reads all of it: nullopt when SQLite finds nothing wrong, else what it says first.
  Result<std::optional<std::string>> check();

  ~Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;

  /// The id of a source, registered at its first use (which writes).
  Result<SourceId> register_source(std::string_view name);
  /// nullopt when nothing was ever recorded for it.
  Result<std::optional<SourceId>> find_source(std::string_view name);

  /// "" for an id that there is not.
  Result<std::string> source_name(SourceId source);
  /// What `work` asks of the ledger is answered from one state of it, and at the price of one
  /// question: each one alone opens, locks and checks the file anew. What it writes is durable on
  /// return, and taken back when it fails.
  Status at_once(const std::function<Status()>& work);
  /// All that were ever registered. Few: there are as many as sections of the configuration.
  Result<std::vector<std::pair<SourceId, std::string>>> sources();

 private:
  friend class LedgerWriter;
  explicit Ledger(std::unique_ptr<OpenLedger> impl);
  std::unique_ptr<OpenLedger> impl_;
};

/// The version of SQLite that runs: "3.40.1".
std::string sqlite_version_text();

}  // namespace store

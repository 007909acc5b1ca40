#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/exit_status.h"
#include "agent/base/log.h"
#include "agent/base/result.h"
#include "agent/base/units.h"
#include "agent/status/run_state.h"
#include "store/ledger/ledger.h"

namespace agent {

/// The status file; contract section 5 says what each member means. Times are empty when there was
/// no such time yet.
struct RunFigures {
  std::uint64_t listed = 0;
  std::uint64_t fresh = 0;  ///< "new"
  std::uint64_t fresh_bytes = 0;
  std::uint64_t changed = 0;
  std::uint64_t vanished = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t archived = 0;
  std::uint64_t failed = 0;
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t removed = 0;  ///< by retention
  std::uint64_t removed_bytes = 0;
};

struct NewestArchive {
  std::string key;
  std::uint64_t size_bytes = 0;
  store::UpstreamTime last_modified{};
  Time held_since{};
};

/// What is held of one day, by the upstream's date, and what is wrong with it.
struct SourceNight {
  std::chrono::sys_days day{};
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t suspicious = 0;  ///< open alarms about it
};

struct SourceStatus {
  std::string name;
  RunState state = RunState::kOk;
  bool hold = false;
  std::optional<Time> last_attempt_at;
  std::optional<Time> last_success_at;
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t superseded = 0;
  std::uint64_t quarantined = 0;
  RunFigures run;
  std::string retention;  ///< why its keep rules are refused; else empty
  std::optional<NewestArchive> newest;
  std::map<std::string, std::uint64_t> verified_by;
  std::optional<Time> oldest_read_at;
  std::uint64_t corrupt = 0;
  std::uint64_t missing = 0;
  std::vector<store::Alarm> alarms;  ///< a hundred: a mass-change, then the oldest
  std::uint64_t alarm_count = 0;
  std::map<std::string, std::uint64_t> alarm_kinds;  ///< how many of each kind are open
  bool configured = true;    ///< false: it left the configuration, and lies on the disk
  bool enabled = true;       ///< false: nothing is asked of its bucket
  bool listed_whole = true;  ///< the last attempt listed the bucket to the end
  /// The last kNightsKept days that have something, in order; nullopt: not counted yet.
  std::optional<std::vector<SourceNight>> nights;
  std::uint64_t nights_archives = 0;  ///< what was held when the nights were counted
  std::uint64_t nights_bytes = 0;
};

constexpr std::chrono::days kNightsKept{90};

/// How much was free at the end of a day's last run.
struct DiskDay {
  std::chrono::sys_days day{};
  std::uint64_t free_bytes = 0;
};

struct DiskStatus {
  std::string path;
  std::string id;
  bool present = false;
  std::string filesystem;
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
  std::vector<std::string> weaker;  ///< what this filesystem cannot promise, a sentence each
  std::uint64_t min_free_bytes = 0;
  std::vector<DiskDay> days;  ///< the last kNightsKept, in order
};

/// What one of two disks that take turns held when it was last here.
struct RotatedDisk {
  struct Newest {
    std::string source;
    std::string key;
    store::UpstreamTime last_modified{};
  };
  std::string id;
  Time known_since{};                ///< since when we know of it
  std::optional<Time> last_seen_at;  ///< none: not since then
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t total_bytes = 0;  ///< of the disk
  std::uint64_t free_bytes = 0;
  std::vector<Newest> newest;  ///< by source
};

/// What is known of a restore drill; of how long it took, and of which backup, by its last success,
/// and by the last run where there was none.
struct DrillStatus {
  std::string name;
  std::string source;
  std::chrono::seconds every{0};
  std::optional<Time> since;  ///< it is in the configuration
  std::optional<Time> last_run_at;
  std::optional<Time> last_success_at;
  bool succeeded = false;  ///< the last run
  std::string told;        ///< why not, or what else is to be known of it
  std::string printed;     ///< the end of what its command printed
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::chrono::milliseconds restore_took{0};
  std::chrono::milliseconds command_took{0};
  std::optional<Time> backup_made_at;
  std::chrono::seconds backup_age{0};  ///< when it was restored
};

struct StatusReport {
  std::string host;
  RunState state = RunState::kOk;
  std::optional<int> exit_status;  ///< none while running
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
  std::optional<Time> last_success_at;
  std::int64_t pid = 0;            ///< of the run under way; 0: none
  std::optional<Time> updated_at;  ///< when the file was written
  std::vector<Time> runs;          ///< when the last kRunsKept began, in order
  DiskStatus disk;
  std::vector<RotatedDisk> disks;  ///< those that take turns; none where one is alone
  double skew_seconds = 0;
  /// Of the last pull that received enough to tell, from its begin to its end; 0: there was none.
  std::uint64_t bytes_per_second = 0;
  std::vector<SourceStatus> sources;
  std::vector<DrillStatus> drills;
  std::vector<Problem> errors;

  SourceStatus* find(std::string_view source);
};

constexpr std::size_t kRunsKept = 9;

std::string to_json(const StatusReport& status);
/// The error is a sentence. Members that are missing keep their defaults.
Result<StatusReport> status_from_json(std::string_view text);

}  // namespace agent

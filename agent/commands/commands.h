#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/base/output.h"
#include "agent/config/adopt_options.h"
#include "agent/config/config.h"
#include "agent/config/restore_options.h"
#include "store/ledger/records.h"

namespace agent {

struct InitOptions {
  std::string path{};
  bool write = false;
  std::string config_file{};  ///< which `write` makes, or adds the lines to
};
/// `holdfast init PATH`: makes the directory a holdfast disk and prints the `[disk]` lines for it;
/// for a disk that is one already it prints them again, and ends with 64. With `write` it puts them
/// into the configuration, of which it makes a new one where there is none, and never changes a
/// [disk] section that it finds (64; nothing is touched). What was cut off is ended by the same
/// command.
ExitStatus init_command(const InitOptions& options, const Environment& environment,
                        const Print& print);

struct ListOptions {
  std::string source;
  std::string glob;  ///< empty: everything
  bool all = false;
  bool json = false;
};
/// `holdfast list SOURCE [GLOB] [--all]`: what is held, one archive a line; with `all` also what
/// lies under superseded/ or quarantine/.
ExitStatus list_command(const Config& config, const ListOptions& options,
                        const Environment& environment, const Print& print);

struct AcceptOptions {
  std::string source;
  std::string key;         ///< or a glob, of the keys that have a content in quarantine
  std::string generation;  ///< its name, or 8 or more first digits of its SHA-256; empty: the
                           ///< newest in quarantine
  bool json = false;
};
/// `holdfast accept SOURCE KEY`: a generation of a held key, read and found right,
/// takes its place; the trusted one is superseded, and the alarm `changed` of the key ends. Of
/// several keys it asks first, where there is somebody to ask.
ExitStatus accept_command(const Config& config, const AcceptOptions& options,
                          const Environment& environment, const Print& print);

struct AckOptions {
  std::string source;
  std::optional<std::int64_t> alarm;  ///< none: all of them
  bool json = false;
  std::string glob = {};  ///< instead of `alarm`: the alarms about the keys that match
};
/// `holdfast ack SOURCE [ALARM|GLOB]`: ends alarms, and with the alarm `mass-change` the HOLD.
ExitStatus ack_command(const Config& config, const AckOptions& options,
                       const Environment& environment, const Print& print);

struct VerifyOptions {
  std::vector<std::string> sources{};  ///< none: all of them
  bool all = false;
  std::optional<std::uint64_t> budget_bytes{};  ///< over all sources; none: everything
  bool json = false;
  bool open = false;  ///< not with `all`
};
/// `holdfast verify`: reads archives again, the longest-unread first, and compares them with the
/// recorded SHA-256; with `all` also the generations, and looks for foreign files. Names each
/// that is not right on stderr, and ends with 1 when there is any. With `open` it unpacks archives
/// to their end instead; with a budget those that were not yet, the newest first.
ExitStatus verify_command(const Config& config, const VerifyOptions& options,
                          const Environment& environment, const Print& print);

/// `holdfast restore SOURCE KEY|GLOB --to DIR`: copies what is held to `to`, under its path below
/// archives/, never over an existing file; each name at the target is that of a whole content, read
/// back and compared with the recorded SHA-256. Writes nothing to the mirror. 2 when some of it
/// could not be restored, 64 when nothing matches or `to` cannot be used, 74 when the target fails
/// or has not enough room.
ExitStatus restore_command(const Config& config, const RestoreOptions& options,
                           const Environment& environment, const Print& print);

/// `holdfast adopt SOURCE DIR`: lists the bucket as a pull does, and takes what is wanted from the
/// files of another tool, each proven against what the bucket says of it, without a download. What
/// differs is named and left, or goes to quarantine. With `orphans` also what the bucket no longer
/// has, held by its size alone. 2 when a file differs or could not be taken, 64 when the directory
/// cannot be used. A dry run reads and asks as much, and writes nothing.
ExitStatus adopt_command(const Config& config, const AdoptOptions& options,
                         const Environment& environment, const Print& print);

struct DrillWorld;
struct DrillOptions {
  std::vector<std::string> names{};  ///< none: all of them
  bool due = false;
  bool json = false;
};
/// `holdfast drill [NAME...] [--due]`: restores the newest whole set of a stream into a scratch
/// directory, runs the drill's command over it, and records what became of it; with `due` only
/// those that are due. 1 when one failed, 64 for a name that the configuration does not have, 75
/// when the disk is absent.
ExitStatus drill_command(const Config& config, const DrillOptions& options,
                         const Environment& environment, const DrillWorld& world,
                         const Print& print);

struct PruneOptions {
  std::vector<std::string> sources{};  ///< none: all of them
  bool dry_run = false;
  bool json = false;
};
/// `holdfast prune`: removes what no keep rule holds; see agent/custody/prune.h. A dry run writes
/// nothing and prints what becomes of each content, and why. 1 while an alarm is open, 2 when the
/// clock is not to be believed; nothing is removed then.
ExitStatus prune_command(const Config& config, const PruneOptions& options,
                         const Environment& environment, const Print& print);

struct HistoryOptions {
  std::string source{};                ///< empty: all of them
  std::optional<store::Time> since{};  ///< none: a year ago
  bool json = false;
};
/// `holdfast history [SOURCE] [--since TIME]`: what came, changed, vanished, was quarantined,
/// repaired, removed and acknowledged, and which alarms were raised and ended, one line each, the
/// earliest first. Writes nothing.
ExitStatus history_command(const Config& config, const HistoryOptions& options,
                           const Environment& environment, const Print& print);

struct RebuildOptions {
  bool json = false;
};
/// `holdfast rebuild`: makes the ledger anew from the disk, without the network. Only where there
/// is none, or one that is damaged: 64 otherwise. 1 when a content is not as it was recorded.
ExitStatus rebuild_command(const Config& config, const RebuildOptions& options,
                           const Environment& environment, const Print& print);

struct AuditOptions {
  std::vector<std::string> sources{};  ///< none: all of them
  bool json = false;
};
/// `holdfast audit`: whether writes and deletes are refused to these credentials, and how the
/// bucket is set up; see agent/commands/audit.h. Changes nothing upstream. Raises the alarms
/// `writable` and `expiring`. 1 where anything is bad, 2 where a bucket could not be asked.
ExitStatus audit_command(const Config& config, const AuditOptions& options,
                         const Environment& environment, const Print& print);

struct PolicyOptions {
  std::string source{};
  bool bucket_policy = false;
  bool posture = false;
  bool uploader = false;
  std::string principal{};  ///< with `bucket_policy`: whom it is for
  std::string kms_key{};    ///< an ARN; see agent/config/policy.h
};
/// `holdfast policy SOURCE`: the least that holdfast's key, or the server's, needs for the source,
/// as JSON. Asks nobody and needs no disk.
ExitStatus policy_command(const Config& config, const PolicyOptions& options,
                          const Environment& environment, const Print& print);

struct StatusOptions {
  std::string source{};  ///< empty: all of them
  bool json = false;
  bool check = false;
  std::optional<std::chrono::seconds> max_age{};  ///< of the last success
  std::string html{};                             ///< where the page goes; empty: none
};
/// `holdfast status`: how things stand now, by the status file, the disk and its ledger, and the
/// processes. Always kOk, but with `check`: then one line as monitoring plugins write it, and 0, 1,
/// 2 or 3 as they end.
ExitStatus status_command(const Config& config, const StatusOptions& options,
                          const Environment& environment, const Print& print);

}  // namespace agent

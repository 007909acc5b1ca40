#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/retention.h"
#include "agent/config/series.h"
#include "s3client/session.h"

namespace agent {

/// Which contents of a key are held: the current one, or also all that the bucket still has.
enum class Versions { kCurrent, kAll };

/// What a new content under a held key means.
enum class OnChange { kQuarantine, kGenerations };

/// Whether it is looked whether an archive opens.
enum class SoundnessCheck {
  kFull,   ///< by its end, to which all of it is unpacked once
  kQuick,  ///< by the two ends of what arrives
  kOff,
};

/// Contract section 1; the defaults are the contract's.
struct SourceConfig {
  std::string name;
  std::string bucket;
  std::string prefix;
  std::string endpoint;  ///< empty: AWS's for the region
  std::string region = "us-east-1";
  s3::Addressing addressing = s3::Addressing::kAuto;
  bool allow_http = false;
  std::string credentials_file = "/etc/holdfast/credentials";
  std::string profile = "default";
  std::string ca_file;
  std::vector<std::string> include;  ///< empty: everything
  std::vector<std::string> exclude;
  Versions versions = Versions::kCurrent;
  OnChange on_change = OnChange::kQuarantine;
  SoundnessCheck soundness = SoundnessCheck::kQuick;
  std::optional<double> tripwire_share = 0.2;  ///< above 0, up to 1; nullopt: off
  std::uint64_t tripwire_min = 5;              ///< keys, and at least 1
  Series series;
  std::optional<std::chrono::seconds> expect_every;
  std::uint64_t min_size_bytes = 0;
  std::optional<double> shrink_alarm_share;  ///< above 0, up to 1; nullopt: off
  bool request_payer = false;
  RetentionRules keep;
  std::chrono::seconds scrub_every = std::chrono::days{30};
  bool enabled = true;  ///< false: nothing is asked of the bucket

  /// `key` is wanted by include and exclude, which look at it without the prefix.
  bool wants(std::string_view key) const;
};

/// A restore drill.
struct DrillConfig {
  std::string name;
  std::string source;
  std::string stream;  ///< a glob on the name of the stream; empty: its only one
  std::chrono::seconds every = std::chrono::days{30};
  std::string command;  ///< a command line for /bin/sh; empty: it is looked whether it opens
  std::chrono::seconds timeout = std::chrono::hours{1};
  std::string user;     ///< that the command runs as; empty: nobody where we are root, else us
  std::string scratch;  ///< a directory; empty: that of the mirror
};

struct Config {
  struct {
    std::string path;
    bool require_mount = true;
    std::vector<std::string> ids;  ///< none: any holdfast disk; two: they take turns
    std::optional<std::chrono::seconds> rotate_every;
    bool rotates() const { return ids.size() == 2; }
    std::uint64_t min_free_bytes = std::uint64_t{1} << 30;
  } disk;
  struct {
    std::string status_file = "/var/lib/holdfast/status.json";
    unsigned parallel = 4;
    std::uint64_t limit_rate_bytes = 0;   ///< per second; 0: no limit
    std::chrono::seconds max_runtime{0};  ///< 0: no limit
    std::uint64_t min_rate_bytes = 1024;  ///< per second; 0: no floor
    unsigned retries = 5;
    std::string on_alarm;      ///< a command line for /bin/sh; empty: none
    std::string on_failure;    ///< likewise
    std::string ping_url;      ///< empty: none
    std::string metrics_file;  ///< empty: none
    std::string html_file;     ///< empty: none
    std::chrono::seconds remind_every = std::chrono::days{7};  ///< 0: never
  } agent;
  std::vector<SourceConfig> sources;
  std::vector<DrillConfig> drills;
};

/// Where the backups of this drill are restored for a while.
const std::string& scratch_parent(const Config& config, const DrillConfig& drill);

/// Where the configuration is wrong: "FILE:LINE: what; what to do".
struct ConfigError {
  std::string message;
};

/// --config, else $HOLDFAST_CONFIG, else /etc/holdfast/holdfast.conf.
std::string config_path(const std::string& from_command_line);

/// Whether servers will be asked: only then has a "ca_file" to be there.
enum class Purpose { kNetwork, kDiskOnly };

/// Reads and checks the whole file, and what it names that the purpose cannot do without; changes
/// nothing. The first mistake is the error.
Result<Config, ConfigError> load_config(const std::string& path,
                                        Purpose purpose = Purpose::kNetwork);

}  // namespace agent

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/commands/commands.h"
#include "agent/config/config.h"
#include "s3client/curl_transport.h"

namespace agent {

/// What the doctor looks at besides what every command does. Tests put fakes in its place.
struct DoctorSystem {
  struct File {
    unsigned mode = 0;  ///< permissions alone
    unsigned owner = 0;
  };
  unsigned user = 0;                                            ///< that we run as
  std::optional<unsigned> service_user;                         ///< that the timer runs as
  std::function<std::string(unsigned user)> user_name;          ///< its number, where it has none
  std::function<std::optional<File>(const std::string&)> file;  ///< nullopt: there is none
  std::function<std::vector<std::string>(const std::string&)> names_in;  ///< sorted; empty: none
  std::function<std::optional<std::string>(const std::string&)> text_of;
  /// The block device that a path lies on, as "sda1"; empty: none of its own.
  std::function<std::string(const std::string&)> device;
  std::function<s3::EndpointReport(const std::string& url, const std::string& ca_file)> probe;
};
DoctorSystem doctors_system();

enum class CheckLevel { kOk, kWarn, kFail };
/// "ok", "warn", "FAIL"
std::string_view name_of(CheckLevel level);

struct Check {
  std::string name;    ///< stable: "disk"
  std::string source;  ///< empty: it is about all
  CheckLevel level = CheckLevel::kOk;
  std::string text;                     ///< what is so; where it is not well, what to do
  ExitStatus status = ExitStatus::kOk;  ///< how a run would end because of it
};
using Checks = std::vector<Check>;

inline Check well(std::string name, std::string text) {
  return {std::move(name), "", CheckLevel::kOk, std::move(text)};
}
inline Check warn(std::string name, std::string text) {
  return {std::move(name), "", CheckLevel::kWarn, std::move(text)};
}
inline Check fail(std::string name, ExitStatus status, std::string text) {
  return {std::move(name), "", CheckLevel::kFail, std::move(text), status};
}

/// Modes and owners of the files, the user, the disk, its filesystem, room, speed and errors.
/// Writes a file of some megabytes to the disk, and removes it.
Checks check_machine(const Config& config, const std::string& config_file,
                     const Environment& environment, const DoctorSystem& system);
/// Whether alarms reach a person, and whether anything starts the pulls, and did.
Checks check_schedule(const Config& config, const Environment& environment,
                      const DoctorSystem& system);
/// The clock against the servers', and of each source: name, route, TLS, credentials, permissions,
/// what the server takes, and what the filters choose. Only reads.
Checks check_sources(const std::vector<const SourceConfig*>& sources,
                     const Environment& environment, const DoctorSystem& system);

/// All of these, in the order in which things break on a Pi.
Checks diagnose(const Config& config, const std::string& config_file,
                const std::vector<const SourceConfig*>& sources, const Environment& environment,
                const DoctorSystem& system);

/// What starts a pull: "the timer holdfast.timer", and how often.
struct Schedule {
  std::string what;
  std::chrono::seconds every{0};
};
std::vector<Schedule> schedules_of(const DoctorSystem& system);
/// Whether alarms reach a person, with pulls that are started so.
Check check_alarms(const Config& config, const DoctorSystem& system,
                   const std::vector<Schedule>& schedules);

struct DoctorOptions {
  std::vector<std::string> sources{};  ///< none: all of them
  bool json = false;
};
/// `holdfast doctor`: one line for each check, `ok`, `warn` or `FAIL` with the remedy; the exit
/// status is that of the worst. Writes nothing upstream. A configuration that does not parse is
/// its only line.
ExitStatus doctor_command(const std::string& config_file, const DoctorOptions& options,
                          const Environment& environment, const DoctorSystem& system,
                          const Print& print);

}  // namespace agent

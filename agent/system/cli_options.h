#pragma once

#include <functional>
#include <string>

#include "agent/base/exit_status.h"
#include "agent/commands/commands.h"
#include "agent/commands/doctor.h"
#include "agent/commands/pull.h"
#include "agent/config/config.h"

namespace CLI {
class App;
}

namespace agent {

/// All that can be said on the command line.
struct Arguments {
  std::string config;
  bool verbose = false;
  bool quiet = false;
  std::string log_format = "text";
  StatusOptions status;
  std::string max_age;
  InitOptions init;
  PullOptions pull;
  ListOptions list;
  AcceptOptions accept;
  AckOptions ack;
  VerifyOptions verify;
  std::string budget;
  RestoreOptions restore;
  AdoptOptions adopt;
  DrillOptions drill;
  std::string as_of;
  PruneOptions prune;
  HistoryOptions history;
  std::string since;
  RebuildOptions rebuild;
  PolicyOptions policy;
  AuditOptions audit;
  DoctorOptions doctor;
  std::string ack_which;  ///< a number, or a glob
  std::string help_of;
};

/// What was asked for; empty before anything was parsed.
using Command = std::function<ExitStatus()>;

/// The parser's options and commands. It writes into `arguments`, and sets `command`; both outlive
/// it.
void add_global_options(CLI::App& app, Arguments& arguments);
void add_init(CLI::App& app, Arguments& arguments, Command& command);
void add_pull(CLI::App& app, Arguments& arguments, Command& command);
void add_status(CLI::App& app, Arguments& arguments, Command& command);
void add_list(CLI::App& app, Arguments& arguments, Command& command);
void add_accept(CLI::App& app, Arguments& arguments, Command& command);
void add_ack(CLI::App& app, Arguments& arguments, Command& command);
void add_verify(CLI::App& app, Arguments& arguments, Command& command);
void add_restore(CLI::App& app, Arguments& arguments, Command& command);
void add_adopt(CLI::App& app, Arguments& arguments, Command& command);
void add_drill(CLI::App& app, Arguments& arguments, Command& command);
void add_prune(CLI::App& app, Arguments& arguments, Command& command);
void add_history(CLI::App& app, Arguments& arguments, Command& command);
void add_rebuild(CLI::App& app, Arguments& arguments, Command& command);
void add_doctor(CLI::App& app, Arguments& arguments, Command& command);
void add_audit(CLI::App& app, Arguments& arguments, Command& command);
void add_policy(CLI::App& app, Arguments& arguments, Command& command);
void add_help(CLI::App& app, Arguments& arguments, Command& command);

/// Runs a command in the real world.
ExitStatus in_system(const Arguments& arguments,
                     const std::function<ExitStatus(const Environment&)>& command);
/// Likewise, with the configuration; without one that can be used it ends with that.
ExitStatus with_config(const Arguments& arguments,
                       const std::function<ExitStatus(const Config&, const Environment&)>& command,
                       Purpose purpose = Purpose::kDiskOnly);
/// A configuration that cannot be used can still say who is to hear of it.
void tell_of_bad_config(const Arguments& arguments);

}  // namespace agent

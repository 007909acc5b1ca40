#include "agent/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "agent/cli_help.h"
#include "agent/commands.h"
#include "agent/doctor.h"
#include "agent/output.h"
#include "agent/policy.h"
#include "agent/printable.h"
#include "agent/pull.h"
#include "agent/signal_watcher.h"
#include "agent/system_environment.h"
#include "agent/units.h"
#include "agent/version.h"
#include "agent/watch.h"

namespace agent {
namespace {

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

void write_log_line(const std::string& line) {
  // Over a progress bar that may stand there.
  static const bool over_bar = takes_escape_codes();
  if (over_bar) std::fputs("\r\x1b[K", stderr);
  std::fputs((line + "\n").c_str(), stderr);
}

Log make_log(const Arguments& arguments) {
  const auto verbosity = arguments.verbose ? Log::Verbosity::kVerbose
                         : arguments.quiet ? Log::Verbosity::kQuiet
                                           : Log::Verbosity::kNormal;
  return {arguments.log_format == "json" ? Log::Format::kJson : Log::Format::kText, verbosity,
          write_log_line};
}

// Runs `command` in the real world.
ExitStatus in_system(const Arguments& arguments,
                     const std::function<ExitStatus(const Environment&)>& command) {
  StopFlag stop{false};
  const SignalWatcher watcher(stop);
  SystemClock clock;
  Log log = make_log(arguments);
  return command(system_environment(clock, log, stop));
}

ExitStatus with_config(const Arguments& arguments,
                       const std::function<ExitStatus(const Config&, const Environment&)>& command,
                       Purpose purpose = Purpose::kDiskOnly) {
  const auto config = load_config(config_path(arguments.config), purpose);
  if (!config) {
    Log log = make_log(arguments);
    log.error({"", "", config.error().message});
    return ExitStatus::kConfig;
  }
  return in_system(arguments,
                   [&](const Environment& environment) { return command(*config, environment); });
}

// A configuration that cannot be used can still say who is to hear of it.
void tell_of_bad_config(const Arguments& arguments) {
  const auto path = config_path(arguments.config);
  const auto config = load_config(path, Purpose::kNetwork);
  if (config) return;
  (void)in_system(arguments, [&](const Environment& environment) {
    const auto settings = salvage_watch(path);
    Watch(settings, environment).ended_early(ExitStatus::kConfig, config.error().message);
    return ExitStatus::kConfig;
  });
}

using Command = std::function<ExitStatus()>;

void add_global_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config,
                 "The configuration (else $HOLDFAST_CONFIG, else /etc/holdfast/holdfast.conf)")
      ->type_name("FILE");
  auto* verbose = app.add_flag("-v,--verbose", arguments.verbose, "Say more");
  app.add_flag("-q,--quiet", arguments.quiet, "Say only what went wrong")->excludes(verbose);
  app.add_option("--log-format", arguments.log_format, "How problems are written on stderr")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json");
  // After -v, so that it is known by then.
  app.set_version_flag(
      "--version", [&] { return version_text(arguments.verbose); },
      "Print the version; with -v also those of the libraries");
  app.fallthrough();
}

void add_init(CLI::App& app, Arguments& arguments, Command& command) {
  auto* init = app.add_subcommand("init", "Make a mounted disk a holdfast disk");
  init->add_option("PATH", arguments.init.path, "Its mount point")->required();
  init->add_flag("--write", arguments.init.write,
                 "Write the [disk] lines into the configuration; make one where there is none");
  init->callback([&] {
    command = [&] {
      arguments.init.config_file = config_path(arguments.config);
      return in_system(arguments, [&](const Environment& environment) {
        return init_command(arguments.init, environment, print_line);
      });
    };
  });
}

void add_pull(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("pull", "Fetch what is new, prove it, keep it (the cron job)");
  sub->add_option("SOURCE", arguments.pull.sources, "Only these sources");
  sub->add_flag("--dry-run", arguments.pull.dry_run, "Show what would be fetched; change nothing");
  sub->add_flag("--json", arguments.pull.json, "With --dry-run: one JSON object a line");
  sub->callback([&] {
    command = [&] {
      const auto status = with_config(
          arguments,
          [&](const Config& config, const Environment& environment) {
            const bool whole = !arguments.pull.dry_run;
            return pull(config, arguments.pull, environment, whole ? print_coloured : print_line);
          },
          Purpose::kNetwork);
      if (status == ExitStatus::kConfig && !arguments.pull.dry_run) tell_of_bad_config(arguments);
      return status;
    };
  });
}

void add_status(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("status", "Show how things stand");
  sub->add_option("SOURCE", arguments.status.source, "Only this source");
  auto* json = sub->add_flag("--json", arguments.status.json,
                             "In the form of the status file, with what is true now");
  auto* check = sub->add_flag("--check", arguments.status.check,
                              "One line for a monitoring program, and its exit status: 0 ok, 1 "
                              "warning, 2 critical, 3 unknown");
  check->excludes(json);
  sub->add_option("--max-age", arguments.max_age,
                  "With --check: the last success may be this old, such as 26h, which it is "
                  "without this option")
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        return parse_duration(text) ? std::string()
                                    : "\"" + text + "\" is not a duration, such as 26h";
      });
  sub->add_option("--html", arguments.status.html,
                  "Write a page to this file that a browser shows without any server")
      ->type_name("FILE");
  sub->callback([&] {
    command = [&] {
      if (!arguments.max_age.empty()) arguments.status.max_age = parse_duration(arguments.max_age);
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return status_command(config, arguments.status, environment, print_line);
      });
    };
  });
}

void add_list(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("list", "List what is held");
  sub->add_option("SOURCE", arguments.list.source, "The source")->required();
  sub->add_option("GLOB", arguments.list.glob,
                  "Only keys that match; a folder (db/) is all below it");
  sub->add_flag("--all", arguments.list.all, "Also superseded and quarantined copies");
  sub->add_flag("--json", arguments.list.json, "As a JSON array");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return list_command(config, arguments.list, environment, print_line);
      });
    };
  });
}

void add_accept(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("accept", "Accept a quarantined copy as the right one");
  sub->add_option("SOURCE", arguments.accept.source, "The source")->required();
  sub->add_option("KEY|GLOB", arguments.accept.key,
                  "The whole key, or all keys in quarantine that match; a folder (db/) is all "
                  "below it")
      ->required();
  sub->add_option("--generation", arguments.accept.generation,
                  "Not the newest copy, but this one: the first 8 or more digits of its SHA-256")
      ->type_name("ID");
  sub->add_flag("--json", arguments.accept.json, "As a JSON object");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return accept_command(config, arguments.accept, environment, print_line);
      });
    };
  });
}

void take_alarm(AckOptions& options, const std::string& which) {
  std::int64_t number = 0;
  const auto* const end = which.data() + which.size();
  const auto read = std::from_chars(which.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number >= 0) {
    options.alarm = number;
  } else {
    options.glob = which;
  }
}

void add_ack(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("ack", "Acknowledge alarms, and end a HOLD");
  sub->add_option("SOURCE", arguments.ack.source, "The source")->required();
  sub->add_option("ALARM|GLOB", arguments.ack_which,
                  "Only the alarm with this number, or those about keys that match");
  sub->add_flag("--json", arguments.ack.json, "As a JSON object");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        take_alarm(arguments.ack, arguments.ack_which);
        return ack_command(config, arguments.ack, environment, print_line);
      });
    };
  });
}

void add_verify(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("verify", "Read archives again and compare their SHA-256");
  sub->add_option("SOURCE", arguments.verify.sources, "Only these sources");
  sub->add_flag("--all", arguments.verify.all,
                "Also superseded and quarantined copies, and foreign files");
  sub->add_option("--budget", arguments.budget, "Read no more than this: 512, 64K, 10M, 2G or 1T")
      ->type_name("SIZE")
      ->check([](const std::string& text) {
        return parse_size(text) ? std::string() : "\"" + text + "\" is not a size, such as 10G";
      });
  sub->add_flag("--json", arguments.verify.json, "One JSON object for each source");
  sub->callback([&] {
    command = [&] {
      arguments.verify.budget_bytes = parse_size(arguments.budget);
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return verify_command(config, arguments.verify, environment, print_line);
      });
    };
  });
}

std::string complaint_of_moment(const std::string& text) {
  return parse_moment(text) ? std::string() : "\"" + text + "\" is not a time, such as 2026-01-31";
}

void add_restore(CLI::App& app, Arguments& arguments, Command& command) {
  auto& options = arguments.restore;
  auto* sub = app.add_subcommand("restore", "Copy what is held to a directory, and prove the copy");
  sub->add_option("SOURCE", options.source, "The source")->required();
  sub->add_option("KEY|GLOB", options.pattern,
                  "A whole key, or all keys that match; a folder (db/) is all below it")
      ->required();
  sub->add_option("--to", options.to, "Where to: an existing directory")->type_name("DIR");
  sub->add_option("--as-of", arguments.as_of,
                  "What was held then: RFC 3339, or local YYYY-MM-DD[ HH:MM]")
      ->type_name("TIME")
      ->check(complaint_of_moment);
  sub->add_option("--generation", options.generation,
                  "This copy of the key: its name beside the archives, or the first 8 or more "
                  "digits of its SHA-256")
      ->type_name("ID");
  sub->add_flag("--list", options.list, "Show what would come back; write nothing");
  sub->add_flag("--json", options.json, "As a JSON object; with --list, a JSON array");
  sub->callback([&] {
    command = [&] {
      if (!arguments.as_of.empty()) arguments.restore.as_of = parse_moment(arguments.as_of);
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return restore_command(config, arguments.restore, environment, print_line);
      });
    };
  });
}

void add_prune(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("prune", "Remove what no keep rule holds, by hand");
  sub->add_option("SOURCE", arguments.prune.sources, "Only these sources");
  sub->add_flag("--dry-run", arguments.prune.dry_run,
                "Show what would become of each copy, and why; remove nothing");
  sub->add_flag("--json", arguments.prune.json,
                "One JSON object for each source; with --dry-run, for each copy");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return prune_command(config, arguments.prune, environment, print_line);
      });
    };
  });
}

void add_history(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub =
      app.add_subcommand("history", "What came, changed, vanished and was removed, and when");
  sub->add_option("SOURCE", arguments.history.source, "Only this source");
  sub->add_option("--since", arguments.since,
                  "From then on: RFC 3339, or local YYYY-MM-DD[ HH:MM]; else of a year")
      ->type_name("TIME")
      ->check(complaint_of_moment);
  sub->add_flag("--json", arguments.history.json, "One JSON object for each event");
  sub->callback([&] {
    command = [&] {
      if (!arguments.since.empty()) arguments.history.since = parse_moment(arguments.since);
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return history_command(config, arguments.history, environment, print_line);
      });
    };
  });
}

void add_rebuild(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("rebuild", "Rebuild a lost or damaged ledger from the disk");
  sub->add_flag("--json", arguments.rebuild.json, "As a JSON object");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return rebuild_command(config, arguments.rebuild, environment, print_line);
      });
    };
  });
}

// What help does is done before anything is parsed.
void add_help(CLI::App& app, Arguments& arguments, Command& command) {
  auto* help = app.add_subcommand("help", "Show how holdfast, or one command, is used");
  help->add_option("COMMAND", arguments.help_of, "The command");
  app.add_subcommand("version", "Print the version, as --version does")->callback([&] {
    command = [&] {
      print_line(version_text(arguments.verbose));
      return ExitStatus::kOk;
    };
  });
}

void add_doctor(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("doctor", "Say why it does not work, and what to do");
  sub->add_option("SOURCE", arguments.doctor.sources, "Only these sources");
  sub->add_flag("--json", arguments.doctor.json, "As a JSON object");
  sub->callback([&] {
    command = [&] {
      return in_system(arguments, [&](const Environment& environment) {
        return doctor_command(config_path(arguments.config), arguments.doctor, environment,
                              doctors_system(), print_line);
      });
    };
  });
}

void add_audit(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("audit", "Prove the leash, and judge how the bucket is set up");
  sub->add_option("SOURCE", arguments.audit.sources, "Only these sources");
  sub->add_flag("--json", arguments.audit.json, "One JSON object for each source");
  sub->callback([&] {
    command = [&] {
      return with_config(
          arguments,
          [&](const Config& config, const Environment& environment) {
            return audit_command(config, arguments.audit, environment, print_line);
          },
          Purpose::kNetwork);
    };
  });
}

void add_policy(CLI::App& app, Arguments& arguments, Command& command) {
  auto& options = arguments.policy;
  auto* sub = app.add_subcommand("policy", "Print the least that a key needs, as an IAM policy");
  sub->add_option("SOURCE", options.source, "The source")->required();
  auto* of_bucket = sub->add_flag("--bucket-policy", options.bucket_policy,
                                  "For the bucket, as across accounts, and not for the user");
  auto* posture = sub->add_flag("--posture", options.posture,
                                "Also what audit reads of how the bucket is set up");
  auto* uploader = sub->add_flag("--uploader", options.uploader,
                                 "For the key on the server, which puts and can do nothing else");
  uploader->excludes(posture);
  sub->add_option("--principal", options.principal, "With --bucket-policy: the user it is for")
      ->type_name("ARN")
      ->needs(of_bucket);
  sub->add_option("--kms", options.kms_key,
                  "Also decrypting with the KMS key that the objects are encrypted with")
      ->type_name("ARN")
      ->excludes(of_bucket)
      ->excludes(uploader)
      ->check(complain_of_kms_key);
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return policy_command(config, arguments.policy, environment, print_line);
      });
    };
  });
}

struct CommandLine {
  CommandLine() {
    add_global_options(app, arguments);
    add_init(app, arguments, command);
    add_pull(app, arguments, command);
    add_status(app, arguments, command);
    add_list(app, arguments, command);
    add_accept(app, arguments, command);
    add_ack(app, arguments, command);
    add_verify(app, arguments, command);
    add_restore(app, arguments, command);
    add_prune(app, arguments, command);
    add_history(app, arguments, command);
    add_rebuild(app, arguments, command);
    add_doctor(app, arguments, command);
    add_audit(app, arguments, command);
    add_policy(app, arguments, command);
    add_help(app, arguments, command);
  }

  CLI::App app{"holdfast: pulls backups out of S3 onto a disk that the cloud cannot reach",
               "holdfast"};
  Arguments arguments;
  Command command;
};

}  // namespace

void visit_command_line(const std::function<void(CLI::App&)>& visit) {
  CommandLine line;
  visit(line.app);
}

ExitStatus run_cli(int argc, const char* const* argv) {
  CommandLine line;
  auto& app = line.app;
  const auto words = plain_words(argc, argv);
  const auto word = words.empty() ? std::string() : words.front();
  if (!word.empty() && !is_command(app, word)) return ExitStatus::kUsage;
  // The name of a command behind it would be taken for that command.
  if (word == "help") {
    return with_stdout_written(print_help(app, words.size() > 1 ? words[1] : std::string()));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return with_stdout_written(ExitStatus::kOk);
    }
    std::fprintf(stderr, "holdfast: error: %s; see holdfast%s --help\n",
                 one_line(error.what()).c_str(), word.empty() ? "" : (" " + word).c_str());
    return ExitStatus::kUsage;
  }
  if (!line.command) {
    (void)print_help(app, "");
    return with_stdout_written(ExitStatus::kOk);
  }
  try {
    return with_stdout_written(line.command());
  } catch (const std::exception& defect) {
    std::fprintf(stderr, "holdfast: error: a defect in holdfast: %s; please report it\n",
                 one_line(defect.what()).c_str());
    return ExitStatus::kDefect;
  }
}

}  // namespace agent

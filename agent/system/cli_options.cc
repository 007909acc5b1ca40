#include "agent/system/cli_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "agent/base/output.h"
#include "agent/base/units.h"
#include "agent/config/policy.h"
#include "agent/system/cli_command.h"
#include "agent/system/version.h"

namespace agent {

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
  runs(*sub, arguments, command, &status_command, arguments.status, [&arguments] {
    if (!arguments.max_age.empty()) arguments.status.max_age = parse_duration(arguments.max_age);
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
  runs(*sub, arguments, command, &audit_command, arguments.audit, {}, Purpose::kNetwork);
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
  runs(*sub, arguments, command, &policy_command, arguments.policy);
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

}  // namespace agent

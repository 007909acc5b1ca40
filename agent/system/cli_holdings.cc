#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

#include "agent/base/moment.h"
#include "agent/base/output.h"
#include "agent/base/units.h"
#include "agent/custody/drill_world.h"
#include "agent/system/cli_command.h"
#include "agent/system/cli_options.h"

namespace agent {
namespace {

void set_alarm(AckOptions& options, const std::string& which) {
  std::int64_t number = 0;
  const auto* const end = which.data() + which.size();
  const auto read = std::from_chars(which.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number >= 0) {
    options.alarm = number;
  } else {
    options.glob = which;
  }
}

std::string complaint_of_moment(const std::string& text) {
  return parse_moment(text) ? std::string() : "\"" + text + "\" is not a time, such as 2026-01-31";
}

}  // namespace

void add_list(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("list", "List what is held");
  sub->add_option("SOURCE", arguments.list.source, "The source")->required();
  sub->add_option("GLOB", arguments.list.glob,
                  "Only keys that match; a folder (db/) is all below it");
  sub->add_flag("--all", arguments.list.all, "Also superseded and quarantined copies");
  sub->add_flag("--json", arguments.list.json, "As a JSON array");
  runs(*sub, arguments, command, &list_command, arguments.list);
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
  runs(*sub, arguments, command, &accept_command, arguments.accept);
}

void add_ack(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("ack", "Acknowledge alarms, and end a HOLD");
  sub->add_option("SOURCE", arguments.ack.source, "The source")->required();
  sub->add_option("ALARM|GLOB", arguments.ack_which,
                  "Only the alarm with this number, or those about keys that match");
  sub->add_flag("--json", arguments.ack.json, "As a JSON object");
  runs(*sub, arguments, command, &ack_command, arguments.ack,
       [&arguments] { set_alarm(arguments.ack, arguments.ack_which); });
}

void add_verify(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("verify", "Read archives again and compare their SHA-256");
  sub->add_option("SOURCE", arguments.verify.sources, "Only these sources");
  sub->add_flag("--all", arguments.verify.all,
                "Also superseded and quarantined copies, and foreign files");
  sub->add_flag("--open", arguments.verify.open,
                "Unpack archives to their end instead, in a process that can do nothing else; with "
                "--budget those that were not yet, the newest first")
      ->excludes("--all");
  sub->add_option("--budget", arguments.budget, "Read no more than this: 512, 64K, 10M, 2G or 1T")
      ->type_name("SIZE")
      ->check([](const std::string& text) {
        return parse_size(text) ? std::string() : "\"" + text + "\" is not a size, such as 10G";
      });
  sub->add_flag("--json", arguments.verify.json, "One JSON object for each source");
  runs(*sub, arguments, command, &verify_command, arguments.verify,
       [&arguments] { arguments.verify.budget_bytes = parse_size(arguments.budget); });
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
  runs(*sub, arguments, command, &restore_command, arguments.restore, [&arguments] {
    if (!arguments.as_of.empty()) arguments.restore.as_of = parse_moment(arguments.as_of);
  });
}

void add_adopt(CLI::App& app, Arguments& arguments, Command& command) {
  auto& options = arguments.adopt;
  auto* sub = app.add_subcommand("adopt", "Take what rclone, s3cmd or aws-cli fetched, with proof");
  sub->add_option("SOURCE", options.source, "The source")->required();
  sub->add_option("DIR", options.directory, "The directory that the other program filled")
      ->required();
  const auto flag = [&](const std::string& name, const std::string& what) {
    return sub->add_flag(name, what);
  };
  auto* copy = flag("--copy",
                    "Make a second file of each; without these three options that is done only "
                    "where the file cannot be linked");
  auto* move = flag("--move", "Remove from DIR what has become an archive");
  auto* link = flag("--link", "Make no second file: skip what cannot be linked");
  copy->excludes(move)->excludes(link);
  move->excludes(link);
  sub->add_option("--strip", options.strip,
                  "What the other program left out at the beginning of each key, such as nightly/")
      ->type_name("PREFIX");
  sub->add_flag("--orphans", options.orphans,
                "Also what the bucket no longer has, proven by nothing");
  sub->add_flag("--quarantine", options.quarantine,
                "Put what differs from the bucket into quarantine, with an alarm");
  sub->add_flag("--dry-run", options.dry_run, "Show what would be adopted; change nothing");
  runs(
      *sub, arguments, command, &adopt_command, arguments.adopt,
      [&options, copy, move, link] {
        using How = AdoptOptions::How;
        options.how = copy->count() > 0   ? How::kCopy
                      : move->count() > 0 ? How::kMove
                      : link->count() > 0 ? How::kLink
                                          : How::kAny;
      },
      Purpose::kNetwork);
}

void add_drill(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("drill", "Restore a backup for a trial, and see whether it works");
  sub->add_option("NAME", arguments.drill.names, "Only these drills");
  sub->add_flag("--due", arguments.drill.due,
                "Only those that are due; this is for a timer or cron, once a day");
  sub->add_flag("--json", arguments.drill.json, "One JSON object for each drill");
  sub->callback([&] {
    command = [&] {
      return with_config(arguments, [&](const Config& config, const Environment& environment) {
        return drill_command(config, arguments.drill, environment, drills_world(), print_line);
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
  runs(*sub, arguments, command, &prune_command, arguments.prune);
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
  runs(*sub, arguments, command, &history_command, arguments.history, [&arguments] {
    if (!arguments.since.empty()) arguments.history.since = parse_moment(arguments.since);
  });
}

void add_rebuild(CLI::App& app, Arguments& arguments, Command& command) {
  auto* sub = app.add_subcommand("rebuild", "Rebuild a lost or damaged ledger from the disk");
  sub->add_flag("--json", arguments.rebuild.json, "As a JSON object");
  runs(*sub, arguments, command, &rebuild_command, arguments.rebuild);
}

}  // namespace agent

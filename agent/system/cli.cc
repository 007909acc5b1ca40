#include "agent/system/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "agent/base/output.h"
#include "agent/base/printable.h"
#include "agent/system/cli_help.h"
#include "agent/system/cli_options.h"

namespace agent {
namespace {

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
    add_adopt(app, arguments, command);
    add_drill(app, arguments, command);
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

#include "agent/system/cli_help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "agent/base/did_you_mean.h"
#include "agent/base/output.h"
#include "agent/base/printable.h"

namespace agent {
namespace {

std::vector<std::string_view> names_of_commands(const CLI::App& app) {
  std::vector<std::string_view> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.emplace_back(command->get_name());
  }
  return names;
}

}  // namespace

bool is_command(const CLI::App& app, const std::string& name) {
  const auto known = names_of_commands(app);
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  const auto hint = did_you_mean(name, known);
  std::fprintf(stderr, "holdfast: error: there is no command \"%s\"%s holdfast --help\n",
               one_line(name).c_str(), hint.empty() ? "; see" : (hint + " See").c_str());
  return false;
}

ExitStatus print_help(CLI::App& app, const std::string& command) {
  if (!command.empty() && !is_command(app, command)) return ExitStatus::kUsage;
  const auto* const of = command.empty() ? &app : app.get_subcommand(command);
  // The parser knows the program's name, not what it was called as.
  std::string text = of->help(command.empty() ? "" : "holdfast");
  while (text.ends_with('\n')) text.pop_back();
  print_line(text);
  return ExitStatus::kOk;
}

std::vector<std::string> plain_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--config" || word == "--log-format") {
      ++i;
    } else if (!word.starts_with('-')) {
      words.emplace_back(word);
    }
  }
  return words;
}

}  // namespace agent

#include "agent/system/command_words.h"

#include <CLI/CLI.hpp>

#include "agent/system/cli.h"

namespace agent {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(at, from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words;
  for (const auto& name : option.get_snames()) words.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) words.names.push_back("--" + name);
  words.meaning = option.get_description();
  words.required = option.get_required();
  if (words.names.empty()) {
    words.value = option.get_name();
    words.many = option.get_items_expected_max() > 1;
  } else if (option.get_items_expected_max() > 0) {
    words.value = option.get_type_name();
    // A choice follows the name of the type, as the parser has it: "text|json:{text,json}".
    words.value.resize(std::min(words.value.find(':'), words.value.size()));
    if (words.value.find('|') != std::string::npos) words.choices = split(words.value, '|');
  }
  return words;
}

CommandWords words_of(CLI::App& command) {
  CommandWords words;
  words.name = command.get_name();
  words.meaning = command.get_description();
  for (const auto* option : command.get_options()) {
    auto& list = option->nonpositional() ? words.options : words.arguments;
    list.push_back(words_of(*option));
  }
  return words;
}

}  // namespace

ProgramWords program_words() {
  ProgramWords program;
  visit_command_line([&](CLI::App& app) {
    program.options = words_of(app).options;
    for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
      program.commands.push_back(words_of(*command));
    }
  });
  return program;
}

}  // namespace agent

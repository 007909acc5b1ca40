#include <fmt/format.h>

#include <algorithm>

#include "agent/system/manual.h"

namespace agent {
namespace {

// The sources of the configuration, for both shells.
constexpr std::string_view kSources =
    R"(sed -n 's/^[[:blank:]]*\[source[[:blank:]]*\([a-z0-9_-]*\)\].*/\1/p' "$file" 2>/dev/null)";

bool has_value(const OptionWords& option) { return !option.value.empty(); }

std::string all_names(const std::vector<OptionWords>& options) {
  std::string out;
  for (const auto& option : options) {
    for (const auto& name : option.names) out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

std::string names_of_commands(const ProgramWords& program) {
  std::string out;
  for (const auto& command : program.commands) out += (out.empty() ? "" : " ") + command.name;
  return out;
}

// Every option that takes a value, of the program and of all its commands, once.
std::vector<OptionWords> options_with_values(const ProgramWords& program) {
  std::vector<OptionWords> found;
  const auto add = [&](const std::vector<OptionWords>& options) {
    for (const auto& option : options) {
      const bool known = std::any_of(found.begin(), found.end(), [&](const OptionWords& other) {
        return other.names == option.names;
      });
      if (has_value(option) && !known) found.push_back(option);
    }
  };
  add(program.options);
  for (const auto& command : program.commands) add(command.options);
  return found;
}

std::string bash_value(const OptionWords& option) {
  if (!option.choices.empty()) {
    return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")",
                       fmt::join(option.choices, " "));
  }
  if (option.value == "FILE") return "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")";
  if (option.value == "DIR") return "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")";
  return ":";
}

// What follows a source is a directory, or a key, and no shell knows those.
std::string bash_argument(const CommandWords& command) {
  if (command.arguments.empty()) return ":";
  const auto& first = command.arguments.front();
  if (first.value == "PATH") return "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")";
  if (first.value != "SOURCE") return ":";
  const bool then_directory = command.arguments.size() > 1 && command.arguments[1].value == "DIR";
  if (then_directory) {
    return "if [[ $count -eq 0 ]]; then _holdfast_sources; "
           "else mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); fi";
  }
  return first.many ? "_holdfast_sources" : "[[ $count -gt 0 ]] || _holdfast_sources";
}

// What zsh takes for the end of a description, or for its beginning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionWords& option) {
  if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
  if (option.value == "FILE") return "_files";
  if (option.value == "DIR" || option.value == "PATH") return "_files -/";
  if (option.value == "SOURCE") return "_holdfast_sources";
  return "";
}

std::string zsh_options(const std::vector<OptionWords>& options, std::string_view indent) {
  std::string out;
  for (const auto& option : options) {
    for (const auto& name : option.names) {
      out += fmt::format("{}'{}[{}]{}' \\\n", indent, name, zsh_text(option.meaning),
                         has_value(option)
                             ? fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option))
                             : "");
    }
  }
  return out;
}

std::string zsh_arguments(const CommandWords& command, std::string_view indent) {
  std::string out;
  for (const auto& argument : command.arguments) {
    const auto* begin = argument.many ? "*:" : argument.required ? ":" : "::";
    out += fmt::format("{}'{}{}:{}' \\\n", indent, begin, zsh_text(argument.value),
                       zsh_action(argument));
  }
  return out;
}

}  // namespace

std::string bash_completion(const ProgramWords& program) {
  std::string values;
  std::string with_value;
  for (const auto& option : options_with_values(program)) {
    const auto names = fmt::format("{}", fmt::join(option.names, "|"));
    values += fmt::format("    {}) {}; return ;;\n", names, bash_value(option));
    if (names != "--config") with_value += (with_value.empty() ? "" : "|") + names;
  }
  std::string cases;
  for (const auto& command : program.commands) {
    cases += fmt::format("    {}) options='{}'; [[ $word == -* ]] || {{ {}; return; }} ;;\n",
                         command.name, all_names(command.options), bash_argument(command));
  }
  return fmt::format(
      R"bash(# bash completion for holdfast; made at build time from its command line.
# shellcheck shell=bash

# Uses word and file of the function below.
_holdfast_sources() {{
  mapfile -t COMPREPLY < <(compgen -W "$({5})" -- "$word")
}}

_holdfast() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  local command='' options='{0}' count=0 i
  local file=${{HOLDFAST_CONFIG:-/etc/holdfast/holdfast.conf}}
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${{COMP_WORDS[i]}} in
      --config) file=${{COMP_WORDS[++i]}} ;;
      {1}) ((++i)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=${{COMP_WORDS[i]}}; else ((++count)); fi ;;
    esac
  done
  case $before in
{2}  esac
  case $command in
    '') [[ $word == -* ]] || {{ mapfile -t COMPREPLY < <(compgen -W '{3}' -- "$word"); return; }} ;;
{4}  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}}
complete -F _holdfast holdfast
)bash",
      all_names(program.options), with_value, values, names_of_commands(program), cases, kSources);
}

std::string zsh_completion(const ProgramWords& program) {
  std::string commands;
  std::string cases;
  for (const auto& command : program.commands) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.meaning));
    cases += fmt::format(
        "        {})\n          _arguments -s \\\n{}{}            && return\n"
        "          ;;\n",
        command.name, zsh_options(command.options, "            "),
        zsh_arguments(command, "            "));
  }
  return fmt::format(R"zsh(#compdef holdfast
# zsh completion for holdfast; made at build time from its command line.

_holdfast_sources() {{
  local file=${{HOLDFAST_CONFIG:-/etc/holdfast/holdfast.conf}}
  local -a sources
  sources=(${{(f)"$({0})"}})
  _describe 'source' sources
}}

_holdfast() {{
  local context state line
  local -a commands
  commands=(
{1}  )
  _arguments -s -C \
{2}    '1:command:->command' \
    '*::argument:->argument' && return
  case $state in
    command) _describe 'command' commands ;;
    argument)
      case $line[1] in
{3}      esac
      ;;
  esac
}}

_holdfast "$@"
)zsh",
                     kSources, commands, zsh_options(program.options, "    "), cases, kSources);
}

}  // namespace agent

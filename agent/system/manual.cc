#include "agent/system/manual.h"

#include <fmt/format.h>

#include <span>

#include "agent/config/config_keys.h"
#include "agent/report/alarm_words.h"
#include "agent/report/status_words.h"
#include "agent/system/roff.h"

namespace agent {
namespace {

std::string tag_of(const OptionWords& option) {
  std::string tag;
  for (const auto& name : option.names) tag += (tag.empty() ? "" : ", ") + roff_bold(name);
  if (!option.value.empty()) tag += fmt::format(" \\fI{}\\fR", option.value);
  return tag;
}

std::string argument_of(const OptionWords& argument) {
  const auto name = fmt::format("\\fI{}\\fR{}", argument.value, argument.many ? " ..." : "");
  return argument.required ? name : "[" + name + "]";
}

std::string option_items(const std::vector<OptionWords>& options) {
  std::string out;
  for (const auto& option : options) {
    out += roff_item(tag_of(option), roff_text(option.meaning + "."));
  }
  return out;
}

std::string synopsis_of(const CommandWords& command) {
  auto line = roff_bold(command.name);
  for (const auto& argument : command.arguments) line += " " + argument_of(argument);
  if (command.options.size() > 1) line += " [\\fIoptions\\fR]";  // more than --help
  return line;
}

std::string commands(const ProgramWords& program) {
  std::string out;
  for (const auto& command : program.commands) {
    out += fmt::format(".SS {}\n", synopsis_of(command)) + roff_text(command.meaning + ".");
    for (const auto& argument : command.arguments) {
      out += roff_item(argument_of(argument), roff_text(argument.meaning + "."));
    }
    for (const auto& option : command.options) {
      if (option.names.back() == "--help") continue;
      out += roff_item(tag_of(option), roff_text(option.meaning + "."));
    }
  }
  return out;
}

std::string synopsis(const ProgramWords& program) {
  std::string out;
  for (const auto& command : program.commands) {
    out += fmt::format("{}.B holdfast\n[\\fIoptions\\fR] {}\n", out.empty() ? "" : ".br\n",
                       synopsis_of(command));
  }
  return out;
}

template <typename Target>
std::string keys(std::span<const KeyRule<Target>> rules) {
  std::string out;
  for (const auto& rule : rules) {
    if (rule.words.meaning.empty()) continue;
    const auto tag = fmt::format("{} = \\fI{}\\fR  (default: {})", roff_bold(rule.name),
                                 rule.words.form, rule.words.standard);
    const auto required =
        fmt::format("{} = \\fI{}\\fR  (required)", roff_bold(rule.name), rule.words.form);
    out += roff_item(rule.words.standard == "required" ? required : tag,
                     roff_text(rule.words.meaning));
  }
  return out;
}

std::string alarms() {
  std::string out;
  for (std::size_t i = 0; i < kAlarmWords.size(); ++i) {
    const auto& words = kAlarmWords[i];
    out += fmt::format(".SS {}\n", store::kAlarmNames[i]) + roff_text(words.means);
    out += ".PP\n\\fBWhat to do:\\fR\n" + roff_text(words.to_do);
    if (words.ends.empty()) continue;
    out += ".PP\n" + roff_text(fmt::format("It ends by itself when {}.", words.ends));
  }
  return out;
}

std::string status() {
  std::string out;
  for (const auto& words : status_words()) {
    out += roff_item(roff_bold(words.path), roff_text(words.meaning));
  }
  return out;
}

std::string part(std::string_view name, const ProgramWords& program) {
  if (name == "@options@") return option_items(program.options);
  if (name == "@commands@") return commands(program);
  if (name == "@synopsis@") return synopsis(program);
  if (name == "@keys disk@") return keys(disk_rules());
  if (name == "@keys agent@") return keys(agent_rules());
  if (name == "@keys source@") return keys(source_rules());
  if (name == "@keys drill@") return keys(drill_rules());
  if (name == "@alarms@") return alarms();
  if (name == "@status@") return status();
  return "";
}

std::string with(std::string text, std::string_view name, std::string_view value) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    text.replace(at, name.size(), value);
  }
  return text;
}

}  // namespace

std::string fill_in_page(std::string_view page, const ProgramWords& program,
                         std::string_view date) {
  std::string out;
  std::string prose;
  const auto end_prose = [&] {
    out += roff_from_markdown(prose);
    prose.clear();
  };
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    const auto line = page.substr(0, end);
    page.remove_prefix(std::min(page.size(), end + 1));
    const auto made = line.starts_with(".TH ") ? std::string(line) + "\n" : part(line, program);
    if (made.empty()) {
      prose += std::string(line) + "\n";
      continue;
    }
    end_prose();
    out += made;
  }
  end_prose();
  return with(with(std::move(out), "@version@", HOLDFAST_VERSION), "@date@", date);
}

}  // namespace agent

#include "agent/config/config_file.h"

#include <fmt/format.h>
#include <ini.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "agent/config/command_trust.h"

namespace agent {
namespace {

constexpr int kLongestLineBytes = 4096;

struct Parser {
  std::FILE* file = nullptr;
  int line = 0;
  IniError error;
  std::vector<IniSection> sections;

  bool failed() const { return !error.message.empty(); }
  void fail(std::string message) {
    if (!failed()) error = IniError{line, std::move(message), {}};
  }
};

// inih cuts section names at 50 bytes and tells neither empty sections nor line numbers, so
// the headings are read here, on the way to it.
void note_heading(Parser& parser, const char* text) {
  while (*text == ' ' || *text == '\t') ++text;
  if (std::strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  if (*text != '[') return;
  const char* end = std::strchr(text, ']');
  if (end == nullptr) return parser.fail("the section's heading has no ']'");
  parser.sections.push_back(IniSection{std::string(text + 1, end), parser.line, {}});
}

// A comment begins at a ';' or '#' with a blank before it. inih knows the first of them only, so
// the line loses it here, on the way; what the line began with is for inih to see.
void cut_comment(char* text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  for (char* at = text; *at != '\0'; ++at) {
    if ((*at != ';' && *at != '#') || at == text || !is_blank(at[-1])) continue;
    at[0] = '\n';
    at[1] = '\0';
    return;
  }
}

char* read_line(char* into, int size_bytes, void* stream) {
  auto& parser = *static_cast<Parser*>(stream);
  if (parser.failed()) return nullptr;
  char* line = std::fgets(into, size_bytes, parser.file);
  if (line == nullptr) {
    if (std::ferror(parser.file) != 0) parser.fail(std::strerror(errno));
    return nullptr;
  }
  ++parser.line;
  const auto length = std::strlen(line);
  if (length + 1 == static_cast<std::size_t>(size_bytes) && line[length - 1] != '\n') {
    parser.fail(fmt::format("the line is longer than {} bytes", kLongestLineBytes));
    return nullptr;
  }
  cut_comment(line);
  note_heading(parser, line);
  return parser.failed() ? nullptr : line;
}

int note_key(void* user, const char*, const char* name, const char* value) {
  auto& parser = *static_cast<Parser*>(user);
  if (parser.sections.empty()) {
    parser.fail(fmt::format("\"{}\" stands before the first [section]", name));
    return 0;
  }
  parser.sections.back().keys.push_back(IniKey{name, value, parser.line});
  return 1;
}

using OpenFile = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<IniFile, IniError> read_all(const OpenFile& file) {
  if (!file) return IniError{0, std::strerror(errno), {}};
  // The library's own settings are variables; these make a line as long as we say, and an indented
  // line a line of its own.
  ini_use_stack = false;
  ini_max_line = kLongestLineBytes + 3;
  ini_initial_alloc = kLongestLineBytes + 3;
  ini_allow_multiline = false;

  Parser parser;
  parser.file = file.get();
  const int first_bad_line = ini_parse_stream(&read_line, &parser, &note_key, &parser);
  if (!parser.failed() && first_bad_line != 0) {
    parser.error = {
        first_bad_line > 0 ? first_bad_line : 0, "neither a [section] nor \"key = value\"", {}};
  }
  if (parser.failed()) {
    parser.error.before.sections = std::move(parser.sections);
    return parser.error;
  }
  return IniFile{std::move(parser.sections), false};
}

}  // namespace

Result<IniFile, IniError> read_ini(const std::string& path) {
  const OpenFile file(std::fopen(path.c_str(), "re"), &std::fclose);
  auto ini = read_all(file);
  if (file) {
    auto& found = ini ? *ini : ini.error().before;
    found.is_writable_by_others = others_can_write(file.get());
  }
  return ini;
}

Result<IniFile, IniError> parse_ini(const std::string& text) {
  std::string copy = text;
  return read_all(OpenFile(::fmemopen(copy.data(), copy.size(), "r"), &std::fclose));
}

}  // namespace agent

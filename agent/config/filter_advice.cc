#include "agent/config/filter_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "agent/base/glob.h"

namespace agent {
namespace {

bool is_quote(char c) { return c == '"' || c == '\''; }

std::string without_quotes(std::string text) {
  if (text.size() >= 2 && is_quote(text.front()) && text.back() == text.front()) {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

std::string without_slash(std::string text) {
  text.erase(0, std::min(text.find_first_not_of('/'), text.size()));
  return text;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void add_new(std::vector<std::string>& to, std::string text, const std::string& not_this) {
  if (text != not_this && std::find(to.begin(), to.end(), text) == to.end()) {
    to.push_back(std::move(text));
  }
}

// The spellings that are meant by a glob which matches nothing, the likeliest first.
std::vector<std::string> other_globs(const SourceConfig& source, const std::string& glob) {
  std::vector<std::string> found;
  const auto add = [&](std::string text) {
    if (!text.empty() && glob_is_valid(text)) add_new(found, std::move(text), glob);
  };
  for (auto text : {glob, without_quotes(glob)}) {
    text = without_slash(text);
    add(text);
    // Globs look at the key without the prefix.
    if (!source.prefix.empty() && text.starts_with(source.prefix)) {
      text = text.substr(source.prefix.size());
      add(text);
    }
    if (text.starts_with('*') && !text.starts_with("**")) add("*" + text);
    if (text.ends_with('/')) add(text + "**");
    if (text.ends_with("/*")) add(text + "*");
    add(text + "/**");
    add("**/" + text);
    add(text + "**");
    if (text.starts_with('.')) add("**" + text);
    add(in_lower_case(text));
    add("**/" + in_lower_case(text));
  }
  return found;
}

std::string joined(const std::vector<std::string>& globs) {
  return fmt::format("{}", fmt::join(globs, ", "));
}

bool wants_any(const SourceConfig& source, std::span<const std::string> keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const std::string& key) { return source.wants(key); });
}

}  // namespace

std::string filter_text(const SourceConfig& source) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text += fmt::format("{}{} = {}", text.empty() ? "" : "; ", name, value);
  };
  add("prefix", source.prefix);
  add("include", joined(source.include));
  add("exclude", joined(source.exclude));
  return text;
}

FilterAdvice advise_on_filter(const SourceConfig& source, std::span<const std::string> keys) {
  auto tried = source;
  tried.exclude.clear();
  // "include" lets some through, so it is "exclude" that drops them.
  if (wants_any(tried, keys)) return {fmt::format("exclude = {}", joined(source.exclude)), ""};
  FilterAdvice advice{fmt::format("include = {}", joined(source.include)), ""};
  for (const auto& glob : source.include) {
    for (auto& other : other_globs(source, glob)) {
      tried = source;
      tried.include = {other};
      if (!wants_any(tried, keys)) continue;
      advice.instead = fmt::format("include = {}", other);
      return advice;
    }
  }
  return advice;
}

std::vector<std::string> other_prefixes(const SourceConfig& source) {
  std::vector<std::string> found;
  const auto& prefix = source.prefix;
  auto text = without_slash(without_quotes(prefix));
  add_new(found, text, prefix);
  constexpr std::string_view kScheme = "s3://";
  if (text.starts_with(kScheme)) text = text.substr(kScheme.size());
  if (text.starts_with(source.bucket + "/")) text = text.substr(source.bucket.size() + 1);
  while (!text.empty() && text.back() == '*') text.pop_back();
  add_new(found, text, prefix);
  if (text.ends_with("//")) add_new(found, text.substr(0, text.size() - 1), prefix);
  if (text.ends_with('/')) add_new(found, text.substr(0, text.size() - 1), prefix);
  add_new(found, in_lower_case(text), prefix);
  std::erase(found, "");
  return found;
}

std::vector<std::string> folders_of(std::span<const std::string> keys, std::size_t most) {
  std::vector<std::string> folders;
  for (const auto& key : keys) {
    if (folders.size() >= most) break;
    const auto slash = key.find('/');
    if (slash != std::string::npos) add_new(folders, key.substr(0, slash + 1), "");
  }
  return folders;
}

}  // namespace agent

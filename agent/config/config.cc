#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <span>

#include "agent/base/did_you_mean.h"
#include "agent/base/glob.h"
#include "agent/config/command_trust.h"
#include "agent/config/config_advice.h"
#include "agent/config/config_file.h"
#include "agent/config/config_keys.h"
#include "s3client/ca_file.h"
#include "s3client/endpoint.h"

namespace agent {
namespace {

template <typename Target>
std::string hint_of(std::string_view name, std::span<const KeyRule<Target>> rules) {
  std::vector<std::string_view> names;
  for (const auto& rule : rules) names.push_back(rule.name);
  return did_you_mean(name, names);
}

constexpr std::string_view kDrill = "drill ";

// "site" of "source  site".
std::string name_in(const IniSection& section, std::size_t name_at) {
  return section.name.substr(
      std::min(section.name.size(), section.name.find_first_not_of(' ', name_at)));
}

bool is_source_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '_' || c == '-'; });
}

class Loader {
 public:
  Loader(std::string path, Purpose purpose) : path_(std::move(path)), purpose_(purpose) {}

  Result<Config, ConfigError> load() {
    const auto file = read_ini(path_);
    if (!file) {
      const auto& error = file.error();
      return complain(error.line, error.line > 0
                                      ? error.message
                                      : fmt::format("cannot be read: {}; name the right file with "
                                                    "--config or $HOLDFAST_CONFIG",
                                                    error.message));
    }
    for (const auto& section : file->sections) {
      if (auto error = read_section(section)) return *error;
    }
    if (auto error = check_drills(*file)) return *error;
    if (const auto* command = untrusted_command(*file)) {
      return complain(command->line, refusal_of_command(*command));
    }
    if (auto error = check_whole()) return *error;
    return std::move(config_);
  }

 private:
  using Failure = std::optional<ConfigError>;

  ConfigError complain(int line, std::string_view what) const {
    return {line > 0 ? fmt::format("{}:{}: {}", path_, line, what)
                     : fmt::format("{}: {}", path_, what)};
  }

  Failure read_section(const IniSection& section) {
    if (seen_.contains(section.name)) {
      return complain(section.line, fmt::format("[{}] is given twice; the first is in line {}",
                                                section.name, seen_[section.name]));
    }
    seen_[section.name] = section.line;
    if (section.name == "disk") return read_disk(section);
    if (section.name == "agent") return read_keys(section, config_, agent_rules());
    constexpr std::string_view kSource = "source ";
    if (section.name.starts_with(kSource)) return read_source(section, kSource.size());
    if (section.name.starts_with(kDrill)) return read_drill(section);
    return complain(section.line,
                    fmt::format("there is no section [{}]{}", section.name,
                                did_you_mean(section.name.substr(0, section.name.find(' ')),
                                             {"disk", "agent", "source", "drill"})));
  }

  Failure read_disk(const IniSection& section) {
    if (auto failure = read_keys(section, config_, disk_rules())) return failure;
    if (!config_.disk.rotate_every || config_.disk.rotates()) return std::nullopt;
    return complain(line_of(section, "rotate_every"),
                    "rotate_every: only two disks can take turns; name both, \"id = ID, ID\", or "
                    "remove this line");
  }

  Failure read_source(const IniSection& section, std::size_t name_at) {
    SourceConfig source;
    source.name = name_in(section, name_at);
    if (!is_source_name(source.name)) {
      return complain(
          section.line,
          fmt::format("\"{}\" cannot name a source; use a-z, 0-9, '_' and '-', at most 64 "
                      "of them, and begin with a letter or digit",
                      source.name));
    }
    for (const auto& other : config_.sources) {
      if (other.name == source.name) {
        return complain(section.line, fmt::format("source \"{}\" is given twice", source.name));
      }
    }
    if (auto failure = read_keys(section, source, source_rules())) return failure;
    if (auto failure = check_source(section, source)) return failure;
    config_.sources.push_back(std::move(source));
    return std::nullopt;
  }

  Failure read_drill(const IniSection& section) {
    DrillConfig drill;
    drill.name = name_in(section, kDrill.size());
    if (!is_source_name(drill.name)) {
      return complain(section.line,
                      fmt::format("\"{}\" cannot name a drill; use a-z, 0-9, '_' and '-', at most "
                                  "64 of them, and begin with a letter or digit",
                                  drill.name));
    }
    for (const auto& other : config_.drills) {
      if (other.name == drill.name) {
        return complain(section.line, fmt::format("drill \"{}\" is given twice", drill.name));
      }
    }
    if (auto failure = read_keys(section, drill, drill_rules())) return failure;
    if (drill.source.empty()) {
      return complain(section.line, fmt::format("[{}] needs \"source = NAME\"", section.name));
    }
    config_.drills.push_back(std::move(drill));
    return std::nullopt;
  }

  // A drill may stand before its source.
  Failure check_drills(const IniFile& file) const {
    std::vector<std::string_view> names;
    for (const auto& source : config_.sources) names.push_back(source.name);
    std::size_t next = 0;
    for (const auto& section : file.sections) {
      if (!section.name.starts_with(kDrill)) continue;
      const auto& source = config_.drills[next++].source;
      if (std::find(names.begin(), names.end(), source) != names.end()) continue;
      return complain(line_of(section, "source"), fmt::format("source: there is no [source {}]{}",
                                                              source, did_you_mean(source, names)));
    }
    return std::nullopt;
  }

  template <typename Target>
  Failure read_keys(const IniSection& section, Target& target,
                    std::span<const KeyRule<Target>> rules) {
    std::map<std::string_view, int> lines;
    for (const auto& key : section.keys) {
      const auto rule = std::find_if(rules.begin(), rules.end(),
                                     [&](const auto& r) { return r.name == key.name; });
      if (rule == rules.end()) {
        return complain(key.line, fmt::format("[{}] has no key \"{}\"{}", section.name, key.name,
                                              hint_of(key.name, rules)));
      }
      if (const auto [first, is_new] = lines.emplace(rule->name, key.line); !is_new) {
        return complain(key.line, fmt::format("\"{}\" is given twice; the first is in line {}",
                                              key.name, first->second));
      }
      if (const auto complaint = rule->set(target, key.value)) {
        return complain(key.line, fmt::format("{}: {}", key.name, *complaint));
      }
    }
    return std::nullopt;
  }

  static int line_of(const IniSection& section, std::string_view key) {
    for (const auto& candidate : section.keys) {
      if (candidate.name == key) return candidate.line;
    }
    return section.line;
  }

  Failure check_source(const IniSection& section, const SourceConfig& source) const {
    if (source.bucket.empty()) {
      return complain(section.line, fmt::format("[{}] needs \"bucket = NAME\"", section.name));
    }
    if (const auto advice = advise_on_source(source)) {
      return complain(line_of(section, advice->key), advice->message);
    }
    if (source.bucket == "." || source.bucket == ".." ||
        source.bucket.find_first_of("/?# \t") != std::string::npos) {
      return complain(line_of(section, "bucket"),
                      fmt::format("\"{}\" cannot be a bucket's name", source.bucket));
    }
    if (!s3::is_region_name(source.region)) {
      return complain(
          line_of(section, "region"),
          fmt::format("region: \"{}\" is not a region; write it like eu-west-1", source.region));
    }
    if (auto failure = check_address(section, source)) return failure;
    return check_ca_file(section, source);
  }

  Failure check_address(const IniSection& section, const SourceConfig& source) const {
    auto endpoint = source.endpoint.empty()
                        ? s3::Result<s3::Endpoint>(s3::aws_endpoint(source.region))
                        : s3::parse_endpoint(source.endpoint);
    const int line = line_of(section, "endpoint");
    if (!endpoint) return complain(line, "endpoint: " + endpoint.error().message);
    if (!endpoint->tls && !s3::may_do_without_tls(endpoint->host, source.allow_http)) {
      return complain(
          line,
          "endpoint: http:// would send everything in the clear; use https://, or write "
          "\"allow_http = yes\" below it if that is meant");
    }
    const auto address = s3::address_of(*endpoint, source.addressing, source.bucket);
    if (address) return std::nullopt;
    return complain(line_of(section, "addressing"), "addressing: " + address.error().message);
  }

  // What is held can be read and restored without what only the network needs.
  Failure check_ca_file(const IniSection& section, const SourceConfig& source) const {
    const auto line = line_of(section, "ca_file");
    const bool given = line != section.line;
    if (!given || purpose_ == Purpose::kDiskOnly) return std::nullopt;
    const auto usable = s3::check_ca_file(source.ca_file);
    if (usable) return std::nullopt;
    return complain(line, "ca_file: " + usable.error().message);
  }

  Failure check_whole() const {
    if (!seen_.contains("disk"))
      return complain(0, "the section [disk] is missing; it needs \"path = DIRECTORY\"");
    if (config_.disk.path.empty()) {
      return complain(seen_.at("disk"), "[disk] needs \"path = DIRECTORY\"");
    }
    if (config_.sources.empty()) {
      return complain(0, "there is no [source NAME]; add one with its bucket");
    }
    return std::nullopt;
  }

  const std::string path_;
  const Purpose purpose_;
  Config config_;
  std::map<std::string, int> seen_;
};

}  // namespace

bool SourceConfig::wants(std::string_view key) const {
  const auto rest = key.substr(std::min(prefix.size(), key.size()));
  const auto matches = [&](const std::string& glob) { return glob_match(glob, rest); };
  return (include.empty() || std::any_of(include.begin(), include.end(), matches)) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

std::string config_path(const std::string& from_command_line) {
  if (!from_command_line.empty()) return from_command_line;
  const char* from_environment = std::getenv("HOLDFAST_CONFIG");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return "/etc/holdfast/holdfast.conf";
}

Result<Config, ConfigError> load_config(const std::string& path, Purpose purpose) {
  return Loader(path, purpose).load();
}

const std::string& scratch_parent(const Config& config, const DrillConfig& drill) {
  return drill.scratch.empty() ? config.disk.path : drill.scratch;
}

}  // namespace agent

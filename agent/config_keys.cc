#include "agent/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "agent/glob.h"
#include "agent/units.h"

namespace agent {
namespace {

// nullopt: taken; otherwise what is wrong with the value.
using Complaint = std::optional<std::string>;

Complaint not_supported_yet(std::string_view name) {
  return fmt::format("\"{}\" is not supported yet by this version; remove the line", name);
}

template <typename Target>
KeyRule<Target> later(std::string_view name) {
  return {name, [name](Target&, const std::string&) { return not_supported_yet(name); }};
}

template <typename Target, typename Member>
KeyRule<Target> text(std::string_view name, Member Target::*member) {
  return {name, [member](Target& target, const std::string& value) -> Complaint {
            target.*member = value;
            return std::nullopt;
          }};
}

template <typename T>
Complaint store_parsed(T& into, const std::optional<T>& parsed, const std::string& value,
                       std::string_view wanted) {
  if (!parsed) return fmt::format("\"{}\" is not {}", value, wanted);
  into = *parsed;
  return std::nullopt;
}

constexpr std::string_view kSizeForm = "a size (such as 512, 64K, 10M, 2G or 1T)";
constexpr std::string_view kDurationForm = "a duration (such as 90s, 15m, 26h, 30d or 8w)";
constexpr std::string_view kYesNoForm = "yes or no";

Complaint take_count(unsigned& into, const std::string& value, unsigned low, unsigned high) {
  const auto parsed = parse_number(value, low, high);
  if (!parsed) return fmt::format("\"{}\" is not a number from {} to {}", value, low, high);
  into = static_cast<unsigned>(*parsed);
  return std::nullopt;
}

Complaint take_globs(std::vector<std::string>& into, std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    auto glob = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    const auto first = glob.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "an empty pattern stands in the list";
    glob = glob.substr(first, glob.find_last_not_of(" \t") - first + 1);
    if (!glob_is_valid(glob)) return fmt::format("\"{}\" is not a pattern", glob);
    into.emplace_back(glob);
  }
  return std::nullopt;
}

Complaint take_addressing(s3::Addressing& into, const std::string& value) {
  if (value == "auto") {
    into = s3::Addressing::kAuto;
  } else if (value == "path") {
    into = s3::Addressing::kPath;
  } else if (value == "virtual") {
    into = s3::Addressing::kVirtual;
  } else {
    return fmt::format("\"{}\" is not auto, path or virtual", value);
  }
  return std::nullopt;
}

}  // namespace

std::span<const KeyRule<Config>> disk_rules() {
  static const std::array<KeyRule<Config>, 4> kRules = {{
      {"path",
       [](Config& c, const std::string& v) -> Complaint {
         if (v.empty() || v.front() != '/') return "the path has to begin with '/'";
         c.disk.path = v;
         return std::nullopt;
       }},
      {"require_mount",
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.require_mount, parse_yes_no(v), v, kYesNoForm);
       }},
      {"id",
       [](Config& c, const std::string& v) -> Complaint {
         c.disk.id = v;
         return std::nullopt;
       }},
      {"min_free",
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.min_free_bytes, parse_size(v), v, kSizeForm);
       }},
  }};
  return kRules;
}

std::span<const KeyRule<Config>> agent_rules() {
  static const std::array<KeyRule<Config>, 8> kRules = {{
      {"status_file",
       [](Config& c, const std::string& v) -> Complaint {
         if (v.empty() || v.front() != '/') return "the path has to begin with '/'";
         c.agent.status_file = v;
         return std::nullopt;
       }},
      {"parallel",
       [](Config& c, const std::string& v) { return take_count(c.agent.parallel, v, 1, 16); }},
      {"limit_rate",
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.limit_rate_bytes, parse_size(v), v, kSizeForm);
       }},
      {"max_runtime",
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.max_runtime, parse_duration(v), v, kDurationForm);
       }},
      {"retries",
       [](Config& c, const std::string& v) { return take_count(c.agent.retries, v, 1, 100); }},
      later<Config>("metrics_file"),
      later<Config>("ping_url"),
      later<Config>("on_alarm"),
  }};
  return kRules;
}

std::span<const KeyRule<SourceConfig>> source_rules() {
  using S = SourceConfig;
  static const auto kRules = std::to_array<KeyRule<S>>({
      text("bucket", &S::bucket),
      text("prefix", &S::prefix),
      text("endpoint", &S::endpoint),
      {"allow_http",
       [](S& s, const std::string& v) {
         return store_parsed(s.allow_http, parse_yes_no(v), v, kYesNoForm);
       }},
      text("region", &S::region),
      {"addressing",
       [](S& s, const std::string& v) { return take_addressing(s.addressing, v); }},
      text("credentials_file", &S::credentials_file),
      text("profile", &S::profile),
      text("ca_file", &S::ca_file),
      {"include", [](S& s, const std::string& v) { return take_globs(s.include, v); }},
      {"exclude", [](S& s, const std::string& v) { return take_globs(s.exclude, v); }},
      {"versions",
       [](S&, const std::string& v) -> Complaint {
         if (v == "current") return std::nullopt;
         if (v == "all") return "\"versions = all\" is not supported yet by this version";
         return fmt::format("\"{}\" is not current or all", v);
       }},
      {"request_payer",
       [](S& s, const std::string& v) {
         return store_parsed(s.request_payer, parse_yes_no(v), v, kYesNoForm);
       }},
      later<S>("on_change"),
      later<S>("tripwire"),
      later<S>("tripwire_min"),
      later<S>("series"),
      later<S>("expect_every"),
      later<S>("min_size"),
      later<S>("shrink_alarm"),
      later<S>("keep_within"),
      later<S>("keep_last"),
      later<S>("keep_daily"),
      later<S>("keep_weekly"),
      later<S>("keep_monthly"),
      later<S>("keep_yearly"),
      later<S>("scrub_every"),
  });
  return kRules;
}

}  // namespace agent

#include "agent/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>
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
constexpr std::string_view kShareForm = "a percentage above 0% and up to 100% (such as 20%)";
constexpr std::string_view kYesNoForm = "yes or no";

Complaint take_count(unsigned& into, const std::string& value, unsigned low, unsigned high) {
  const auto parsed = parse_number(value, low, high);
  if (!parsed) return fmt::format("\"{}\" is not a number from {} to {}", value, low, high);
  into = static_cast<unsigned>(*parsed);
  return std::nullopt;
}

// What is counted is kept in memory, so there is a bound.
Complaint take_kept(unsigned& into, const std::string& value) {
  constexpr unsigned kMost = 10'000;
  return take_count(into, value, 0, kMost);
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

template <typename T>
using Choices = std::initializer_list<std::pair<std::string_view, T>>;

template <typename T>
Complaint take_choice(T& into, const std::string& value, Choices<T> choices) {
  std::string wanted;
  for (const auto& choice : choices) {
    if (value == choice.first) {
      into = choice.second;
      return std::nullopt;
    }
    const bool last = &choice == choices.end() - 1;
    wanted += fmt::format("{}{}", wanted.empty() ? "" : last ? " or " : ", ", choice.first);
  }
  return fmt::format("\"{}\" is not {}", value, wanted);
}

Complaint take_tripwire(std::optional<double>& into, const std::string& value) {
  if (value == "off") {
    into = std::nullopt;
    return std::nullopt;
  }
  const auto share = parse_share(value);
  if (!share) return fmt::format("\"{}\" is neither {} nor off", value, kShareForm);
  into = share;
  return std::nullopt;
}

Complaint take_series(Series& into, const std::string& value) {
  auto series = Series::parse(value);
  if (!series) return std::move(series).error();
  into = *std::move(series);
  return std::nullopt;
}

// Zero would be an alarm, or a scrub of everything, at every run.
template <typename Period>
Complaint take_period(Period& into, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || duration->count() == 0) {
    return fmt::format("\"{}\" is not {}", value, kDurationForm);
  }
  into = *duration;
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
  static const std::array<KeyRule<Config>, 9> kRules = {{
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
      {"min_rate",
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.min_rate_bytes, parse_size(v), v, kSizeForm);
       }},
      {"retries",
       [](Config& c, const std::string& v) { return take_count(c.agent.retries, v, 1, 100); }},
      later<Config>("metrics_file"),
      later<Config>("ping_url"),
      {"on_alarm",
       [](Config& c, const std::string& v) -> Complaint {
         c.agent.on_alarm = v;
         return std::nullopt;
       }},
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
       [](S& s, const std::string& v) {
         using A = s3::Addressing;
         return take_choice<A>(
             s.addressing, v,
             {{"auto", A::kAuto}, {"path", A::kPath}, {"virtual", A::kVirtual}});
       }},
      text("credentials_file", &S::credentials_file),
      text("profile", &S::profile),
      text("ca_file", &S::ca_file),
      {"include", [](S& s, const std::string& v) { return take_globs(s.include, v); }},
      {"exclude", [](S& s, const std::string& v) { return take_globs(s.exclude, v); }},
      {"versions",
       [](S& s, const std::string& v) {
         return take_choice<Versions>(s.versions, v,
                                      {{"current", Versions::kCurrent}, {"all", Versions::kAll}});
       }},
      {"on_change",
       [](S& s, const std::string& v) {
         return take_choice<OnChange>(
             s.on_change, v,
             {{"quarantine", OnChange::kQuarantine}, {"generations", OnChange::kGenerations}});
       }},
      {"tripwire", [](S& s, const std::string& v) { return take_tripwire(s.tripwire_share, v); }},
      {"tripwire_min",
       [](S& s, const std::string& v) {
         constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
         return store_parsed(s.tripwire_min, parse_number(v, 1, kMost), v, "a number from 1");
       }},
      {"series", [](S& s, const std::string& v) { return take_series(s.series, v); }},
      {"expect_every",
       [](S& s, const std::string& v) { return take_period(s.expect_every, v); }},
      {"min_size",
       [](S& s, const std::string& v) {
         return store_parsed(s.min_size_bytes, parse_size(v), v, kSizeForm);
       }},
      {"shrink_alarm",
       [](S& s, const std::string& v) -> Complaint {
         const auto share = parse_share(v);
         if (!share) return fmt::format("\"{}\" is not {}", v, kShareForm);
         s.shrink_alarm_share = share;
         return std::nullopt;
       }},
      {"request_payer",
       [](S& s, const std::string& v) {
         return store_parsed(s.request_payer, parse_yes_no(v), v, kYesNoForm);
       }},
      {"keep_within", [](S& s, const std::string& v) { return take_period(s.keep.within, v); }},
      {"keep_last", [](S& s, const std::string& v) { return take_kept(s.keep.last, v); }},
      {"keep_daily", [](S& s, const std::string& v) { return take_kept(s.keep.daily, v); }},
      {"keep_weekly", [](S& s, const std::string& v) { return take_kept(s.keep.weekly, v); }},
      {"keep_monthly", [](S& s, const std::string& v) { return take_kept(s.keep.monthly, v); }},
      {"keep_yearly", [](S& s, const std::string& v) { return take_kept(s.keep.yearly, v); }},
      {"scrub_every",
       [](S& s, const std::string& v) { return take_period(s.scrub_every, v); }},
  });
  return kRules;
}

}  // namespace agent

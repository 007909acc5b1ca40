#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "agent/base/units.h"
#include "agent/commands/audit.h"
#include "s3client/dates.h"
#include "store/json.h"

namespace agent {
namespace {

struct KnownSetting {
  std::string_view name;
  std::string_view root;  ///< of its document; empty: it is no XML
};
constexpr std::array<KnownSetting, 11> kKnown = {{
    {"versioning", "VersioningConfiguration"},
    {"object-lock", "ObjectLockConfiguration"},
    {"lifecycle", "LifecycleConfiguration"},
    {"replication", "ReplicationConfiguration"},
    {"publicAccessBlock", "PublicAccessBlockConfiguration"},
    {"ownershipControls", "OwnershipControls"},
    {"policyStatus", "PolicyStatus"},
    {"policy", ""},
    {"acl", "AccessControlPolicy"},
    {"encryption", "ServerSideEncryptionConfiguration"},
    {"logging", "BucketLoggingStatus"},
}};

// "NoSuchLifecycleConfiguration", "ObjectLockConfigurationNotFoundError" and their like. Any other
// 404 may be a server that does not know what it was asked.
bool says_not_set(const s3::Error& error) {
  return error.http_status == 404 && error.code != "NoSuchBucket" && error.code != "NoSuchKey" &&
         (error.code.starts_with("NoSuch") || error.code.find("NotFound") != std::string::npos);
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::string_view prefix_of(const s3::XmlNode& rule) {
  for (const auto* path : {"Filter/Prefix", "Filter/And/Prefix", "Prefix"}) {
    if (const auto prefix = rule.at(path); !prefix.empty()) return prefix;
  }
  return {};
}

bool may_concern(const SourceConfig& source, const s3::XmlNode& rule) {
  const auto prefix = prefix_of(rule);
  return source.prefix.starts_with(prefix) || prefix.starts_with(source.prefix);
}

}  // namespace

std::string_view name_of(Grade grade) {
  switch (grade) {
    case Grade::kGood:
      return "good";
    case Grade::kBad:
      return "bad";
    case Grade::kUnknown:
      break;
  }
  return "unknown";
}

std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kKnown));
  for (const auto& known : kKnown) names.push_back(known.name);
  return names;
}

Setting read_setting(std::string_view name, const s3::Result<std::string>& answer) {
  using State = Setting::State;
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const KnownSetting& one) { return one.name == name; });
  if (!answer) {
    const auto& error = answer.error();
    const auto state = error.http_status == 403 ? State::kForbidden
                       : says_not_set(error)    ? State::kNotSet
                                                : State::kUnknown;
    return {state, {}, "", s3::describe(error)};
  }
  Setting setting;
  setting.text = *answer;
  if (known->root.empty()) {
    const bool is_json = store::Json::parse(*answer).has_value();
    setting.state = is_json ? State::kSet : State::kUnknown;
    if (!is_json) setting.told = "what came is not a policy";
    return setting;
  }
  auto document = s3::parse_xml(*answer);
  // A server that does not know the sub-resource may list the bucket. Ceph's is a
  // BlockPublicAccessBlockConfiguration.
  if (!document || !document->name.ends_with(known->root)) {
    setting.told = "the server does not know this setting";
    return setting;
  }
  setting.state = State::kSet;
  setting.document = *std::move(document);
  return setting;
}

std::vector<LifecycleRule> lifecycle_rules(const SourceConfig& source, const Setting& lifecycle) {
  std::vector<LifecycleRule> rules;
  for (const auto& rule : lifecycle.document.children) {
    if (rule.name != "Rule" || rule.at("Status") != "Enabled" || !may_concern(source, rule)) {
      continue;
    }
    const std::string id(rule.at("ID"));
    if (const auto days = whole(rule.at("Expiration/Days")))
      rules.push_back({id, "current", *days});
    if (const auto days = whole(rule.at("NoncurrentVersionExpiration/NoncurrentDays"))) {
      rules.push_back({id, "noncurrent", *days});
    }
    if (const auto date = s3::parse_iso8601(rule.at("Expiration/Date"))) {
      const auto day = std::chrono::floor<std::chrono::days>(*date).time_since_epoch().count();
      rules.push_back({id, "on-date", day});
    }
  }
  return rules;
}

std::string text_of(const std::vector<LifecycleRule>& rules) {
  store::Json::Array all;
  for (const auto& rule : rules) {
    all.emplace_back(store::Json::Array{rule.id, rule.kind, rule.days});
  }
  return store::Json(std::move(all)).line(store::Json::Charset::kAscii);
}

std::vector<LifecycleRule> rules_of(std::string_view text) {
  std::vector<LifecycleRule> rules;
  const auto json = store::Json::parse(text);
  if (!json || json->array() == nullptr) return rules;
  for (const auto& one : *json->array()) {
    const auto* fields = one.array();
    if (fields == nullptr || fields->size() != 3) continue;
    const auto* id = (*fields)[0].text();
    const auto* kind = (*fields)[1].text();
    const auto days = (*fields)[2].integer();
    if (id != nullptr && kind != nullptr && days) rules.push_back({*id, *kind, *days});
  }
  return rules;
}

std::vector<LifecycleRule> new_rules(const std::vector<LifecycleRule>& before,
                                     const std::vector<LifecycleRule>& now) {
  std::vector<LifecycleRule> found;
  for (const auto& rule : now) {
    const bool was_there = std::any_of(before.begin(), before.end(), [&](const LifecycleRule& old) {
      return old.id == rule.id && old.kind == rule.kind && old.days <= rule.days;
    });
    if (!was_there) found.push_back(rule);
  }
  return found;
}

std::string words_of(const LifecycleRule& rule) {
  if (rule.kind == "on-date") {
    return fmt::format("deletes archives on {}",
                       format_time(Time(std::chrono::days(rule.days))).substr(0, 10));
  }
  const auto days = rule.days == 1 ? std::string("1 day") : fmt::format("{} days", rule.days);
  return rule.kind == "noncurrent"
             ? fmt::format("deletes versions for good {} after they were replaced or deleted", days)
             : fmt::format("deletes archives {} after upload", days);
}

}  // namespace agent

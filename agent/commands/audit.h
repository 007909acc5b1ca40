#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "s3client/error.h"
#include "s3client/xml_tree.h"

namespace agent {

enum class Grade { kGood, kBad, kUnknown };
/// "good", "bad", "unknown"
std::string_view name_of(Grade grade);

/// One thing that was looked at.
struct AuditFinding {
  std::string name;  ///< stable: "versioning"
  Grade grade = Grade::kUnknown;
  std::string why;     ///< what is so, and why it matters
  std::string remedy;  ///< what mends it: a command, or where to look; empty: nothing is to do
};

/// What the bucket said of one of its settings.
struct Setting {
  enum class State {
    kSet,
    kNotSet,     ///< there is none
    kForbidden,  ///< these credentials may not know
    kUnknown,    ///< the server does not tell, or what it told is not understood
  };
  State state = State::kUnknown;
  s3::XmlNode document = {};  ///< of kSet, but for a policy
  std::string text = {};      ///< of kSet: the document as it came
  std::string told = {};      ///< else: what came in its stead
};
/// By the name of the sub-resource, as "versioning".
using Settings = std::map<std::string, Setting, std::less<>>;

/// The sub-resources that are asked for.
std::vector<std::string_view> setting_names();
/// `answer`: of GET BUCKET?NAME.
Setting read_setting(std::string_view name, const s3::Result<std::string>& answer);

/// One rule that deletes, of those that may concern the source.
struct LifecycleRule {
  std::string id;
  std::string kind;       ///< "current", "noncurrent", or "on-date"
  std::int64_t days = 0;  ///< after which it deletes; of "on-date", the day since 1970

  bool operator==(const LifecycleRule&) const = default;
};
std::vector<LifecycleRule> lifecycle_rules(const SourceConfig& source, const Setting& lifecycle);
/// For the ledger, and back; what is no such text is no rules.
std::string text_of(const std::vector<LifecycleRule>& rules);
std::vector<LifecycleRule> rules_of(std::string_view text);
/// Those that were not there before, or delete sooner.
std::vector<LifecycleRule> new_rules(const std::vector<LifecycleRule>& before,
                                     const std::vector<LifecycleRule>& now);
/// "deletes archives 30 days after upload"
std::string words_of(const LifecycleRule& rule);

/// How the bucket is set up: a pure function of what it said.
std::vector<AuditFinding> grade_bucket(const SourceConfig& source, const Settings& settings);

/// What would be left upstream.
struct Scenario {
  std::string name;                  ///< stable: "bucket-lost"
  std::string happens;               ///< "the bucket or its region is lost"
  Grade upstream = Grade::kUnknown;  ///< good: survived
  std::string by;                    ///< by what, or why not
};
std::vector<Scenario> recovery_scenarios(const std::vector<AuditFinding>& findings);

}  // namespace agent

#include <algorithm>

#include "agent/commands/audit.h"

namespace agent {
namespace {

class Survival {
 public:
  explicit Survival(const std::vector<AuditFinding>& findings) : findings_(findings) {}

  Grade of(std::string_view name) const {
    const auto found = std::find_if(findings_.begin(), findings_.end(),
                                    [&](const AuditFinding& one) { return one.name == name; });
    return found == findings_.end() ? Grade::kUnknown : found->grade;
  }

  static Grade both(Grade a, Grade b) {
    if (a == Grade::kBad || b == Grade::kBad) return Grade::kBad;
    return a == Grade::kGood ? b : a;
  }
  static Grade either(Grade a, Grade b) {
    if (a == Grade::kGood || b == Grade::kGood) return Grade::kGood;
    return a == Grade::kBad ? b : a;
  }

 private:
  const std::vector<AuditFinding>& findings_;
};

// In three forms: survived, not, not known.
std::string by(Grade grade, std::string_view what, std::string_view lacks) {
  switch (grade) {
    case Grade::kGood:
      return std::string(what);
    case Grade::kBad:
      return std::string(lacks);
    case Grade::kUnknown:
      break;
  }
  return "not known, see above";
}

}  // namespace

std::vector<Scenario> recovery_scenarios(const std::vector<AuditFinding>& findings) {
  const Survival survival(findings);
  const auto replica = survival.of("replication");
  // Versions are of use as long as nothing makes them final before somebody looks.
  const auto versions = Survival::both(survival.of("versioning"), survival.of("lifecycle"));
  const auto lock = survival.of("object-lock");
  const auto guarded = Survival::either(survival.of("mfa-delete"), lock);
  const auto kept =
      Survival::either(replica, Survival::either(lock, survival.of("bucket-deletion")));
  constexpr auto kVersions = "its earlier version";
  constexpr auto kNoVersions = "no versions are kept for long enough";
  return {
      {"bucket-lost", "the bucket or its region is lost", replica,
       by(replica, "the replica", "there is no replica")},
      {"object-deleted", "an archive is deleted by a slip", versions,
       by(versions, kVersions, kNoVersions)},
      {"versions-deleted", "versions are deleted for good", guarded,
       by(guarded, survival.of("object-lock") == Grade::kGood ? "the object lock" : "MFA delete",
          "there is neither MFA delete nor an object lock")},
      {"content-corrupted", "contents rot or are encrypted, and it is noticed late", versions,
       by(versions, "the last good version", kNoVersions)},
      {"bucket-deleted", "the bucket is deleted", kept,
       by(kept,
          replica == Grade::kGood ? "the replica"
          : lock == Grade::kGood  ? "the object lock, which keeps it from being emptied"
                                  : "a policy that denies it",
          "there is no replica, no lock, and no policy that denies it")},
  };
}

}  // namespace agent

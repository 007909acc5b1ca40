#include <algorithm>

#include "agent/commands/audit.h"

namespace agent {
namespace {

class Survival {
 public:
  explicit Survival(const std::vector<Finding>& findings) : findings_(findings) {}

  Judgement of(std::string_view name) const {
    const auto found = std::find_if(findings_.begin(), findings_.end(),
                                    [&](const Finding& one) { return one.name == name; });
    return found == findings_.end() ? Judgement::kUnknown : found->judgement;
  }

  static Judgement both(Judgement a, Judgement b) {
    if (a == Judgement::kBad || b == Judgement::kBad) return Judgement::kBad;
    return a == Judgement::kGood ? b : a;
  }
  static Judgement either(Judgement a, Judgement b) {
    if (a == Judgement::kGood || b == Judgement::kGood) return Judgement::kGood;
    return a == Judgement::kBad ? b : a;
  }

 private:
  const std::vector<Finding>& findings_;
};

// In three forms: survived, not, not known.
std::string by(Judgement judgement, std::string_view what, std::string_view lacks) {
  switch (judgement) {
    case Judgement::kGood:
      return std::string(what);
    case Judgement::kBad:
      return std::string(lacks);
    case Judgement::kUnknown:
      break;
  }
  return "not known, see above";
}

}  // namespace

std::vector<Scenario> recovery_scenarios(const std::vector<Finding>& findings) {
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
       by(guarded,
          survival.of("object-lock") == Judgement::kGood ? "the object lock" : "MFA delete",
          "there is neither MFA delete nor an object lock")},
      {"content-corrupted", "contents rot or are encrypted, and it is noticed late", versions,
       by(versions, "the last good version", kNoVersions)},
      {"bucket-deleted", "the bucket is deleted", kept,
       by(kept,
          replica == Judgement::kGood ? "the replica"
          : lock == Judgement::kGood  ? "the object lock, which keeps it from being emptied"
                                      : "a policy that denies it",
          "there is no replica, no lock, and no policy that denies it")},
  };
}

}  // namespace agent

#include "agent/commands/audit_leash.h"

#include <fmt/format.h>

#include <random>

namespace agent {
namespace {

using Answer = s3::Result<s3::Leash::Answer>;

std::string random_hex() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string described(const s3::Leash::Answer& answer) {
  return answer.code.empty() ? std::to_string(answer.status)
                             : fmt::format("{} {}", answer.status, answer.code);
}

bool is_refusal(const s3::Leash::Answer& answer) {
  return answer.status == 403 && answer.code == "AccessDenied";
}

bool succeeded(const s3::Leash::Answer& answer) {
  return answer.status >= 200 && answer.status < 300;
}

// Only this one answer is good: a policy may go by the header, the key, the address or the hour.
AuditFinding grade(const SourceConfig& source, std::string name, std::string_view what,
                   const Answer& answer, bool was_allowed) {
  const auto remedy = fmt::format(
      "give holdfast a key that may only list and get: 'holdfast policy {}' prints its policy",
      source.name);
  if (!answer) {
    return {std::move(name), Grade::kUnknown,
            fmt::format("whether a {} is refused could not be asked: {}", what,
                        s3::describe(answer.error())),
            "run audit again"};
  }
  if (is_refusal(*answer)) {
    return {std::move(name), Grade::kGood,
            fmt::format("a {} was refused, here and now ({}); no test proves that none is possible",
                        what, described(*answer)),
            ""};
  }
  if (was_allowed) {
    return {std::move(name), Grade::kBad,
            fmt::format("a {} was not refused ({}), so whoever steals this machine can harm the "
                        "bucket",
                        what, described(*answer)),
            remedy};
  }
  return {std::move(name), Grade::kUnknown,
          fmt::format("the answer to a {} says neither yes nor no ({})", what, described(*answer)),
          remedy};
}

AuditFinding grade_public(std::string name, std::string_view what, const Answer& answer) {
  if (!answer) {
    return {std::move(name), Grade::kUnknown,
            fmt::format("whether anybody may {} could not be asked: {}", what,
                        s3::describe(answer.error())),
            "run audit again"};
  }
  if (succeeded(*answer)) {
    return {
        std::move(name), Grade::kBad,
        fmt::format("anybody may {} without a key: it is public ({})", what, described(*answer)),
        "see public-access-block, policy-status and acl: one of them opens it"};
  }
  const bool refused = answer->status == 400 || answer->status == 401 || answer->status == 403;
  return {std::move(name), refused ? Grade::kGood : Grade::kUnknown,
          refused ? fmt::format("nobody may {} without a key ({})", what, described(*answer))
                  : fmt::format("the answer to who has no key says neither yes nor no ({})",
                                described(*answer)),
          refused ? "" : "try it in a browser that is not logged in"};
}

}  // namespace

LeashProbe new_probe(const SourceConfig& source, std::string a_key) {
  return {fmt::format("{}holdfast-audit-{}", source.prefix, random_hex()), random_hex(),
          std::move(a_key)};
}

std::vector<AuditFinding> grade_leash(const SourceConfig& source, s3::Leash& leash,
                                      const LeashProbe& probe) {
  std::vector<AuditFinding> findings;
  const auto write = leash.upload_part(probe.unused_key, probe.no_upload);
  const bool may_write = write && (write->code == "NoSuchUpload" || succeeded(*write));
  findings.push_back(grade(source, "write", "write", write, may_write));
  const auto removal = leash.delete_null_version(probe.unused_key);
  findings.push_back(grade(source, "delete", "delete", removal, removal && succeeded(*removal)));
  const auto& readable = probe.a_key.empty() ? probe.unused_key : probe.a_key;
  findings.push_back(grade_public("public-get", "get an archive", leash.get_unsigned(readable)));
  findings.push_back(
      grade_public("public-list", "list the bucket", leash.list_unsigned(source.prefix)));
  return findings;
}

}  // namespace agent

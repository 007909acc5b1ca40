#include "agent/commands/commands.h"
#include "agent/config/policy.h"
#include "agent/run/sources.h"

namespace agent {

ExitStatus policy_command(const Config& config, const PolicyOptions& options,
                          const Environment& environment, const Print& print) {
  const auto selected = select_sources(config, {options.source}, environment.log);
  if (!selected) return ExitStatus::kUsage;
  const PolicyRequest request{options.uploader, options.bucket_policy, options.posture,
                              options.principal, options.kms_key};
  print(policy_for(*selected->front(), request).lines(store::Json::Charset::kUtf8));
  if (options.bucket_policy && options.principal.empty()) {
    environment.log.warning({options.source, "",
                             "put the ARN of the user whose key this is for in the place of \"" +
                                 std::string(kNobodyYet) + "\", or name it with --principal"});
  }
  return ExitStatus::kOk;
}

}  // namespace agent

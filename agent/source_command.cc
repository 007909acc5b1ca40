#include "agent/source_command.h"

#include "agent/failure.h"
#include "agent/sources.h"

namespace agent {

ExitStatus on_source(const Config& config, const std::string& name, const Environment& environment,
                     store::Access access, const SourceWork& work) {
  auto mirror = open_mirror(config, environment, access);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  const auto fail = [&](const store::Error& error) {
    environment.log.error({name, "", explain(error)});
    return status_of(error);
  };
  const auto id = mirror->ledger.find_source(name);
  if (!id) return fail(id.error());
  // What has left the configuration still lies on the disk, and has its alarms.
  if (!*id && !select_sources(config, {name}, environment.log)) return ExitStatus::kUsage;
  SourceMirror source{*mirror, name, id->value_or(0)};
  const auto status = work(source);
  return status ? *status : fail(status.error());
}

}  // namespace agent

#include "agent/run/source_command.h"

#include <utility>

#include "agent/base/log_failure.h"
#include "agent/run/carry.h"
#include "agent/run/sources.h"

namespace agent {

namespace {

constexpr std::chrono::milliseconds kLookAgainAfter{500};

// Whoever types a command that changes something wants it done, if only after the pull that is
// under way.
Result<Mirror, MirrorError> open_in_turn(const Config& config, const Environment& environment,
                                         store::Access access) {
  auto mirror = open_mirror(config, environment, access);
  bool told = false;
  while (!mirror && mirror.error().locked && environment.lock_holder && !environment.stop.load()) {
    if (!std::exchange(told, true) && environment.terminal) {
      environment.log.warning(
          {"", "", mirror.error().message + ". Waiting for it; Ctrl-C ends that"});
    }
    environment.clock.sleep(kLookAgainAfter, environment.stop);
    mirror = open_mirror(config, environment, access);
  }
  return mirror;
}

}  // namespace

ExitStatus on_source(const Config& config, const std::string& name, const Environment& environment,
                     store::Access access, const SourceWork& work) {
  auto mirror = open_in_turn(config, environment, access);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  const auto fail = [&](const store::Error& error) {
    return log_failure(environment.log, name, error);
  };
  const bool writes = access == store::Access::kReadWrite;
  if (writes) {
    if (const auto carried = carry_in(config, environment, *mirror); !carried) {
      return fail(carried.error());
    }
  }
  const auto id = mirror->ledger.find_source(name);
  if (!id) return fail(id.error());
  // What has left the configuration still lies on the disk, and has its alarms.
  if (!*id && !select_sources(config, {name}, environment.log)) return ExitStatus::kUsage;
  SourceMirror source{*mirror, name, id->value_or(0)};
  const auto status = work(source);
  if (!status) return fail(status.error());
  if (writes) {
    if (const auto left = carry_out(config, environment, *mirror); !left) {
      return graver(*status, fail(left.error()));
    }
  }
  return *status;
}

}  // namespace agent

#include "agent/run/open_mirror.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/failure.h"
#include "agent/run/form_memory.h"

namespace agent {

Result<Mirror, MirrorError> open_mirror(const Config& config, const Environment& environment,
                                        store::Access access) {
  auto guarded = open_guarded_disk(config, environment, access);
  if (!guarded) return guarded.error();
  auto mirror = Mirror::open(std::move(*guarded), access, tell_left_unsound(config));
  if (!mirror) {
    const bool no_ledger = mirror.error().kind == store::ErrorKind::kNotFound &&
                           mirror.error().path == store::kLedgerPath;
    if (no_ledger) {
      MirrorError missing{
          ExitStatus::kDiskFailed,
          fmt::format("{}/{} is missing; 'holdfast rebuild' makes a new one from the disk",
                      config.disk.path, store::kLedgerPath)};
      missing.fact = "the ledger is missing";
      return on_the_right_disk(std::move(missing), *guarded->disk, guarded->marker);
    }
    return on_the_right_disk(disk_failure(mirror.error()), *guarded->disk, guarded->marker);
  }
  for (const auto& one : mirror->unfinished) {
    environment.log.error({one.source_name, one.key, explain_bad_file(one.error)});
  }
  return std::move(*mirror);
}

}  // namespace agent

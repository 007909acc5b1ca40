#include <fmt/format.h>

#include "agent/commands.h"
#include "agent/failure.h"
#include "store/ledger.h"
#include "store/mount.h"

namespace agent {
namespace {

ExitStatus fail(const Environment& environment, ExitStatus status, const std::string& message) {
  environment.log.error({"", "", message});
  return status;
}

// The ledger first: a disk that has the marker has a ledger, so that one which is missing later is
// known to be lost and never replaced by an empty one.
store::Result<store::Marker> make_holdfast_disk(store::Disk& disk, store::Time now) {
  if (auto made = store::Ledger::create(disk); !made) return made.error();
  return store::write_marker(disk, now);
}

}  // namespace

ExitStatus init_command(const std::string& path, const Environment& environment,
                        const Print& print) {
  if (path.empty() || path.front() != '/') {
    return fail(environment, ExitStatus::kUsage,
                fmt::format("\"{}\" does not begin with '/'; give the whole path", path));
  }
  const auto disk = environment.open_disk(path);
  if (!disk) {
    return fail(
        environment, ExitStatus::kNotNow,
        fmt::format("{}; plug in the disk and mount it first", store::describe(disk.error())));
  }
  const auto mounted = environment.is_mount_point(path);
  if (!mounted) return fail(environment, status_of(mounted.error()), explain(mounted.error()));
  const auto marker = store::read_marker(**disk);
  if (!marker) return fail(environment, status_of(marker.error()), explain(marker.error()));
  if (*marker) {
    return fail(environment, ExitStatus::kUsage,
                fmt::format("{} is a holdfast disk already, with the id {}", path, (*marker)->id));
  }
  const auto made = make_holdfast_disk(**disk, environment.clock.now_s());
  if (!made) return fail(environment, status_of(made.error()), explain(made.error()));
  if (!*mounted) {
    environment.log.warning(
        {"", "",
         fmt::format(
             "{} is no mount point of its own: if a disk is meant to be mounted there, mount it "
             "and run init again",
             path)});
  }
  print(fmt::format("[disk]\npath = {}\nid = {}{}", path, made->id,
                    *mounted ? "" : "\nrequire_mount = no"));
  return ExitStatus::kOk;
}

}  // namespace agent

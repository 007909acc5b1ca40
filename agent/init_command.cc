#include <fmt/format.h>

#include "agent/commands.h"
#include "agent/failure.h"
#include "store/ledger.h"
#include "store/mount.h"
#include "store/rebuild.h"

namespace agent {
namespace {

ExitStatus fail(const Environment& environment, ExitStatus status, const std::string& message) {
  environment.log.error({"", "", message});
  return status;
}

// An empty ledger over full archives would trust whatever the bucket has by now.
store::Result<store::Marker> restore_marker(store::Disk& disk, store::Time now) {
  const auto rules = store::carried_name_rules(disk);
  if (!rules) return rules.error();
  return store::write_marker(disk, now, *rules);
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
  const auto carried = store::carried_sources(**disk);
  if (!carried) return fail(environment, status_of(carried.error()), explain(carried.error()));
  const auto now = environment.clock.now_s();
  const auto made =
      carried->empty() ? make_holdfast_disk(**disk, now) : restore_marker(**disk, now);
  if (!made) return fail(environment, status_of(made.error()), explain(made.error()));
  if (!carried->empty()) {
    const auto ledger = (*disk)->stat(store::kLedgerPath);
    const bool has_ledger = ledger && *ledger;
    environment.log.warning(
        {"", "",
         fmt::format(
             "{} carries archives ({}); only the marker was written anew, with a new id. {}", path,
             fmt::join(*carried, ", "),
             has_ledger ? "The ledger is still there, and goes on"
                        : "The ledger is missing: run 'holdfast rebuild' before the next "
                          "pull, so that what is held is known again")});
  }
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

#include "agent/custody/drill_run.h"

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/min_free.h"
#include "agent/base/printable.h"
#include "agent/base/units.h"
#include "agent/custody/drill_environment.h"
#include "agent/custody/drill_restore.h"
#include "agent/custody/drill_user.h"
#include "agent/proof/walk_verdict.h"
#include "store/disk/posix_scratch.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

// Until `visit` returns false. No line is longer than a path.
store::Status each_line(store::ReadableDisk& disk, std::string_view path,
                        const std::function<bool(const std::string&)>& visit) {
  constexpr std::size_t kChunkBytes = std::size_t{1} << 16;
  const auto file = disk.open_to_read(path);
  if (!file) return file.error();
  std::vector<std::byte> chunk(kChunkBytes);
  std::string rest;
  for (std::uint64_t offset = 0;;) {
    const auto got = (*file)->read_at(offset, chunk);
    if (!got) return got.error();
    if (*got == 0) return {};
    offset += *got;
    rest.append(reinterpret_cast<const char*>(chunk.data()), *got);
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      if (!visit(rest.substr(0, end))) return {};
      rest.erase(0, end + 1);
    }
  }
}

class OneDrill {
 public:
  OneDrill(const Config& config, const DrillConfig& drill, const Environment& environment,
           const DrillWorld& world)
      : config_(config), drill_(drill), environment_(environment), world_(world) {
    done_.run.name = drill.name;
    done_.run.at = environment.clock.now_s();
  }

  store::Result<DrillDone> run(Mirror mirror) {
    const auto id = mirror.ledger.find_source(drill_.source);
    if (!id) return id.error();
    done_.run.source = id->value_or(0);
    const auto& parent = scratch_parent(config_, drill_);
    static_cast<void>(store::remove_left_scratches(parent));
    auto scratch = store::Scratch::make(parent);
    if (!scratch) {
      fail(fmt::format("the scratch directory: {}", store::describe(scratch.error())));
      return std::move(done_);
    }
    auto restored = restore(std::move(mirror), *scratch);
    if (restored && goes_on()) work(*scratch);
    if (auto removed = scratch->remove(); !removed) {
      fail(fmt::format("the scratch directory {} cannot be removed: {}", scratch->path(),
                       store::describe(removed.error())));
    }
    if (!restored) return restored.error();
    done_.run.succeeded = !failed_ && !done_.interrupted;
    return std::move(done_);
  }

 private:
  bool goes_on() const { return !failed_ && !done_.interrupted; }

  // The first complaint counts.
  void fail(const std::string& complaint) {
    if (failed_) return;
    failed_ = true;
    done_.run.told = one_line(complaint);
  }

  milliseconds since(Clock::Steady begun) const {
    return std::chrono::duration_cast<milliseconds>(environment_.clock.steady_now() - begun);
  }

  // The mirror is closed when it returns.
  store::Status restore(Mirror mirror, store::Scratch& scratch) {
    const auto begun = environment_.clock.steady_now();
    const auto restored = restore_for_drill(mirror, config_, drill_, environment_, scratch);
    done_.run.restore_took = since(begun);
    if (!restored) return restored.error();
    set_ = restored->set;
    done_.run.stream = set_.stream;
    done_.run.archives = set_.archives;
    done_.run.size_bytes = set_.size_bytes;
    done_.run.made = set_.made;
    done_.interrupted = restored->interrupted;
    if (!restored->complaint.empty()) fail(restored->complaint);
    return {};
  }

  void work(store::Scratch& scratch) {
    const auto begun = environment_.clock.steady_now();
    if (drill_.command.empty()) {
      open_all(scratch);
    } else {
      run_command(scratch);
    }
    done_.run.command_took = since(begun);
    if (!set_.unsound) return;
    // It was known before, and somebody who hears of this drill should hear of that too.
    done_.run.told += done_.run.told.empty() ? "" : "; ";
    done_.run.told += "the alarm \"unsound\" was raised of this backup when it came";
  }

  void run_command(store::Scratch& scratch) {
    auto chosen = choose_drill_user(drill_, world_);
    if (!chosen.complaint.empty()) return fail(chosen.complaint);
    DrillCommand command;
    command.user = std::move(chosen.user);
    if (command.user && command.user->user != 0) {
      if (auto given = scratch.give_to(command.user->user, command.user->group); !given) {
        const bool no_owners = given.error().kind == store::ErrorKind::kNotSupported;
        return fail(fmt::format("the scratch directory cannot be given to {}: {}{}",
                                command.user->name, store::describe(given.error()),
                                no_owners ? "; name a directory on a disk that knows owners, such "
                                            "as /var/tmp, in \"scratch\""
                                          : ""));
      }
    }
    command.line = drill_.command;
    command.directory = scratch.restored();
    command.timeout = drill_.timeout;
    command.lock = scratch.lock();
    command.variables = drill_environment(
        drill_, set_, scratch, command.user ? command.user->name : world_.user_name, environment_);
    command.must_end = [this, &scratch] { return why_to_end(scratch.path()); };
    auto outcome = world_.run(command);
    done_.run.printed = std::move(outcome.printed);
    if (!outcome.complaint.empty()) fail(outcome.complaint);
  }

  // What the command writes is its own affair as long as there is room.
  std::optional<std::string> why_to_end(const std::string& path) {
    if (environment_.stop.load()) {
      done_.interrupted = true;
      return "it was ended because holdfast was told to stop";
    }
    const auto disk = environment_.open_disk(path);
    const auto space = disk ? (*disk)->space() : store::Result<store::Space>(disk.error());
    if (!space || Room{*space, config_.disk.min_free_bytes}.has_bytes(0)) return std::nullopt;
    return fmt::format(
        "the command was ended: only {} were left free where the scratch directory "
        "is, and \"min_free\" is {}; name another disk's directory in \"scratch\"",
        format_size(space->free_bytes), format_size(config_.disk.min_free_bytes));
  }

  void open_all(const store::Scratch& scratch) {
    if (!environment_.walk) {
      done_.run.told = "restored and proven; not opened, which needs a \"command\"";
      return;
    }
    const auto disk = environment_.open_disk(scratch.restored());
    if (!disk) return fail(store::describe(disk.error()));
    const auto scratch_disk = environment_.open_disk(scratch.path());
    if (!scratch_disk) return fail(store::describe(scratch_disk.error()));
    std::uint64_t opened = 0;
    std::string not_opened;
    const auto read = each_line(**scratch_disk, "files", [&](const std::string& path) {
      open_one(**disk, path, opened, not_opened);
      return goes_on() && !environment_.stop.load();
    });
    if (!read) return fail(store::describe(read.error()));
    done_.interrupted = environment_.stop.load();
    if (!goes_on()) return;
    if (opened == 0 && !not_opened.empty()) {
      done_.run.told = "restored and proven, but not opened: " + not_opened;
    } else if (!not_opened.empty()) {
      done_.run.told =
          fmt::format("{} opened; not opened: {}", counted(opened, "file", "files"), not_opened);
    }
    done_.run.told = one_line(done_.run.told);
  }

  // To its end, in a cage.
  void open_one(store::ReadableDisk& disk, const std::string& path, std::uint64_t& opened,
                std::string& not_opened) {
    const auto file = disk.open_to_read(path);
    const auto size_bytes = file ? (*file)->size() : store::Result<std::uint64_t>(file.error());
    if (!size_bytes) return fail(store::describe(size_bytes.error()));
    const auto answer =
        weigh(path, environment_.walk({**file, *size_bytes}, Halt(environment_.stop)), {}).answer;
    const auto words = fmt::format("{}: {}", printable_name(path), answer.why);
    if (answer.verdict == WalkAnswer::Verdict::kSound) ++opened;
    if (answer.verdict == WalkAnswer::Verdict::kUnsound) fail("it does not open: " + words);
    if (answer.verdict == WalkAnswer::Verdict::kUndecided && not_opened.empty()) not_opened = words;
  }

  const Config& config_;
  const DrillConfig& drill_;
  const Environment& environment_;
  const DrillWorld& world_;
  DrillDone done_;
  DrillSet set_;
  bool failed_ = false;
};

}  // namespace

store::Result<DrillDone> run_drill(Mirror mirror, const Config& config, const DrillConfig& drill,
                                   const Environment& environment, const DrillWorld& world) {
  return OneDrill(config, drill, environment, world).run(std::move(mirror));
}

}  // namespace agent

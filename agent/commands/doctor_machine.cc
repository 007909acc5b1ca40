#include <fmt/format.h>

#include <algorithm>

#include "agent/base/failure.h"
#include "agent/base/min_free.h"
#include "agent/base/shell_word.h"
#include "agent/base/units.h"
#include "agent/commands/doctor.h"
#include "agent/run/open_mirror.h"
#include "store/content/staging.h"

namespace agent {
namespace {

constexpr unsigned kOthersMayWrite = 022;
constexpr std::uint64_t kProbeBytes = std::uint64_t{8} << 20;
constexpr std::chrono::days kSoonFull{30};
// A USB 2 stick that is well does ten times that.
constexpr std::uint64_t kSlowBytesPerSecond = std::uint64_t{1} << 20;

class Machine {
 public:
  Machine(const Config& config, const std::string& config_file, const Environment& environment,
          const DoctorSystem& system)
      : config_(config),
        config_file_(config_file),
        environment_(environment),
        system_(system),
        path_(config.disk.path) {}

  Checks check() {
    check_files();
    if (!check_user()) return std::move(checks_);
    auto mirror = open_mirror(config_, environment_, store::Access::kReadOnly);
    if (!mirror) {
      checks_.push_back(fail("disk", mirror.error().status, mirror.error().message));
      return std::move(checks_);
    }
    const auto& ids = config_.disk.ids;
    const auto turns =
        config_.disk.rotates()
            ? fmt::format(", which takes turns with {}",
                          ids.front() == mirror->marker.id ? ids.back() : ids.front())
            : std::string();
    checks_.push_back(well(
        "disk", fmt::format("{} is there, and is the disk {}{}", path_, mirror->marker.id, turns)));
    check_filesystem(mirror->disk());
    check_space(*mirror);
    check_inodes(*mirror);
    check_speed(*mirror);
    check_health();
    return std::move(checks_);
  }

 private:
  void check_files() {
    const auto file = system_.file(config_file_);
    if (file && (file->mode & kOthersMayWrite) != 0) {
      checks_.push_back(warn("files", fmt::format("others may write {}; chmod go-w {}",
                                                  config_file_, shell_word(config_file_))));
      return;
    }
    const auto directory = config_.agent.status_file.substr(
        0, std::max<std::size_t>(1, config_.agent.status_file.rfind('/')));
    const auto found = system_.file(directory);
    if (found && system_.user != 0 && found->owner != system_.user) {
      checks_.push_back(
          warn("files", fmt::format("{} belongs to {}, so the status may not be written; run this "
                                    "by sudo, or chown it",
                                    directory, system_.user_name(found->owner))));
      return;
    }
    checks_.push_back(well("files", fmt::format("{} is written by nobody else", config_file_)));
  }

  std::optional<DoctorSystem::File> closed(const std::string& path) const {
    constexpr unsigned kOthersMayEnter = 01;
    auto found = system_.file(path);
    if (found && (found->mode & kOthersMayEnter) != 0) found.reset();
    return found;
  }

  // Each machine gives its service a number of its own, and the disk carries that of the other one.
  bool is_of_another_machine(unsigned owner) const {
    return system_.service_user && owner != 0 && owner != *system_.service_user;
  }

  // What is not ours to write looks like a failing disk.
  bool check_user() {
    const auto name = system_.user_name(system_.user);
    auto marker = system_.file(path_ + "/.holdfast");
    // Nor may it be seen, where it is not ours and lies in a directory that is closed to others.
    if (!marker) marker = closed(path_);
    if (system_.user == 0 && marker && is_of_another_machine(marker->owner)) {
      const auto service = system_.user_name(*system_.service_user);
      checks_.push_back(
          warn("user", fmt::format("what lies on {} belongs to {} and not to {}, as after a move "
                                   "from another machine; a pull by the timer may not read it: "
                                   "sudo chown -R {}: {}",
                                   path_, system_.user_name(marker->owner), service, service,
                                   shell_word(path_))));
      return true;
    }
    if (system_.user == 0 || !marker || marker->owner == system_.user) {
      checks_.push_back(well("user", fmt::format("runs as {}", name)));
      return true;
    }
    const auto owner = system_.user_name(marker->owner);
    checks_.push_back(fail("user", ExitStatus::kDiskFailed,
                           fmt::format("runs as {}, and what lies on {} belongs to {}; run it by "
                                       "'sudo holdfast', or as {}",
                                       name, path_, owner, owner)));
    return false;
  }

  void check_filesystem(const store::ReadableDisk& disk) {
    const auto name = disk.filesystem_name();
    const auto lacks = [&](std::string_view what) {
      checks_.push_back(
          warn("filesystem", fmt::format("{}: {}; ext4 has none of that", name, what)));
    };
    if (name == "vfat" || name == "msdos") {
      return lacks("no file of 4 GiB or more, no journal, and files stay writable");
    }
    if (name == "exfat" || name == "fuseblk") return lacks("no journal, and files stay writable");
    if (name == "ntfs" || name == "ntfs3") return lacks("files stay writable");
    const auto weak = disk.weakness();
    if (weak.no_directory_sync) return lacks("a new name may be lost in a power cut");
    if (weak.no_permissions) return lacks("files stay writable");
    checks_.push_back(well("filesystem", name));
  }

  // As fast as it has grown so far, over all sources.
  std::optional<double> bytes_per_day(store::Ledger& ledger) const {
    double all = 0;
    const auto now = environment_.clock.now_s();
    for (const auto& source : config_.sources) {
      const auto id = ledger.find_source(source.name);
      if (!id || !*id) continue;
      const auto totals = ledger.totals(**id);
      if (!totals || !totals->first_listed_at) continue;
      const auto days =
          std::chrono::duration<double, std::ratio<86400>>(now - *totals->first_listed_at).count();
      // What came in the first days is what the bucket had before.
      if (days < 7) return std::nullopt;
      all += static_cast<double>(totals->size_bytes) / days;
    }
    return all;
  }

  void check_space(Mirror& mirror) {
    const auto space = mirror.disk().space();
    if (!space || space->total_bytes == 0) {
      checks_.push_back(warn("space", "the filesystem does not tell how much is free"));
      return;
    }
    const auto free = format_size(space->free_bytes);
    const auto keeps = config_.disk.min_free_bytes;
    if (space->free_bytes <= keeps) {
      checks_.push_back(fail(
          "space", ExitStatus::kIncomplete,
          fmt::format("{} free, and \"min_free\" keeps {}: nothing more is pulled; make room, or "
                      "use a larger disk",
                      free, format_size(keeps))));
      return;
    }
    const auto growth = bytes_per_day(mirror.ledger);
    const auto left = static_cast<double>(space->free_bytes - keeps);
    if (growth && *growth * static_cast<double>(kSoonFull.count()) > left) {
      checks_.push_back(
          warn("space",
               fmt::format("{} free, which at the growth so far ({} a day) "
                           "is full in {}; set keep rules, or use "
                           "a larger disk",
                           free, format_size(static_cast<std::uint64_t>(*growth)),
                           counted(static_cast<std::uint64_t>(left / *growth), "day", "days"))));
      return;
    }
    checks_.push_back(
        well("space", fmt::format("{} free of {}", free, format_size(space->total_bytes))));
  }

  void check_inodes(Mirror& mirror) {
    const auto space = mirror.disk().space();
    if (!space || space->total_files == 0) return;
    if (const Room room{*space, 0}; !room.has_files(1)) {
      checks_.push_back(fail("inodes", ExitStatus::kIncomplete,
                             fmt::format("{} of {} files are left: nothing more is pulled; remove "
                                         "small files, or format with more (mkfs.ext4 -N)",
                                         space->free_files, space->total_files)));
      return;
    }
    const bool few = space->free_files * 20 < space->total_files;
    const auto text = "room for " + counted(space->free_files, "more file", "more files");
    checks_.push_back(few ? warn("inodes", text + ", a twentieth of all; format the next disk with "
                                                  "more (mkfs.ext4 -N)")
                          : well("inodes", text));
  }

  static store::Status write_and_read(store::Staging& staging, const std::string& path,
                                      std::uint64_t size_bytes) {
    auto staged = staging.open(path, 0);
    if (!staged) return staged.error();
    auto* const file = staged->file.get();
    constexpr std::size_t kPiece = 4096;
    std::vector<std::byte> piece(kPiece);
    for (std::size_t i = 0; i < kPiece; ++i) piece[i] = static_cast<std::byte>(i * 7);
    for (std::uint64_t at = 0; at < size_bytes; at += kPiece) {
      if (auto written = file->write_at(at, piece); !written) return written;
    }
    if (auto synced = file->sync(); !synced) return synced;
    file->drop_cache();
    std::vector<std::byte> back(kPiece);
    for (std::uint64_t at = 0; at < size_bytes; at += kPiece) {
      const auto read = file->read_at(at, back);
      if (!read) return read.error();
      if (*read == kPiece && back == piece) continue;
      return store::Error{store::ErrorKind::kIo, 0, path, "what was written does not come back"};
    }
    return {};
  }

  void check_speed(Mirror& mirror) {
    const auto space = mirror.disk().space();
    const bool has_room = space && space->free_bytes > 2 * kProbeBytes;
    const auto size = has_room ? kProbeBytes : std::uint64_t{4096};
    const auto path = store::staging_path("", "", "", "the doctor's", 0);
    const auto begun = environment_.clock.steady_now();
    const auto done = write_and_read(mirror.staging, path, size);
    const auto took = std::chrono::duration<double>(environment_.clock.steady_now() - begun);
    const auto removed = mirror.staging.remove(path);
    if (!done || !removed) {
      const auto& error = done ? removed.error() : done.error();
      checks_.push_back(fail("write", status_of(error), explain(error)));
      return;
    }
    const auto rate = took.count() > 0 ? static_cast<double>(size) / took.count() : 0.0;
    const auto text = rate > 0 ? fmt::format("written, synced and read back, {} a second",
                                             format_size(static_cast<std::uint64_t>(rate)))
                               : std::string("written, synced and read back");
    const bool slow = rate > 0 && rate < static_cast<double>(kSlowBytesPerSecond) && has_room;
    checks_.push_back(slow ? warn("write", text + "; try another port, cable or disk")
                           : well("write", text));
  }

  std::uint64_t count_in(const std::string& path, int base) const {
    const auto text = system_.text_of(path);
    return text ? std::strtoull(text->c_str(), nullptr, base) : 0;
  }

  // The disk that a partition is on; of what lies over others, as an encrypted one does, the first.
  std::string whole_of(std::string device) const {
    const auto below = system_.names_in(fmt::format("/sys/class/block/{}/slaves", device));
    if (!below.empty()) device = below.front();
    if (!system_.text_of(fmt::format("/sys/class/block/{}/partition", device))) return device;
    while (!device.empty() && device.back() >= '0' && device.back() <= '9') device.pop_back();
    // "nvme0n1p2" and "mmcblk0p2", where the disk's own name ends in a digit.
    const auto size = device.size();
    if (size > 1 && device[size - 1] == 'p' && device[size - 2] >= '0' && device[size - 2] <= '9')
      device.pop_back();
    return device;
  }

  void check_health() {
    const auto device = system_.device(path_);
    if (device.empty()) {
      checks_.push_back(well("health", "this system counts no errors of that disk"));
      return;
    }
    const auto in_files = count_in(fmt::format("/sys/fs/ext4/{}/errors_count", device), 10);
    const auto whole = whole_of(device);
    const auto in_device = count_in(fmt::format("/sys/class/block/{}/device/ioerr_cnt", whole), 16);
    if (in_files > 0) {
      checks_.push_back(
          warn("health", fmt::format("the kernel has found {} in the filesystem on {}; "
                                     "unmount it and run fsck, then 'holdfast verify --all'",
                                     counted(in_files, "error", "errors"), device)));
      return;
    }
    if (in_device > 0) {
      checks_.push_back(
          warn("health", fmt::format("{} to {} failed; look into "
                                     "'dmesg' and 'smartctl -a /dev/{}'",
                                     counted(in_device, "request", "requests"), whole, whole)));
      return;
    }
    checks_.push_back(
        well("health", fmt::format("the kernel has counted no errors on {}", device)));
  }

  const Config& config_;
  const std::string& config_file_;
  const Environment& environment_;
  const DoctorSystem& system_;
  const std::string path_;
  Checks checks_;
};

}  // namespace

std::string_view name_of(CheckLevel level) {
  switch (level) {
    case CheckLevel::kOk:
      return "ok";
    case CheckLevel::kWarn:
      return "warn";
    case CheckLevel::kFail:
      break;
  }
  return "FAIL";
}

Checks check_machine(const Config& config, const std::string& config_file,
                     const Environment& environment, const DoctorSystem& system) {
  return Machine(config, config_file, environment, system).check();
}

}  // namespace agent

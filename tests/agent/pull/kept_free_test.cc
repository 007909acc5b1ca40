#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>

#include "store/disk/posix_disk.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/temp_dir.h"
#include "tests/support/temporary_place.h"

// What a plan needs for a moment lies on the mirror's disk, and `min_free` holds for it too.

using agent::ExitStatus;
using pull_test::World;

namespace {

/// A filesystem with room, and none for another file.
class WithoutFiles : public test::ForwardingDisk {
 public:
  explicit WithoutFiles(std::unique_ptr<store::Disk> disk)
      : ForwardingDisk(*disk), disk_(std::move(disk)) {}
  store::Result<store::Space> space() override {
    auto space = disk_->space();
    if (space) space->free_files = 0;
    if (space) space->total_files = 1000;
    return space;
  }

 private:
  std::unique_ptr<store::Disk> disk_;
};

/// On a disk of this machine, where SQLite makes its own files.
struct RealDisk {
  RealDisk() {
    REQUIRE(disk);
    REQUIRE(store::write_marker(**disk, world.clock.now_s()));
    REQUIRE(store::Ledger::create(**disk));
  }
  template <typename Command>
  ExitStatus here(const Command& run) {
    return world.command([&](const agent::Environment& outside, const agent::Print& print) {
      auto here = outside;
      here.open_disk = [&](const std::string&) -> store::Result<std::unique_ptr<store::Disk>> {
        auto opened = store::open_posix_disk(directory.path());
        if (!opened || !no_files_left) return opened;
        return std::make_unique<WithoutFiles>(*std::move(opened));
      };
      return run(here, print);
    });
  }
  ExitStatus pull() {
    return here([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::pull(world.config, {}, environment, print);
    });
  }
  ExitStatus rebuild() {
    return here([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::rebuild_command(world.config, {}, environment, print);
    });
  }

  bool no_files_left = false;
  const test::TempDir directory;
  store::Result<std::unique_ptr<store::Disk>> disk = store::open_posix_disk(directory.path());
  World world;
};

}  // namespace

TEST_CASE("a mirror that is full goes on watching, whatever becomes of the bucket", "[pull]") {
  // So many that what is planned for them does not stay in memory.
  constexpr int kMany = 3000;
  RealDisk real;
  auto& world = real.world;
  const auto put_all = [&](const std::string& content) {
    for (int i = 0; i < kMany; ++i) world.server->put("b", fmt::format("db/{}", i), content);
  };
  put_all("content");
  REQUIRE(real.pull() == ExitStatus::kOk);
  const auto space = (*real.disk)->space();
  REQUIRE(space);
  world.config.disk.min_free_bytes = space->free_bytes + space->free_bytes / 2;
  put_all("encrypted");
  world.server->put("b", "new", "content");
  CHECK(real.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().hold);
  CHECK(world.alarm_kinds() == std::vector<std::string>{"mass-change"});
}

TEST_CASE("a plan that finds no room above half of min_free ends the run, and says so", "[pull]") {
  RealDisk real;
  auto& world = real.world;
  world.server->make_synthetic_bucket("b", 40'000);
  world.config.disk.min_free_bytes = std::uint64_t{1} << 60;
  const auto ended = real.pull();
  CAPTURE(world.lines);
  CHECK(ended == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("less than half of \"min_free\"") == 1);
  CHECK(world.lines_with("the disk is full") == 0);
}

namespace {

// What keeps the place of temporary files from taking more, and how that is told.
struct Shortage {
  int error_number;
  bool of_files;
  const char* said;
};

}  // namespace

TEST_CASE("what keeps a plan from being sorted is told as what it is", "[pull]") {
  const auto shortage =
      GENERATE(Shortage{ENOSPC, false, "the disk is full: make room"},
               Shortage{EDQUOT, false, "the quota on this disk is used up"},
               Shortage{EFBIG, false, "no file may be that large there"},
               Shortage{ENOSPC, true, "the disk has room for no more of them; the disk is full"});
  CAPTURE(shortage.said);
  RealDisk real;
  auto& world = real.world;
  world.server->make_synthetic_bucket("b", 40'000);
  test::TemporaryPlace temporary;
  if (shortage.of_files) {
    real.no_files_left = true;
    temporary.fail_opening(shortage.error_number);
  } else {
    temporary.fail_writes(shortage.error_number);
  }
  CHECK(real.pull() == ExitStatus::kDiskFailed);
  CAPTURE(world.lines);
  CHECK(world.lines_with(shortage.said) == 1);
  CHECK(world.lines_with(".holdfast/staging") == 1);
  CHECK(world.lines_with("may be failing") == 0);
  CHECK(world.lines_with("the disk is full") == (shortage.error_number == ENOSPC ? 1U : 0U));
}

TEST_CASE("every command that writes to the ledger keeps half of min_free", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.config.disk.min_free_bytes = 4096;
  // Each opens the disk for itself, and tells it what stays free while it is open.
  struct Noted : test::ForwardingDisk {
    Noted(store::Disk& target, std::vector<std::optional<std::uint64_t>>& to)
        : ForwardingDisk(target), kept(to) {}
    ~Noted() override { kept.push_back(kept_free_bytes()); }
    std::vector<std::optional<std::uint64_t>>& kept;
  };
  using Run = std::function<ExitStatus(const agent::Environment&, const agent::Print&)>;
  const auto& config = world.config;
  const std::map<std::string, Run> commands = {
      {"pull", [&](const auto& e, const auto& p) { return agent::pull(config, {}, e, p); }},
      {"verify",
       [&](const auto& e, const auto& p) { return agent::verify_command(config, {}, e, p); }},
      {"prune",
       [&](const auto& e, const auto& p) { return agent::prune_command(config, {}, e, p); }},
      {"accept",
       [&](const auto& e, const auto& p) {
         return agent::accept_command(config, {"site", "k", "", false}, e, p);
       }},
      {"ack",
       [&](const auto& e, const auto& p) {
         return agent::ack_command(config, {"site", std::nullopt, false}, e, p);
       }},
      {"audit",
       [&](const auto& e, const auto& p) { return agent::audit_command(config, {}, e, p); }},
      {"rebuild",
       [&](const auto& e, const auto& p) { return agent::rebuild_command(config, {}, e, p); }}};
  for (const auto& command : commands) {
    CAPTURE(command.first);
    std::vector<std::optional<std::uint64_t>> kept;
    world.command([&](const agent::Environment& outside, const agent::Print& print) {
      auto here = outside;
      here.open_disk = [&](const std::string&) -> store::Result<std::unique_ptr<store::Disk>> {
        return std::make_unique<Noted>(world.disk, kept);
      };
      return command.second(here, print);
    });
    REQUIRE_FALSE(kept.empty());
    CHECK(std::ranges::count(kept, std::optional<std::uint64_t>(2048)) >= 1);
  }
}

TEST_CASE("a rebuild that finds no room above half of min_free ends, and changes nothing",
          "[pull]") {
  RealDisk real;
  auto& world = real.world;
  for (int i = 0; i < 3000; ++i) world.server->put("b", fmt::format("db/{}", i), "content");
  REQUIRE(real.pull() == ExitStatus::kOk);
  const auto ledger = real.directory / ".holdfast/ledger.db";
  std::filesystem::remove(ledger);
  world.config.disk.min_free_bytes = std::uint64_t{1} << 60;
  CHECK(real.rebuild() == ExitStatus::kDiskFailed);
  CAPTURE(world.lines);
  CHECK(world.lines_with("less than half of \"min_free\"") == 1);
  CHECK(world.lines_with("the disk is full") == 0);
  CHECK_FALSE(std::filesystem::exists(ledger));
  world.config.disk.min_free_bytes = 0;
  CHECK(real.rebuild() == ExitStatus::kOk);
}

#include <fmt/format.h>

#include "agent/commands/init_config.h"
#include "store/disk/system_file.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/temp_dir.h"

using agent::ExitStatus;
using pull_test::World;

namespace {

enum class Refuse { kNothing, kStaging, kPlacing };

// What the real environment does with the configuration, and may refuse.
class Staged final : public agent::UnnamedFile {
 public:
  Staged(store::StagedSystemFile file, bool refuse) : file_(std::move(file)), refuse_(refuse) {}
  agent::Result<void> place() override {
    if (refuse_) return "the directory was taken away";
    REQUIRE(file_.place());
    return {};
  }

 private:
  store::StagedSystemFile file_;
  const bool refuse_;
};

// A new disk, and a machine with or without a configuration.
struct NewDisk {
  NewDisk() { world.other_disks["/mnt/new"] = &disk; }

  ExitStatus init(bool write, Refuse refuse = Refuse::kNothing) {
    return world.command([&](const agent::Environment& given, const agent::Print& print) {
      agent::Environment environment = given;
      environment.is_mount_point = [](const std::string&) -> store::Result<bool> { return true; };
      environment.read_file = [](const std::string& path) {
        return store::read_system_file(path).map_error(store::describe);
      };
      environment.stage_file =
          [refuse](const std::string& path,
                   const std::string& text) -> agent::Result<std::unique_ptr<agent::UnnamedFile>> {
        if (refuse == Refuse::kStaging) return tl::unexpected<std::string>("no room");
        auto file = store::stage_system_file(path, text);
        REQUIRE(file);
        return std::unique_ptr<agent::UnnamedFile>(
            std::make_unique<Staged>(std::move(*file), refuse == Refuse::kPlacing));
      };
      return agent::init_command({"/mnt/new", write, config_file}, environment, print);
    });
  }
  std::optional<store::Marker> marker() {
    auto found = store::read_marker(disk);
    REQUIRE(found);
    return *found;
  }
  std::string config() const { return test::read_file(config_file); }
  bool has_config() const { return std::filesystem::exists(config_file); }
  std::string section() { return agent::disk_section({"/mnt/new", marker().value().id, true}); }

  test::TempDir dir;
  std::string config_file = dir / "etc/holdfast.conf";
  World world;
  test::FaultDisk disk;
};

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

void check_is_complete(NewDisk& machine) {
  REQUIRE(machine.marker());
  CHECK(count(machine.config(), "\n[disk]\n") == 1);
  CHECK(count(machine.config(), "\npath = /mnt/new\nid = " + machine.marker()->id + "\n") == 1);
  CHECK(count(machine.config(), "\n[source site]\nbucket =\n") == 1);
}

}  // namespace

TEST_CASE("init says again what to write when the disk is marked already", "[init]") {
  NewDisk machine;
  REQUIRE(machine.init(false) == ExitStatus::kOk);
  const auto said = machine.world.printed;
  CHECK(said == std::vector<std::string>{
                    fmt::format("[disk]\npath = /mnt/new\nid = {}", machine.marker()->id)});
  CHECK(machine.init(false) == ExitStatus::kUsage);
  CHECK(machine.world.printed == said);
  CHECK(machine.world.lines_with("/mnt/new is already a holdfast disk") == 1);
  CHECK_FALSE(machine.has_config());
}

TEST_CASE("init --write makes a configuration, once", "[init]") {
  NewDisk machine;
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  check_is_complete(machine);
  CHECK(
      machine.world.printed ==
      std::vector<std::string>{machine.config_file +
                               " was written, and names this disk; now fill in \"bucket\" there"});
  const auto written = machine.config();
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  CHECK(machine.config() == written);
  CHECK(machine.world.printed ==
        std::vector<std::string>{machine.config_file + " already names this disk"});
}

TEST_CASE("init --write makes the configuration of a disk that was marked without", "[init]") {
  NewDisk machine;
  REQUIRE(machine.init(false) == ExitStatus::kOk);
  const auto id = machine.marker()->id;
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  CHECK(machine.marker()->id == id);
  check_is_complete(machine);
}

TEST_CASE("init --write adds to a configuration, and changes nothing in it", "[init]") {
  const std::string sources =
      GENERATE("[source a]\nbucket = b\n", "[source a]\nbucket = b", "# x\n");
  NewDisk machine;
  test::write_file(machine.config_file, sources);
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  const auto* gap = sources.ends_with('\n') ? "\n" : "\n\n";
  CHECK(machine.config() == sources + gap + machine.section());
}

TEST_CASE("an empty configuration is none, as a redirection that failed leaves it", "[init]") {
  NewDisk machine;
  test::write_file(machine.config_file, "\n");
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  check_is_complete(machine);
}

TEST_CASE("init --write touches nothing where the configuration has other ideas", "[init]") {
  struct Case {
    std::string text;
    ExitStatus status;
    std::string said;
  };
  const auto given = GENERATE(
      Case{"\n[disk]\npath = /mnt/old\n", ExitStatus::kUsage,
           "holdfast.conf:2: there already is a [disk] section, and --write never changes one. "
           "Nothing was changed; without --write the lines are only printed: holdfast init "
           "/mnt/new"},
      Case{"[disk]\npath = /mnt/new\nid = another\n", ExitStatus::kUsage,
           "holdfast.conf:1: there already is a [disk] section"},
      Case{"[disk]\n", ExitStatus::kUsage, "holdfast.conf:1: there already is a [disk] section"},
      Case{"[source a]\nwhat is this\n", ExitStatus::kConfig,
           "holdfast.conf:2: neither a [section] nor \"key = value\"; correct it first"});
  CAPTURE(given.text);
  NewDisk machine;
  test::write_file(machine.config_file, given.text);
  CHECK(machine.init(true) == given.status);
  CHECK(machine.world.lines_with(given.said) == 1);
  CHECK(machine.config() == given.text);
  CHECK(machine.disk.files().empty());
}

TEST_CASE("init --write of a marked disk says what belongs in the place of another one", "[init]") {
  NewDisk machine;
  REQUIRE(machine.init(false) == ExitStatus::kOk);
  test::write_file(machine.config_file, "[disk]\npath = /mnt/old\n");
  CHECK(machine.init(true) == ExitStatus::kUsage);
  CHECK(machine.world.printed.at(0) + "\n" == machine.section());
  CHECK(machine.world.lines_with("holdfast.conf:1: this [disk] section is for another disk") == 1);
  CHECK(machine.config() == "[disk]\npath = /mnt/old\n");
}

TEST_CASE("where the configuration cannot be written, the disk is not marked", "[init]") {
  NewDisk machine;
  CHECK(machine.init(true, Refuse::kStaging) == ExitStatus::kConfig);
  CHECK(machine.world.lines_with("no room; nothing was changed") == 1);
  CHECK(machine.disk.files().empty());
  CHECK_FALSE(machine.has_config());
}

TEST_CASE("where the configuration cannot get its name, the same command goes on", "[init]") {
  NewDisk machine;
  CHECK(machine.init(true, Refuse::kPlacing) == ExitStatus::kConfig);
  CHECK(machine.world.lines_with("the same command again writes the rest") == 1);
  CHECK_FALSE(machine.has_config());
  REQUIRE(machine.init(true) == ExitStatus::kOk);
  check_is_complete(machine);
}

TEST_CASE("whatever step of init --write fails, the same command ends what was begun", "[init]") {
  const auto fault = GENERATE(test::Fault::kPowerCut, test::Fault::kIoError, test::Fault::kNoSpace);
  CAPTURE(static_cast<int>(fault));
  std::uint64_t step = 1;
  for (;; ++step) {
    CAPTURE(step);
    NewDisk machine;
    machine.disk.fail_at(step, fault);
    const auto first = machine.init(true);
    if (!machine.disk.struck()) break;
    // Nothing names a disk that is not marked.
    if (machine.has_config()) CHECK(first == ExitStatus::kOk);
    machine.disk.heal();
    machine.disk.restart();
    REQUIRE(machine.init(true) == ExitStatus::kOk);
    check_is_complete(machine);
  }
  CHECK(step > 5);
}

TEST_CASE("a path that a line of the configuration cannot hold is refused", "[init]") {
  for (const char* good : {"/mnt/a", "/mnt/a b", "/mnt/a#b", "/mnt/#", "/mnt/a;b"}) {
    CHECK(agent::fits_into_config(good));
  }
  for (const char* bad : {"/mnt/a #b", "/mnt/a ;b", "/mnt/a\t#", "/mnt/a\nb", "/mnt/a ", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(agent::fits_into_config(bad));
  }
}

TEST_CASE("init of a second disk says how the two take turns", "[init]") {
  NewDisk first;
  REQUIRE(first.init(true) == ExitStatus::kOk);
  const auto first_id = first.marker().value().id;
  NewDisk second;
  second.config_file = first.config_file;
  const auto line = [&] { return "id = " + first_id + ", " + second.marker().value().id; };
  REQUIRE(second.init(false) == ExitStatus::kOk);
  REQUIRE(second.world.lines.size() == 1);
  CHECK(second.world.lines[0].find(" names another disk at /mnt/new. Where the two take turns "
                                   "there, write into it: " +
                                   line()) != std::string::npos);
  // --write changes no [disk] section, and says the same.
  const auto before = first.config();
  CHECK(second.init(true) == ExitStatus::kUsage);
  CHECK(second.world.lines_with(line()) == 1);
  CHECK(first.config() == before);
  // Once it is written there is nothing to say.
  auto text = before;
  text.replace(text.find("id = " + first_id), ("id = " + first_id).size(), line());
  test::write_file(first.config_file, text);
  CHECK(second.init(true) == ExitStatus::kOk);
  CHECK(second.world.lines.empty());
}

#include "agent/commands/doctor.h"

#include <fmt/format.h>

#include "store/json.h"
#include "tests/agent/commands/doctor_world.h"
#include "tests/support/temp_dir.h"

using agent::CheckLevel;
using agent::ExitStatus;
using doctor_test::DoctorWorld;
using doctor_test::find;
using Names = std::vector<std::string>;

namespace {

CheckLevel level_of(DoctorWorld& world, std::string_view name) {
  const auto checks = world.doctor();
  const auto* check = find(checks, name);
  REQUIRE(check != nullptr);
  CAPTURE(check->text);
  return check->level;
}

std::string text_of(DoctorWorld& world, std::string_view name) {
  const auto checks = world.doctor();
  const auto* check = find(checks, name);
  REQUIRE(check != nullptr);
  return check->text;
}

}  // namespace

TEST_CASE("where all is well the doctor says ok to everything, in the order in which things break",
          "[doctor]") {
  DoctorWorld world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto files = world.disk.files();
  const auto checks = world.doctor();
  Names names;
  for (const auto& check : checks) {
    CAPTURE(check.name, check.text);
    CHECK(check.level == CheckLevel::kOk);
    CHECK(check.status == ExitStatus::kOk);
    names.push_back(check.name);
  }
  CHECK(names == Names{"configuration", "files",  "user",     "disk",    "filesystem",
                       "space",         "inodes", "write",    "health",  "alarms",
                       "schedule",      "clock",  "name",     "route",   "credentials",
                       "list",          "get",    "versions", "options", "filters"});
  CHECK(world.disk.files() == files);
}

TEST_CASE("the doctor only reads upstream, and one byte of an archive", "[doctor]") {
  DoctorWorld world;
  world.server->put("b", "k", "content");
  world.server->reset_journal();
  world.doctor();
  for (const auto& entry : world.server->journal()) CHECK(entry.method == "GET");
  CHECK(world.gets_of("k") == 1);
}

TEST_CASE("each source is told apart, and one that fails keeps no other from being looked at",
          "[doctor]") {
  DoctorWorld world;
  world.server->put("b", "k", "content");
  world.add_source("other", "none");
  const auto checks = world.doctor();
  std::size_t of_site = 0;
  bool failed = false;
  for (const auto& check : checks) {
    if (check.source == "site") ++of_site;
    failed = failed ||
             (check.source == "other" && check.name == "list" && check.level == CheckLevel::kFail);
  }
  CHECK(of_site == 7);
  CHECK(failed);
}

TEST_CASE("the bucket's own host is tried where it has one", "[doctor]") {
  DoctorWorld world;
  world.site().endpoint.clear();
  world.site().region = "eu-central-1";
  world.machine.way.name_error = "Could not resolve host";
  world.doctor();
  CHECK(world.machine.probed == Names{"https://b.s3.eu-central-1.amazonaws.com"});
}

TEST_CASE("a certificate is trusted, or about to end, or of nobody we know", "[doctor]") {
  DoctorWorld world;
  world.server->put("b", "k", "content");
  world.machine.way.tls = true;
  world.machine.way.certificate_ends = world.clock.now_s() + std::chrono::days(60);
  CHECK(level_of(world, "tls") == CheckLevel::kOk);
  world.machine.way.certificate_ends = world.clock.now_s() + std::chrono::days(3);
  CHECK(level_of(world, "tls") == CheckLevel::kWarn);
}

TEST_CASE("what is wanted may lie behind the first thousand keys", "[doctor]") {
  DoctorWorld world;
  world.server->set_page_keys(2);
  for (const auto* key : {"db/1", "db/2", "db/3", "db/4", "www/1"}) {
    world.server->put("b", key, "content");
  }
  world.site().include = {"www/*"};
  CHECK(text_of(world, "filters") == "1 of the first 5 keys is wanted");
  world.site().include = {"mail/*"};
  CHECK(level_of(world, "filters") == CheckLevel::kFail);
  CHECK(text_of(world, "filters").starts_with("5 objects are listed"));
}

TEST_CASE("a disk that is closed to others is not ours to open", "[doctor]") {
  DoctorWorld world;
  world.machine.user = 1000;
  world.machine.files.erase("/disk/.holdfast");
  world.machine.files["/disk"] = {0750, 0};
  CHECK(level_of(world, "user") == CheckLevel::kFail);
  world.machine.files["/disk"] = {0755, 0};
  CHECK(level_of(world, "user") == CheckLevel::kOk);
}

TEST_CASE("a disk that comes from another machine is to be handed over", "[doctor]") {
  DoctorWorld world;
  world.machine.files["/disk/.holdfast"] = {0750, 995};
  CHECK(level_of(world, "user") == CheckLevel::kWarn);
  CHECK(text_of(world, "user").ends_with("sudo chown -R user990: /disk"));
  world.machine.files["/disk/.holdfast"] = {0750, 990};
  CHECK(level_of(world, "user") == CheckLevel::kOk);
  world.machine.files["/disk/.holdfast"] = {0750, 995};
  world.machine.service_user.reset();
  CHECK(level_of(world, "user") == CheckLevel::kOk);
}

TEST_CASE("a clock is compared with the server's", "[doctor]") {
  DoctorWorld world;
  world.server->put("b", "k", "content");
  CHECK(level_of(world, "clock") == CheckLevel::kOk);
  world.server->set_clock_offset(std::chrono::minutes(5));
  CHECK(level_of(world, "clock") == CheckLevel::kWarn);
  CHECK(text_of(world, "clock").find("behind") != std::string::npos);
  world.server->set_clock_offset(-std::chrono::hours(3));
  CHECK(level_of(world, "clock") == CheckLevel::kFail);
  CHECK(text_of(world, "clock").find("ahead of") != std::string::npos);
}

TEST_CASE("what starts the pulls is found wherever it stands", "[doctor]") {
  DoctorWorld world;
  auto& texts = world.machine.texts;
  texts.clear();
  const auto found = [&] {
    Names all;
    for (const auto& one : agent::schedules_of(world.machine.system())) {
      all.push_back(fmt::format("{} {}", one.what, one.every.count() / 3600));
    }
    return all;
  };
  CHECK(found().empty());
  texts["/etc/crontab"] = "# 1 * * * * root holdfast pull\n5 3 * * * root holdfast pull\n";
  CHECK(found() == Names{"a line in /etc/crontab 24"});
  texts.clear();
  texts["/var/spool/cron/crontabs/root"] = "0 */6 * * * holdfast -q pull\n@daily other pull\n";
  CHECK(found() == Names{"a line in /var/spool/cron/crontabs/root 6"});
  texts.clear();
  texts["/etc/cron.daily/backup"] = "#!/bin/sh\nholdfast pull\n";
  CHECK(found() == Names{"/etc/cron.daily/backup 24"});
  texts.clear();
  world.machine.files["/etc/systemd/system/timers.target.wants/holdfast.timer"] = {0644, 0};
  texts["/lib/systemd/system/holdfast.timer"] = "[Timer]\nOnCalendar=daily\n";
  CHECK(found() == Names{"the timer holdfast.timer 24"});

  // The line of the package does nothing beside the timer.
  texts["/etc/cron.d/holdfast"] =
      "17 * * * * holdfast systemctl -q is-active holdfast.timer || holdfast pull\n";
  CHECK(found() == Names{"the timer holdfast.timer 24"});
}

TEST_CASE("a disk that fills up within a month is told of in time", "[doctor]") {
  DoctorWorld world;
  world.server->put("b", "k", std::string(1'000'000, 'x'));
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(std::chrono::hours(10 * 24));
  world.disk.set_space({10'000'000, 9'000'000});
  CHECK(level_of(world, "space") == CheckLevel::kOk);
  world.disk.set_space({10'000'000, 2'000'000});
  CHECK(level_of(world, "space") == CheckLevel::kWarn);
}

TEST_CASE("the kernel's counts of errors are told", "[doctor]") {
  DoctorWorld world;
  auto& texts = world.machine.texts;
  texts["/sys/class/block/sda1/partition"] = "1\n";
  CHECK(level_of(world, "health") == CheckLevel::kOk);
  texts["/sys/class/block/sda/device/ioerr_cnt"] = "0x2\n";
  CHECK(level_of(world, "health") == CheckLevel::kWarn);
  texts["/sys/fs/ext4/sda1/errors_count"] = "3\n";
  CHECK(text_of(world, "health").find("3 errors") != std::string::npos);
}

TEST_CASE("errors are counted for the disk below a partition, an encrypted one, or none",
          "[doctor]") {
  struct Row {
    const char* device;
    const char* partition;  ///< that there is
    const char* slave;      ///< what lies below
    const char* disk;
  };
  const auto row = GENERATE(
      Row{"sda1", "sda1", nullptr, "sda"}, Row{"sdb", nullptr, nullptr, "sdb"},
      Row{"sda12", "sda12", nullptr, "sda"}, Row{"nvme0n1p2", "nvme0n1p2", nullptr, "nvme0n1"},
      Row{"nvme0n1", nullptr, nullptr, "nvme0n1"},
      Row{"mmcblk0p1", "mmcblk0p1", nullptr, "mmcblk0"}, Row{"dm-0", "sdc1", "sdc1", "sdc"});
  CAPTURE(row.device);
  DoctorWorld world;
  world.machine.device = row.device;
  auto& texts = world.machine.texts;
  const auto block = [](const std::string& device) { return "/sys/class/block/" + device; };
  if (row.partition != nullptr) texts[block(row.partition) + "/partition"] = "1\n";
  if (row.slave != nullptr) texts[block(row.device) + "/slaves/" + row.slave] = "";
  CHECK(level_of(world, "health") == CheckLevel::kOk);
  texts[block(row.disk) + "/device/ioerr_cnt"] = "0x1\n";
  CHECK(text_of(world, "health").find(fmt::format("1 request to {} failed", row.disk)) == 0);
}

TEST_CASE("alarms and failures have to reach a person, each in some way", "[doctor]") {
  DoctorWorld world;
  auto& agent = world.config.agent;
  CHECK(level_of(world, "alarms") == CheckLevel::kOk);  // by cron's mail
  world.machine.files.erase("/usr/sbin/sendmail");
  CHECK(level_of(world, "alarms") == CheckLevel::kWarn);
  agent.on_alarm = "mail";
  CHECK(level_of(world, "alarms") == CheckLevel::kWarn);
  CHECK(text_of(world, "alarms").find("nobody of runs that fail") != std::string::npos);
  agent.on_failure = "mail";
  CHECK(level_of(world, "alarms") == CheckLevel::kOk);
  agent.on_alarm.clear();
  CHECK(text_of(world, "alarms").find("nobody of alarms") != std::string::npos);
  agent.on_failure.clear();
  agent.ping_url = "https://ping.example.org/check";
  CHECK(level_of(world, "alarms") == CheckLevel::kOk);
}

TEST_CASE("as JSON the doctor gives names, levels and the exit status of the worst", "[doctor]") {
  DoctorWorld world;
  const test::TempDir dir;
  test::write_file(
      dir / "conf",
      "[disk]\npath = /disk\nrequire_mount = no\n[agent]\nstatus_file = " + (dir / "status") +
          "\n[source site]\nbucket = none\nendpoint = " + world.server->url() + "\n");
  const auto run = [&](bool json, const std::string& source) {
    return world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::doctor_command(dir / "conf", {{source}, json}, environment,
                                   world.machine.system(), print);
    });
  };
  CHECK(run(true, "site") == ExitStatus::kIncomplete);
  REQUIRE(world.printed.size() == 1);
  const auto json = store::Json::parse(world.printed.front());
  REQUIRE(json);
  CHECK(json->find("exit_status")->integer() == 2);
  CHECK(json->find("checks")->array()->size() > 10);

  CHECK(run(false, "site") == ExitStatus::kIncomplete);
  CHECK(world.printed.size() > 10);
  CHECK(run(false, "elsewhere") == ExitStatus::kUsage);

  test::write_file(dir / "conf", "[disk]\n");
  CHECK(run(false, "site") == ExitStatus::kConfig);
  REQUIRE(world.printed.size() == 1);
  CHECK(world.printed.front().starts_with("FAIL  configuration"));
}

#include <sys/stat.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "agent/mirror.h"
#include "agent/pull.h"
#include "s3client/curl_transport.h"
#include "store/digest.h"
#include "store/layout.h"
#include "store/mount.h"
#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_transport.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/impatient_clock.h"
#include "tests/support/temp_dir.h"

// A scenario is pulled once undisturbed, and then again and again with one operation failing, each
// in turn: of the disk (SQLite's included) and of the network. Whatever fails, nothing wrong may be
// visible afterwards, and the next pull must end where the undisturbed one did.

namespace {

constexpr const char* kBucket = "backups";
const std::string kLargeKey = "db/2026-02-large.tar";

std::string pattern(std::size_t size_bytes, unsigned seed) {
  std::string content(size_bytes, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) {
    seed = seed * 1664525U + 1013904223U;
    content[i] = static_cast<char>(seed >> 24);
  }
  return content;
}

using Contents = std::map<std::string, std::string>;

// What a person or a program can see of the mirror, without what differs from run to run.
struct Sight {
  Contents files;                             // all but the state directory
  std::map<std::string, std::string> held;    // by the ledger: key to digest, proof and place
  std::map<std::string, std::string> alarms;  // kind and key
  bool operator==(const Sight&) const = default;
};

class World {
 public:
  World() {
    server_ = fake_s3::Server::start({}).value();
    test::write_file(directory_ / "credentials",
                     "[default]\naws_access_key_id = " + fake_s3::reader().access_key_id +
                         "\naws_secret_access_key = " + fake_s3::reader().secret_access_key + "\n");
    REQUIRE(::chmod((directory_ / "credentials").c_str(), 0600) == 0);
    config_.disk.path = "/disk";
    config_.disk.require_mount = false;
    config_.disk.min_free_bytes = 0;
    config_.agent.parallel = 2;
    config_.agent.retries = 3;
    config_.agent.status_file = "/status.json";
    auto& source = config_.sources.emplace_back();
    source.name = "site";
    source.bucket = kBucket;
    source.endpoint = server_->url();
    source.credentials_file = directory_ / "credentials";
  }

  // A disk that holds four archives, of which the bucket has since lost one and changed one, and
  // new ones to fetch: an empty, small ones, a large one and one uploaded in parts.
  void set_the_scene() {
    for (const auto& [key, body] : bodies_) server_->erase(kBucket, key);
    upload("db/2026-01.tar", pattern(3000, 1));
    upload("db/lost.tar", pattern(100, 2));
    upload("db/changed.tar", pattern(500, 3));
    upload("kept", "x");
    make_disk();
    REQUIRE(pull() == agent::ExitStatus::kOk);
    server_->erase(kBucket, "db/lost.tar");
    server_->put(kBucket, "db/changed.tar", pattern(500, 4));
    upload("db/2026-02.tar", pattern(4000, 5));
    upload("db/empty", "");
    upload("kept/and/deeper", pattern(700, 6));
    upload(kLargeKey, pattern((1 << 20) + 12345, 7));
    const auto parts = pattern((1 << 20) + 777, 8);
    server_->put_multipart(kBucket, "parts.bin", parts, 1 << 19);
    bodies_["parts.bin"] = parts;
  }

  agent::ExitStatus pull() {
    agent::StopFlag stop{false};
    agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kQuiet,
                   [this](const std::string& line) { last_line_ = line; });
    return agent::pull(config_, {}, environment(log, stop), [](const std::string&) {});
  }

  Sight sight() {
    Sight sight;
    for (const auto& [path, content] : disk_->files()) {
      if (!path.starts_with(".holdfast/")) sight.files[path] = content;
    }
    agent::StopFlag stop{false};
    agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kQuiet,
                   [](const std::string&) {});
    auto mirror = agent::open_mirror(config_, environment(log, stop), store::Access::kReadOnly);
    REQUIRE(mirror.has_value());
    const auto id = mirror->ledger.find_source("site");
    REQUIRE(id.has_value());
    if (!*id) return sight;
    REQUIRE(mirror->ledger.visit_archives(**id, [&](const store::Archive& archive) {
      sight.held[archive.key] =
          store::to_hex(archive.sha256) + " " + archive.verified_by + " " +
          store::archive_path("site", archive.key, mirror->rules, archive.variant);
      return true;
    }));
    const auto alarms = mirror->ledger.open_alarms(**id, 100);
    REQUIRE(alarms.has_value());
    for (const auto& alarm : *alarms) sight.alarms[alarm.kind] += alarm.key;
    return sight;
  }

  // Even before anything is repaired: each name under archives/ has the right content, and what the
  // ledger says is held lies there.
  void check_nothing_wrong_is_visible() {
    const auto seen = sight();
    for (const auto& [path, content] : seen.files) {
      if (!path.starts_with("site/archives/")) continue;
      const auto key = store::key_of_plain_path(path.substr(14));
      if (path.find("%~") != std::string::npos) continue;
      REQUIRE(key.has_value());
      INFO(path);
      REQUIRE(bodies_.contains(*key));
      CHECK(content == bodies_.at(*key));
    }
    for (const auto& [key, record] : seen.held) {
      INFO(key);
      const auto path = record.substr(record.rfind(' ') + 1);
      CHECK(seen.files.contains(path));
    }
  }

  bool staging_is_empty() const {
    const auto files = disk_->files();
    const auto staged = files.lower_bound(".holdfast/staging/");
    return staged == files.end() || !staged->first.starts_with(".holdfast/staging/");
  }

  void set_disk(std::unique_ptr<test::FaultDisk> disk) { disk_ = std::move(disk); }
  test::FaultDisk& disk() { return *disk_; }
  test::NetworkFault& network() { return network_; }
  const std::string& last_line() const { return last_line_; }

  void make_disk() {
    disk_ = std::make_unique<test::FaultDisk>();
    REQUIRE(store::Ledger::create(*disk_));
    REQUIRE(store::write_marker(*disk_, std::chrono::sys_seconds{}));
  }

  void upload(const std::string& key, const std::string& body) {
    server_->put(kBucket, key, body);
    bodies_[key] = body;
  }
  fake_s3::Server& server() { return *server_; }

 private:
  agent::Environment environment(agent::Log& log, agent::StopFlag& stop) {
    return {clock_,
            log,
            stop,
            [this](const std::string&) -> store::Result<std::unique_ptr<store::Disk>> {
              return std::make_unique<test::ForwardingDisk>(*disk_);
            },
            [](const std::string&) -> store::Result<bool> { return true; },
            [this](const s3::TransportOptions& options) -> std::unique_ptr<s3::Transport> {
              return std::make_unique<test::FaultTransport>(s3::make_curl_transport(options),
                                                            network_);
            },
            [](const char*) { return std::nullopt; },
            [](const std::string&, const std::string&) -> tl::expected<void, std::string> {
              return {};
            },
            [](const std::string&) -> tl::expected<std::optional<std::string>, std::string> {
              return std::nullopt;
            },
            "test",
            1,
            false};
  }

  test::TempDir directory_;
  test::ImpatientClock clock_;
  std::unique_ptr<fake_s3::Server> server_;
  std::unique_ptr<test::FaultDisk> disk_;
  test::NetworkFault network_;
  agent::Config config_;
  Contents bodies_;
  std::string last_line_;
};

// Runs the scenario with `disturb` set before the second pull, until it no longer strikes; returns
// how often it did.
template <typename Disturb, typename Struck>
int torture(const Disturb& disturb, const Struck& struck) {
  World undisturbed;
  undisturbed.set_the_scene();
  REQUIRE(undisturbed.pull() == agent::ExitStatus::kAlarm);
  const auto wanted = undisturbed.sight();
  REQUIRE(wanted.held.size() == 9);
  REQUIRE(wanted.alarms.at("changed") == "db/changed.tar");

  World world;
  int step = 0;
  while (true) {
    ++step;
    CAPTURE(step);
    world.set_the_scene();
    disturb(world, step);
    (void)world.pull();
    const bool done = !struck(world);
    world.disk().heal();
    world.disk().restart();
    world.network().clear();
    world.check_nothing_wrong_is_visible();
    INFO(world.last_line());
    REQUIRE(world.pull() == agent::ExitStatus::kAlarm);
    const auto seen = world.sight();
    CHECK(seen.held == wanted.held);
    CHECK(seen.alarms == wanted.alarms);
    CHECK(seen.files == wanted.files);
    CHECK(world.staging_is_empty());
    if (done) return step - 1;
    REQUIRE(step < 5000);
  }
}

int torture_disk(test::Fault fault, std::optional<std::uint64_t> seed) {
  return torture(
      [&](World& world, int step) {
        if (seed) world.disk().set_power_cut_seed(*seed + static_cast<std::uint64_t>(step));
        world.disk().fail_at(static_cast<std::uint64_t>(step), fault);
      },
      [](World& world) { return world.disk().struck(); });
}

}  // namespace

TEST_CASE("a pull in which any one operation of the disk fails is finished by the next",
          "[torture]") {
  const auto fault = GENERATE(test::Fault::kIoError, test::Fault::kNoSpace, test::Fault::kReadOnly);
  CAPTURE(static_cast<int>(fault));
  CHECK(torture_disk(fault, std::nullopt) > 100);
}

TEST_CASE("a pull in which the power fails at any operation is finished by the next", "[torture]") {
  CHECK(torture_disk(test::Fault::kPowerCut, std::nullopt) > 100);
}

TEST_CASE("a pull that loses power with writes half on the disk is finished by the next",
          "[torture]") {
  CHECK(torture_disk(test::Fault::kPowerCut, 20260131) > 100);
}

TEST_CASE("a pull in which any one request fails is finished by the next", "[torture]") {
  const auto kind = GENERATE(test::NetworkFault::Kind::kRefused, test::NetworkFault::Kind::kCut);
  const int failures = GENERATE(1, 100);  // one, which a retry heals; or the rest of the run
  CAPTURE(static_cast<int>(kind), failures);
  const int struck =
      torture([&](World& world, int step) { world.network().fail(step, failures, kind); },
              [](World& world) { return world.network().struck(); });
  CHECK(struck >= 6);
}

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/commands/commands.h"
#include "agent/commands/pull.h"
#include "agent/run/open_mirror.h"
#include "store/content/digest.h"
#include "store/content/disk_marker.h"
#include "store/content/key_path.h"
#include "store/custody/manifest.h"
#include "tests/support/catch.h"
#include "tests/support/disk_vfs.h"
#include "tests/support/fake_s3.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_transport.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/manual_clock.h"
#include "tests/support/socketless_transport.h"
#include "tests/support/stride.h"
#include "tests/support/sub_disk.h"

// A scenario is made and pulled once undisturbed, and then again and again from a copy with one
// operation failing, each in turn: of the disk (SQLite's included) and of the network. Whatever
// fails, nothing wrong may be visible afterwards, and the next pull must end where the undisturbed
// one did. A test says how many steps it has, so that none gets lost unseen.

namespace pull_torture {

// Time stands still, so that what is written is the same each time; later than any build.
inline constexpr agent::Clock::WallTime kNow{std::chrono::seconds{4'000'000'000}};
inline constexpr const char* kBucket = "backups";
inline constexpr const char* kAdoptedFrom = "/old";
inline const std::string kLargeKey = "db/2026-02-large.tar";

inline std::string pattern(std::size_t size_bytes, unsigned seed) {
  std::string content(size_bytes, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) {
    seed = seed * 1664525U + 1013904223U;
    content[i] = static_cast<char>(seed >> 24);
  }
  return content;
}

// What a person or a program can see of the mirror, without what differs from run to run.
struct Sight {
  std::map<std::string, std::string> files;        // all but the state directory
  std::map<std::string, std::string> held;         // by the ledger: key to digest, proof and place
  std::map<std::string, std::string> generations;  // by the ledger: path to digest
  std::set<std::string> alarms;                    // kind and key
  bool operator==(const Sight&) const = default;
};

class TortureWorld {
 public:
  TortureWorld() {
    fake_s3::Options options;
    options.listens = false;
    options.clock = [this] { return clock_.now_s(); };
    server_ = fake_s3::Server::start(options).value();
    config_.disk.path = "/disk";
    config_.disk.require_mount = false;
    config_.disk.min_free_bytes = 0;
    config_.agent.retries = 3;
    config_.agent.status_file = "/status.json";
    auto& source = config_.sources.emplace_back();
    source.name = "site";
    source.bucket = kBucket;
    source.endpoint = server_->url();
    // What it fetches is a few letters under any name.
    source.soundness = agent::SoundnessCheck::kOff;
  }

  // A disk that holds four archives, of which the bucket has since lost one and changed one, and
  // new ones to fetch: an empty, small ones, a large one and one uploaded in parts.
  void set_the_scene() {
    clear();
    upload("db/2026-01.tar", pattern(3000, 1));
    upload("db/lost.tar", pattern(100, 2));
    upload("db/changed.tar", pattern(500, 3));
    upload("kept", "x");
    make_disk();
    REQUIRE(pull() == agent::ExitStatus::kOk);
    server_->erase(kBucket, "db/lost.tar");
    replace("db/changed.tar", pattern(500, 4));
    upload("db/2026-02.tar", pattern(4000, 5));
    upload("db/empty", "");
    upload("kept/and/deeper", pattern(700, 6));
    upload(kLargeKey, pattern((1 << 20) + 12345, 7));
    const auto parts = pattern((1 << 20) + 777, 8);
    server_->put_multipart(kBucket, "parts.bin", parts, 1 << 19);
    bodies_["parts.bin"] = {parts};
  }

  // Held archives of which the bucket now has other contents, a large one among them.
  void set_the_scene_of_changes(agent::OnChange on_change, bool has_links) {
    clear();
    config_.sources.front().on_change = on_change;
    config_.sources.front().tripwire_share = std::nullopt;
    upload("a/changed.tar", pattern(500, 1));
    upload(kLargeKey, pattern((1 << 20) + 100, 2));
    upload("kept", "x");
    make_disk();
    disk_->set_has_links(has_links);
    REQUIRE(pull() == agent::ExitStatus::kOk);
    replace("a/changed.tar", pattern(600, 3));
    replace(kLargeKey, pattern((1 << 20) + 200, 4));
  }

  // The bucket has again what it had at first, which is superseded meanwhile.
  void set_the_scene_of_a_return(bool has_links) {
    set_the_scene_of_changes(agent::OnChange::kGenerations, has_links);
    REQUIRE(pull() == agent::ExitStatus::kOk);
    replace("a/changed.tar", pattern(500, 1));
    replace(kLargeKey, pattern((1 << 20) + 100, 2));
  }

  // Held archives of which one has rotted, one lost its end, and one is gone; all known.
  void set_the_scene_of_damage(bool has_links) {
    clear();
    damaged_ = true;
    upload("a/rotten.tar", pattern(500, 1));
    upload("a/gone.tar", pattern(600, 2));
    upload(kLargeKey, pattern((1 << 20) + 100, 3));
    upload("kept", "x");
    make_disk();
    disk_->set_has_links(has_links);
    REQUIRE(pull() == agent::ExitStatus::kOk);
    damage("a/rotten.tar", pattern(500, 4));
    damage(kLargeKey, pattern(4096, 5));
    REQUIRE(disk_->remove_file("site/archives/a/gone.tar"));
    REQUIRE(disk_->sync_directory("site/archives/a"));
    REQUIRE(verify() == agent::ExitStatus::kAlarm);
  }

  // Contents in quarantine, of which one has rotted; known, and the rest acknowledged.
  void set_the_scene_of_damaged_generation(bool has_links) {
    set_the_scene_of_changes(agent::OnChange::kQuarantine, has_links);
    damaged_ = true;
    REQUIRE(pull() == agent::ExitStatus::kAlarm);
    REQUIRE(ack() == agent::ExitStatus::kOk);
    const auto files = disk_->files();
    const auto found = files.lower_bound("site/quarantine/a/changed.tar/");
    REQUIRE(found->second == pattern(600, 3));
    disk_->plant(found->first, pattern(600, 9));
    REQUIRE(verify(true) == agent::ExitStatus::kAlarm);
  }

  // A source on HOLD, because half of what is held has changed.
  void set_the_scene_of_a_hold() {
    clear();
    config_.sources.front().tripwire_min = 1;
    for (int i = 0; i < 4; ++i) upload("k" + std::to_string(i), pattern(50, 1));
    make_disk();
    REQUIRE(pull() == agent::ExitStatus::kOk);
    replace("k0", pattern(50, 2));
    replace("k1", pattern(50, 3));
    REQUIRE(pull() == agent::ExitStatus::kAlarm);
    REQUIRE(sight().alarms.contains("mass-change "));
  }

  // Five archives of a series, and a name with three contents; only two of each are to be kept.
  void set_the_scene_of_retention() {
    clear();
    auto& source = config_.sources.front();
    source.on_change = agent::OnChange::kGenerations;
    source.tripwire_share = std::nullopt;
    source.keep = {};
    source.series = agent::Series::parse("^(k|latest)").value();
    for (int i = 1; i <= 5; ++i) upload("k/" + std::to_string(i), pattern(40, 1));
    upload("latest.tar", pattern(50, 1));
    make_disk();
    REQUIRE(pull() == agent::ExitStatus::kOk);
    for (unsigned i = 2; i <= 3; ++i) {
      replace("latest.tar", pattern(50, i));
      REQUIRE(pull() == agent::ExitStatus::kOk);
    }
    source.keep.last = 2;
  }
  // Whatever failed, what the rules keep was there all the time.
  void check_what_is_kept_is_there() {
    const auto files = disk_->files();
    for (const char* key : {"k/4", "k/5"}) {
      REQUIRE(files.contains(std::string("site/archives/") + key));
    }
    REQUIRE(files.at("site/archives/latest.tar") == pattern(50, 3));
    std::set<std::string> superseded;
    for (const auto& [path, content] : files) {
      if (path.starts_with("site/superseded/")) superseded.insert(content);
    }
    REQUIRE(superseded.contains(pattern(50, 2)));
  }
  agent::ExitStatus prune() {
    return run([&](const agent::Environment& environment) {
      return agent::prune_command(config_, {}, environment, [](const std::string&) {});
    });
  }

  // A directory that another tool has filled from a bucket that holds nothing here yet, below the
  // mirror's root or on a disk of its own: good files, one in parts and a large one among them, one
  // that was flipped, one that the bucket lacks; and one archive that is held, and damaged.
  void set_the_scene_of_an_adoption(bool has_links, bool own_disk) {
    clear();
    damaged_ = true;
    upload("held", pattern(300, 9));
    make_disk();
    disk_->set_has_links(has_links);
    if (own_disk) other_ = std::make_unique<test::FaultDisk>();
    REQUIRE(pull() == agent::ExitStatus::kOk);
    damage("held", pattern(300, 10));
    REQUIRE(verify() == agent::ExitStatus::kAlarm);
    upload("db/2026-02.tar", pattern(4000, 5));
    upload("db/empty", "");
    upload("flipped", pattern(500, 7));
    upload("missing", pattern(200, 11));
    const auto parts = pattern(9000, 8);
    server_->put_multipart(kBucket, "parts.bin", parts, 2500);
    bodies_["parts.bin"] = {parts};
    bodies_["orphan"] = {pattern(100, 12)};
    lay("held", pattern(300, 9));
    lay("db/2026-02.tar", pattern(4000, 5));
    lay("db/empty", "");
    lay("flipped", pattern(500, 6));
    lay("parts.bin", parts);
    lay("orphan", pattern(100, 12));
  }
  agent::ExitStatus adopt(agent::AdoptOptions options) {
    options.source = "site";
    options.directory = kAdoptedFrom;
    return run([&](const agent::Environment& environment) {
      return agent::adopt_command(config_, options, environment, [](const std::string&) {});
    });
  }
  /// The directory's own disk.
  test::FaultDisk& other() { return *other_; }
  std::set<std::string> left_in_directory() const {
    std::set<std::string> left;
    if (other_) {
      for (const auto& [path, content] : other_->files()) left.insert(path);
      return left;
    }
    for (const auto& [path, content] : disk_->files()) {
      if (path.starts_with("old/")) left.insert(path.substr(4));
    }
    return left;
  }

  agent::ExitStatus accept(const std::string& key) {
    return run([&](const agent::Environment& environment) {
      agent::AcceptOptions options;
      options.source = "site";
      options.key = key;
      return agent::accept_command(config_, options, environment, [](const std::string&) {});
    });
  }
  agent::ExitStatus ack() {
    return run([&](const agent::Environment& environment) {
      agent::AckOptions options;
      options.source = "site";
      return agent::ack_command(config_, options, environment, [](const std::string&) {});
    });
  }

  agent::ExitStatus rebuild() {
    return run([&](const agent::Environment& environment) {
      return agent::rebuild_command(config_, {}, environment, [](const std::string&) {});
    });
  }
  void lose_ledger() {
    REQUIRE(disk_->remove_file(store::kLedgerPath));
    REQUIRE(disk_->sync_directory(store::kStateDirectory));
  }
  agent::ExitStatus verify(bool all = false) {
    return run([&](const agent::Environment& environment) {
      agent::VerifyOptions options;
      options.all = all;
      return agent::verify_command(config_, options, environment, [](const std::string&) {});
    });
  }
  agent::ExitStatus pull() {
    return run([&](const agent::Environment& environment) {
      return agent::pull(config_, {}, environment, [](const std::string&) {});
    });
  }

  Sight sight() {
    Sight sight;
    for (const auto& [path, content] : disk_->files()) {
      // When something was found damaged is in its name, and when it was held in the manifest.
      const bool compared = !path.starts_with(".holdfast/") && !path.starts_with("site/damaged/") &&
                            path != "site/manifest.jsonl";
      if (compared) sight.files[path] = content;
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
          store::to_hex(archive.sha256) + " " + std::string(store::name_of(archive.verified_by)) +
          " " + store::archive_path("site", archive.key, mirror->rules, archive.variant);
      return true;
    }));
    REQUIRE(mirror->ledger.visit_generations(**id, [&](const store::Generation& generation) {
      sight.generations[generation.path] = store::to_hex(generation.sha256);
      return true;
    }));
    const auto alarms = mirror->ledger.open_alarms(**id, 100);
    REQUIRE(alarms.has_value());
    for (const auto& alarm : *alarms) sight.alarms.insert(alarm.kind + " " + alarm.key);
    return sight;
  }

  // What the manifest says is held, in the form that the ledger's word has in a Sight.
  void check_manifest_says(const Sight& seen) {
    Sight carried;
    REQUIRE(store::visit_manifest(*disk_, "site", [&](store::ManifestEntry&& entry) {
      const auto digest = store::to_hex(entry.sha256);
      const auto path = "site/" + entry.path;
      using Kind = store::ManifestEntry::Kind;
      if (entry.kind == Kind::kHeld) {
        carried.held[entry.key] =
            digest + " " + std::string(store::name_of(entry.verified_by)) + " " + path;
      }
      if (entry.kind == Kind::kGeneration) carried.generations[path] = digest;
      if (entry.kind == Kind::kGone) carried.generations.erase(path);
      if (entry.kind == Kind::kPruned) {
        carried.generations.erase(path);
        if (entry.path.starts_with("archives/")) carried.held.erase(entry.key);
      }
      return true;
    }));
    CHECK(carried.held == seen.held);
    CHECK(carried.generations == seen.generations);
  }

  // Even before anything is repaired: each name under archives/ has the right content, and what the
  // ledger says is held lies there.
  void check_nothing_wrong_is_visible() {
    if (!disk_->files().contains(std::string(store::kLedgerPath)))
      return;  // and so nothing is said
    const auto seen = sight();
    for (const auto& [path, content] : seen.files) {
      if (!path.starts_with("site/archives/")) continue;
      const auto key = store::key_of_plain_path(path.substr(14));
      if (path.find("%~") != std::string::npos) continue;
      REQUIRE(key.has_value());
      INFO(path);
      REQUIRE(bodies_.contains(*key));
      CHECK(bodies_.at(*key).contains(content));
    }
    if (damaged_) return;
    for (const auto& [key, record] : seen.held) {
      INFO(key);
      const auto path = record.substr(record.rfind(' ') + 1);
      CHECK(seen.files.contains(path));
    }
    for (const auto& [path, digest] : seen.generations) {
      INFO(path);
      CHECK(seen.files.contains(path));
    }
    check_nothing_is_lost(seen);
  }

  // Whatever the ledger says that we hold or held lies somewhere, whole.
  void check_nothing_is_lost(const Sight& seen) {
    std::set<std::string> digests;
    for (const auto& [path, content] : seen.files) {
      store::DigestSet set({{store::Algorithm::kSha256, {}}});
      set.update(std::as_bytes(std::span(content)));
      digests.insert(store::to_hex(set.finish().front()));
    }
    for (const auto& [key, record] : seen.held) {
      INFO(key);
      CHECK(digests.contains(record.substr(0, record.find(' '))));
    }
    for (const auto& [path, digest] : seen.generations) {
      INFO(path);
      CHECK(digests.contains(digest));
    }
  }

  bool staging_is_empty() const {
    const auto files = disk_->files();
    const auto staged = files.lower_bound(".holdfast/staging/");
    return staged == files.end() || !staged->first.starts_with(".holdfast/staging/");
  }

  // All that an act can change.
  struct Scene {
    std::unique_ptr<test::FaultDisk> disk;
    std::unique_ptr<test::FaultDisk> other;
    fake_s3::ObjectStore::Buckets stored;
    agent::Config config;
    std::map<std::string, std::set<std::string>> bodies;
    bool may_accept = false;
    bool damaged = false;
  };
  Scene remember() const {
    return {disk_->clone(),
            other_ ? other_->clone() : nullptr,
            server_->snapshot(),
            config_,
            bodies_,
            may_accept_,
            damaged_};
  }
  void go_back_to(const Scene& scene) {
    disk_ = scene.disk->clone();
    other_ = scene.other ? scene.other->clone() : nullptr;
    server_->restore(scene.stored);
    config_ = scene.config;
    bodies_ = scene.bodies;
    may_accept_ = scene.may_accept;
    damaged_ = scene.damaged;
  }
  void set_lanes(unsigned lanes) { config_.agent.parallel = lanes; }
  /// What was disturbed has ended, and a new process begins.
  void end_disturbance() {
    disk_->heal();
    disk_->restart();
    if (other_) {
      other_->heal();
      other_->restart();
    }
    network_.clear();
  }

  test::FaultDisk& disk() { return *disk_; }
  test::NetworkFault& network() { return network_; }
  const std::string& last_line() const { return last_line_; }

  // The bytes change below the filesystem, which is no name that leads to what was not verified.
  void damage(const std::string& key, const std::string& body) {
    disk_->plant("site/archives/" + key, body);
    bodies_[key].insert(body);
  }
  /// The damaged bytes that were replaced.
  std::multiset<std::string> kept_aside() const {
    std::multiset<std::string> found;
    for (const auto& [path, content] : disk_->files()) {
      if (path.starts_with("site/damaged/")) found.insert(content);
    }
    return found;
  }

  void make_disk() {
    disk_ = std::make_unique<test::FaultDisk>();
    REQUIRE(store::Ledger::create(*disk_));
    REQUIRE(store::write_marker(*disk_, std::chrono::sys_seconds{}));
  }

  void upload(const std::string& key, const std::string& body) {
    put(key, body);
    bodies_[key].insert(body);
  }
  // Another content, which may take the place of the first where that is asked for.
  void replace(const std::string& key, const std::string& body) {
    put(key, body);
    const auto& source = config_.sources.front();
    if (source.on_change == agent::OnChange::kGenerations || may_accept_) bodies_[key].insert(body);
  }
  void may_accept() { may_accept_ = true; }
  fake_s3::Server& server() { return *server_; }

 private:
  void lay(const std::string& path, const std::string& content) {
    if (other_) {
      other_->set_root_path("/other");
      other_->plant(path, content);
    } else {
      disk_->plant("old/" + path, content);
    }
  }

  void clear() {
    for (const auto& [key, body] : bodies_) server_->erase(kBucket, key);
    bodies_.clear();
  }

  // Always of the same second, which is in the names of what is superseded.
  void put(const std::string& key, const std::string& body) {
    fake_s3::Object object;
    object.content = std::make_shared<fake_s3::MemoryContent>(body);
    object.last_modified = std::chrono::sys_seconds{std::chrono::seconds{1'767'225'600}};
    server_->put_object(kBucket, key, std::move(object));
  }

  agent::ExitStatus run(
      const std::function<agent::ExitStatus(const agent::Environment&)>& command) {
    agent::StopFlag stop{false};
    agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kQuiet,
                   [this](const std::string& line) { last_line_ = line; });
    return command(environment(log, stop));
  }

  agent::Environment environment(agent::Log& log, agent::StopFlag& stop) {
    return {clock_,
            log,
            stop,
            [this](const std::string& path) -> store::Result<std::unique_ptr<store::Disk>> {
              const bool adopts = path == kAdoptedFrom;
              if (adopts && other_) return std::make_unique<test::ForwardingDisk>(*other_);
              if (adopts) return std::make_unique<test::SubDisk>(*disk_, "old");
              return std::make_unique<test::ForwardingDisk>(*disk_);
            },
            [](const std::string&) -> store::Result<bool> { return true; },
            [this](const s3::TransportOptions&) -> std::unique_ptr<s3::Transport> {
              return std::make_unique<test::FaultTransport>(
                  std::make_unique<test::SocketlessTransport>(*server_), network_);
            },
            [](const char* name) -> std::optional<std::string> {
              const std::string_view wanted = name;
              if (wanted == "AWS_ACCESS_KEY_ID") return fake_s3::reader().access_key_id;
              if (wanted == "AWS_SECRET_ACCESS_KEY") return fake_s3::reader().secret_access_key;
              return std::nullopt;
            },
            [](const std::string&, const std::string&) -> tl::expected<void, std::string> {
              return {};
            },
            [](const std::string&) -> tl::expected<std::optional<std::string>, std::string> {
              return std::nullopt;
            },
            "test",
            1,
            false,
            [](const auto&...) -> tl::expected<void, std::string> { return {}; }};
  }

  test::ManualClock clock_{kNow};
  std::unique_ptr<fake_s3::Server> server_;
  std::unique_ptr<test::FaultDisk> disk_;
  std::unique_ptr<test::FaultDisk> other_;
  test::NetworkFault network_;
  agent::Config config_;
  std::map<std::string, std::set<std::string>> bodies_;  // what may lie under archives/
  bool may_accept_ = false;
  bool damaged_ = false;  // something held is not whole from the beginning
  std::string last_line_;
};

struct Scenario {
  std::function<void(TortureWorld&)> set;
  std::function<void(TortureWorld&)> act;     // is disturbed
  std::function<void(TortureWorld&)> finish;  // is not, and must end where the undisturbed one does
};

// At how many steps of a scene each way to fail makes a difference; 0: it is not tried.
struct Steps {
  int io_error = 0;      // operations of the disk
  int no_space = 0;      // of them, those that need room
  int read_only = 0;     // that change something, or may
  int power_cut = 0;     // that make something durable
  int half_written = 0;  // that change something
  int requests = 0;      // of the network
};

// A power cut loses all that was not synced, or some of it.
enum class Loss { kAll, kSome };

struct Disturbance {
  std::function<void(TortureWorld&, int)> set;  // before the act
  std::function<int(TortureWorld&)> steps;      // at which it could have struck
  std::function<bool(TortureWorld&)> struck;
  bool cuts_power = false;
  int draws = 1;  // of what a power cut spares
};

// The numbers are those of Debian 12; another SQLite reads and writes a little differently.
inline void check_steps(int found, int wanted) {
  INFO("This scene has " << found << " steps for this fault, and the table at the top of the file "
                         << "says " << wanted << ". If the program gained or lost a step on "
                         << "purpose, write " << found << " there; if not, something is no longer "
                         << "done, or no longer tried: find out what.");
  if (test::sqlite_version().starts_with("3.40.")) {
    CHECK(found == wanted);
  } else {
    CHECK((wanted > 0 && found > wanted / 2));
  }
}

inline void check_the_end(TortureWorld& world, const Scenario& scenario, const Sight& wanted) {
  world.check_nothing_wrong_is_visible();
  INFO(world.last_line());
  scenario.finish(world);
  const auto seen = world.sight();
  CHECK(seen.held == wanted.held);
  CHECK(seen.generations == wanted.generations);
  CHECK(seen.alarms == wanted.alarms);
  CHECK(seen.files == wanted.files);
  CHECK(world.staging_is_empty());
  world.check_manifest_says(seen);
}

// Acts once undisturbed, in one lane, so that the number of steps is always the same. Then again
// and again from the same scene, in two lanes, disturbed at each step in turn until nothing strikes
// any more; the power is cut then, too, when everything is done.
inline void torture(const Scenario& scenario, const Disturbance& disturbance, int wanted_steps) {
  constexpr int kNever = 1'000'000'000;
  constexpr std::uint64_t kSeed = 20260131;
  TortureWorld world;
  world.set_lanes(1);
  scenario.set(world);
  const auto scene = world.remember();
  disturbance.set(world, kNever);
  scenario.act(world);
  check_steps(disturbance.steps(world), wanted_steps);
  world.end_disturbance();
  scenario.finish(world);
  const auto wanted = world.sight();
  REQUIRE(wanted.held.size() >= 3);

  bool struck = true;
  for (int step = test::stride().first; struck; step += test::stride().every) {
    CAPTURE(step);
    world.go_back_to(scene);
    world.set_lanes(2);
    disturbance.set(world, step);
    scenario.act(world);
    struck = disturbance.struck(world);
    if (disturbance.cuts_power) world.disk().power_cut();
    const auto stopped = world.remember();
    for (int draw = 0; draw < disturbance.draws; ++draw) {
      CAPTURE(draw);
      world.go_back_to(stopped);
      if (disturbance.draws > 1) {
        world.disk().set_power_cut_seed(kSeed + static_cast<std::uint64_t>(2 * step + draw));
      }
      world.end_disturbance();
      check_the_end(world, scenario, wanted);
    }
  }
}

inline int steps_of(const Steps& steps, test::Fault fault, Loss loss) {
  switch (fault) {
    case test::Fault::kIoError:
    case test::Fault::kShortWrite:
      return steps.io_error;
    case test::Fault::kNoSpace:
      return steps.no_space;
    case test::Fault::kReadOnly:
      return steps.read_only;
    case test::Fault::kPowerCut:
      return loss == Loss::kAll ? steps.power_cut : steps.half_written;
  }
  return 0;
}

inline void torture_disk(const Scenario& scenario, const Steps& steps, test::Fault fault,
                         Loss loss = Loss::kAll) {
  const bool some = loss == Loss::kSome;
  Disturbance disturbance;
  disturbance.set = [=](TortureWorld& world, int step) {
    if (some) world.disk().set_power_cut_seed(0);  // what is lost is drawn when the power is off
    world.disk().fail_at(static_cast<std::uint64_t>(step), fault);
  };
  disturbance.steps = [](TortureWorld& world) { return static_cast<int>(world.disk().steps()); };
  disturbance.struck = [](TortureWorld& world) { return world.disk().struck(); };
  disturbance.cuts_power = fault == test::Fault::kPowerCut;
  disturbance.draws = some ? 2 : 1;
  torture(scenario, disturbance, steps_of(steps, fault, loss));
}

inline void torture_network(const Scenario& scenario, const Steps& steps,
                            test::NetworkFault::Kind kind, int failures) {
  Disturbance disturbance;
  disturbance.set = [=](TortureWorld& world, int step) {
    world.network().fail(step, failures, kind);
  };
  disturbance.steps = [](TortureWorld& world) { return world.network().requests(); };
  disturbance.struck = [](TortureWorld& world) { return world.network().struck(); };
  torture(scenario, disturbance, steps.requests);
}

struct WayToFail {
  test::Fault fault;
  Loss loss;
  bool has_links;
};
// Without links a content is copied, which has more steps that can fail.
inline const std::vector<WayToFail> kWaysToFail = {{test::Fault::kIoError, Loss::kAll, true},
                                                   {test::Fault::kPowerCut, Loss::kSome, true},
                                                   {test::Fault::kNoSpace, Loss::kAll, false},
                                                   {test::Fault::kPowerCut, Loss::kSome, false}};

}  // namespace pull_torture

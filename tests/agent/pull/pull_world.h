#pragma once

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/commands.h"
#include "agent/commands/pull.h"
#include "agent/proof/walk.h"
#include "agent/status/status.h"
#include "store/content/disk_marker.h"
#include "store/ledger/ledger.h"
#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/fault_disk.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/manual_clock.h"

namespace pull_test {

/// A bucket "b" behind a lying server, a disk that forgets, and what the agent needs between them.
/// Nobody looks at what the contents are, for most tests have a few letters under any name.
struct World {
  World() {
    config.disk.path = "/disk";
    config.disk.require_mount = false;
    config.disk.min_free_bytes = 0;
    config.agent.remind_every = std::chrono::seconds{0};
    config.agent.status_file = "status.json";
    add_source("site", "b");
    server->make_bucket("b");
    REQUIRE(store::write_marker(disk, clock.now_s()));
    REQUIRE(store::Ledger::create(disk));
  }

  agent::SourceConfig& add_source(const std::string& name, const std::string& bucket) {
    auto& source = config.sources.emplace_back();
    source.name = name;
    source.bucket = bucket;
    source.endpoint = server->url();
    source.soundness = agent::SoundnessCheck::kOff;
    return source;
  }
  agent::SourceConfig& site() { return config.sources.front(); }

  /// One run. What was asked of the server, written and printed before is forgotten.
  agent::ExitStatus pull(const agent::PullOptions& options = {}) {
    hooks.clear();
    server->reset_journal();
    disk.reset_counts();
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::pull(config, options, world, print);
    });
  }
  agent::ExitStatus accept(const std::string& key, const std::string& generation = "") {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::accept_command(config, {"site", key, generation, false}, world, print);
    });
  }
  agent::ExitStatus ack(std::optional<std::int64_t> alarm = std::nullopt) {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::ack_command(config, {"site", alarm, false}, world, print);
    });
  }
  agent::ExitStatus verify(std::optional<std::uint64_t> budget_bytes = std::nullopt) {
    return verify(agent::VerifyOptions{{}, false, budget_bytes, false});
  }
  agent::ExitStatus verify_all() {
    return verify(agent::VerifyOptions{{}, true, std::nullopt, false});
  }
  agent::ExitStatus verify(const agent::VerifyOptions& options) {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::verify_command(config, options, world, print);
    });
  }
  agent::ExitStatus restore(const agent::RestoreOptions& options) {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::restore_command(config, options, world, print);
    });
  }
  agent::ExitStatus adopt(const agent::AdoptOptions& options) {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::adopt_command(config, options, world, print);
    });
  }
  agent::ExitStatus rebuild() {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::rebuild_command(config, {}, world, print);
    });
  }
  /// `list --all --json` of "site", into `printed`.
  agent::ExitStatus list_all() {
    return command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::list_command(config, {"site", "", true, true}, world, print);
    });
  }
  /// Any command. What an earlier one wrote and printed is forgotten.
  template <typename Command>
  agent::ExitStatus command(const Command& run) {
    stop.store(false);
    printed.clear();
    lines.clear();
    agent::Log log(agent::Log::Format::kText, agent::Log::Verbosity::kNormal,
                   [this](const std::string& line) { lines.push_back(line); });
    return run(environment(log), [this](const std::string& line) { printed.push_back(line); });
  }

  agent::Environment environment(agent::Log& log) {
    return {
        clock,
        log,
        stop,
        [this](const std::string& path) -> store::Result<std::unique_ptr<store::Disk>> {
          const auto found = other_disks.find(path);
          if (found == other_disks.end()) return std::make_unique<test::ForwardingDisk>(disk);
          if (found->second != nullptr) {
            return std::make_unique<test::ForwardingDisk>(*found->second);
          }
          return tl::unexpected(store::error_from_errno(ENOENT, "open", path));
        },
        [](const std::string&) -> store::Result<bool> { return false; },
        s3::make_curl_transport,
        [this](const char* name) -> std::optional<std::string> {
          const auto found = variables.find(name);
          if (found == variables.end()) return std::nullopt;
          return found->second;
        },
        [this](const std::string& path,
               const std::string& text) -> tl::expected<void, std::string> {
          if (path == config.agent.status_file) {
            status_text = text;
          } else {
            other_files[path] = text;
          }
          return {};
        },
        [this](const std::string& path) -> tl::expected<std::optional<std::string>, std::string> {
          if (path == config.agent.status_file) return status_text;
          const auto found = other_files.find(path);
          if (found == other_files.end()) return std::nullopt;
          return found->second;
        },
        "pi",
        1,
        false,
        [this](const std::string&, const auto& hook_variables,
               std::chrono::seconds) -> tl::expected<void, std::string> {
          hooks.emplace_back(hook_variables.begin(), hook_variables.end());
          return {};
        },
        {},
        {},
        [this](const std::string&) -> store::Result<bool> { return read_only; },
        4711,
        [this](std::int64_t) { return !processes_are_gone; },
        {},
        {},
        reads_stdout,
        false,
        {},
        {},
        walk,
        file_identity};
  }

  /// For everybody: the clock here and the server's.
  void pass(std::chrono::hours duration) {
    clock.advance(duration);
    passed += duration;
    server->set_clock_offset(passed);
  }

  agent::StatusReport status() const {
    auto status = agent::status_from_json(status_text.value_or(""));
    REQUIRE(status);
    return *std::move(status);
  }
  agent::SourceStatus source(std::string_view name = "site") const {
    auto all = status();
    auto* found = all.find(name);
    REQUIRE(found != nullptr);
    return *found;
  }
  std::vector<std::string> alarm_kinds() const {
    std::vector<std::string> kinds;
    for (const auto& alarm : source().alarms) kinds.push_back(alarm.kind);
    return kinds;
  }

  /// What lies under archives/ for a key of "site"; nullopt when nothing does.
  std::optional<std::string> archive(const std::string& key) const {
    const auto files = disk.files();
    const auto found = files.find("site/archives/" + key);
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
  using Files = std::map<std::string, std::string>;
  static Files below(const Files& files, std::string_view directory) {
    Files found;
    for (const auto& file : files) {
      if (std::string_view(file.first).starts_with(directory)) found.insert(file);
    }
    return found;
  }
  /// The contents there, sorted.
  std::vector<std::string> contents_below(std::string_view directory) const {
    std::vector<std::string> contents;
    for (const auto& [path, content] : below(disk.files(), directory)) contents.push_back(content);
    std::sort(contents.begin(), contents.end());
    return contents;
  }
  std::size_t files_below(std::string_view directory) const {
    return below(disk.files(), directory).size();
  }

  std::size_t gets_of(const std::string& key) const {
    const auto journal = server->journal();
    return static_cast<std::size_t>(std::count_if(
        journal.begin(), journal.end(),
        [&](const auto& entry) { return entry.method == "GET" && entry.key == key; }));
  }
  std::size_t lines_with(std::string_view piece) const {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(),
        [&](const std::string& line) { return line.find(piece) != std::string::npos; }));
  }

  std::unique_ptr<fake_s3::Server> server = fake_s3::Server::start({}).value();
  test::FaultDisk disk;                             ///< at every path that no other one is at
  std::map<std::string, store::Disk*> other_disks;  ///< nullptr: there is no such directory
  test::ManualClock clock;
  agent::StopFlag stop{false};
  agent::Config config;
  std::map<std::string, std::string> variables = {
      {"AWS_ACCESS_KEY_ID", fake_s3::reader().access_key_id},
      {"AWS_SECRET_ACCESS_KEY", fake_s3::reader().secret_access_key}};
  std::optional<std::string> status_text;
  std::map<std::string, std::string> other_files;  ///< what was written for others to read
  bool read_only = false;                          ///< as statvfs would say
  bool processes_are_gone = false;
  std::vector<std::string> lines;
  std::vector<std::string> printed;
  agent::Walk walk = {};  ///< none: this program cannot
  std::function<store::Result<std::optional<store::FileIdentity>>(const std::string&)>
      file_identity = {};     ///< none: nobody knows what lies at a path
  bool reads_stdout = false;  ///< somebody is at a terminal
  std::vector<std::map<std::string, std::string>> hooks;  ///< the variables of each command run
  std::chrono::seconds passed{0};
};

/// An object whose ETag looks like an MD5 and is none.
inline void put_with_etag(World& world, const std::string& key, const std::string& body,
                          const std::string& etag) {
  fake_s3::Object object;
  object.content = std::make_shared<fake_s3::MemoryContent>(body);
  object.etag = etag;
  object.last_modified = world.clock.now_s();
  world.server->put_object("b", key, std::move(object));
}

}  // namespace pull_test

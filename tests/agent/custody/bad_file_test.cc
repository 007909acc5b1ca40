#include <fmt/format.h>

#include <set>

#include "store/content/key_path.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sanitizer.h"
#include "tests/support/stride.h"

// Any one file that is held cannot be read, moved or removed, or has rotted, and any one command is
// run: what concerns that file fails its key, and everything else ends as it does on a disk that is
// whole.

using agent::ExitStatus;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kLargeBytes = (std::size_t{1} << 20) + 4096;

enum class Trouble { kUnreadable, kImmovable, kBadInode, kRotted };
enum class Deed {
  kPull,
  kPullOfGenerations,
  kAccept,
  kAck,
  kPrune,
  kVerify,
  kVerifyAll,
  kRestore,
  kRebuild
};

// Held: what stays, what was uploaded again with the same bytes and another date, what has another
// content now, what the bucket no longer has, what was superseded, and what is in quarantine.
// The name of what lies beside an archive begins with a time, which the server's clock says.
std::string without_when(const std::string& path) {
  constexpr std::size_t kWhenBytes = 16;
  const auto name = path.rfind('/') + 1;
  const bool has_when = path.find("/archives/") == std::string::npos && path.size() > name + 8 &&
                        path[name + 8] == 'T' && path.starts_with("site/");
  return has_when ? path.substr(0, name) + path.substr(name + kWhenBytes) : path;
}

struct BadFileWorld : World {
  explicit BadFileWorld(bool has_links) {
    disk.set_has_links(has_links);
    disk.set_root_path("/disk");
    target.set_root_path("/target");
    other_disks["/target"] = &target;
    site().tripwire_share = std::nullopt;
    site().series = agent::Series::parse("source").value();
    put("kept", "kept");
    put("again", std::string(kLargeBytes, 'a'));
    put("changes", "first");
    put("changes-too", "first of the other");
    put("gone", "gone");
    put("quarantined", "trusted");
    put("superseded", "before");
    REQUIRE(pull() == ExitStatus::kOk);
    pass(24h);
    site().on_change = agent::OnChange::kGenerations;
    put("superseded", "after");
    REQUIRE(pull() == ExitStatus::kOk);
    pass(24h);
    site().on_change = agent::OnChange::kQuarantine;
    put("quarantined", "of somebody");
    REQUIRE(pull() == ExitStatus::kAlarm);
    REQUIRE(ack() == ExitStatus::kOk);
    pass(24h);
    server->erase("b", "gone");
    put("again", std::string(kLargeBytes, 'a'));
    put("changes", "second");
    put("changes-too", "second of the other");
    put("new", "new");
  }

  void put(const std::string& key, const std::string& content) { server->put("b", key, content); }

  void hit(const std::string& path, Trouble trouble) {
    if (trouble == Trouble::kRotted) {
      auto content = disk.files().at(path);
      content.front() = static_cast<char>(content.front() ^ 1);
      return disk.plant(path, content);
    }
    disk.set_hook(
        [=](std::string_view operation, std::string_view at) -> std::optional<store::Error> {
          static const std::set<std::string_view> kMoves = {"rename", "link", "remove"};
          const bool fails =
              trouble == Trouble::kBadInode ||
              (trouble == Trouble::kUnreadable ? operation == "read" : kMoves.contains(operation));
          if (at != path || !fails) return std::nullopt;
          return store::error_from_errno(EIO, operation, path);
        });
  }

  ExitStatus run(Deed deed) {
    switch (deed) {
      case Deed::kPull:
        return pull();
      case Deed::kPullOfGenerations:
        site().on_change = agent::OnChange::kGenerations;
        return pull();
      case Deed::kAccept:
        return accept("quarantined");
      case Deed::kAck:
        static_cast<void>(verify_all());
        return ack();
      case Deed::kPrune:
        return prune();
      case Deed::kVerify:
        return verify();
      case Deed::kVerifyAll:
        return verify_all();
      case Deed::kRestore:
        return restore_all();
      case Deed::kRebuild:
        REQUIRE(disk.remove_file(store::kLedgerPath));
        return rebuild();
    }
    return ExitStatus::kDefect;
  }

  ExitStatus prune() {
    site().keep.last = 1;
    auto status = ExitStatus::kOk;
    for (int i = 0; i < 6; ++i) {
      status = agent::graver(
          status, command([&](const agent::Environment& world, const agent::Print& print) {
            return agent::prune_command(config, {}, world, print);
          }));
    }
    return status;
  }

  ExitStatus restore_all() {
    agent::RestoreOptions options;
    options.source = "site";
    options.pattern = "*";
    options.to = "/target";
    return restore(options);
  }

  // All that is on both disks but for what has a name of this key.
  Files all_but(const std::string& key) const {
    Files left;
    const auto copy_files = [&](const test::FaultDisk& from, const std::string& root) {
      for (const auto& [path, content] : from.files()) {
        const bool is_content = path.find('/') != std::string::npos || root == "/target/";
        const bool is_ours = path.starts_with(".holdfast/") || path == "site/manifest.jsonl" ||
                             path == "site/SHA256SUMS";
        // With what is damaged or could only be read in part.
        const bool is_its = ("/" + path + "/").find("/" + key + "/") != std::string::npos ||
                            path.find("/" + key + "%~") != std::string::npos ||
                            path == key + ".damaged";
        if (is_content && !is_ours && !is_its) left[root + without_when(path)] = content;
      }
    };
    copy_files(disk, "/disk/");
    copy_files(target, "/target/");
    return left;
  }

  std::vector<std::string> names_but(const std::string& key) const {
    std::vector<std::string> names;
    for (const auto& [path, content] : all_but(key)) names.push_back(path);
    return names;
  }

  test::FaultDisk target;
};

std::vector<std::string> held_paths(const BadFileWorld& world) {
  std::vector<std::string> paths;
  for (const char* tree : {"site/archives/", "site/superseded/", "site/quarantine/"}) {
    for (const auto& [path, content] : World::below(world.disk.files(), tree)) {
      paths.push_back(path);
    }
  }
  return paths;
}

std::string key_of(const std::string& path) {
  const auto below = path.substr(path.find('/', 5) + 1);
  return below.substr(0, below.find('/'));
}

const std::vector<std::pair<Deed, bool>> kDeeds = {
    {Deed::kPull, true},      {Deed::kPullOfGenerations, true},
    {Deed::kAccept, true},    {Deed::kAck, true},
    {Deed::kPrune, true},     {Deed::kVerify, true},
    {Deed::kVerifyAll, true}, {Deed::kRestore, true},
    {Deed::kRebuild, true},   {Deed::kPullOfGenerations, false},
    {Deed::kAccept, false},   {Deed::kAck, false},
};

}  // namespace

TEST_CASE("no one bad file keeps any command from any other", "[pull][bad-file]") {
  const auto trouble =
      GENERATE(Trouble::kUnreadable, Trouble::kImmovable, Trouble::kBadInode, Trouble::kRotted);
  const auto [deed, has_links] = GENERATE_COPY(from_range(kDeeds));
  INFO(fmt::format("trouble {}, deed {}, links {}", static_cast<int>(trouble),
                   static_cast<int>(deed), has_links));
  BadFileWorld whole(has_links);
  constexpr std::size_t kHeld = 9;
  const auto undisturbed = whole.run(deed);
  // A sanitizer takes too long over all of them: one, another one each day.
  constexpr unsigned kShares = test::kSanitized ? 9 : 1;
  for (std::size_t which = test::turn_of(kShares); which < kHeld; which += kShares) {
    BadFileWorld world(has_links);
    const auto paths = held_paths(world);
    REQUIRE(paths.size() == kHeld);
    const auto path = paths[which];
    CAPTURE(path);
    world.hit(path, trouble);
    const auto status = world.run(deed);
    INFO(fmt::format("{}", fmt::join(world.lines, "\n")));
    CHECK(status != ExitStatus::kDiskFailed);
    CHECK(status != ExitStatus::kDefect);
    CHECK(agent::graver(status, undisturbed) == status);
    CHECK(world.names_but(key_of(path)) == whole.names_but(key_of(path)));
    CHECK(world.all_but(key_of(path)) == whole.all_but(key_of(path)));
    // What was begun is tried again, and ends no run either.
    CHECK(world.pull() != ExitStatus::kDiskFailed);
  }
}

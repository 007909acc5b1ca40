#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_s3.h"
#include "tests/support/program.h"
#include "tests/support/temp_dir.h"

namespace story {

using Json = nlohmann::json;
using fake_s3::Lie;
using fake_s3::LieKind;
using Words = std::vector<std::string>;
/// Contents by path, or by key.
using Files = std::map<std::string, std::string>;

inline constexpr const char* kBucket = "backups";
inline constexpr const char* kSource = "site";

bool contains(const std::string& text, std::string_view piece);
std::string sha256_of(std::string_view content);
/// Every file below a directory, by its path from there.
Files files_below(const std::string& directory);
/// How many lines a text has.
std::size_t lines(const std::string& text);
/// Bytes that look like nothing, another sequence for each seed.
std::string noise(std::uint64_t seed, std::size_t size_bytes);

/// The real program, its configuration, a disk, and a server with the bucket "backups", which the
/// source "site" mirrors. The configuration is written anew before each run, from the members.
/// Nobody looks at what the contents are, unless `looks` says so: most stories have noise under any
/// name.
class Story {
 public:
  explicit Story(fake_s3::Options options = {});

  std::string disk_path() const { return disk; }
  std::string status_path() const { return dir / "status/status.json"; }
  std::string config_path() const { return dir / "holdfast.conf"; }
  std::string credentials_path() const { return dir / "credentials"; }
  std::string archives_path(const std::string& source = kSource) const {
    return disk + "/" + source + "/archives";
  }

  void write_config() const;
  test::Command command(const Words& words) const;
  test::Finished run(const Words& words) const;
  /// `holdfast init`, which has to succeed.
  void init() const;
  test::Finished pull() const { return run({"pull"}); }

  /// An object; what the mirror has to hold for it is remembered in `wanted`.
  void put(const std::string& key, const std::string& content);

  /// Time goes on, for the program and for the server.
  void let_pass(std::chrono::seconds duration);

  bool has_status() const;
  Json status() const;
  Json source_status(const std::string& source = kSource) const;
  /// The kinds of the alarms that are open, in the order of the status.
  Words alarm_kinds(const std::string& source = kSource) const;
  /// `list --json`, as a map of path to element.
  std::map<std::string, Json> list(const std::string& source = kSource) const;
  Files archives(const std::string& source = kSource) const {
    return files_below(archives_path(source));
  }

  /// What must hold at every moment: each file under archives/ has a content that its object has or
  /// had, and each archive that is listed is there with the recorded SHA-256. Empty: it holds.
  std::string first_untruth() const;
  /// And at the end: the mirror equals the bucket, for keys whose path is the key, with nothing
  /// left over. Empty: it does.
  std::string first_difference() const;

  test::TempDir dir;
  std::unique_ptr<fake_s3::Server> server;
  std::string disk = dir / "disk";
  std::string disk_options = "require_mount = no\nmin_free = 0\n";
  std::string agent_options = "retries = 3\n";
  std::string endpoint;
  /// Further lines of each source, by its name.
  std::map<std::string, std::string> sources = {{kSource, ""}};
  std::vector<std::string> environment;
  /// Whether an archive opens is looked at, as it is by default.
  bool looks = false;
  /// The program's clock is so far ahead of the server's.
  std::chrono::seconds clock_error{0};
  Files wanted;
  /// What the keys held before they were put again.
  std::multimap<std::string, std::string> earlier;

 private:
  std::chrono::seconds passed_{0};
};

/// `sha256sum -c SHA256SUMS` in the directory of the source.
test::Finished check_sums(const Story& story, const std::string& source = kSource);

}  // namespace story

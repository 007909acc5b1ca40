#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/halt.h"
#include "agent/base/log.h"
#include "agent/base/result.h"
#include "s3client/curl_transport.h"
#include "store/disk/disk.h"
#include "store/disk/file_identity.h"
#include "store/disk/lock_holder.h"

namespace agent {

struct WalkAnswer;  // see agent/proof/walk.h
struct WalkRequest;

/// A small file of this system that is whole and durable, and only lacks its name. Without place()
/// it goes again.
class UnnamedFile {
 public:
  virtual ~UnnamedFile() = default;
  /// The error is a sentence.
  virtual Result<void> place() = 0;
};

/// The world outside, as far as the commands reach it. Tests put fakes in its place.
struct Environment {
  Clock& clock;
  Log& log;
  StopFlag& stop;
  std::function<store::Result<std::unique_ptr<store::Disk>>(const std::string& path)> open_disk;
  std::function<store::Result<bool>(const std::string& path)> is_mount_point;
  std::function<std::unique_ptr<s3::Transport>(const s3::TransportOptions&)> make_transport;
  std::function<std::optional<std::string>(const char* name)> variable;
  /// Replaces a small file of this system atomically and durably, readable by all. The error is a
  /// sentence.
  std::function<Result<void>(const std::string& path, const std::string& text)> replace_file;
  /// nullopt when there is none.
  std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
  std::string host_name;
  std::uint32_t seed = 0;  ///< for the jitter of retries
  bool terminal = false;   ///< progress may be shown
  /// Runs a command line by /bin/sh with these variables added to our own, without the secrets, and
  /// waits for its end, at most a little longer than `timeout`. Prints nothing. The error is a
  /// sentence.
  std::function<Result<void>(const std::string& command,
                             const std::vector<std::pair<std::string, std::string>>& variables,
                             std::chrono::seconds timeout)>
      run_command;
  /// Readies a file of the system's configuration: a new one is 0640, in a directory that is made
  /// where it is missing; one that exists is replaced, and its owner and mode stay. The error is a
  /// sentence.
  std::function<Result<std::unique_ptr<UnnamedFile>>(const std::string& path,
                                                     const std::string& text)>
      stage_file = {};
  /// As root: a new mirror belongs to the user that the scheduled run is, where the system has that
  /// user. The error is a sentence.
  std::function<Result<void>(const std::string& root)> give_to_service = {};
  /// Whether the filesystem there is mounted read-only; nobody knows where this is empty.
  std::function<store::Result<bool>(const std::string& path)> is_read_only = {};
  /// Of this program; 0: not known.
  std::int64_t pid = 0;
  /// Whether there is a process with this number; where this is empty it is taken to be there.
  std::function<bool(std::int64_t pid)> is_process = {};
  /// Who has the lock on this file; see store::find_lock_holder().
  std::function<std::optional<store::LockHolder>(const std::string& path)> lock_holder = {};
  /// How wide the terminal is, which may change at any moment. None where nothing may be drawn on
  /// it: off a terminal, or where it takes no escape codes.
  std::function<std::size_t()> columns = {};
  bool reads_stdout = false;  ///< a person does, at a terminal
  bool colour = false;        ///< and words there may be coloured
  /// Removes what killed drills left below this directory; see store/disk/posix_scratch.h. Nobody
  /// does where this is empty.
  std::function<void(const std::string& parent)> remove_left_scratches = {};
  /// Asks the person at the terminal, who may say no; none where there is nobody to ask.
  std::function<bool(const std::string& question)> confirm = {};
  /// Walks a content to its end; none where this program was built without what that takes.
  std::function<WalkAnswer(const WalkRequest&, const Halt&)> walk = {};
  /// What lies at a path of this system; see store::find_file_identity(). Nobody knows where this
  /// is empty.
  std::function<store::Result<std::optional<store::FileIdentity>>(const std::string& path)>
      file_identity = {};
  /// As replace_file(), for a path that a person gives on the command line: what is no file, such
  /// as /dev/stdout, is written into.
  std::function<Result<void>(const std::string& path, const std::string& text)> write_named_file =
      {};
};

}  // namespace agent

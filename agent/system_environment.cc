#include "agent/system_environment.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>
#include <utility>

#include "agent/command_runner.h"
#include "s3client/credentials.h"
#include "store/mount.h"
#include "store/posix_disk.h"
#include "store/posix_owner.h"
#include "store/system_file.h"

namespace agent {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

// One of another user may not be signalled, and is there.
bool is_process(std::int64_t pid) {
  return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

class StagedConfigFile final : public StagedFile {
 public:
  explicit StagedConfigFile(store::StagedSystemFile file) : file_(std::move(file)) {}
  Result<void> place() override {
    const auto placed = file_.place();
    if (!placed) return store::describe(placed.error());
    return {};
  }

 private:
  store::StagedSystemFile file_;
};

Result<std::unique_ptr<StagedFile>> stage_config_file(const std::string& path,
                                                      const std::string& text) {
  auto staged = store::stage_system_file(path, text);
  if (!staged) return tl::unexpected(store::describe(staged.error()));
  return std::unique_ptr<StagedFile>(std::make_unique<StagedConfigFile>(std::move(*staged)));
}

}  // namespace

Environment system_environment(Clock& clock, Log& log, StopFlag& stop) {
  const auto sentence = [](const store::Error& error) { return store::describe(error); };
  Environment environment{
      clock,
      log,
      stop,
      store::open_posix_disk,
      store::is_mount_point,
      s3::make_curl_transport,
      s3::process_environment,
      [sentence](const std::string& path, const std::string& text) {
        return store::replace_system_file(path, text).map_error(sentence);
      },
      [sentence](const std::string& path) {
        return store::read_system_file(path).map_error(sentence);
      },
      host_name(),
      std::random_device{}(),
      ::isatty(STDERR_FILENO) == 1,
      [&stop](const auto& command, const auto& variables, std::chrono::seconds timeout) {
        return run_shell_command(command, variables, timeout, &stop);
      },
      stage_config_file,
      [sentence](const std::string& root) {
        return store::give_mirror_to("holdfast", root).map_error(sentence);
      },
      store::is_read_only,
      ::getpid(),
      is_process};
  return environment;
}

}  // namespace agent

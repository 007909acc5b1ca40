#include "agent/system/system_environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/proof/walk_child.h"
#include "agent/system/command_runner.h"
#include "s3client/credentials.h"
#include "store/content/mount_point.h"
#include "store/disk/file_identity.h"
#include "store/disk/posix_disk.h"
#include "store/disk/posix_owner.h"
#include "store/disk/posix_scratch.h"
#include "store/disk/system_file.h"

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

constexpr std::size_t kUsualColumns = 80;

std::size_t columns_of_stderr() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

// Only "y" and "yes" are a yes.
bool ask_person(const std::string& question) {
  std::fputs((question + " [y/N] ").c_str(), stderr);
  std::fflush(stderr);
  std::array<char, 64> answer{};
  if (std::fgets(answer.data(), answer.size(), stdin) == nullptr) return false;
  std::string text(answer.data());
  text.erase(std::min(text.find_first_of(" \t\r\n"), text.size()));
  return text == "y" || text == "yes" || text == "Y" || text == "Yes";
}

void describe_terminal(Environment& environment) {
  environment.terminal = ::isatty(STDERR_FILENO) == 1;
  environment.reads_stdout = ::isatty(STDOUT_FILENO) == 1;
  if (understands_escape_codes()) {
    environment.columns = columns_of_stderr;
    const char* no_colour = std::getenv("NO_COLOR");
    environment.colour = environment.reads_stdout && (no_colour == nullptr || *no_colour == 0);
  }
  if (environment.terminal && ::isatty(STDIN_FILENO) == 1) environment.confirm = ask_person;
}

class StagedConfigFile final : public UnnamedFile {
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

Result<std::unique_ptr<UnnamedFile>> stage_config_file(const std::string& path,
                                                       const std::string& text) {
  auto staged = store::stage_system_file(path, text);
  if (!staged) return tl::unexpected(store::describe(staged.error()));
  return std::unique_ptr<UnnamedFile>(std::make_unique<StagedConfigFile>(std::move(*staged)));
}

}  // namespace

bool understands_escape_codes() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && *kind != 0 &&
         std::string_view(kind) != "dumb";
}

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
      false,
      [&stop](const auto& command, const auto& variables, std::chrono::seconds timeout) {
        return run_shell_command(command, variables, timeout, &stop);
      },
      stage_config_file,
      [sentence](const std::string& root) {
        return store::give_mirror_to("holdfast", root).map_error(sentence);
      },
      store::is_read_only,
      ::getpid(),
      is_process,
      store::find_lock_holder};
  // One that cannot be removed is no reason not to pull, and is tried again.
  environment.remove_left_scratches = [](const std::string& parent) {
    std::ignore = store::remove_left_scratches(parent);
  };
  environment.file_identity = store::find_file_identity;
  environment.write_named_file = [sentence](const std::string& path, const std::string& text) {
    return store::write_named_file(path, text).map_error(sentence);
  };
  describe_terminal(environment);
#ifdef HOLDFAST_WALK
  environment.walk = walk_in_child;
#endif
  return environment;
}

}  // namespace agent

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "agent/proof/walk_child.h"
#include "agent/proof/walk_verdict.h"
#include "agent/walk/walk_cage.h"
#include "agent/walk/walk_main.h"
#include "store/disk/posix_file.h"

// holdfast-walk [LIMIT=NUMBER...]: for tests/soundness_test.py and tests/walk_test.py. Each line of
// stdin is PATH, a tab and SIZE: the first SIZE bytes of the file are walked in a cage; with
// another tab and KEY, as if they had come under that key. Prints for each: the verdict ("sound",
// "unsound", "not judged"), the form, the inner form, members, bytes, tables, what was proved and
// why, with tabs between them.
//
// holdfast-walk --try WHAT: shuts the cage, tries something that it forbids ("nothing" tries what
// it allows), and says "done" where it could.
namespace {

bool attempt(std::string_view what) {
  if (what == "open") return ::open("/etc/passwd", O_RDONLY) >= 0;
  if (what == "socket") return ::socket(AF_INET, SOCK_STREAM, 0) >= 0;
  if (what == "fork") return ::fork() >= 0;
  if (what == "kill") return ::kill(::getppid(), 0) == 0;
  if (what == "write") return ::write(STDERR_FILENO, "", 0) == 0;
  if (what == "read") return ::read(STDERR_FILENO, nullptr, 0) == 0;
  if (what == "exec") {
    std::array<char*, 1> nothing{nullptr};
    return ::execve("/bin/true", nothing.data(), nothing.data()) == 0;
  }
  if (what == "code") {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
  }
  if (what == "file") {
    return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) != MAP_FAILED;
  }
  if (what == "memory") return std::malloc(std::size_t{512} << 20U) != nullptr;
  if (what == "time") {
    std::atomic<unsigned> count{0};
    while (true) ++count;
  }
  return what == "nothing" && std::malloc(std::size_t{1} << 20U) != nullptr;
}

int try_in_cage(std::string_view what) {
  using namespace std::chrono_literals;
  constexpr std::uint64_t kMemory = std::uint64_t{64} << 20U;
  if (!agent::cage_bounds_memory() && what == "memory") {
    std::cout << "unbounded\n";
    return 0;
  }
  if (const auto shut = agent::shut_cage(kMemory, 1s); !shut) {
    std::cout << shut.error() << "\n";
    return 3;
  }
  const std::string_view said = attempt(what) ? "done\n" : "failed\n";
  ::_exit(::write(STDOUT_FILENO, said.data(), said.size()) < 0 ? 1 : 0);
}

bool set(agent::WalkLimits& limits, std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  std::uint64_t number = 0;
  std::from_chars(word.data() + equals + 1, word.data() + word.size(), number);
  const auto name = word.substr(0, equals);
  if (name == "memory") limits.memory_bytes = number;
  if (name == "unpacked") limits.unpacked_bytes = number;
  if (name == "expansion") limits.expansion = number;
  if (name == "cpu") limits.cpu = std::chrono::seconds(number);
  if (name == "each_mib") limits.cpu_for_each_mib = std::chrono::milliseconds(number);
  return true;
}

std::string count_of(const std::optional<std::uint64_t>& count) {
  return count ? std::to_string(*count) : "-";
}

bool walk(const std::string& line, const agent::WalkLimits& limits) {
  const auto tab = line.find('\t');
  if (tab == std::string::npos) return false;
  std::uint64_t size = 0;
  std::from_chars(line.data() + tab + 1, line.data() + line.size(), size);
  store::UniqueFd fd(::open(line.substr(0, tab).c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return false;
  const auto file = store::make_posix_file(
      {std::move(fd), size, line, false, std::make_shared<store::PosixMode>()});
  const agent::StopFlag stop{false};
  auto answer = agent::walk_in_child({*file, size, limits}, stop);
  const auto second = line.find('\t', tab + 1);
  if (second != std::string::npos) {
    answer = agent::weigh(line.substr(second + 1), std::move(answer), {}).answer;
  }
  constexpr std::array<std::string_view, 3> kVerdicts = {"sound", "unsound", "not judged"};
  std::cout << fmt::format(
      "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", kVerdicts.at(static_cast<std::size_t>(answer.verdict)),
      agent::name_of(answer.form), agent::name_of(answer.inner), count_of(answer.members),
      answer.unpacked_bytes, count_of(answer.tables), answer.proved, answer.why);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (agent::is_walk(argc, argv)) return agent::walk_main(argc, argv);
  if (argc == 3 && std::string_view(argv[1]) == "--try") return try_in_cage(argv[2]);
  agent::WalkLimits limits;
  for (int i = 1; i < argc; ++i) {
    if (!set(limits, argv[i])) return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (!walk(line, limits)) return 1;
  }
  return 0;
}

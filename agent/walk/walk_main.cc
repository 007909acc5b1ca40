#include "agent/walk/walk_main.h"

#include <iconv.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <new>
#include <optional>
#include <string_view>

#include "agent/base/units.h"
#include "agent/proof/walk_answer.h"
#include "agent/proof/walk_child.h"
#include "agent/walk/archive_library.h"
#include "agent/walk/walk_cage.h"
#include "agent/walk/walk_content.h"

namespace agent {
namespace {

constexpr std::size_t kNumbers = 5;

std::optional<std::array<std::uint64_t, kNumbers>> numbers_of(char** texts) {
  constexpr auto kMaxNumber = std::uint64_t{1} << 62U;
  std::array<std::uint64_t, kNumbers> numbers{};
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const auto number = parse_number(texts[i], 0, kMaxNumber);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  return numbers;
}

WalkAnswer unable(std::string why) {
  WalkAnswer answer;
  answer.cause = WalkAnswer::Cause::kUnable;
  answer.why = std::move(why);
  return answer;
}

WalkAnswer without_memory(const WalkLimits& limits) {
  const auto obstacle = too_large("it", limits.memory_bytes);
  WalkAnswer answer;
  answer.cause = obstacle.cause;
  answer.why = obstacle.why;
  return answer;
}

// Later the libraries could not open what they need for other names and other clocks. In this
// locale no name has to be converted; where there is none, the list of conversions is read here.
void open_what_is_needed() {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) {
    const auto conversion = ::iconv_open("ANSI_X3.4-1968", "UTF-8");
    // NOLINTNEXTLINE(performance-no-int-to-ptr): so iconv_open(3) says that it failed
    if (conversion != reinterpret_cast<iconv_t>(-1)) ::iconv_close(conversion);
  }
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
}

WalkAnswer walk_in_cage(std::uint64_t size_bytes, const WalkLimits& limits) {
  open_what_is_needed();
  if (const auto library = archive_library(); !library) return unable(library.error());
  if (auto shut = shut_cage(limits.memory_bytes, limits.cpu); !shut) return unable(shut.error());
  try {
    WalkedContent content(STDIN_FILENO, size_bytes);
    return walk_content(content, limits);
  } catch (const std::bad_alloc&) {
    return without_memory(limits);
  }
}

}  // namespace

bool is_walk(int argc, char** argv) { return argc > 1 && argv[1] == kWalkWord; }

int walk_main(int argc, char** argv) {
  constexpr int kArguments = 2 + static_cast<int>(kNumbers);
  const auto numbers = argc == kArguments ? numbers_of(argv + 2) : std::nullopt;
  if (!numbers) return 1;
  WalkLimits limits;
  limits.memory_bytes = (*numbers)[1];
  limits.unpacked_bytes = (*numbers)[2];
  limits.expansion = (*numbers)[3];
  limits.cpu = std::chrono::seconds((*numbers)[4]);
  const auto text = text_of(walk_in_cage((*numbers)[0], limits));
  // It fits into the pipe. Nothing that runs at an ordinary end may run in the cage.
  ::_exit(::write(STDOUT_FILENO, text.data(), text.size()) < 0 ? 1 : 0);
}

}  // namespace agent

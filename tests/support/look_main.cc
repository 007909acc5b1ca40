#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <string>

#include "agent/proof/soundness_verdict.h"

// holdfast-look: for tests/soundness_test.py. Each line of stdin is PATH, a tab, SIZE, a tab and
// KEY: the first SIZE bytes of the file, as if they had come under that key. Prints for each: form,
// a tab, "cut" or "whole", a tab, "sound", "unknown" or "unsound".
namespace {

std::string read(std::ifstream& file, std::uint64_t at, std::uint64_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(at));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

bool look(const std::string& line) {
  const auto first = line.find('\t');
  const auto second = line.find('\t', first + 1);
  if (second == std::string::npos) return false;
  std::uint64_t size = 0;
  std::from_chars(line.data() + first + 1, line.data() + second, size);
  std::ifstream file(line.substr(0, first), std::ios::binary);
  if (!file) return false;
  const auto head = std::min<std::uint64_t>(size, agent::ContentEnds::kHeadBytes);
  const auto tail = std::min<std::uint64_t>(size, agent::ContentEnds::kTailBytes);
  const auto head_bytes = read(file, 0, head);
  const auto tail_bytes = read(file, size - tail, tail);
  const auto seen = agent::look_at({head_bytes, tail_bytes, size});
  const auto judged = agent::weigh_soundness(line.substr(second + 1), seen, std::nullopt);
  using Verdict = agent::Soundness::Verdict;
  std::cout << fmt::format("{}\t{}\t{}\n", agent::name_of(seen.form), seen.is_cut ? "cut" : "whole",
                           judged.verdict == Verdict::kSound     ? "sound"
                           : judged.verdict == Verdict::kUnknown ? "unknown"
                                                                 : "unsound");
  return true;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    if (!look(line)) return 1;
  }
  return 0;
}

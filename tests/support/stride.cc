#include "tests/support/stride.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/support/sanitizer.h"

namespace test {

namespace {

constexpr int kEvery = kSanitized ? 8 : 1;

int variable(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  if (value == nullptr) return otherwise;
  const std::string_view text = value;
  int number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int today() {
  const auto now = std::chrono::system_clock::now();
  return static_cast<int>(std::chrono::floor<std::chrono::days>(now).time_since_epoch().count());
}

Stride chosen() {
  Stride stride;
  stride.every = std::max(1, variable("HOLDFAST_TORTURE_EVERY", kEvery));
  const int offset = variable("HOLDFAST_TORTURE_OFFSET", today() % stride.every);
  stride.first = 1 + std::clamp(offset, 0, stride.every - 1);
  if (stride.every == 1) return stride;
  std::printf("torture: steps %d, %d and so on of each scene; HOLDFAST_TORTURE_OFFSET=%d\n",
              stride.first, stride.first + stride.every, stride.first - 1);
  return stride;
}

}  // namespace

const Stride& stride() {
  static const Stride stride = chosen();
  return stride;
}

unsigned turn_of(unsigned parts) {
  return static_cast<unsigned>(variable("HOLDFAST_TORTURE_OFFSET", today())) % parts;
}

}  // namespace test

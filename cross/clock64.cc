// The two clocks of std::chrono, for a static 32-bit program. Those in the C++ library of Debian 12
// ask for 32 bits of seconds, and get none after January 2038. The linker takes these in their
// stead, because it comes to them first.

#include <chrono>
#include <ctime>

namespace std::chrono {
inline namespace _V2 {  // NOLINT(cert-dcl58-cpp): they replace the library's

static_assert(sizeof(time_t) == 8, "_TIME_BITS is 64");

system_clock::time_point system_clock::now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return time_point(duration(seconds(now.tv_sec) + nanoseconds(now.tv_nsec)));
}

steady_clock::time_point steady_clock::now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return time_point(duration(seconds(now.tv_sec) + nanoseconds(now.tv_nsec)));
}

}  // namespace _V2
}  // namespace std::chrono

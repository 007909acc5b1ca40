#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "agent/clock.h"
#include "agent/failure.h"
#include "s3client/session.h"

namespace agent {

/// Full-jitter exponential backoff: a random share `unit` (0 to 1) of min(base * 2^tries, 20 s);
/// the base is 0.25 s, and 1 s when the server asked for less.
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
std::chrono::milliseconds backoff(int tries, bool throttled, double unit);

/// Tries one request until it succeeds, is final, or has failed `retries` times. What the session
/// learned (clock, region, host, option) and reloaded credentials are each tried at once, and not
/// counted, but at most kCorrections times. One per thread.
class Retrier {
 public:
  static constexpr int kCorrections = 4;

  Retrier(unsigned retries, Clock& clock, const StopFlag& stop, std::uint32_t seed);

  template <typename T>
  s3::Result<T> run(s3::Session& session, const std::function<s3::Result<T>()>& request) {
    Tries tries;
    while (true) {
      auto result = request();
      if (result || !again(session, result.error(), tries)) return result;
    }
  }

  struct Tries {
    int failures = 0;
    int corrections = 0;
  };
  /// After `error`: true when the request should be made once more; the pause has been made. A
  /// caller whose failed request got something done may set `tries.failures` back.
  bool again(s3::Session& session, const s3::Error& error, Tries& tries);

  /// Requests of this session that were made again, corrections included.
  std::uint64_t retries(const s3::Session& session) const;

 private:
  bool correct(s3::Session& session, Verdict verdict, Tries& tries);

  const unsigned retries_;
  Clock& clock_;
  const StopFlag& stop_;
  std::minstd_rand random_;
  std::map<const s3::Session*, std::uint64_t> counts_;
};

}  // namespace agent

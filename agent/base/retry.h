#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/halt.h"
#include "s3client/session.h"

namespace agent {

/// Full-jitter exponential backoff: a random share `unit` (0 to 1) of min(base * 2^tries, 20 s);
/// the base is 0.25 s, and 1 s when the server asked for less.
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
std::chrono::milliseconds backoff(int tries, bool throttled, double unit);

/// Tries one request until it succeeds or is final. An answer that is an error counts, and
/// `retries` of them are the end; a network that is away is waited for about two minutes, with
/// growing pauses. What the session learned (clock, region, host, option) and reloaded credentials
/// are each tried at once, and not counted, but at most kCorrections times. One per thread.
class Retrier {
 public:
  static constexpr int kCorrections = 4;
  /// For a network that is away.
  static constexpr std::chrono::seconds kPatience{120};
  /// The longest pause that a server may ask for.
  static constexpr std::chrono::seconds kLongestPause{120};

  Retrier(unsigned retries, Clock& clock, const Halt& halt, std::uint32_t seed);

  struct Tries {
    int failures = 0;  ///< answers
    int cuts = 0;      ///< and what was none
    int corrections = 0;
    Clock::Steady since{};
    std::chrono::seconds patience = kPatience;
    bool reloaded = false;
    std::chrono::milliseconds waited{0};  ///< for the network
  };

  /// Told of each request that the server has refused because there are too many.
  void on_throttled(std::function<void(const s3::Session&)> told) { throttled_ = std::move(told); }

  template <typename T>
  s3::Result<T> run(s3::Session& session, const std::function<s3::Result<T>()>& request) {
    return run<T>(session, start(), request);
  }
  template <typename T>
  s3::Result<T> run(s3::Session& session, Tries tries,
                    const std::function<s3::Result<T>()>& request) {
    while (true) {
      auto result = request();
      if (result || !again(session, result.error(), tries)) return result;
    }
  }

  /// Of a request that is made now.
  Tries start();
  /// The last failure came after something was got done: nothing that was before it counts.
  void progressed(Tries& tries);

  /// After `error`: true when the request should be made once more; the pause has been made.
  bool again(s3::Session& session, const s3::Error& error, Tries& tries);

  /// Requests of this session that were made again, corrections included.
  std::uint64_t retries(const s3::Session& session) const;

 private:
  bool correct(s3::Session& session, FailureMeaning meaning, Tries& tries);
  bool wait_for_network(Tries& tries);
  bool wait_for_server(s3::Session& session, const s3::Error& error, Tries& tries);
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const unsigned retries_;
  Clock& clock_;
  const Halt halt_;
  std::minstd_rand random_;
  std::function<void(const s3::Session&)> throttled_;
  std::map<const s3::Session*, std::uint64_t> counts_;
};

}  // namespace agent

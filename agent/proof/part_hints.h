#pragma once

#include <atomic>

namespace agent {

/// What an endpoint was found to answer to questions about parts. Thread-safe; shared by all
/// workers that ask it.
class PartHints {
 public:
  /// False once it has refused two of them, and answered none.
  bool worth_asking() const { return told_.load() || refusals_.load() < kEnough; }
  void refused() { ++refusals_; }
  void told() { told_.store(true); }
  /// It was known before.
  void give_up() { refusals_.store(kEnough); }

  /// Whether If-Match is compared with the ETag of the object, as S3 does.
  bool accepts_condition() const { return accepts_condition_.load(); }
  void refuses_condition() { accepts_condition_.store(false); }

 private:
  static constexpr int kEnough = 2;

  std::atomic<int> refusals_{0};
  std::atomic<bool> told_{false};
  std::atomic<bool> accepts_condition_{true};
};

}  // namespace agent

#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "s3client/transport.h"

namespace test {

/// Which requests of all transports of a test fail, and how. Thread-safe.
class NetworkFault {
 public:
  enum class Kind {
    kNone,
    kRefused,  ///< no answer
    kCut,      ///< the answer ends after its first bytes
  };

  /// The k-th request from now and the `count` - 1 after it.
  void fail(int k, int count, Kind kind) {
    const std::lock_guard lock(mutex_);
    first_ = k;
    last_ = k + (count - 1);
    kind_ = kind;
    requests_ = 0;
  }
  void clear() { fail(0, 0, Kind::kNone); }
  bool struck() {
    const std::lock_guard lock(mutex_);
    return first_ > 0 && requests_ >= first_;
  }
  int requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  Kind next() {
    const std::lock_guard lock(mutex_);
    ++requests_;
    return first_ <= requests_ && requests_ <= last_ ? kind_ : Kind::kNone;
  }

 private:
  std::mutex mutex_;
  int first_ = 0;
  int last_ = 0;
  int requests_ = 0;
  Kind kind_ = Kind::kNone;
};

/// Passes requests on, unless they are to fail.
class FaultTransport final : public s3::Transport {
 public:
  FaultTransport(std::unique_ptr<s3::Transport> target, NetworkFault& fault)
      : target_(std::move(target)), fault_(fault) {}

  s3::Result<void> perform(const s3::HttpRequest& request, s3::ResponseSink& sink) override {
    switch (fault_.next()) {
      case NetworkFault::Kind::kNone:
        return target_->perform(request, sink);
      case NetworkFault::Kind::kRefused:
        return broken();
      case NetworkFault::Kind::kCut: {
        CutSink cut(sink);
        auto result = target_->perform(request, cut);
        return cut.was_cut() || !result ? s3::Result<void>(broken()) : result;
      }
    }
    return broken();
  }

 private:
  static tl::unexpected<s3::Error> broken() {
    return tl::unexpected(
        s3::Error{s3::ErrorKind::kNetwork, 0, "", "the connection was broken by the test", ""});
  }

  class CutSink final : public s3::ResponseSink {
   public:
    explicit CutSink(s3::ResponseSink& target) : target_(target) {}
    bool on_head(const s3::HttpHead& head) override { return target_.on_head(head); }
    bool on_body(std::span<const std::byte> bytes) override {
      cut_ = true;
      (void)target_.on_body(bytes.first(bytes.size() / 2));
      return false;
    }
    bool keep_going() override { return target_.keep_going(); }
    bool was_cut() const { return cut_; }

   private:
    s3::ResponseSink& target_;
    bool cut_ = false;
  };

  std::unique_ptr<s3::Transport> target_;
  NetworkFault& fault_;
};

}  // namespace test

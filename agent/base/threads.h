#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace agent {

/// Threads that do one work, as many of those wanted as the system lets us start. What one of them
/// throws ends that thread alone, and is kept for whoever waits for its work. All of it belongs to
/// one thread, which has them end before join().
class Threads {
 public:
  using Run = std::function<void(std::size_t number)>;

  Threads() = default;
  ~Threads() { join(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  /// Calls run(0), run(1) and so on, each from a thread of its own. Once.
  void start(std::size_t wanted, const Run& run) {
    threads_.reserve(wanted);
    try {
      while (threads_.size() < wanted) {
        threads_.emplace_back([this, run, number = threads_.size()] { call(run, number); });
      }
    } catch (const std::system_error& refused) {
      shortage_ = refused.code();
    } catch (const std::bad_alloc&) {
      shortage_ = std::make_error_code(std::errc::not_enough_memory);
    }
  }
  std::size_t count() const { return threads_.size(); }
  /// Why there are not as many as were wanted.
  std::string shortage() const { return shortage_.message(); }
  /// Throws what one of them has thrown.
  void rethrow() {
    const std::lock_guard lock(mutex_);
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  void join() {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void call(const Run& run, std::size_t number) {
    try {
      run(number);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      thrown_ = std::current_exception();
    }
  }

  std::error_code shortage_;
  std::mutex mutex_;
  std::exception_ptr thrown_;
  std::vector<std::thread> threads_;
};

}  // namespace agent

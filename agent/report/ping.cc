#include "agent/report/ping.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace agent {
namespace {

using Ticks = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLimit{10'000};
// Somebody waits for us to stop.
constexpr std::chrono::milliseconds kLimitWhenStopping{2'000};

// Takes any answer, and reads none of it.
class Answer final : public s3::ResponseSink {
 public:
  Answer(Ticks::time_point end, const std::atomic<bool>& give_up) : end_(end), give_up_(give_up) {}

  bool on_head(const s3::HttpHead& head) override {
    status_ = head.status;
    return true;
  }
  bool on_body(std::span<const std::byte>) override { return keep_going(); }
  bool keep_going() override { return Ticks::now() < end_ && !give_up_.load(); }
  int status() const { return status_; }

 private:
  const Ticks::time_point end_;
  const std::atomic<bool>& give_up_;
  int status_ = 0;
};

// Before the query, where there is one.
std::string with_suffix(const std::string& url, const std::string& suffix) {
  auto end = std::min(url.find_first_of("?#"), url.size());
  auto rest = url.substr(end);
  while (!suffix.empty() && end > 0 && url[end - 1] == '/') --end;
  return url.substr(0, end) + suffix + rest;
}

bool is_good(int status) { return status >= 200 && status < 300; }

}  // namespace

Ping::Ping(const Environment& environment, std::string url)
    : environment_(environment), url_(std::move(url)) {}

Ping::~Ping() { end_first(); }

void Ping::end_first() {
  give_up_.store(true);
  first_.join();
  give_up_.store(false);
}

void Ping::started() {
  if (url_.empty() || first_.count() > 0) return;
  first_.start(1, [this](std::size_t) { (void)send("/start", "", kLimit); });
}

Result<void> Ping::ended(ExitStatus exit) {
  if (url_.empty()) return {};
  end_first();
  const auto limit = environment_.stop.load() ? kLimitWhenStopping : kLimit;
  const int status = static_cast<int>(exit);
  return send(status == 0 ? "" : "/fail", fmt::format(" (exit status {})", status), limit);
}

Result<void> Ping::send(const std::string& suffix, const std::string& remark,
                        std::chrono::milliseconds limit) const {
  s3::TransportOptions options;
  options.connect_timeout = limit;
  options.stall_timeout = limit;
  options.head_limit = limit;
  options.error_limit = limit;
  options.user_agent += remark;
  const auto transport = environment_.make_transport(options);
  Answer answer(Ticks::now() + limit, give_up_);
  const auto done = transport->perform({"GET", with_suffix(url_, suffix), {}, false}, answer);
  // The head is the answer, whatever becomes of the body.
  if (is_good(answer.status())) return {};
  if (answer.status() != 0) return fmt::format("the server answers {}", answer.status());
  if (!done && done.error().kind == s3::ErrorKind::kAborted) {
    return fmt::format("the server has not answered for {} s", limit.count() / 1000);
  }
  return done ? std::string("the server does not answer") : done.error().message;
}

}  // namespace agent

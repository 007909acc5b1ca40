#include "agent/work_queue.h"

#include <algorithm>
#include <utility>

namespace agent {

std::size_t source_of(const Work& work) {
  const auto* job = std::get_if<Job>(&work);
  return job != nullptr ? job->source : std::get<SidecarJob>(work).content.job.source;
}

WorkQueue::WorkQueue(std::size_t lanes, std::size_t sources) : lanes_(lanes), sources_(sources) {
  for (auto& source : sources_) source.most = lanes;
}

void WorkQueue::push(Work work, Clock::Steady now) {
  const std::lock_guard lock(mutex_);
  auto& source = sources_[source_of(work)];
  source.queued.push_back({std::move(work), now});
  changed_.notify_all();
}

bool WorkQueue::may_run(std::size_t index) const {
  const auto& source = sources_[index];
  if (source.queued.empty() || source.running >= source.most) return false;
  std::size_t wanting = 0;
  std::size_t without = 0;
  for (std::size_t other = 0; other < sources_.size(); ++other) {
    const auto& one = sources_[other];
    if (wants(one) || one.running > 0) ++wanting;
    if (other != index && wants(one) && one.running == 0) ++without;
  }
  const auto share = std::max<std::size_t>(1, lanes_ / std::max<std::size_t>(1, wanting));
  const auto idle = lanes_ - running_;
  return source.running < share || idle > without;
}

// Whether what is next of it has given its lane back before.
bool WorkQueue::is_late(const Source& source) {
  const auto* job = std::get_if<Job>(&source.queued.front().work);
  return job != nullptr && job->gave_way;
}

std::optional<std::size_t> WorkQueue::next() const {
  for (const bool late : {false, true}) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const auto index = (turn_ + i) % sources_.size();
      if (may_run(index) && is_late(sources_[index]) == late) return index;
    }
  }
  return std::nullopt;
}

std::optional<Work> WorkQueue::pop() {
  std::unique_lock lock(mutex_);
  std::optional<std::size_t> index;
  changed_.wait(lock, [&] { return closed_ || (index = next()).has_value(); });
  if (closed_) return std::nullopt;
  auto& source = sources_[*index];
  std::optional<Work> work(std::move(source.queued.front().work));
  source.queued.pop_front();
  ++source.running;
  ++running_;
  turn_ = (*index + 1) % sources_.size();
  const auto* job = std::get_if<Job>(&*work);
  if (job != nullptr) (job->gave_way ? source.late : source.may_give_way).push_back(job->give_way);
  return work;
}

void WorkQueue::finished(std::size_t source, const std::shared_ptr<std::atomic<bool>>& give_way) {
  const std::lock_guard lock(mutex_);
  --sources_[source].running;
  --running_;
  std::erase(sources_[source].may_give_way, give_way);
  std::erase(sources_[source].late, give_way);
  changed_.notify_all();
}

void WorkQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void WorkQueue::set_expected(std::size_t source, bool expected) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(sources_[source].expected, expected) != expected) changed_.notify_all();
}

void WorkQueue::lower(std::size_t source) {
  const std::lock_guard lock(mutex_);
  auto& most = sources_[source].most;
  most = std::max<std::size_t>(1, most - 1);
}

std::size_t WorkQueue::queued(std::size_t source) const {
  const std::lock_guard lock(mutex_);
  return sources_[source].queued.size();
}

void WorkQueue::make_room(Clock::Steady now, std::chrono::milliseconds patience) {
  const std::lock_guard lock(mutex_);
  if (running_ < lanes_) return;
  const auto waits = [&](const Source& one) {
    return one.running == 0 && !one.queued.empty() && now - one.queued.front().since > patience;
  };
  if (std::none_of(sources_.begin(), sources_.end(), waits)) return;
  // One at a time: the next look is at what came of it.
  const auto give_back = [&](auto Source::*of_source) {
    auto busiest =
        std::max_element(sources_.begin(), sources_.end(), [&](const Source& a, const Source& b) {
          const auto rank = [&](const Source& s) {
            return (s.*of_source).empty() ? std::size_t{0} : s.running;
          };
          return rank(a) < rank(b);
        });
    auto& running = (*busiest).*of_source;
    if (running.empty()) return false;
    running.front()->store(true);
    running.pop_front();
    return true;
  };
  const bool first_time_waits =
      std::any_of(sources_.begin(), sources_.end(),
                  [&](const Source& one) { return waits(one) && !is_late(one); });
  if (first_time_waits && give_back(&Source::late)) return;
  give_back(&Source::may_give_way);
}

}  // namespace agent

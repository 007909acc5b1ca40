#include "agent/fetch/work_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace agent {

std::size_t source_of(const Work& work) {
  const auto* job = std::get_if<Job>(&work);
  return job != nullptr ? job->source : std::get<SidecarJob>(work).content.job.source;
}

WorkQueue::WorkQueue(std::size_t lanes, std::size_t sources) : lanes_(lanes), sources_(sources) {
  for (auto& source : sources_) source.most = lanes;
}

void WorkQueue::set_lanes(std::size_t lanes) {
  const std::lock_guard lock(mutex_);
  lanes_ = lanes;
  for (auto& source : sources_) source.most = lanes;
}

void WorkQueue::push(Work work, Clock::Steady now) {
  const std::lock_guard lock(mutex_);
  now_ = std::max(now_, now);
  auto& source = sources_[source_of(work)];
  source.queued.push_back({std::move(work), now});
  if (running_ + helping_.size() >= lanes_) send_helper_away(std::nullopt);
  changed_.notify_all();
}

std::size_t WorkQueue::helpers_of(std::size_t source) const {
  return static_cast<std::size_t>(
      std::count_if(helping_.begin(), helping_.end(),
                    [&](const RangeHelp& help) { return help.source == source; }));
}

// One that was not told yet; of any source, or of this.
void WorkQueue::send_helper_away(std::optional<std::size_t> source) {
  for (const auto& help : helping_) {
    if (source && help.source != *source) continue;
    if (!help.must_go->exchange(true)) return;
  }
}

void WorkQueue::offer(std::size_t source, std::shared_ptr<RangeShare> share) {
  const std::lock_guard lock(mutex_);
  offers_.push_back({source, std::move(share)});
  changed_.notify_all();
}

void WorkQueue::withdraw(const std::shared_ptr<RangeShare>& share) {
  const std::lock_guard lock(mutex_);
  std::erase_if(offers_, [&](const Offer& offer) { return offer.share == share; });
}

std::optional<RangeHelp> WorkQueue::next_help() const {
  const bool any_wants = std::any_of(sources_.begin(), sources_.end(),
                                     [&](const Source& source) { return wants(source); });
  if (any_wants) return std::nullopt;
  for (const auto& [source, share] : offers_) {
    if (sources_[source].running + helpers_of(source) >= sources_[source].most) continue;
    return RangeHelp{source, share, std::make_shared<std::atomic<bool>>(false)};
  }
  return std::nullopt;
}

// Who found nothing to do would find nothing the next time; who was sent away may come again.
void WorkQueue::finished(const RangeHelp& help, HelpEnd end) {
  const std::lock_guard lock(mutex_);
  std::erase_if(helping_, [&](const RangeHelp& one) { return one.must_go == help.must_go; });
  if (end == HelpEnd::kThrottled) have_one_lane_less(help.source);
  if (!help.must_go->load()) {
    std::erase_if(offers_, [&](const Offer& offer) { return offer.share == help.share; });
  }
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
  return job != nullptr && job->gave_way > 0;
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

std::optional<LaneWork> WorkQueue::pop() {
  std::unique_lock lock(mutex_);
  std::optional<std::size_t> index;
  std::optional<RangeHelp> help;
  changed_.wait(lock, [&] {
    return closed_ || (index = next()).has_value() || (help = next_help()).has_value();
  });
  if (closed_) return std::nullopt;
  if (!index) {
    helping_.push_back(*help);
    return *std::move(help);
  }
  auto& source = sources_[*index];
  auto work = std::visit([](auto one) { return LaneWork(std::move(one)); },
                         std::move(source.queued.front().work));
  source.queued.pop_front();
  ++source.running;
  ++running_;
  turn_ = (*index + 1) % sources_.size();
  const auto* job = std::get_if<Job>(&work);
  if (job != nullptr) jobs_.push_back({*index, job->give_way, job->gave_way, now_});
  return work;
}

void WorkQueue::finished(std::size_t source, const std::shared_ptr<std::atomic<bool>>& give_way) {
  const std::lock_guard lock(mutex_);
  --sources_[source].running;
  --running_;
  if (give_way) std::erase_if(jobs_, [&](const Running& one) { return one.give_way == give_way; });
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
  have_one_lane_less(source);
}

void WorkQueue::have_one_lane_less(std::size_t source) {
  auto& most = sources_[source].most;
  most = std::max<std::size_t>(1, most - 1);
  if (sources_[source].running + helpers_of(source) > most) send_helper_away(source);
}

std::size_t WorkQueue::queued(std::size_t source) const {
  const std::lock_guard lock(mutex_);
  return sources_[source].queued.size();
}

bool WorkQueue::is_in_vain(const Source& source, std::chrono::milliseconds patience) const {
  return source.running == 0 && !source.queued.empty() &&
         now_ - source.queued.front().since > patience;
}

bool WorkQueue::may_be_asked(const Running& one, bool for_newcomer,
                             std::chrono::milliseconds patience) const {
  constexpr unsigned kMaxDoublings = 16;
  if (one.give_way->load()) return false;
  if (for_newcomer && one.gave_way > 0) return true;
  return now_ - one.since > patience * (1U << std::min(one.gave_way, kMaxDoublings));
}

void WorkQueue::make_room(Clock::Steady now, std::chrono::milliseconds patience) {
  const std::lock_guard lock(mutex_);
  now_ = std::max(now_, now);
  if (running_ < lanes_) return;
  std::ptrdiff_t waiting = 0;
  bool any_newcomer = false;
  for (const auto& source : sources_) {
    if (!is_in_vain(source, patience)) continue;
    ++waiting;
    any_newcomer = any_newcomer || !is_late(source);
  }
  // Who was asked takes a moment.
  const auto asked = std::count_if(jobs_.begin(), jobs_.end(),
                                   [](const Running& one) { return one.give_way->load(); });
  if (waiting <= asked) return;
  const Running* chosen = nullptr;
  const auto rank = [&](const Running& one) {
    return std::tuple(any_newcomer && one.gave_way > 0, sources_[one.source].running,
                      now_ - one.since);
  };
  for (const auto& one : jobs_) {
    if (!may_be_asked(one, any_newcomer, patience)) continue;
    if (chosen == nullptr || rank(one) > rank(*chosen)) chosen = &one;
  }
  if (chosen != nullptr) chosen->give_way->store(true);
}

}  // namespace agent

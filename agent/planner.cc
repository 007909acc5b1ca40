#include "agent/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/units.h"

namespace agent {
namespace {

constexpr std::uint64_t kAlarmsTold = 20;

store::Identity identity_of(const s3::ListedObject& object) {
  return {object.etag, object.size_bytes, ""};
}

bool same_content(const store::Identity& held, const store::Identity& listed) {
  // A listing of current versions names no version.
  return held.etag == listed.etag && held.size_bytes == listed.size_bytes;
}

std::string changed_message(const store::HeldKey& held, const s3::ListedObject& object) {
  const auto sizes = held.upstream.size_bytes == object.size_bytes
                         ? fmt::format("the same size, {}", format_size(object.size_bytes))
                         : fmt::format("{}, was {}", format_size(object.size_bytes),
                                       format_size(held.upstream.size_bytes));
  return fmt::format(
      "the bucket has another content under this key ({}, written {}); the copy held here "
      "stays as it is; find out who replaced it",
      sizes, format_time(object.last_modified));
}

}  // namespace

bool is_due(const store::Refusal& refusal, store::Time now) {
  using std::chrono::days;
  // Asked in the future: the clock was wrong then or is now, so nothing can be said.
  if (refusal.asked_at > now) return true;
  switch (refusal.kind) {
    case store::RefusalKind::kArchived:
      return now - refusal.asked_at >= days{1};
    case store::RefusalKind::kUnreadable: {
      const int doublings = std::clamp(refusal.asks - 1, 0, 5);
      return now - refusal.asked_at >= std::min(days{1} * (1 << doublings), days{30});
    }
    case store::RefusalKind::kMismatch:
      return true;
  }
  return true;
}

Planner::Planner(store::Ledger::Plan& plan, const SourceConfig& source, store::Time now)
    : plan_(plan), source_(source), now_(now) {}

store::Status Planner::take(const std::vector<s3::ListedObject>& page) {
  if (!started_) {
    started_ = true;
    if (auto first = advance(); !first) return first;
  }
  for (const auto& object : page) {
    if (auto taken = take_one(object); !taken) return taken;
  }
  return {};
}

store::Status Planner::finish() {
  if (auto started = take({}); !started) return started;
  while (held_ != nullptr) {
    if (auto vanished = vanish(*held_); !vanished) return vanished;
    if (auto next = advance(); !next) return next;
  }
  return {};
}

store::Status Planner::advance() {
  auto next = plan_.next_held();
  if (!next) return tl::unexpected(next.error());
  held_ = *next;
  return {};
}

store::Status Planner::take_one(const s3::ListedObject& object) {
  ++figures_.listed;
  while (held_ != nullptr && held_->key < object.key) {
    if (auto vanished = vanish(*held_); !vanished) return vanished;
    if (auto next = advance(); !next) return next;
  }
  if (held_ == nullptr || held_->key != object.key) return consider_new(object);
  if (auto compared = compare(*held_, object); !compared) return compared;
  return advance();
}

store::Status Planner::compare(const store::HeldKey& held, const s3::ListedObject& object) {
  const auto listed = identity_of(object);
  if (same_content(held.upstream, listed)) {
    return held.deviation == store::Deviation::kNone ? store::Status{} : plan_.note_same(held.key);
  }
  ++figures_.changed;
  auto message = changed_message(held, object);
  const auto raised = plan_.raise_alarm("changed", held.key, message, now_);
  if (!raised) return tl::unexpected(raised.error());
  if (*raised && ++figures_.new_alarms <= kAlarmsTold) {
    first_new_alarms_.push_back({held.key, std::move(message)});
  }
  return plan_.note_changed(held.key, listed, now_);
}

store::Status Planner::consider_new(const s3::ListedObject& object) {
  if (object.key.empty() || !source_.wants(object.key)) return {};
  const auto listed = identity_of(object);
  const auto refusal = plan_.refusal(object.key);
  if (!refusal) return tl::unexpected(refusal.error());
  if (*refusal && same_content((*refusal)->upstream, listed) && !is_due(**refusal, now_)) {
    const bool archived = (*refusal)->kind == store::RefusalKind::kArchived;
    ++(archived ? figures_.archived : figures_.unreadable);
    return {};
  }
  ++figures_.wanted;
  figures_.wanted_bytes += object.size_bytes;
  return plan_.want({object.key, listed, object.last_modified});
}

store::Status Planner::vanish(const store::HeldKey& held) {
  ++figures_.vanished;
  return held.deviation == store::Deviation::kVanished ? store::Status{}
                                                       : plan_.note_vanished(held.key, now_);
}

}  // namespace agent

#include "agent/listing/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/base/upstream_date.h"
#include "agent/listing/refusal_due.h"
#include "agent/listing/same_content.h"
#include "agent/listing/storage_class.h"

namespace agent {
namespace {

// Lines on contents that came back, and one more to know of more.
constexpr std::size_t kMaxReturned = 20;

}  // namespace

Planner::Planner(store::Ledger::Plan& plan, const SourceConfig& source,
                 std::optional<store::Time> on_hold_since, store::Time now)
    : plan_(plan), source_(source), on_hold_since_(on_hold_since), now_(now), tripwire_(source) {
  figures_.on_hold = on_hold_since.has_value();
}

store::Status Planner::plan_page(const std::vector<s3::ListedObject>& page) {
  if (!started_) {
    started_ = true;
    if (auto first = advance(); !first) return first;
  }
  for (const auto& object : page) {
    if (auto taken = plan_entry(object); !taken) return taken;
  }
  return {};
}

store::Status Planner::end() {
  if (auto started = plan_page({}); !started) return started;
  while (held_ != nullptr) {
    if (auto left = leave_held(); !left) return left;
  }
  return {};
}

store::Status Planner::finish(Absence absence) {
  if (auto ended = end(); !ended) return ended;
  const bool concludes = absence == Absence::kMeansGone;
  if (!concludes) {
    figures_.vanished = vanished_before_;
    tripwire_.forget_gone();
    if (auto forgotten = plan_.forget_absence(); !forgotten) return forgotten;
  }
  if (auto probing = want_probe(); !probing) return probing;
  if (auto noted = plan_.note_listed(now_); !noted) return noted;
  if (auto decided = figures_.on_hold ? keep_hold_up_to_date(concludes) : weigh_strikes();
      !decided) {
    return decided;
  }
  return figures_.on_hold ? plan_.forget_changes() : store::Status{};
}

store::Status Planner::weigh_strikes() {
  if (base_line_ && figures_.listed > 0) return {};
  auto struck =
      plan_.visit_struck([&](std::string_view key) { return source_.series.of(key); },
                         [&](std::string_view key) { return source_.wants(key); },
                         [&](const Tripwire::Stream& stream) { tripwire_.count(stream); });
  if (!struck || !tripwire_.is_tripped(figures_.listed)) return struck;
  figures_.on_hold = true;
  auto message = tripwire_.message(why_);
  if (auto held = plan_.hold(now_); !held) return held;
  const auto raised = plan_.raise_alarm(store::AlarmKind::kMassChange, "", message, now_);
  if (!raised) return raised.error();
  if (*raised) tripped_ = std::move(message);
  return {};
}

// What ends the HOLD is told all that it accepts.
store::Status Planner::keep_hold_up_to_date(bool concludes) {
  if (!any_change_ && !(concludes && missing_)) return {};
  const auto deviations = plan_.deviations_since(*on_hold_since_);
  if (!deviations) return deviations.error();
  auto message = hold_message(source_, *on_hold_since_, *deviations);
  const auto news = plan_.raise_or_renew_alarm(store::AlarmKind::kMassChange, "", message, now_);
  if (!news) return news.error();
  if (*news) tripped_ = std::move(message);
  return {};
}

store::Status Planner::advance() {
  auto next = plan_.next_held();
  if (!next) return next.error();
  held_ = *next;
  held_is_listed_ = false;
  // A key that is no longer wanted is nobody's concern.
  held_is_watched_ = held_ != nullptr && held_->deviation != store::Deviation::kVanished &&
                     source_.wants(held_->key);
  if (held_is_watched_) tripwire_.watch(held_->upstream.size_bytes);
  return {};
}

store::Status Planner::plan_entry(const s3::ListedObject& object) {
  const bool is_current = object.is_latest && !object.is_delete_marker;
  if (is_current) ++figures_.listed;
  while (held_ != nullptr && held_->key < object.key) {
    if (auto left = leave_held(); !left) return left;
  }
  if (object.is_delete_marker || object.key.empty()) return {};
  if (!source_.wants(object.key)) {
    drop(object);
    return {};
  }
  ++figures_.matched;
  const bool is_held_key = held_ != nullptr && held_->key == object.key;
  if (!store::can_have_path(object.key) && !is_held_key) {
    if (figures_.too_long++ == 0) figures_.too_long_example = object.key;
    return {};
  }
  if (!object.is_latest) return consider_noncurrent(object);
  if (held_ == nullptr || held_->key != object.key) return consider_unheld(object);
  held_is_listed_ = true;
  return compare(object);
}

void Planner::drop(const s3::ListedObject& object) {
  constexpr std::size_t kMaxDropped = 1000;
  if (!object.is_latest || figures_.matched > 0 || dropped_.size() >= kMaxDropped) return;
  dropped_.push_back(object.key);
}

// Of nearly every key of nearly every listing there is no more to say.
bool Planner::is_as_it_was(const s3::ListedObject& object) const {
  const auto& held = *held_;
  return held.deviation == store::Deviation::kNone && held_is_watched_ && !held.damaged &&
         !object.etag.empty() && held.upstream.etag == object.etag &&
         held.upstream.size_bytes == object.size_bytes;
}

store::Status Planner::compare(const s3::ListedObject& object) {
  if (is_as_it_was(object)) return {};
  const auto& held = *held_;
  const auto listed = identity_of(object);
  // A listing that misnames sizes as well may mean another content the next time: an empty one,
  // where it calls all empty.
  const bool may_mean_another = listed.size_bytes != held.upstream.size_bytes &&
                                upstream_time(object.last_modified) != held.last_modified;
  auto known = store::Known::kHeld;
  if (!same_content(held.upstream, held.last_modified, listed,
                    upstream_time(object.last_modified))) {
    const auto found = plan_.known(held.key, listed);
    if (!found) return found.error();
    known = *found == store::Known::kHeld && may_mean_another ? store::Known::kNo : *found;
  }
  if (known == store::Known::kNo && !may_mean_another) {
    const auto misnamed = plan_.was_listed_as(held.key, listed);
    if (!misnamed) return misnamed.error();
    // It is asked once more whether it is the same, which is no change before the answer.
    if (*misnamed) return consider(object, store::Role::kChanged);
  }
  if (known == store::Known::kHeld) {
    const bool deviated = held.deviation != store::Deviation::kNone;
    auto noted = deviated ? plan_.note_restored(held.key, now_) : store::Status{};
    if (noted && !held_is_watched_) noted = strike(Strike::kReturned);
    return noted && held.damaged ? consider(object, store::Role::kRepair) : noted;
  }
  ++figures_.changed;
  const bool seen_before =
      held.deviation == store::Deviation::kChanged && same_content(held.changed_to, listed);
  if (!seen_before) {
    const auto what = held_is_watched_ ? Strike::kChanged : Strike::kReturned;
    if (auto noted = strike(what); !noted) return noted;
    if (auto noted = plan_.note_changed(held.key, listed, now_); !noted) return noted;
  }
  if (known != store::Known::kGeneration) return consider(object, store::Role::kChanged);
  if (!seen_before) {
    if (auto told = note_return(object); !told) return told;
  }
  // The archives follow the bucket, without a download where it is a generation.
  if (source_.on_change == OnChange::kGenerations) {
    ++figures_.returned;
    return consider(object, store::Role::kChanged);
  }
  return consider_repair(object, store::Role::kRepair);
}

// It is known, so nothing is fetched; but somebody has put it back.
store::Status Planner::note_return(const s3::ListedObject& object) {
  if (source_.on_change == OnChange::kGenerations || figures_.on_hold) return {};
  // What lies in quarantine was told of when it came there.
  const auto quarantined = plan_.is_quarantined(object.key, identity_of(object));
  if (!quarantined) return quarantined.error();
  if (*quarantined) return {};
  auto message = fmt::format(
      "the bucket has earlier content under this key again, written {}, which was held here "
      "before. The trusted copy stays as it is. Find out who put it back; 'holdfast list {} "
      "--all' shows what lies beside the archives",
      format_time(upstream_time(object.last_modified)), source_.name);
  const auto news =
      plan_.raise_or_renew_alarm(store::AlarmKind::kChanged, object.key, message, now_);
  if (!news) return news.error();
  if (*news && returned_.size() <= kMaxReturned) {
    returned_.emplace_back(object.key, std::move(message));
  }
  return {};
}

store::Status Planner::strike(Strike what) {
  if (what == Strike::kChanged) any_change_ = true;
  if (what != Strike::kReturned) tripwire_.remember(held_->key, what == Strike::kGone);
  return plan_.note_strike(held_->key, what);
}

// It is a generation of its key, perhaps damaged.
store::Status Planner::consider_repair(const s3::ListedObject& object, store::Role role) {
  const auto damaged = plan_.is_damaged_generation(object.key, identity_of(object));
  if (!damaged) return damaged.error();
  return *damaged ? consider(object, role) : store::Status{};
}

store::Status Planner::consider_unheld(const s3::ListedObject& object) {
  const auto pruned = plan_.was_pruned(object.key, identity_of(object));
  if (!pruned) return pruned.error();
  return *pruned ? store::Status{} : consider(object, store::Role::kNew);
}

store::Status Planner::consider_noncurrent(const s3::ListedObject& object) {
  const auto listed = identity_of(object);
  if (held_ != nullptr && held_->key == object.key && same_version(*held_, object)) {
    // The bucket has another current content, and still this one for a repair.
    return held_->damaged ? consider(object, store::Role::kNoncurrent) : store::Status{};
  }
  const auto known = plan_.known(object.key, listed);
  if (!known) return known.error();
  return *known == store::Known::kNo ? consider(object, store::Role::kNoncurrent)
                                     : consider_repair(object, store::Role::kNoncurrent);
}

store::Status Planner::consider(const s3::ListedObject& object, store::Role role) {
  const auto listed = identity_of(object);
  const auto refusal = plan_.refusal(
      object.key, role == store::Role::kNoncurrent ? object.version_id : std::string());
  if (!refusal) return refusal.error();
  const bool refused = *refusal && same_content((*refusal)->upstream, listed);
  const bool waits = refused && !wants_refused_ && !is_due(**refusal, now_) &&
                     !((*refusal)->kind == store::RefusalKind::kArchived &&
                       needs_no_restore(object.storage_class));
  const bool is_held = held_ != nullptr && held_->key == object.key;
  const bool on_hold = figures_.on_hold && is_held && role != store::Role::kRepair;
  store::Pending wanted{object.key, listed, upstream_time(object.last_modified), role};
  if (waits) {
    count_waiting((*refusal)->kind);
    const bool may_probe = (*refusal)->kind == store::RefusalKind::kDenied && !on_hold;
    if (may_probe && (!probe_ || (*refusal)->asked_at < probe_asked_at_)) {
      probe_ = std::move(wanted);
      probe_asked_at_ = (*refusal)->asked_at;
    }
    return {};
  }
  return on_hold ? store::Status{} : want(wanted);
}

void Planner::count_waiting(store::RefusalKind kind) {
  switch (kind) {
    case store::RefusalKind::kArchived:
      ++figures_.archived;
      return;
    case store::RefusalKind::kUnreadable:
    case store::RefusalKind::kDenied:
      ++figures_.unreadable;
      return;
    case store::RefusalKind::kMismatch:
      ++figures_.broken;
      return;
    case store::RefusalKind::kGhost:
    case store::RefusalKind::kDeleted:
      return;
  }
}

store::Status Planner::want(const store::Pending& pending) {
  ++figures_.wanted;
  figures_.wanted_bytes += pending.upstream.size_bytes;
  return plan_.want(pending);
}

// A policy may have been repaired: the one that was asked longest ago says so. Where it can be read
// the others are due as well.
store::Status Planner::want_probe() {
  if (!probe_) return {};
  --figures_.unreadable;
  return want(*probe_);
}

store::Status Planner::leave_held() {
  if (!source_.wants(held_->key)) {
    const bool deviates = held_->deviation != store::Deviation::kNone;
    if (auto noted = deviates ? plan_.note_same(held_->key) : store::Status{}; !noted) return noted;
  } else if (!held_is_listed_) {
    ++figures_.vanished;
    if (held_->deviation == store::Deviation::kVanished) {
      ++vanished_before_;
    } else {
      if (!missing_) missing_ = held_->key;
      if (auto noted = strike(Strike::kGone); !noted) return noted;
      if (auto noted = plan_.note_vanished(held_->key, now_); !noted) return noted;
    }
  }
  return advance();
}

}  // namespace agent

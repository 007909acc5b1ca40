#include "agent/fetch/refusals.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"

namespace agent {
namespace {

// So many objects denied, and none readable, are not odd objects but credentials that may not read.
constexpr std::size_t kMaxDenied = 20;
// So many objects in a row for which there was not even a connection: the rest would only take
// hours to fail.
constexpr int kMaxUnreachable = 3;
// And so many that were cut off or never came: a line that gives nothing. An answer, whatever it
// says, is about one object, and never counts for giving up on the source.
constexpr int kMaxCut = 64;
constexpr std::size_t kSetbacksAtOnce = 256;
// An index that is behind, or a key that was deleted a moment ago, has that long to come right.
constexpr std::chrono::days kGhostAfter{7};
constexpr std::string_view kGhost = "the bucket lists it but does not have it";

constexpr int kForbidden = 403;

constexpr std::size_t kRecordedAtOnce = 256;

// With a version in it, also the current one's, a request needs another permission.
std::string_view read_action(const FetchRefused& refused) {
  return refused.job.wanted.upstream.version_id.empty() ? "s3:GetObject" : "s3:GetObjectVersion";
}

std::string unreadable_message(const FetchRefused& refused) {
  const auto why = explain(refused.error, read_action(refused));
  if (refused.job.wanted.role == store::Role::kRepair) {
    return fmt::format("the copy here is damaged, and the bucket's cannot be read: {}", why);
  }
  if (refused.job.wanted.role != store::Role::kChanged) {
    return fmt::format("cannot be read, so it is not held here: {}", why);
  }
  return fmt::format(
      "the bucket has different content under this key, and it cannot be read; the copy that is "
      "held "
      "here stays as it is: {}",
      why);
}

}  // namespace

Refusals::Refusals(RunContext& context)
    : context_(context),
      denied_(context.sources.size()),
      readable_(context.sources.size()),
      setbacks_(context.sources.size()) {}

store::Status Refusals::settle(const FetchRefused& refused) {
  auto& source = context_.sources[refused.job.source];
  switch (meaning_of(refused.error)) {
    case FailureMeaning::kStopped:
      return {};
    case FailureMeaning::kGone:
      return settle_absent(refused);
    case FailureMeaning::kArchived:
      return mark_archived(refused);
    case FailureMeaning::kUnreadable:
      return refused.error.kind == s3::ErrorKind::kDenied ? settle_denied(refused)
                                                          : mark_unreadable(refused);
    case FailureMeaning::kStopSource:
    case FailureMeaning::kReload:
      stop_source(source, refused);
      return {};
    case FailureMeaning::kRetryNow:
      // Where it is sent is told for each key; the rest is of the server and all its keys.
      if (refused.error.kind != s3::ErrorKind::kRedirect) {
        stop_source(source, refused);
        return {};
      }
      return fail_object(source, refused);
    case FailureMeaning::kRetry:
    case FailureMeaning::kChanged:
    case FailureMeaning::kSkip:
      return fail_object(source, refused);
  }
  return {};
}

// It was listed, and is not there. A key that was deleted since then is not listed the next time.
store::Status Refusals::settle_absent(const FetchRefused& refused) {
  auto& source = context_.sources[refused.job.source];
  auto& ledger = context_.mirror.ledger;
  const auto& wanted = refused.job.wanted;
  const auto now = context_.now(source);
  if (refused.error.is_delete_marker) {
    context_.environment.log.info({source.config->name, wanted.key, "it was deleted"});
    return ledger.refuse(source.id, wanted.key, store::RefusalKind::kDeleted,
                         listed_identity(refused.job), now, wanted.role);
  }
  const auto asked = ledger.refuse_and_count(source.id, wanted.key, store::RefusalKind::kGhost,
                                             listed_identity(refused.job), now, wanted.role);
  if (!asked) return asked.error();
  if (asked->asks == 1) {
    context_.environment.log.info({source.config->name, wanted.key, "deleted since the listing"});
    return {};
  }
  context_.figures(source, [](SourceStatus& status) { ++status.run.failed; });
  context_.fail_source(source, ExitStatus::kIncomplete);
  const auto message = fmt::format(
      "{}, so it is not held here; its index may be stale, or the key may be written differently "
      "there. Have "
      "whoever runs the server look at it",
      kGhost);
  context_.report_one_of(source, "listed, and not there", wanted.key, message);
  if (now - asked->since < kGhostAfter) return {};
  const auto raised =
      ledger.raise_alarm(source.id, store::AlarmKind::kGhost, wanted.key, message, now);
  return raised ? store::Status{} : raised.error();
}

store::Status Refusals::fail_object(SourceRun& source, const FetchRefused& refused) {
  context_.figures(source, [](SourceStatus& status) { ++status.run.failed; });
  context_.fail_source(source, ExitStatus::kIncomplete);
  context_.report_one_of(source, "not fetched", refused.job.wanted.key,
                         explain(refused.error, read_action(refused)));
  count_failure(source, refused.error);
  auto& setbacks = setbacks_[refused.job.source];
  setbacks.push_back(refused.job.wanted);
  return setbacks.size() < kSetbacksAtOnce ? store::Status{} : flush_setbacks(refused.job.source);
}

void Refusals::count_failure(SourceRun& source, const s3::Error& error) {
  if (error.kind != s3::ErrorKind::kNetwork) return;
  ++source.cut_in_a_row;
  if (error.is_unreachable) ++source.unreachable_in_a_row;
  const bool lost = source.unreachable_in_a_row >= kMaxUnreachable;
  if (source.stopped || (!lost && source.cut_in_a_row < kMaxCut)) return;
  source.stopped = true;
  source.server_failed = true;
  context_.report(
      source, "",
      fmt::format("{} archives in a row could not be fetched; the others are left to the next "
                  "run",
                  lost ? kMaxUnreachable : kMaxCut));
}

store::Status Refusals::flush_setbacks(std::size_t source) {
  return context_.mirror.ledger.note_setbacks(context_.sources[source].id,
                                              std::exchange(setbacks_[source], {}));
}

void Refusals::stop_source(SourceRun& source, const FetchRefused& refused) {
  context_.fail_source(source, status_of(refused.error));
  if (source.stopped) return;  // the other workers met the same
  source.stopped = true;
  source.server_failed = refused.error.kind == s3::ErrorKind::kTls;
  context_.report(source, refused.job.wanted.key, explain(refused.error, read_action(refused)));
}

store::Status Refusals::settle_denied(const FetchRefused& refused) {
  const auto index = refused.job.source;
  if (readable_[index]) return mark_unreadable(refused);
  // Already said of the source; these are what was still on the way.
  if (context_.sources[index].stopped) return {};
  denied_[index].push_back(refused);
  if (denied_[index].size() >= kMaxDenied) {
    stop_source(context_.sources[index], refused);
    denied_[index].clear();
  }
  return {};
}

store::Status Refusals::mark_unreadable(const FetchRefused& refused) {
  auto& source = context_.sources[refused.job.source];
  // Also where its alarm was acknowledged: what is wanted and not held is never nothing.
  context_.fail_source(source, ExitStatus::kAlarm);
  context_.figures(source, [](SourceStatus& status) { ++status.run.unreadable; });
  const auto kind = refused.error.http_status == kForbidden ? store::RefusalKind::kDenied
                                                            : store::RefusalKind::kUnreadable;
  return record(refused, kind, store::AlarmKind::kUnreadable, unreadable_message(refused));
}

store::Status Refusals::mark_archived(const FetchRefused& refused) {
  const auto& source = context_.sources[refused.job.source];
  const auto& wanted = refused.job.wanted;
  context_.figures(source, [](SourceStatus& status) { ++status.run.archived; });
  if (wanted.role == store::Role::kChanged) {
    return record(
        refused, store::RefusalKind::kArchived, store::AlarmKind::kChanged,
        "the bucket has different content under this key, in an archived storage class, so "
        "that it cannot be read; the copy that is held here stays as it is. Find out who "
        "replaced it");
  }
  return context_.mirror.ledger.refuse(source.id, wanted.key, store::RefusalKind::kArchived,
                                       listed_identity(refused.job), context_.now(source),
                                       wanted.role);
}

// A transaction for each would take longer than to ask for it.
store::Status Refusals::record(const FetchRefused& refused, store::RefusalKind kind,
                               store::AlarmKind alarm, std::string message) {
  const auto& wanted = refused.job.wanted;
  unrecorded_.push_back({refused.job.source,
                         {context_.sources[refused.job.source].id, wanted.key, kind,
                          listed_identity(refused.job), wanted.role, alarm, std::move(message)}});
  return unrecorded_.size() < kRecordedAtOnce ? store::Status{} : record_all();
}

store::Status Refusals::record_all() {
  if (unrecorded_.empty()) return {};
  std::vector<store::Ledger::Refused> refused;
  refused.reserve(unrecorded_.size());
  for (const auto& one : unrecorded_) refused.push_back(one.refused);
  const auto now = context_.now(context_.sources[unrecorded_.front().source]);
  const auto news = context_.mirror.ledger.refuse_with_alarms(refused, now);
  if (!news) return news.error();
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (!(*news)[i]) continue;
    context_.report_one_of(context_.sources[unrecorded_[i].source], refused[i].alarm_kind,
                           refused[i].key, refused[i].message);
  }
  unrecorded_.clear();
  return {};
}

store::Status Refusals::flush_denied(std::size_t source) {
  for (const auto& refused : denied_[source]) {
    if (auto marked = mark_unreadable(refused); !marked) return marked;
  }
  denied_[source].clear();
  return {};
}

store::Status Refusals::note_success(const Job& job) {
  auto& source = context_.sources[job.source];
  readable_[job.source] = true;
  source.unreachable_in_a_row = 0;
  source.cut_in_a_row = 0;
  if (source.any_unreadable) {
    // Somebody has repaired the policy, or the key's: the others may be readable as well.
    const auto& wanted = job.wanted;
    if (auto due = context_.mirror.ledger.ask_denied_again(source.id, wanted.key, wanted.role,
                                                           wanted.upstream);
        !due) {
      return due;
    }
  }
  return flush_denied(job.source);
}

store::Status Refusals::finish() {
  for (std::size_t index = 0; index < denied_.size(); ++index) {
    if (auto noted = flush_setbacks(index); !noted) return noted;
    if (denied_[index].empty()) continue;
    const auto totals = context_.mirror.ledger.totals(context_.sources[index].id);
    if (!totals) return totals.error();
    // Nothing was ever readable here: the credentials are at fault, and must be asked again as soon
    // as somebody has corrected them.
    if (totals->archives == 0) {
      stop_source(context_.sources[index], denied_[index].front());
      continue;
    }
    if (auto flushed = flush_denied(index); !flushed) return flushed;
  }
  return record_all();
}

}  // namespace agent

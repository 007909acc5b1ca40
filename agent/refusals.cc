#include "agent/refusals.h"

#include <fmt/format.h>

#include "agent/failure.h"

namespace agent {
namespace {

// So many objects denied, and none readable, are not odd objects but credentials that may not read.
constexpr std::size_t kMostDenied = 20;
// So many objects in a row that the network did not give us: the rest would only take hours to
// fail.
constexpr int kMostFailedInARow = 3;

constexpr std::string_view kReadAction = "s3:GetObject";

std::string unreadable_message(const FetchRefused& refused) {
  const auto why = explain(refused.error, kReadAction);
  if (refused.job.wanted.role == store::Role::kRepair) {
    return fmt::format("the copy here is damaged, and the bucket's cannot be read: {}", why);
  }
  if (refused.job.wanted.role != store::Role::kChanged) {
    return fmt::format("cannot be read, so it is not held here: {}", why);
  }
  return fmt::format(
      "the bucket has another content under this key, and it cannot be read; the copy that is held "
      "here stays as it is: {}",
      why);
}

}  // namespace

Refusals::Refusals(RunContext& context)
    : context_(context), denied_(context.sources.size()), readable_(context.sources.size()) {}

store::Status Refusals::take(const FetchRefused& refused) {
  auto& source = context_.sources[refused.job.source];
  auto& ledger = context_.mirror.ledger;
  const auto& wanted = refused.job.wanted;
  switch (verdict_on(refused.error)) {
    case Verdict::kStopped:
      return {};
    case Verdict::kGone:
      // The next listing that ends cleanly no longer has it, and so no plan does.
      context_.environment.log.info({source.config->name, wanted.key, "deleted since the listing"});
      return {};
    case Verdict::kArchived:
      context_.figures(source, [](SourceStatus& status) { ++status.run.archived; });
      return ledger.refuse(source.id, wanted.key, store::RefusalKind::kArchived, wanted.upstream,
                           context_.now(source), wanted.role);
    case Verdict::kUnreadable:
      return refused.error.kind == s3::ErrorKind::kDenied ? take_denied(refused)
                                                          : mark_unreadable(refused);
    case Verdict::kStopSource:
      stop_source(source, refused);
      return {};
    case Verdict::kRetry:
    case Verdict::kRetryNow:
    case Verdict::kReload:
    case Verdict::kChanged:
    case Verdict::kSkip:
      fail_object(source, refused);
      return {};
  }
  return {};
}

void Refusals::fail_object(SourceRun& source, const FetchRefused& refused) {
  context_.figures(source, [](SourceStatus& status) { ++status.run.failed; });
  context_.fail_source(source, ExitStatus::kIncomplete);
  context_.report(source, refused.job.wanted.key, explain(refused.error, kReadAction));
  if (verdict_on(refused.error) != Verdict::kRetry) return;
  if (++source.failed_in_a_row < kMostFailedInARow || source.stopped) return;
  source.stopped = true;
  context_.report(
      source, "",
      fmt::format("{} archives in a row could not be fetched; the others are left to the next "
                  "run",
                  kMostFailedInARow));
}

void Refusals::stop_source(SourceRun& source, const FetchRefused& refused) {
  context_.fail_source(source, status_of(refused.error));
  if (source.stopped) return;  // the other workers met the same
  source.stopped = true;
  context_.report(source, refused.job.wanted.key, explain(refused.error, kReadAction));
}

store::Status Refusals::take_denied(const FetchRefused& refused) {
  const auto index = refused.job.source;
  if (readable_[index]) return mark_unreadable(refused);
  // Already said of the source; these are what was still on the way.
  if (context_.sources[index].stopped) return {};
  denied_[index].push_back(refused);
  if (denied_[index].size() >= kMostDenied) {
    stop_source(context_.sources[index], refused);
    denied_[index].clear();
  }
  return {};
}

store::Status Refusals::mark_unreadable(const FetchRefused& refused) {
  const auto& source = context_.sources[refused.job.source];
  auto& ledger = context_.mirror.ledger;
  const auto& wanted = refused.job.wanted;
  const auto now = context_.now(source);
  context_.figures(source, [](SourceStatus& status) { ++status.run.unreadable; });
  const auto message = unreadable_message(refused);
  const auto raised =
      ledger.refuse_with_alarm(source.id, wanted.key, store::RefusalKind::kUnreadable,
                               wanted.upstream, now, wanted.role, "unreadable", message);
  if (!raised) return raised.error();
  if (*raised) context_.report(source, wanted.key, message);
  return {};
}

store::Status Refusals::flush_denied(std::size_t source) {
  for (const auto& refused : denied_[source]) {
    if (auto marked = mark_unreadable(refused); !marked) return marked;
  }
  denied_[source].clear();
  return {};
}

store::Status Refusals::note_success(std::size_t source) {
  readable_[source] = true;
  context_.sources[source].failed_in_a_row = 0;
  return flush_denied(source);
}

store::Status Refusals::finish() {
  for (std::size_t index = 0; index < denied_.size(); ++index) {
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
  return {};
}

}  // namespace agent

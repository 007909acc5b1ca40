#include "agent/alarms/lifecycle_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/base/upstream_date.h"
#include "s3client/dates.h"
#include "s3client/uri_encode.h"

namespace agent {
namespace {

// AWS allows 1000 rules; a server may claim any number.
constexpr std::size_t kMaxRules = 1000;

// The value of `name="..."` in the header.
std::optional<std::string_view> field(std::string_view header, std::string_view name) {
  const auto start = header.find(fmt::format("{}=\"", name));
  if (start == std::string_view::npos) return std::nullopt;
  header.remove_prefix(start + name.size() + 2);
  const auto end = header.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  return header.substr(0, end);
}

// The name of the rule comes URL-encoded.
std::string decoded(std::string_view text) {
  return s3::decode_url(text).value_or(std::string(text));
}

// S3 adds the days of the rule to the upload and goes on to the next midnight, so the hour of the
// upload does not count.
std::int64_t days_between(store::UpstreamTime from, store::UpstreamTime to) {
  return std::chrono::floor<std::chrono::days>(to - from).count();
}

// A rule may be set after its day.
std::string days_of(std::int64_t days) {
  return counted(static_cast<std::uint64_t>(std::max<std::int64_t>(days, 0)), "day", "days");
}

}  // namespace

std::optional<ExpiryNotice> parse_expiration(std::string_view header) {
  const auto date = field(header, "expiry-date");
  if (!date) return std::nullopt;
  const auto time = s3::parse_http_date(*date);
  if (!time) return std::nullopt;
  return ExpiryNotice{decoded(field(header, "rule-id").value_or("")), upstream_time(*time)};
}

LifecycleWatch::LifecycleWatch(RunContext& context)
    : context_(context), states_(context.sources.size()) {}

store::Result<LifecycleWatch::State*> LifecycleWatch::state_of(std::size_t source) {
  auto& state = states_[source];
  if (!state.known) {
    auto known = context_.mirror.ledger.expiry(context_.sources[source].id);
    if (!known) return known.error();
    state.known = *std::move(known);
  }
  return &state;
}

store::Status LifecycleWatch::see(const Job& job, const std::string& header) {
  // Old versions are meant to expire.
  if (job.wanted.role == store::Role::kNoncurrent) return {};
  states_[job.source].seen = true;
  const auto notice = parse_expiration(header);
  if (!notice) return {};
  auto state = state_of(job.source);
  if (!state) return state.error();
  return compare(job.source, **state, *notice, job.wanted.last_modified);
}

store::Status LifecycleWatch::compare(std::size_t source, State& state, const ExpiryNotice& notice,
                                      store::UpstreamTime last_modified) {
  auto& known = *state.known;
  const auto days = days_between(last_modified, notice.date);
  const auto before = known.days_by_rule.find(notice.rule);
  const bool is_new = before == known.days_by_rule.end();
  if (!is_new && days >= before->second) return {};
  if (is_new && known.days_by_rule.size() >= kMaxRules) return {};
  const auto& run = context_.sources[source];
  auto& ledger = context_.mirror.ledger;
  if (known.asked_at) {
    const auto change =
        is_new ? std::string("that was not there before")
               : fmt::format("that deletes sooner than before ({} after upload, was {})",
                             days_of(days), before->second);
    const auto message = fmt::format(
        "the bucket has the lifecycle rule \"{}\" {}: it deletes archives {} after upload, "
        "the next one on {}. What is held here stays. Find out who set it; a stolen key can delete "
        "this way what it may not delete directly",
        printable(notice.rule), change, days_of(days), format_time(notice.date));
    const auto raised = ledger.raise_alarm(run.id, store::AlarmKind::kExpiring, notice.rule,
                                           message, context_.now(run));
    if (!raised) return raised.error();
    if (*raised) context_.report_one_of(run, store::AlarmKind::kExpiring, "", message);
  }
  known.days_by_rule[notice.rule] = days;
  return ledger.note_expiry_rule(run.id, notice.rule, days);
}

store::Status LifecycleWatch::ask(std::size_t source, s3::Client& client, Retrier& retrier) {
  const auto& run = context_.sources[source];
  // What an attacker has encrypted or deleted answers without the header.
  const auto newest = context_.mirror.ledger.newest_unchanged(run.id);
  if (!newest) return newest.error();
  if (!*newest) return {};
  s3::GetRequest request;
  request.key = (*newest)->key;
  const auto head = retrier.run<s3::ObjectHead>(*run.session, [&] { return client.head(request); });
  // Gone, closed or the network's fault: the listing and the next fetch say that better.
  if (!head) return {};
  states_[source].seen = true;
  const auto notice = parse_expiration(head->expiration);
  if (!notice) return {};
  return compare(
      source, states_[source], *notice,
      head->last_modified ? upstream_time(*head->last_modified) : (*newest)->last_modified);
}

store::Status LifecycleWatch::finish(std::size_t source, s3::Client& client, Retrier& retrier) {
  const auto& run = context_.sources[source];
  if (!run.session) return {};
  auto state = state_of(source);
  if (!state) return state.error();
  const auto now = context_.now(run);
  const auto asked_at = (*state)->known->asked_at;
  const bool due = !asked_at || now - *asked_at >= kAboutADay || *asked_at > now;
  if (!due) return {};
  if (!(*state)->seen && !run.stopped && !context_.stopping() && !context_.out_of_time()) {
    if (auto asked = ask(source, client, retrier); !asked) return asked;
  }
  return (*state)->seen ? context_.mirror.ledger.note_expiry_asked(run.id, now) : store::Status{};
}

}  // namespace agent

#include "agent/custody/full_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/printable.h"
#include "agent/proof/walk_verdict.h"
#include "agent/run/form_memory.h"
#include "agent/run/unsound_alarm.h"
#include "store/content/key_path.h"
#include "store/content/path_check.h"

namespace agent {
namespace {

using Cause = WalkAnswer::Cause;
using Verdict = WalkAnswer::Verdict;

// A walk that ended as it should not is tried again, but not for ever.
constexpr unsigned kMaxTries = 3;
// What is recorded is synced: not for each small file.
constexpr unsigned kRecordedAtOnce = 32;

WalkAnswer undecided(Cause cause, std::string why) {
  WalkAnswer answer;
  answer.cause = cause;
  answer.why = std::move(why);
  return answer;
}

}  // namespace

store::Result<WalkAnswer> SourceWalk::ask(const store::Archive& archive, const Halt& halt) {
  const auto path = store::archive_path(config_.name, archive.key, mirror_.rules, archive.variant);
  const auto file = mirror_.disk().open_to_read(path);
  // What is missing or unreadable is the scrub's to tell.
  if (!file && !store::concerns_a_name(file.error()) && !store::concerns_a_content(file.error())) {
    return file.error();
  }
  if (!file) return undecided(Cause::kDied, "its file cannot be opened");
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size != archive.upstream.size_bytes) {
    return undecided(Cause::kDied, "its file has another size than it should");
  }
  return environment_.walk({**file, *size}, halt);
}

store::Result<WalkAnswer> SourceWalk::walk(const store::Archive& archive, Time now,
                                           const Halt& halt) {
  const auto answer = ask(archive, halt);
  if (!answer) return answer.error();
  if (answer->cause == Cause::kHalted) return *answer;
  const auto past = mirror_.ledger.sound_walks(source_, stream_of(archive.key),
                                               archive.last_modified, kMaxSetsOfHabit);
  if (!past) return past.error();
  auto [weighed, unsound] = weigh(archive.key, *answer, *past);
  if (records_) {
    if (auto done = record(archive, weighed, unsound, now); !done) return done.error();
  }
  return std::move(weighed);
}

store::Status SourceWalk::record(const store::Archive& archive, const WalkAnswer& answer,
                                 store::Unsound unsound, Time now) {
  if (!change_) {
    auto change = mirror_.begin({}, now);
    if (!change) return change.error();
    change_.emplace(std::move(*change));
  }
  if (answer.cause != Cause::kUnable) {
    auto row = record_of(answer);
    row.source = source_;
    row.key = archive.key;
    row.sha256 = archive.sha256;
    row.stream = stream_of(archive.key);
    row.modified = archive.last_modified;
    row.walked_at = now;
    const auto before = mirror_.ledger.walk_of(source_, archive.key);
    if (!before) return before.error();
    if (*before && (*before)->sha256 == row.sha256) row.tries = (*before)->tries + 1;
    row.again = row.again && row.tries < kMaxTries;
    change_->note_walk(std::move(row));
  }
  const bool is_news = unsound != store::Unsound::kNo && archive.unsound == store::Unsound::kNo;
  if (is_news) {
    if (auto raised = raise(archive, answer, unsound, *change_); !raised) return raised;
  } else if (unsound == store::Unsound::kNo && archive.unsound == store::Unsound::kNo) {
    if (auto settled = settle(archive, *change_); !settled) return settled;
  }
  // The habit of a stream, and what is open of it, is asked anew for the next one.
  const bool is_now = is_news || settled_ || ++walked_ % kRecordedAtOnce == 0;
  settled_ = false;
  return is_now ? flush() : store::Status{};
}

store::Status SourceWalk::flush() {
  if (!change_) return {};
  auto change = std::move(*change_);
  change_.reset();
  return change.commit();
}

store::Status SourceWalk::raise(const store::Archive& archive, const WalkAnswer& answer,
                                store::Unsound unsound, store::Change& change) {
  const auto stream = stream_of(archive.key);
  const auto before = mirror_.ledger.form_of_stream(source_, stream);
  if (!before) return before.error();
  auto form = before->value_or(store::StreamForm{});
  form.source = source_;
  form.stream = stream;
  ++form.unsound;
  note_unsound(form, {answer.form}, unsound);
  form.modified = std::max(form.modified, archive.last_modified);
  const auto others = words_of_others(form.unsound - 1, ", nor was the one before it",
                                      ", nor were the {} before it");
  change.raise(
      {source_, store::AlarmKind::kUnsound, stream,
       fmt::format("\"{}\" was opened, and is not a sound backup{}: {}. It is held all the "
                   "same; look at the job that makes it. If it is meant to be so, "
                   "'holdfast ack {}'",
                   printable(archive.key), others, answer.why, config_.name)});
  change.note_form(std::move(form));
  change.note_soundness({source_, archive.key, archive.sha256, unsound});
  return {};
}

store::Status SourceWalk::settle(const store::Archive& archive, store::Change& change) {
  const auto stream = stream_of(archive.key);
  const auto before = mirror_.ledger.form_of_stream(source_, stream);
  if (!before) return before.error();
  if (!*before || (*before)->unsound == 0 || (*before)->modified > archive.last_modified) return {};
  auto form = **before;
  form.unsound = 0;
  change.note_form(std::move(form));
  change.end({source_, store::AlarmKind::kUnsound, stream});
  settled_ = true;
  return {};
}

}  // namespace agent

#include "agent/alarms/held_forms.h"

#include <fmt/format.h>

#include "agent/alarms/form_watch.h"
#include "agent/run/unsound_alarm.h"

namespace agent {
namespace {

// Recorded at once.
constexpr std::size_t kMaxFound = 64;

std::string others_held(std::size_t count) {
  return words_of_others(count, ", nor does another one of its stream that is held",
                         ", nor do {} others of its stream that are held");
}

bool is_steady(const std::optional<store::StreamForm>& form) {
  return form && form->sets >= kSteadySets;
}

}  // namespace

void HeldForms::watch(store::ScrubPass& pass) {
  if (source_.config->soundness == SoundnessCheck::kOff) return;
  pass.ends = {ContentEnds::kHeadBytes, ContentEnds::kTailBytes, {}, {}};
  pass.looked = [this](const store::Holding& holding, const store::FileEnds& ends) {
    // A generation is one because something was wrong with it.
    if (looked_ && holding.generation_path.empty()) looked_ = look(holding, ends);
  };
}

store::Status HeldForms::look(const store::Holding& holding, const store::FileEnds& ends) {
  const auto look = look_at({ends.head, ends.tail, holding.size_bytes});
  auto weighed = weigh_soundness(holding.key, look, std::nullopt);
  if (weighed.verdict != Soundness::Verdict::kUnsound) return {};
  auto& ledger = context_.mirror.ledger;
  auto archive = ledger.find(source_.id, holding.key);
  if (!archive) return archive.error();
  const bool is_known = !*archive || (*archive)->unsound != store::Unsound::kNo ||
                        (*archive)->sha256 != holding.sha256;
  if (is_known) return {};
  auto stream = source_.config->series.place(holding.key).stream;
  const auto form = ledger.form_of_stream(source_.id, stream);
  if (!form) return form.error();
  const bool is_usual = is_steady(*form) && has_habits(*source_.config) &&
                        (*form)->form == static_cast<std::int64_t>(look.form) &&
                        (*form)->is_cut == look.is_cut;
  if (is_usual) return {};
  (*archive)->unsound = unsound_by(look);
  found_[std::move(stream)].push_back({**std::move(archive), look, std::move(weighed.why)});
  return ++count_ < kMaxFound ? store::Status{} : record();
}

store::Status HeldForms::record() {
  if (!looked_) return looked_;
  if (found_.empty()) return {};
  auto change = context_.mirror.begin({}, context_.now(source_));
  if (!change) return change.error();
  for (const auto& [stream, found] : found_) {
    if (auto told = tell(stream, found, *change); !told) return told;
  }
  found_.clear();
  count_ = 0;
  if (auto recorded = change->commit(); !recorded) return recorded;
  for (const auto& raised : change->batch().raised) {
    context_.report_one_of(source_, raised.kind, raised.key, raised.message);
  }
  return {};
}

store::Status HeldForms::tell(const std::string& stream, const std::vector<Found>& found,
                              store::Change& change) {
  auto& ledger = context_.mirror.ledger;
  for (const auto& one : found) {
    const auto& archive = one.archive;
    change.note_soundness({source_.id, archive.key, archive.sha256, archive.unsound});
  }
  const auto& last = found.back();
  auto form = ledger.form_of_stream(source_.id, stream);
  if (!form) return form.error();
  // Nobody knows yet what the stream is, and `ack` may say that it is this.
  if (!is_steady(*form) && last.archive.unsound == store::Unsound::kOtherForm) {
    auto seen = form->value_or(store::StreamForm{});
    seen.source = source_.id;
    seen.stream = stream;
    seen.unsound += found.size();
    note_unsound(seen, last.look, store::Unsound::kOtherForm);
    change.note_form(std::move(seen));
  }
  // What is open says of what came last, which is worth more.
  const auto is_open = ledger.is_open(source_.id, store::AlarmKind::kUnsound, stream);
  if (!is_open) return is_open.error();
  if (*is_open) return {};
  change.raise({source_.id, store::AlarmKind::kUnsound, stream,
                unsound_message(last.archive.key, others_held(found.size() - 1), last.why,
                                source_.config->name)});
  return {};
}

}  // namespace agent

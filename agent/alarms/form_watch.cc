#include "agent/alarms/form_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/printable.h"
#include "agent/run/unsound_alarm.h"

namespace agent {
namespace {

// So many streams that become something else in one run are no accident of one job.
constexpr std::size_t kMassChange = 2;

bool is_same(const store::StreamForm& form, const ContentLook& look) {
  return form.form == static_cast<std::int64_t>(look.form) && form.is_cut == look.is_cut;
}

bool is_unknown(const store::StreamForm& form) {
  return form.form == static_cast<std::int64_t>(ContentForm::kUnknown);
}

}  // namespace

store::Result<std::optional<store::StreamForm>> FormWatch::form_of(std::size_t source,
                                                                   const std::string& stream) {
  const auto found = pending_.find({source, stream});
  if (found != pending_.end()) return std::optional(found->second);
  auto form = context_.mirror.ledger.form_of_stream(context_.sources[source].id, stream);
  if (!form || !*form || (*form)->unsound == 0 || !(*form)->may_change) return form;
  // What was seen here was acknowledged while the other disk was here.
  const auto acknowledged =
      is_acknowledged(source, stream, store::at_its_word((*form)->modified), "");
  if (!acknowledged) return acknowledged.error();
  if (*acknowledged) make_seen_the_habit(**form);
  return form;
}

store::Result<bool> FormWatch::is_acknowledged(std::size_t source, const std::string& stream,
                                               store::Time made, std::string_view why) const {
  const auto at = context_.mirror.ledger.acknowledged_elsewhere(context_.sources[source].id,
                                                                store::AlarmKind::kUnsound, stream);
  if (!at) return at.error();
  if (!*at) return false;
  // Without its figures, which are of the one content.
  const auto reason = why.substr(0, why.find(" ("));
  return made <= (*at)->at || (!reason.empty() && (*at)->message.find(reason) != std::string::npos);
}

store::Result<std::optional<FormWatch::Note>> FormWatch::weigh(std::size_t source,
                                                               const store::Archive& archive,
                                                               const ContentLook& look) {
  const auto& config = *context_.sources[source].config;
  if (config.soundness == SoundnessCheck::kOff) return std::nullopt;
  Note note{look, {}, store::Unsound::kNo, config.series.place(archive.key)};
  const auto form = form_of(source, note.place.stream);
  if (!form) return form.error();
  note.soundness = weigh_soundness(archive.key, look, habit_at(config, *form, archive));
  if (note.soundness.verdict != Soundness::Verdict::kUnsound) return std::optional(std::move(note));
  note.unsound = unsound_by(look);
  const bool may_be_meant = note.unsound == store::Unsound::kOtherForm;
  const auto acknowledged =
      is_acknowledged(source, note.place.stream, store::at_its_word(archive.last_modified),
                      may_be_meant ? std::string_view(note.soundness.why) : std::string_view());
  if (!acknowledged) return acknowledged.error();
  note.acknowledged = *acknowledged;
  if (note.acknowledged && may_be_meant) note.unsound = store::Unsound::kNo;
  return std::optional(std::move(note));
}

store::Status FormWatch::note(std::size_t source, const store::Archive& archive, const Note& note,
                              bool replaces, store::Change& change) {
  const auto& stream = note.place.stream;
  const auto before = form_of(source, stream);
  if (!before) return before.error();
  const bool unsound = note.unsound != store::Unsound::kNo;
  // Of what comes once, and never again under this name, there is no habit.
  const bool comes_again = note.place.has_time || replaces;
  if (!unsound && !*before && !comes_again) return {};
  auto form = before->value_or(store::StreamForm{});
  form.source = context_.sources[source].id;
  form.stream = stream;
  const bool is_newer = !*before || form.modified <= archive.last_modified;
  const auto set = note.place.has_time ? archive.key.substr(0, note.place.set_bytes)
                                       : store::to_hex(archive.sha256);
  if (note.acknowledged && !unsound) {
    note_unsound(form, note.look, store::Unsound::kOtherForm);
    make_seen_the_habit(form);
  } else if (unsound) {
    ++form.unsound;
    note_unsound(form, note.look, note.unsound);
    if (!note.acknowledged) {
      // Also one that was lost in an earlier run: what is lost by now is what counts.
      if (note.soundness.is_lost_form) count_lost(source, stream, change);
      raise(source, archive, note, form, change);
    }
  } else if (is_newer && form.unsound > 0 && !waits_for_walk(source)) {
    form.unsound = 0;
    change.end({form.source, store::AlarmKind::kUnsound, stream});
  }
  const bool is_steady = form.sets >= kSteadySets;
  if (!unsound && is_same(form, note.look) && form.sets > 0) {
    if (!is_steady && form.last_set != set) ++form.sets;
  } else if (!unsound && is_newer && (!is_steady || is_unknown(form))) {
    form.form = static_cast<std::int64_t>(note.look.form);
    form.is_cut = note.look.is_cut;
    form.sets = 1;
  }
  if (!is_steady) form.last_set = set;
  if (form.sets < kSteadySets || unsound) {
    form.modified = std::max(form.modified, archive.last_modified);
  }
  if (*before && form == **before) return {};
  change.note_form(form);
  pending_[{source, stream}] = std::move(form);
  return {};
}

bool FormWatch::waits_for_walk(std::size_t source) const {
  return context_.sources[source].config->soundness == SoundnessCheck::kFull &&
         context_.environment.walk;
}

void FormWatch::raise(std::size_t source, const store::Archive& archive, const Note& note,
                      const store::StreamForm& form, store::Change& change) {
  const auto& run = context_.sources[source];
  change.raise(
      {run.id, store::AlarmKind::kUnsound, note.place.stream,
       unsound_message(archive.key, others_before(form), note.soundness.why, run.config->name)});
}

void FormWatch::count_lost(std::size_t source, const std::string& stream, store::Change& change) {
  auto& lost = lost_[source];
  if (lost.size() >= kMassChange) return;
  lost.insert(stream);
  if (lost.size() < kMassChange) return;
  const auto& run = context_.sources[source];
  change.hold(run.id);
  change.raise(
      {run.id, store::AlarmKind::kMassChange, "",
       fmt::format("two streams or more have become something else in one night, among "
                   "them \"{}\" and \"{}\": that is how backups look which somebody "
                   "encrypts on the server. The source is on HOLD. Look at the server "
                   "before anything else; if it was meant, 'holdfast ack {}' ends the "
                   "HOLD",
                   printable(*lost.begin()), printable(*lost.rbegin()), run.config->name)});
}

}  // namespace agent

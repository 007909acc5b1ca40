#include "agent/run/form_memory.h"

#include <algorithm>
#include <utility>

#include "agent/run/unsound_alarm.h"
#include "store/content/digest.h"

namespace agent {
namespace {

// Nobody means his backups to be a login page.
bool may_be_meant(const ContentLook& look) {
  switch (look.form) {
    case ContentForm::kEmpty:
    case ContentForm::kZeroes:
    case ContentForm::kWebPage:
    case ContentForm::kErrorPage:
      return false;
    default:
      return !look.is_cut;
  }
}

// What cannot be read any more is told of without its reason.
ContentLook look_again(store::ReadableDisk& disk, const std::string& path) {
  const auto file = disk.open_to_read(path);
  if (!file) return {};
  store::FileEnds ends{ContentEnds::kHeadBytes, ContentEnds::kTailBytes, {}, {}};
  const auto size_bytes = store::read_ends(**file, ends);
  return size_bytes ? look_at({ends.head, ends.tail, *size_bytes}) : ContentLook{};
}

}  // namespace

FormHabit habit_of(const store::StreamForm& form) {
  return {static_cast<ContentForm>(form.form), form.is_cut, form.sets};
}

std::optional<FormHabit> habit_at(const SourceConfig& config,
                                  const std::optional<store::StreamForm>& form,
                                  const store::Archive& archive) {
  if (!form || !has_habits(config) || form->modified > archive.last_modified) return std::nullopt;
  return habit_of(*form);
}

void make_seen_the_habit(store::StreamForm& form) {
  form.form = form.seen_form;
  form.is_cut = form.seen_cut;
  form.sets = kSteadySets;
  form.unsound = 0;
}

void note_unsound(store::StreamForm& form, const ContentLook& look, store::Unsound unsound) {
  form.seen_form = static_cast<std::int64_t>(look.form);
  form.seen_cut = look.is_cut;
  form.may_change = unsound == store::Unsound::kOtherForm;
}

bool has_habits(const SourceConfig& config) { return config.series.spec() == "auto"; }

store::Unsound unsound_by(const ContentLook& look) {
  return may_be_meant(look) ? store::Unsound::kOtherForm : store::Unsound::kBroken;
}

store::TellUnsound tell_left_unsound(const Config& config) {
  return [&config](store::ReadableDisk& disk, store::Ledger& ledger, const store::Placed& placed,
                   std::string_view source_name, const std::string& path,
                   store::Batch& batch) -> store::Status {
    const auto source = std::ranges::find_if(
        config.sources, [&](const auto& one) { return one.name == source_name; });
    if (source == config.sources.end()) return {};
    const auto& archive = placed.archive;
    const auto stream = source->series.place(archive.key).stream;
    const auto is_it = [&](const store::StreamForm& one) {
      return one.source == placed.source && one.stream == stream;
    };
    auto before = ledger.form_of_stream(placed.source, stream);
    if (!before) return before.error();
    const auto pending = std::find_if(batch.forms.rbegin(), batch.forms.rend(), is_it);
    if (pending != batch.forms.rend()) *before = *pending;
    const auto look = look_again(disk, path);
    const auto weighed = weigh_soundness(archive.key, look, habit_at(*source, *before, archive));
    auto form = before->value_or(store::StreamForm{});
    form.source = placed.source;
    form.stream = stream;
    ++form.unsound;
    note_unsound(form, look, archive.unsound);
    form.modified = std::max(form.modified, archive.last_modified);
    const auto* const why = weighed.why.empty()
                                ? "the run that fetched it was cut off before it said why"
                                : weighed.why.c_str();
    batch.raised.push_back({placed.source, store::AlarmKind::kUnsound, stream,
                            unsound_message(archive.key, others_before(form), why, source->name)});
    batch.forms.push_back(std::move(form));
    return {};
  };
}

}  // namespace agent

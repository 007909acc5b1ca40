#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "agent/proof/content_form.h"
#include "agent/proof/soundness_verdict.h"
#include "store/ledger/records.h"
#include "store/ledger/tell_unsound.h"

namespace agent {

FormHabit habit_of(const store::StreamForm& form);

/// The habit that a content is held against; none where the stream has none, or is known by what is
/// newer.
std::optional<FormHabit> habit_at(const SourceConfig& config,
                                  const std::optional<store::StreamForm>& form,
                                  const store::Archive& archive);

/// What was seen last becomes the habit.
void make_seen_the_habit(store::StreamForm& form);

/// What was seen last is unsound.
void note_unsound(store::StreamForm& form, const ContentLook& look, store::Unsound unsound);

/// Where `series` says which keys are a stream, its parts need not be alike.
bool has_habits(const SourceConfig& config);

/// What a look at an unsound content means for retention.
store::Unsound unsound_by(const ContentLook& look);

/// Says of what a crash left placed what the run that fetched it would have said: the alarm of its
/// stream, and what its stream looks like. The configuration outlives it.
store::TellUnsound tell_left_unsound(const Config& config);

}  // namespace agent

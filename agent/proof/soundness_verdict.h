#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/proof/content_form.h"

namespace agent {

/// What the contents of a stream have been so far.
struct FormHabit {
  ContentForm form = ContentForm::kUnknown;
  bool is_cut = false;  ///< they always were, as the first part of a split archive is
  unsigned sets = 0;    ///< so many sets in a row, counted up to kSteadySets
};

/// From so many sets in a row on, another form is a change.
inline constexpr unsigned kSteadySets = 3;

/// What a content looks like, held against its name and the habit of its stream.
struct Soundness {
  enum class Verdict {
    kSound,    ///< it is what its name says, or what its stream always was
    kUnknown,  ///< nothing says what it should be
    kUnsound,  ///< it is something else, or is cut
  };
  Verdict verdict = Verdict::kUnknown;
  std::string why;  ///< of kUnsound, for a sentence: "its name says gzip, but it is empty"
  bool is_lost_form = false;  ///< a steady stream has become something else, which may be meant
};

/// Pure. The evidence is needed: without a name that claims a form, and without a steady stream,
/// nothing is unsound. What a stream steadily is outweighs what its names say.
Soundness weigh_soundness(std::string_view key, const ContentLook& look,
                          const std::optional<FormHabit>& habit);

/// What the name of a key says that it is: "gzip"; empty where it says nothing that is known here.
std::string_view claim_of(std::string_view key);

}  // namespace agent

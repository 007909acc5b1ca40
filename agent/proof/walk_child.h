#pragma once

#include <string>
#include <string_view>

#include "agent/proof/walk.h"

namespace agent {

/// The word by which a program is told that it is to walk, as no person would write it.
inline constexpr std::string_view kWalkWord = "(walk)";

/// Walks a content in a process of its own: this very program, started anew in a session of its own
/// with an empty environment, with the content at descriptor 0, a pipe at descriptor 1, and nothing
/// else open. There walk_main() shuts the cage and walks. Where it takes too long, or `halt` says
/// so, it is killed. What it answers is parsed by parse_answer().
WalkAnswer walk_in_child(const WalkRequest& request, const Halt& halt);

/// Likewise, with that program in the stead of this one.
WalkAnswer walk_in_child_of(const std::string& program, const WalkRequest& request,
                            const Halt& halt);

}  // namespace agent

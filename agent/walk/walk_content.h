#pragma once

#include "agent/proof/walk.h"
#include "agent/walk/walk_bytes.h"

namespace agent {

/// Walks a content to its end: in the cage, see walk_main.h.
WalkAnswer walk_content(WalkedContent& content, const WalkLimits& limits);

}  // namespace agent

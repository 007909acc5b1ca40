#pragma once

#include <string>

#include "agent/proof/content_form.h"
#include "agent/walk/walk_bytes.h"
#include "agent/walk/walk_source.h"

namespace agent {

/// Follows, without a key or a library, what a container tells of itself to its end: the packets of
/// OpenPGP, the chunks of age, and the check sum of a dump of Redis. Returns which check sum was
/// proved, or an empty text. Of any other form nothing is asked.
Walked<std::string> walk_container(ContentForm form, WalkedContent& content);

}  // namespace agent

#pragma once

#include <string>

namespace agent {

/// "holdfast 1.2.3". In full, with a line each for how it was built and for every library in it, at
/// the version that runs: in a static program what is told here is what was frozen into it.
std::string version_text(bool in_full);

}  // namespace agent

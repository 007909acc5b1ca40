#pragma once

#include <string>

namespace agent {

/// "holdfast 1.2.3". In full, with a line each for how it was built and for every library in it, at
/// the version that runs: in a static program what is told here is what was frozen into it.
std::string version_text(bool in_full);

/// To be called first of all. A static program knows the users of /etc/passwd and no others from
/// then on: to ask further the C library would load what /etc/nsswitch.conf names, made for another
/// one, and that ends in a crash. In a program that is not static it does nothing.
void load_nothing_if_static();

}  // namespace agent

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace agent {

/// Whether this process was started to walk a content: see walk_child.h.
bool is_walk(int argc, char** argv);

/// Does so: shuts itself in, reads descriptor 0 and answers on descriptor 1. Nothing else of
/// holdfast runs in such a process.
int walk_main(int argc, char** argv);

/// The libraries that walk, with the versions that run, in the order in which they are shown.
std::vector<std::pair<std::string, std::string>> walk_libraries();

}  // namespace agent

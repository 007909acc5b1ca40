#pragma once

#include <string>
#include <string_view>

namespace agent {

/// A tool whose backups need each other: which of them, no name tells.
struct ChainTool {
  std::string_view name;     ///< "restic"
  std::string_view what;     ///< "a repository of restic", for a sentence
  std::string_view instead;  ///< what removes old backups of it
};

/// The tool that a key betrays by the layout that only it has; nullptr where it may be anything.
/// One such key among many says what the others are. A key that is forged to look so keeps more.
const ChainTool* chain_tool_of(std::string_view key);

/// The tool of that name; nullptr where there is none.
const ChainTool* find_chain_tool(std::string_view name);

/// Why no rule applies to what that tool has written, and what to use in their stead. What is
/// refused for it: agent/custody/prune_veto.h.
std::string refusal_of(const ChainTool& tool);

}  // namespace agent

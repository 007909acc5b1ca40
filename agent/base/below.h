#pragma once

#include <optional>
#include <string>

namespace agent {

/// Where `path` lies below `root`, "" for the root itself; nullopt: nowhere. Both are absolute.
inline std::optional<std::string> below(const std::string& root, const std::string& path) {
  if (path == root) return "";
  const auto prefix = root.ends_with('/') ? root : root + "/";
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

}  // namespace agent

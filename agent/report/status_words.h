#pragma once

#include <span>
#include <string_view>

namespace agent {

/// One member of the status file, and what it means.
struct StatusWords {
  std::string_view path;  ///< "sources[].run.listed"
  std::string_view meaning;
};

/// Every member that to_json() writes, in the order of the contract.
std::span<const StatusWords> status_words();

}  // namespace agent

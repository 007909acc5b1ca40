#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agent {

/// The known name that somebody may have meant by `name`; empty: none is near.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known);

/// "; did you mean \"status\"?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace agent

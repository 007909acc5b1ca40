#pragma once

#include <string>

namespace agent {

/// What is wrong with it as a `ping_url`; empty: nothing.
std::string complaint_about_ping_url(const std::string& url);

}  // namespace agent

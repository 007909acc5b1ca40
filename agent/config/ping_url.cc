#include "agent/config/ping_url.h"

#include <algorithm>

#include "s3client/endpoint.h"

namespace agent {

std::string complaint_about_ping_url(const std::string& url) {
  const auto scheme = url.find("://");
  const bool is_http = url.starts_with("https://") || url.starts_with("http://");
  if (!is_http || url.find_first_of(" \t\"<>") != std::string::npos) {
    return "it has to be an address that begins with https:// (or http://)";
  }
  const auto host = url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
  if (!s3::parse_endpoint(host)) return "its host cannot be made out";
  return {};
}

}  // namespace agent

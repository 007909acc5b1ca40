#include "agent/config/config_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace agent {
namespace {

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
         text.back() == text.front();
}

// "bucket" or "bucket/folder", of a URL or an ARN of S3's.
std::string_view without_scheme(std::string_view text) {
  for (const std::string_view scheme : {"s3://", "s3a://", "https://", "http://"}) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  if (!text.starts_with("arn:")) return text;
  return text.substr(text.rfind(':') + 1);
}

std::optional<ConfigAdvice> of_bucket(const std::string& bucket) {
  if (is_quoted(bucket)) {
    return ConfigAdvice{"bucket", fmt::format("bucket: quotes are part of a value here; write "
                                              "\"bucket = {}\"",
                                              bucket.substr(1, bucket.size() - 2))};
  }
  if (bucket.starts_with("http://") || bucket.starts_with("https://")) {
    return ConfigAdvice{"bucket", fmt::format("bucket: \"{}\" is a URL; the server goes into "
                                              "\"endpoint\", and here stands the name alone",
                                              bucket)};
  }
  const auto rest = without_scheme(bucket);
  const auto slash = std::min(rest.find('/'), rest.size());
  if (rest == bucket && slash == rest.size()) return std::nullopt;
  const auto name = rest.substr(0, slash);
  if (name.empty()) return std::nullopt;
  auto folder = std::string(rest.substr(std::min(slash + 1, rest.size())));
  if (folder.empty()) {
    return ConfigAdvice{"bucket", fmt::format("bucket: \"{}\" is more than its name; write "
                                              "\"bucket = {}\"",
                                              bucket, name)};
  }
  if (!folder.ends_with('/')) folder += '/';
  return ConfigAdvice{"bucket", fmt::format("bucket: \"{}\" has a folder in it; write \"bucket = "
                                            "{}\" and \"prefix = {}\"",
                                            bucket, name, folder)};
}

std::optional<ConfigAdvice> of_endpoint(const SourceConfig& source) {
  const auto& endpoint = source.endpoint;
  if (endpoint.empty()) return std::nullopt;
  if (is_quoted(endpoint)) {
    return ConfigAdvice{"endpoint", fmt::format("endpoint: quotes are part of a value here; write "
                                                "\"endpoint = {}\"",
                                                endpoint.substr(1, endpoint.size() - 2))};
  }
  if (endpoint.starts_with("s3://") || endpoint.starts_with("s3a://")) {
    return ConfigAdvice{"endpoint", fmt::format("endpoint: \"{}\" names no server; write the "
                                                "https:// address that the provider gives, and the "
                                                "bucket's name into \"bucket\"",
                                                endpoint)};
  }
  if (endpoint.find("://") == std::string::npos) {
    return ConfigAdvice{
        "endpoint", fmt::format(R"(endpoint: "{}" has no scheme; write "endpoint = https://{}")",
                                endpoint, endpoint)};
  }
  auto trimmed = endpoint;
  while (trimmed.ends_with('/')) trimmed.pop_back();
  const auto in_path = "/" + source.bucket;
  const auto host = std::string_view(endpoint).substr(endpoint.find("://") + 3);
  if (trimmed.ends_with(in_path) &&
      trimmed.find('/', trimmed.find("://") + 3) == trimmed.size() - in_path.size()) {
    return ConfigAdvice{
        "endpoint", fmt::format("endpoint: the bucket is not part of it; write \"endpoint = {}\"",
                                trimmed.substr(0, trimmed.size() - in_path.size()))};
  }
  if (host.starts_with(source.bucket + ".s3")) {
    const auto scheme = endpoint.substr(0, endpoint.find("://") + 3);
    return ConfigAdvice{
        "endpoint", fmt::format("endpoint: the bucket is not part of it; write \"endpoint = {}{}\"",
                                scheme, host.substr(source.bucket.size() + 1))};
  }
  return std::nullopt;
}

std::optional<ConfigAdvice> of_region(const std::string& region) {
  if (!is_quoted(region)) return std::nullopt;
  return ConfigAdvice{"region", fmt::format("region: quotes are part of a value here; write "
                                            "\"region = {}\"",
                                            region.substr(1, region.size() - 2))};
}

}  // namespace

std::optional<ConfigAdvice> advise_on_source(const SourceConfig& source) {
  if (auto advice = of_bucket(source.bucket)) return advice;
  if (auto advice = of_endpoint(source)) return advice;
  return of_region(source.region);
}

}  // namespace agent

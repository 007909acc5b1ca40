#include "agent/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "s3client/credentials.h"

namespace agent {
namespace {
constexpr std::string_view kChecksumMode = "checksum-mode";
}

std::optional<std::vector<const SourceConfig*>> select_sources(
    const Config& config, const std::vector<std::string>& names, Log& log) {
  for (const auto& name : names) {
    if (std::none_of(config.sources.begin(), config.sources.end(),
                     [&](const SourceConfig& source) { return source.name == name; })) {
      log.error({"", "", fmt::format("there is no [source {}] in the configuration", name)});
      return std::nullopt;
    }
  }
  std::vector<const SourceConfig*> selected;
  for (const auto& source : config.sources) {
    if (names.empty() || std::find(names.begin(), names.end(), source.name) != names.end()) {
      selected.push_back(&source);
    }
  }
  return selected;
}

s3::Result<std::shared_ptr<s3::Session>> open_session(const SourceConfig& config,
                                                      const Environment& environment) {
  s3::SessionOptions options;
  options.endpoint = config.endpoint;
  options.bucket = config.bucket;
  options.region = config.region;
  options.addressing = config.addressing;
  options.request_payer = config.request_payer;
  options.now = [clock = &environment.clock] { return clock->now(); };
  options.credentials = [variable = environment.variable, config] {
    return s3::load_credentials({variable, config.name, config.credentials_file, config.profile});
  };
  return s3::Session::open(std::move(options));
}

store::Status recall_facts(RunContext& context, SourceRun& source) {
  const auto endpoint = source.session->endpoint();
  const auto trust = [&](const char* fact, EtagTrust& into) -> store::Status {
    const auto value = context.mirror.ledger.endpoint_fact(endpoint, fact);
    if (!value) return value.error();
    if (*value) into = **value == "proven" ? EtagTrust::kProven : EtagTrust::kOpaque;
    return {};
  };
  if (auto single = trust("etag-md5", source.trust.single); !single) return single;
  if (auto multi = trust("etag-multipart", source.trust.multipart); !multi) return multi;
  const auto reading = context.mirror.ledger.endpoint_fact(endpoint, "key-reading");
  if (!reading) return reading.error();
  source.other_reading = *reading == "other";
  const auto refused = context.mirror.ledger.endpoint_fact(endpoint, kChecksumMode);
  if (!refused) return refused.error();
  if (*refused) source.session->refuse_option(std::string(kChecksumMode));
  return {};
}

store::Status remember_refused_options(RunContext& context) {
  for (const auto& source : context.sources) {
    if (!source.session) continue;
    for (const auto& option : source.session->refused_options()) {
      if (auto set = context.mirror.ledger.set_endpoint_fact(source.session->endpoint(), option,
                                                             "refused");
          !set) {
        return set;
      }
    }
  }
  return {};
}

}  // namespace agent

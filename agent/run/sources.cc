#include "agent/run/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "agent/base/did_you_mean.h"
#include "agent/run/endpoint_facts.h"
#include "agent/run/etag_evidence.h"
#include "s3client/credentials.h"

namespace agent {
namespace {
constexpr std::string_view kChecksumMode = "checksum-mode";
constexpr std::string_view kRestoreStatus = "optional-object-attributes";
constexpr std::string_view kPartSizes = "part-sizes";

// What a server refused it is asked again after that: it may have been updated, or replaced.
constexpr std::chrono::days kAskAgainAfter{7};

std::int64_t seconds_of(store::Time time) { return time.time_since_epoch().count(); }

// The fact's value is when the refusal was seen.
store::Result<bool> is_refused(RunContext& context, const std::string& endpoint,
                               std::string_view what, store::Time now) {
  const auto value = context.mirror.ledger.endpoint_fact(endpoint, what);
  if (!value) return value.error();
  if (!*value) return false;
  std::int64_t seen = 0;
  const char* const end = (*value)->data() + (*value)->size();
  const auto read = std::from_chars((*value)->data(), end, seen);
  const auto age = seconds_of(now) - seen;
  return read.ec == std::errc{} && read.ptr == end && age >= 0 &&
         age < std::chrono::seconds(kAskAgainAfter).count();
}

store::Status remember_refusal(RunContext& context, const SourceRun& source,
                               const std::string& what) {
  const auto now = context.now(source);
  const auto endpoint = source.session->endpoint();
  // One that is remembered keeps its time: it was not asked again.
  const auto known = is_refused(context, endpoint, what, now);
  if (!known) return known.error();
  if (*known) return {};
  return context.mirror.ledger.set_endpoint_fact(endpoint, what, std::to_string(seconds_of(now)));
}

}  // namespace

std::optional<std::vector<const SourceConfig*>> select_sources(
    const Config& config, const std::vector<std::string>& names, Log& log) {
  for (const auto& name : names) {
    if (std::none_of(config.sources.begin(), config.sources.end(),
                     [&](const SourceConfig& source) { return source.name == name; })) {
      std::vector<std::string_view> known;
      for (const auto& source : config.sources) known.emplace_back(source.name);
      log.error(
          {"", "",
           fmt::format("the configuration has no [source {}]{}", name, did_you_mean(name, known))});
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
    const bool has_own_file = config.credentials_file != SourceConfig{}.credentials_file;
    return s3::load_credentials(
        {variable, config.name, config.credentials_file, config.profile, has_own_file});
  };
  return s3::Session::open(std::move(options));
}

store::Status recall_facts(RunContext& context, SourceRun& source) {
  if (auto recalled = EtagEvidence::recall(context, source); !recalled) return recalled;
  const auto endpoint = source.session->endpoint();
  const auto reading = context.mirror.ledger.endpoint_fact(endpoint, kReadingFact);
  if (!reading) return reading.error();
  source.other_reading = *reading == "other";
  for (const auto& other : context.sources) {
    const bool same = &other != &source && other.session && other.session->endpoint() == endpoint;
    if (same) source.part_hints = other.part_hints;
  }
  const auto now = context.now(source);
  for (const auto option : {kChecksumMode, kRestoreStatus}) {
    const auto refused = is_refused(context, endpoint, option, now);
    if (!refused) return refused.error();
    if (*refused) source.session->refuse_option(std::string(option));
  }
  const auto parts = is_refused(context, endpoint, kPartSizes, now);
  if (!parts) return parts.error();
  if (*parts) source.part_hints->give_up();
  return {};
}

store::Status remember_refusals(RunContext& context) {
  for (const auto& source : context.sources) {
    if (!source.session) continue;
    auto refused = source.session->refused_options();
    if (!source.part_hints->worth_asking()) refused.emplace_back(kPartSizes);
    for (const auto& what : refused) {
      if (auto set = remember_refusal(context, source, what); !set) return set;
    }
  }
  return {};
}

}  // namespace agent

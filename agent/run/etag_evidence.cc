#include "agent/run/etag_evidence.h"

#include <fmt/format.h>

#include "store/content/digest.h"

namespace agent {
namespace {

constexpr std::uint64_t kKeysNeeded = 3;
constexpr std::uint64_t kSeriesNeeded = 2;
constexpr std::string_view kProven = "proven";
constexpr std::string_view kOpaque = "opaque";

// Under which a source's own facts are kept beside its endpoint's.
std::string scope_of(const SourceRun& source) {
  return fmt::format("{} {} [{}]", source.session->endpoint(), source.config->bucket,
                     source.config->name);
}

EtagTrust& trust_in(SourceRun& source, ProofLevel form) {
  return form == ProofLevel::kEtagMd5 ? source.trust.single : source.trust.multipart;
}

}  // namespace

store::Status EtagEvidence::recall(RunContext& context, SourceRun& source) {
  for (const auto form : {ProofLevel::kEtagMd5, ProofLevel::kEtagMultipart}) {
    for (const auto& scope : {source.session->endpoint(), scope_of(source)}) {
      const auto value = context.mirror.ledger.endpoint_fact(scope, store::name_of(form));
      if (!value) return value.error();
      if (!*value) continue;
      trust_in(source, form) = **value == kProven ? EtagTrust::kProven : EtagTrust::kOpaque;
    }
  }
  return {};
}

store::Status EtagEvidence::match(std::size_t source, std::optional<ProofLevel> matched) {
  if (!matched) return {};
  const auto form = *matched;
  auto& here = context_.sources[source];
  const auto before = trust_in(here, form);
  if (before == EtagTrust::kProven) return {};
  const auto endpoint = here.session->endpoint();
  for (auto& other : context_.sources) {
    if (!other.session || other.session->endpoint() != endpoint) continue;
    auto& trust = trust_in(other, form);
    if (trust == EtagTrust::kUnknown) trust = EtagTrust::kProven;
  }
  trust_in(here, form) = EtagTrust::kProven;
  auto& ledger = context_.mirror.ledger;
  if (auto set = ledger.set_endpoint_fact(endpoint, store::name_of(form), kProven); !set)
    return set;
  if (before != EtagTrust::kOpaque) return {};
  context_.environment.log.warning(
      {here.config->name, "",
       "an ETag here is an MD5 after all: from now on they are checked again"});
  return ledger.set_endpoint_fact(scope_of(here), store::name_of(form), kProven);
}

store::Result<bool> EtagEvidence::doubt(const Fetched& fetched, ProofLevel form) {
  auto& source = context_.sources[fetched.job.source];
  const auto scope = scope_of(source);
  const auto note = [&](std::string_view kind, const std::string& what) {
    return context_.mirror.ledger.add_endpoint_evidence(
        scope, fmt::format("{} {}", store::name_of(form), kind), what);
  };
  const auto keys = note("key", fetched.job.wanted.key);
  if (!keys) return keys.error();
  const auto contents = note("content", store::to_hex(fetched.verification->sha256));
  if (!contents) return contents.error();
  const auto series = note("series", source.config->series.shape_of(fetched.job.wanted.key));
  if (!series) return series.error();
  if (*keys < kKeysNeeded || *contents < kKeysNeeded || *series < kSeriesNeeded) return false;
  if (auto declared = declare_opaque(source, form); !declared) return declared.error();
  return true;
}

store::Status EtagEvidence::declare_opaque(SourceRun& source, ProofLevel form) {
  trust_in(source, form) = EtagTrust::kOpaque;
  context_.environment.log.warning(
      {source.config->name, "",
       fmt::format("the ETags of bucket \"{}\" at {} are not MD5s: {} objects came twice with the "
                   "same content, and never with the MD5 that their ETag gives. From now on only "
                   "sizes are checked in this source, unless "
                   "more is promised or an ETag matches after all",
                   source.config->bucket, source.session->endpoint(), kKeysNeeded)});
  return context_.mirror.ledger.set_endpoint_fact(scope_of(source), store::name_of(form), kOpaque);
}

}  // namespace agent

#include "agent/listing/listing_memory.h"

#include <chrono>
#include <cstdlib>
#include <string>

#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/listing/listing_end.h"

namespace agent {
namespace {

constexpr const char* kCutsFact = "listing-cut";
constexpr const char* kUnorderedFact = "listing-unordered";

// By bucket and prefix.
std::string asked_on_fact(const SourceRun& source) {
  return "listing-asked-on " + source.config->bucket + "/" + source.config->prefix;
}

}  // namespace

store::Status recall_listing(const RunContext& context, SourceRun& source) {
  auto& ledger = context.mirror.ledger;
  auto& listing = source.listing;
  const auto before = ledger.totals(source.id);
  if (!before) return before.error();
  listing.is_first = !before->first_listed_at;
  const auto endpoint = source.session->endpoint();
  const auto cuts = ledger.endpoint_fact(endpoint, kCutsFact);
  if (!cuts) return cuts.error();
  listing.cuts = *cuts == "yes";
  const auto unordered = ledger.endpoint_fact(endpoint, kUnorderedFact);
  if (!unordered) return unordered.error();
  listing.in_order = *unordered != "yes";
  const auto asked = ledger.endpoint_fact(endpoint, asked_on_fact(source));
  if (!asked) return asked.error();
  const auto at = *asked ? std::strtoll((*asked)->c_str(), nullptr, 10) : 0;
  listing.begun = context.environment.clock.now_s();
  listing.is_due = is_doubt_due(store::Time(std::chrono::seconds(at)), listing.begun);
  auto last = ledger.last_expected(source.id, source.config->prefix);
  if (!last) return last.error();
  listing.last_expected = *std::move(last);
  return {};
}

store::Status remember_listing(RunContext& context, const SourceRun& source,
                               const ListingTraits& seen) {
  auto& log = context.environment.log;
  const auto& name = source.config->name;
  const auto& was = source.listing;
  const auto set_fact = [&](const std::string& fact, const std::string& value) {
    return context.mirror.ledger.set_endpoint_fact(source.session->endpoint(), fact, value);
  };
  if (!was.cuts && seen.was_cut) {
    log.warning({name, "",
                 "the server calls its listing complete when it is not; from now on it is asked "
                 "for more until nothing more comes. Tell the provider"});
    if (auto set = set_fact(kCutsFact, "yes"); !set) return set;
  }
  if (was.in_order != seen.in_order) {
    log.warning({name, "",
                 "the server does not list in the byte order of the keys; its listings are sorted "
                 "here, which takes room for temporary files"});
    if (auto set = set_fact(kUnorderedFact, "yes"); !set) return set;
  }
  if (!seen.asked_on || !(was.is_due || was.is_first)) return {};
  const auto now = context.environment.clock.now_s().time_since_epoch().count();
  return set_fact(asked_on_fact(source), std::to_string(now));
}

}  // namespace agent

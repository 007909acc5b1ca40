#include "agent/listing/listing_end.h"

#include <chrono>

#include "agent/base/units.h"

namespace agent {
namespace {

// What was stored while the listing went on is behind its end by right.
constexpr std::chrono::minutes kNewerThanListing{5};

}  // namespace

bool is_end_in_doubt(const ListingMemory& was, bool in_order, std::string_view last_key) {
  return was.is_first || was.is_due || was.cuts ||
         (in_order && was.last_expected && last_key < *was.last_expected);
}

bool is_doubt_due(store::Time asked, store::Time now) {
  // In the future: a clock was set back, and nothing is known.
  return asked > now || now - asked >= kAboutADay;
}

bool is_proof_of_cutting(const ListEnd& end, Time begun) {
  if (!end.oldest_behind_end) return false;
  const s3::ServerDate begun_there{begun.time_since_epoch()};
  return *end.oldest_behind_end < begun_there - kNewerThanListing;
}

}  // namespace agent

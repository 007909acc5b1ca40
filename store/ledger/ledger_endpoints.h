#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What an endpoint can and cannot. A view of one ledger; see ledger.h.
class EndpointView {
 public:
  Result<std::optional<std::string>> endpoint_fact(std::string_view endpoint,
                                                   std::string_view fact);
  Status set_endpoint_fact(std::string_view endpoint, std::string_view fact,
                           std::string_view value);
  /// Notes that `object` speaks for `fact` and returns how many different objects do.
  Result<std::uint64_t> add_endpoint_evidence(std::string_view endpoint, std::string_view fact,
                                              std::string_view object);

 protected:
  explicit EndpointView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What the endpoints (the S3 servers) can and cannot do, as far as runs have found out. The agent
/// chooses the names of the facts and what their values mean. A view of one ledger: durability,
/// threads and errors are those of ledger.h.
class EndpointView {
 public:
  /// Returns what is known of the fact, or nullopt when nothing is.
  Result<std::optional<std::string>> endpoint_fact(std::string_view endpoint,
                                                   std::string_view fact);
  /// Remembers the value, in the place of an earlier one.
  Status set_endpoint_fact(std::string_view endpoint, std::string_view fact,
                           std::string_view value);
  /// Remembers that `object` speaks for `fact`. Returns how many different objects do by now.
  Result<std::uint64_t> add_endpoint_evidence(std::string_view endpoint, std::string_view fact,
                                              std::string_view object);

 protected:
  explicit EndpointView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

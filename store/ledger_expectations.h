#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace store {

struct OpenLedger;

/// What is expected of the bucket. A view of one ledger; see ledger.h.
class ExpectationView {
 public:
  /// The lifecycle rules that the bucket's x-amz-expiration has named, with the days that they
  /// leave an object.
  struct Expiry {
    std::optional<Time> asked_at;  ///< none: there was no first contact yet
    std::map<std::string, std::int64_t> days_by_rule;
  };
  Result<Expiry> expiry(SourceId source);
  Status note_expiry_rule(SourceId source, std::string_view rule, std::int64_t days);
  Status note_expiry_asked(SourceId source, Time now);

  struct Arrival {
    std::string key;
    std::uint64_t size_bytes = 0;
    Time held_since{};
  };
  struct Series {
    std::string name;
    std::uint64_t archives = 0;
    Time newest_held_since{};
    std::vector<std::uint64_t> recent_sizes_bytes;  ///< of the last 10, the newest last
  };
  /// Takes all that arrived since the last call into its series, the earliest upstream first.
  /// `judge` sees the series before the arrival and may say what is wrong with it: that becomes an
  /// open alarm `small`, told to `raised`. Where `spec` is not that of the last call the series are
  /// made anew from all that is held, which is judged no more. All or nothing.
  Status take_arrivals(
      SourceId source, std::string_view spec,
      const std::function<std::string(std::string_view key)>& series_of,
      const std::function<std::optional<std::string>(const Arrival&, const Series&)>& judge,
      Time now,
      const std::function<void(const std::string& key, const std::string& message)>& raised);
  /// Nothing is expected of the source: what comes from here on is not counted, and once something
  /// is expected again the series are made anew.
  Status forget_series(SourceId source);
  /// The series with at least `archives` archives, by name, until `visit` returns false.
  Status visit_series(SourceId source, std::uint64_t archives,
                      const std::function<bool(const Series&)>& visit);

 protected:
  explicit ExpectationView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

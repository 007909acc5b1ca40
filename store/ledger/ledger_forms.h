#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What the contents of the streams look like, and which held contents do not look as they should.
/// A view of one ledger; see ledger.h.
class FormView {
 public:
  /// nullopt: nothing of that stream was looked at yet.
  Result<std::optional<StreamForm>> form_of_stream(SourceId source, std::string_view stream);

  /// From now on what came last to a stream is what it is, where that may be meant, and what is
  /// held of it in that form is sound. `stream`: nullptr for all of the source. `stream_of` tells
  /// the stream of a key. A form that cannot be meant stays what is not expected.
  Status accept_new_form(SourceId source, const std::string* stream,
                         const std::function<std::string(std::string_view key)>& stream_of);

 protected:
  explicit FormView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

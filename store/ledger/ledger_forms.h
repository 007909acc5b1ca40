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
/// The numbers of the forms are the agent's. A view of one ledger: durability, threads and errors
/// are those of ledger.h.
class FormView {
 public:
  /// Returns the form of a stream, or nullopt when nothing of that stream was looked at yet.
  Result<std::optional<StreamForm>> form_of_stream(SourceId source, std::string_view stream);

  /// Takes the form in which a stream came last as the one that is expected, where that form may be
  /// meant, and takes what is held of the stream in that form as sound. A form that cannot be meant
  /// stays unexpected. `stream` names one stream, nullptr means all of the source. `stream_of`
  /// tells the stream of a key. The manifest says the same when the mirror is opened next.
  Status accept_new_form(SourceId source, const std::string* stream,
                         const std::function<std::string(std::string_view key)>& stream_of);

 protected:
  explicit FormView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store

#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/alarms/form_watch.h"
#include "agent/proof/content_form.h"
#include "store/ledger/records.h"

namespace agent {

/// A content that kept its promise. It lies in staging, synced and read back; or, when `adopted`,
/// under its name already; or, when `path` is empty, it is known to be the one that is held.
struct Accepted {
  std::size_t source = 0;  ///< index into the run's sources
  store::Role role = store::Role::kNew;
  std::string path;
  bool adopted = false;
  bool held_is_unreadable = false;  ///< the copy under archives/, as comparing has shown
  /// Not what the bucket has: it goes to quarantine, whether its key is held or not, and its alarm
  /// begins with this.
  std::string quarantined_because{};
  store::Archive archive;
  std::optional<store::Identity> listed_as;  ///< see Job
  std::optional<ContentLook> look;           ///< none: it was not read in this run
  std::optional<FormWatch::Note> form;       ///< what that means
};

}  // namespace agent

// How a content that lies in quarantine, or under superseded/, becomes the archive of its key: a
// copy of it is staged and takes the place of what is held as a new content would, so that a crash
// loses neither.

#include <optional>
#include <utility>

#include "store/content/duplicate.h"
#include "store/content/path_check.h"
#include "store/custody/change_impl.h"
#include "store/custody/mirror.h"
#include "store/custody/supersession.h"

namespace store {

Result<Superseded> Mirror::reinstate(SourceId source, const std::string& source_name,
                                     const Archive& held, const Generation& chosen, Time now,
                                     const RecordMore& record) {
  auto staged = duplicate_to_staging(*disk_, chosen.path, chosen.sha256);
  if (!staged && concerns_a_content(staged.error())) {
    return Superseded{std::nullopt, "", std::move(staged.error())};
  }
  if (!staged) return staged.error();
  // No intent of a placement: the content is held, and an interruption leaves it where it is.
  auto change = begin({}, now);
  if (!change) return change.error();
  auto before =
      change->supersede({{{source, source_name, held, *staged},
                          {source,
                           {chosen.key, held.variant, chosen.upstream, chosen.last_modified,
                            chosen.sha256, chosen.verified_by, chosen.held_since, now},
                           false}}});
  if (!before) return before.error();
  auto& superseded = before->front();
  if (superseded.stuck) return std::move(superseded);
  // What it leaves in the quarantine is tidied up below.
  change->impl_->batch.intents.push_back({source, held.key});
  const auto record_more = [&] { return record(superseded); };
  if (auto recorded = change->commit(record_more); !recorded) return recorded.error();
  if (auto tidied = recover_supersessions(*disk_, ledger, rules, unfinished); !tidied) {
    return tidied.error();
  }
  return std::move(superseded);
}

Result<Superseded> Mirror::accept(SourceId source, const std::string& source_name,
                                  const Archive& held, const Generation& chosen, Time now) {
  auto superseded = reinstate(
      source, source_name, held, chosen, now,
      [&](const Superseded& /*before*/) { return ledger.note_accepted(source, chosen, now); });
  if (!superseded || superseded->stuck) return superseded;
  if (auto written = refresh_sums(source, source_name); !written) return written.error();
  return superseded;
}

}  // namespace store

// How a batch becomes rows. The disk is always ahead of the ledger: whoever calls record_batch()
// has given every content its name, has synced the directories, and has written the manifests. Now
// one transaction says all of it, so that a crash leaves either the whole batch or nothing of it;
// what is on the disk and not recorded is found again by the intents, which were committed before
// the first name was given and go in this same transaction.
//
// The order inside is not free. What left its place beside the archives goes first and what came
// there second, because an archive of this batch may take the place of either and asks what lay
// beside it (ledger_trusted_at.h). The archives follow; each takes its earlier content out of the
// sums. Intents of supersessions that stay open are written after the archives, which end those of
// their keys. The sums, the history and the alarms come last: they are drawn from all that came
// before.
//
// The Recorder (ledger_recorder.h) writes the rows that the sums of a source depend on, and keeps
// the differences in memory until the end, so that a batch of a thousand archives updates the row
// of its source once.
#include <map>
#include <vector>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_recorder.h"
#include "store/ledger/ledger_writer.h"

namespace store {

namespace {

// Ends with the first that fails.
template <typename Parts, typename Record>
Status each(const Parts& parts, const Record& record) {
  for (const auto& part : parts) {
    if (Status done = record(part); !done) return done;
  }
  return {};
}

Status note_what_was_seen(Database& database, const Batch& batch) {
  Status done = each(batch.soundness,
                     [&](const auto& one) { return forms::record_soundness(database, one); });
  if (done) done = each(batch.forms, [&](const auto& one) { return forms::note(database, one); });
  if (done) done = each(batch.walks, [&](const auto& one) { return walks::note(database, one); });
  if (!done) return done;
  return each(batch.holds,
              [&](SourceId source) { return alarms::begin_hold(database, source, batch.now); });
}

Status end_placements(Database& database, const Batch& batch) {
  return each(batch.placements, [&](const Placement& intent) {
    return database.execute(
        "DELETE FROM placement WHERE source_id=?1 AND key=?2 AND sha256=?3 AND role=?4",
        intent.source, Bytes{intent.archive.key}, rows::digest(intent.archive.sha256), intent.role);
  });
}

Status tell(Database& database, const Batch& batch) {
  const Status ended = each(batch.ended, [&](const Batch::Ended& one) {
    return alarms::end(database, one.source, one.kind, one.key, batch.now);
  });
  if (!ended) return ended;
  return each(batch.raised, [&](const Batch::Raised& one) {
    return alarms::raise_newest(database, one.source, one.kind, one.key, one.message, batch.now);
  });
}

}  // namespace

Status LedgerWriter::begin_removals(SourceId source, const std::vector<Removal>& removals,
                                    Time now) {
  if (removals.empty()) return {};
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  Recorder recorder(impl_->database);
  events::Count removed;
  events::Count lost;
  for (const Removal& removal : removals) {
    auto& count = removal.lost ? lost : removed;
    if (count.contents++ == 0) count.example = removal.key;
    count.size_bytes += removal.size_bytes;
    if (Status done = recorder.prune(source, removal, now); !done) return done;
  }
  if (Status done = recorder.write_sums(); !done) return done;
  Status noted = events::note(impl_->database, source, EventKind::kRemoved, removed, now);
  if (noted) noted = events::note(impl_->database, source, EventKind::kLost, lost, now);
  if (!noted) return noted;
  return transaction->commit();
}

Status LedgerWriter::record(const std::vector<Placed>& archives) {
  if (archives.empty()) return {};
  Batch batch;
  batch.archives = archives;
  return record_batch(batch);
}

Status LedgerWriter::record_batch(const Batch& batch,
                                  const std::map<SourceId, std::uint64_t>& manifest_bytes) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  Recorder recorder(database);
  const Time now = batch.now;
  Status done = each(batch.removed, [&](const auto& one) { return recorder.remove(one, now); });
  if (done) done = each(batch.generations, [&](const auto& one) { return recorder.add(one); });
  if (done) done = each(batch.archives, [&](const auto& one) { return recorder.add(one, now); });
  if (done) done = begin_supersessions(batch.intents);
  if (done) done = each(batch.same, [&](const auto& one) { return recorder.add(one, now); });
  if (done) {
    done = each(batch.listed_as, [&](const auto& one) { return note_listed_as(database, one); });
  }
  if (done) done = each(batch.repaired, [&](const auto& one) { return recorder.add(one, now); });
  if (done) done = note_what_was_seen(database, batch);
  if (done) done = recorder.write_sums();
  if (done) done = events::note(database, batch);
  if (done) done = end_placements(database, batch);
  if (done) {
    done =
        each(manifest_bytes, [&](const auto& one) { return note_manifest(one.first, one.second); });
  }
  if (done) done = tell(database, batch);
  return done ? transaction->commit() : done;
}

}  // namespace store

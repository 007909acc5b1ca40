#include "store/ledger/ledger_forms.h"

#include <limits>
#include <utility>
#include <vector>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

constexpr std::int64_t kPageRows = 256;

Result<std::vector<std::string>> some_of_other_form(Database& database, SourceId source,
                                                    const std::string& after) {
  Result<Query> query = database.query(
      "SELECT key FROM archive INDEXED BY archive_unsound WHERE source_id=?1 AND unsound<>0 AND "
      "unsound=?2 AND key>?3 ORDER BY key LIMIT ?4");
  if (!query) return query.error();
  query->bind(source, static_cast<std::int64_t>(Unsound::kOtherForm), Bytes{after}, kPageRows);
  std::vector<std::string> keys;
  const Status read = rows::each(*query, [&](Query& row) {
    keys.emplace_back(row.bytes(0));
    return true;
  });
  if (!read) return read.error();
  return keys;
}

}  // namespace

namespace forms {

Status note(Database& database, const StreamForm& form) {
  const Result<std::uint64_t> done = database.run(
      "INSERT OR REPLACE INTO form (source_id, stream, form, is_cut, sets, last_set, modified, "
      "seen_form, seen_cut, unsound, may_change) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
      "?11)",
      form.source, Bytes{form.stream}, form.form, std::int64_t{form.is_cut ? 1 : 0},
      static_cast<std::int64_t>(form.sets), Bytes{form.last_set}, rows::seconds(form.modified),
      form.seen_form, std::int64_t{form.seen_cut ? 1 : 0}, static_cast<std::int64_t>(form.unsound),
      std::int64_t{form.may_change ? 1 : 0});
  return done ? Status{} : done.error();
}

Status record_soundness(Database& database, const Batch::SoundnessNote& note) {
  Result<std::uint64_t> done = database.run(
      "UPDATE archive SET unsound=?4 WHERE source_id=?1 AND key=?2 AND sha256=?3 AND unsound<>?4",
      note.source, Bytes{note.key}, rows::digest(note.sha256),
      static_cast<std::int64_t>(note.unsound));
  if (!done) return done.error();
  if (*done == 0) return {};
  // Retention looks again.
  done = database.run("UPDATE source SET reviewed_by=NULL WHERE source_id=?1", note.source);
  return done ? Status{} : done.error();
}

}  // namespace forms

Result<std::optional<StreamForm>> FormView::form_of_stream(SourceId source,
                                                           std::string_view stream) {
  Result<Query> query = impl_->database.query(
      "SELECT form, is_cut, sets, last_set, modified, seen_form, seen_cut, unsound, may_change "
      "FROM form WHERE source_id=?1 AND stream=?2");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source, Bytes{stream}).step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  StreamForm form;
  form.source = source;
  form.stream = stream;
  form.form = query->integer(0);
  form.is_cut = query->integer(1) != 0;
  form.sets = static_cast<unsigned>(query->integer(2));
  form.last_set = query->bytes(3);
  form.modified = rows::upstream_time(query->integer(4));
  form.seen_form = query->integer(5);
  form.seen_cut = query->integer(6) != 0;
  form.unsound = static_cast<std::uint64_t>(query->integer(7));
  form.may_change = query->integer(8) != 0;
  return form;
}

Status FormView::accept_new_form(SourceId source, const std::string* stream,
                                 const std::function<std::string(std::string_view)>& stream_of) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  // First the contents: afterwards nothing tells any more which streams changed.
  std::string after;
  bool any = false;
  while (true) {
    const auto keys = some_of_other_form(database, source, after);
    if (!keys) return keys.error();
    for (const auto& key : *keys) {
      const auto of = stream_of(key);
      if (stream != nullptr && of != *stream) continue;
      const auto form = form_of_stream(source, of);
      if (!form) return form.error();
      if (!*form || (*form)->unsound == 0 || !(*form)->may_change) continue;
      const Result<std::uint64_t> done = database.run(
          "UPDATE archive SET unsound=0 WHERE source_id=?1 AND key=?2", source, Bytes{key});
      if (!done) return done.error();
      any = true;
    }
    if (std::ssize(*keys) < kPageRows) break;
    after = keys->back();
  }
  constexpr std::int64_t kHabit = 3;
  const Result<std::uint64_t> done = database.run(
      "UPDATE form SET form=CASE may_change WHEN 1 THEN seen_form ELSE form END, is_cut=CASE "
      "may_change WHEN 1 THEN seen_cut ELSE is_cut END, sets=CASE may_change WHEN 1 THEN ?4 ELSE "
      "sets END, unsound=0 WHERE source_id=?1 AND unsound>0 AND (?2 OR stream=?3)",
      source, std::int64_t{stream == nullptr ? 1 : 0},
      Bytes{stream == nullptr ? std::string_view() : std::string_view(*stream)}, kHabit);
  if (!done) return done.error();
  if (any) {
    // No manifest is so long: it is written anew when the mirror is opened next, and says it too.
    const Result<std::uint64_t> stale =
        database.run("UPDATE source SET manifest_bytes=?2, reviewed_by=NULL WHERE source_id=?1",
                     source, std::numeric_limits<std::int64_t>::max());
    if (!stale) return stale.error();
  }
  return transaction->commit();
}

}  // namespace store

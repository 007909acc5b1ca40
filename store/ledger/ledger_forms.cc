#include "store/ledger/ledger_forms.h"

#include <limits>
#include <utility>
#include <vector>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

Result<std::vector<std::string>> some_of_other_form(Database& database, SourceId source,
                                                    const std::string* after) {
  return database
      .select(
          "SELECT key FROM archive INDEXED BY archive_unsound WHERE source_id=?1 AND unsound<>0 "
          "AND unsound=?2 AND key>?3 ORDER BY key LIMIT ?4",
          source, Unsound::kOtherForm,
          Bytes{after != nullptr ? std::string_view(*after) : std::string_view()}, rows::kPageRows)
      .all([](const Query& row) { return std::string(row.bytes(0)); });
}

}  // namespace

namespace forms {

Status note(Database& database, const StreamForm& form) {
  return database.execute(
      "INSERT OR REPLACE INTO form (source_id, stream, form, is_cut, sets, last_set, modified, "
      "seen_form, seen_cut, unsound, may_change) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
      "?11)",
      form.source, Bytes{form.stream}, form.form, form.is_cut, static_cast<std::int64_t>(form.sets),
      Bytes{form.last_set}, rows::seconds(form.modified), form.seen_form, form.seen_cut,
      static_cast<std::int64_t>(form.unsound), form.may_change);
}

Status record_soundness(Database& database, const Batch::SoundnessNote& note) {
  Result<std::uint64_t> done = database.run(
      "UPDATE archive SET unsound=?4 WHERE source_id=?1 AND key=?2 AND sha256=?3 AND unsound<>?4",
      note.source, Bytes{note.key}, rows::digest(note.sha256), note.unsound);
  if (!done) return done.error();
  if (*done == 0) return {};
  // Retention looks again.
  return database.execute("UPDATE source SET reviewed_by=NULL WHERE source_id=?1", note.source);
}

}  // namespace forms

Result<std::optional<StreamForm>> FormView::form_of_stream(SourceId source,
                                                           std::string_view stream) {
  return impl_->database
      .select(
          "SELECT form, is_cut, sets, last_set, modified, seen_form, seen_cut, unsound, may_change "
          "FROM form WHERE source_id=?1 AND stream=?2",
          source, Bytes{stream})
      .one([&](const Query& row) {
        StreamForm form;
        form.source = source;
        form.stream = stream;
        form.form = row.integer(0);
        form.is_cut = row.integer(1) != 0;
        form.sets = static_cast<unsigned>(row.integer(2));
        form.last_set = row.bytes(3);
        form.modified = rows::upstream_time(row.integer(4));
        form.seen_form = row.integer(5);
        form.seen_cut = row.integer(6) != 0;
        form.unsound = row.count(7);
        form.may_change = row.integer(8) != 0;
        return form;
      });
}

Status FormView::accept_new_form(SourceId source, const std::string* stream,
                                 const std::function<std::string(std::string_view)>& stream_of) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  // First the contents: afterwards nothing tells any more which streams changed.
  bool any = false;
  const Status taken = rows::visit_pages<std::string>(
      [&](const std::string* after) { return some_of_other_form(database, source, after); },
      [&](const std::string& key) -> Status {
        const auto of = stream_of(key);
        if (stream != nullptr && of != *stream) return {};
        const auto form = form_of_stream(source, of);
        if (!form) return form.error();
        if (!*form || (*form)->unsound == 0 || !(*form)->may_change) return {};
        any = true;
        return database.execute("UPDATE archive SET unsound=0 WHERE source_id=?1 AND key=?2",
                                source, Bytes{key});
      });
  if (!taken) return taken;
  constexpr std::int64_t kHabit = 3;
  const Status done = database.execute(
      "UPDATE form SET form=CASE may_change WHEN 1 THEN seen_form ELSE form END, is_cut=CASE "
      "may_change WHEN 1 THEN seen_cut ELSE is_cut END, sets=CASE may_change WHEN 1 THEN ?4 ELSE "
      "sets END, unsound=0 WHERE source_id=?1 AND unsound>0 AND (?2 OR stream=?3)",
      source, stream == nullptr,
      Bytes{stream == nullptr ? std::string_view() : std::string_view(*stream)}, kHabit);
  if (!done) return done.error();
  if (any) {
    // No manifest is so long: it is written anew when the mirror is opened next, and says it too.
    const Status stale =
        database.execute("UPDATE source SET manifest_bytes=?2, reviewed_by=NULL WHERE source_id=?1",
                         source, std::numeric_limits<std::int64_t>::max());
    if (!stale) return stale.error();
  }
  return transaction->commit();
}

}  // namespace store

#include <fmt/format.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/ledger/ledger_plan_impl.h"

namespace store {

namespace {

// What a plan wants is collected in a temporary table and compared with `pending` at its end. That
// keeps memory constant, and a plan that is what it was before never takes a lock to write.
constexpr std::string_view kMakeWanted =
    "CREATE TEMP TABLE IF NOT EXISTS wanted (key BLOB NOT NULL, slot TEXT NOT NULL, last_modified "
    "INTEGER NOT NULL, role INTEGER NOT NULL, etag TEXT NOT NULL, size_bytes INTEGER NOT NULL, "
    "version_id TEXT NOT NULL, PRIMARY KEY (key, slot)) STRICT, WITHOUT ROWID";

// Likewise what it notes of held keys.
constexpr std::string_view kMakeNoted =
    "CREATE TEMP TABLE IF NOT EXISTS noted (key BLOB PRIMARY KEY, kind INTEGER NOT NULL, since "
    "INTEGER NOT NULL, etag TEXT NOT NULL, size_bytes INTEGER NOT NULL, version_id TEXT NOT NULL) "
    "STRICT, WITHOUT ROWID";

// A listing that is not in the order of the keys, until it is complete.
constexpr std::string_view kMakeAside =
    "CREATE TEMP TABLE IF NOT EXISTS aside (key BLOB NOT NULL, version_id TEXT NOT NULL, etag TEXT "
    "NOT NULL, size_bytes INTEGER NOT NULL, marker INTEGER NOT NULL, latest INTEGER NOT NULL, "
    "last_modified INTEGER NOT NULL, storage_class TEXT NOT NULL, number INTEGER NOT NULL, "
    "PRIMARY KEY (key, version_id, etag, size_bytes, marker)) STRICT, WITHOUT ROWID";

constexpr std::array<std::string_view, 3> kEmptyScratch = {
    "DELETE FROM temp.wanted", "DELETE FROM temp.noted", "DELETE FROM temp.aside"};

constexpr std::string_view kUnchanged =
    "w.key=p.key AND w.slot=p.slot AND w.last_modified=p.last_modified AND w.role=p.role AND "
    "w.etag=p.etag AND w.size_bytes=p.size_bytes AND w.version_id=p.version_id";

// Without a deviation in the whole source there is nothing to look up for each of a million keys;
// nor without damage.
std::string held_sql(const PrefixRange& range, bool any_deviation, bool any_damage) {
  return fmt::format(
      "SELECT a.key, a.etag, a.size_bytes, a.version_id, {}, {}, a.last_modified FROM archive a {} "
      "{} "
      "WHERE a.source_id=?1 AND {} ORDER BY a.key",
      any_damage ? "x.finding IS NOT NULL" : "0",
      any_deviation ? "d.kind, d.etag, d.size_bytes, d.version_id" : "NULL, NULL, NULL, NULL",
      any_deviation ? "LEFT JOIN deviation d ON d.source_id=a.source_id AND d.key=a.key" : "",
      any_damage ? "LEFT JOIN damage x ON x.source_id=a.source_id AND x.key=a.key AND x.path=''"
                 : "",
      range.condition("a.key"));
}

}  // namespace

Ledger::Plan::Impl::~Impl() {
  cursor.reset();
  transaction.reset();
  // Its pages would stay cached for the rest of the run. Should this fail, the next plan empties
  // the table again, and reports it.
  for (const std::string_view sql : kEmptyScratch) static_cast<void>(database().run(sql));
  static_cast<void>(forget_alarms());
  ledger->plan_open = false;
}

Result<Ledger::Plan> PlanView::begin_plan(SourceId source, std::string_view prefix) {
  Database& database = impl_->database;
  if (impl_->plan_open) {
    return Error{ErrorKind::kBusy, 0, database.path(), "another plan of this ledger is not ended"};
  }
  for (const std::string_view sql : {kMakeWanted, kMakeNoted, kMakeAside}) {
    const Status made = database.execute(sql);
    if (!made) return made.error();
  }
  for (const std::string_view sql : kEmptyScratch) {
    const Status emptied = database.execute(sql);
    if (!emptied) return emptied.error();
  }

  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  auto plan = std::make_unique<Plan::Impl>(*impl_, source, prefix);
  if (Status ready = plan->begin_alarms(); !ready) return ready.error();
  plan->transaction.emplace(*std::move(transaction));
  impl_->plan_open = true;

  const Result<bool> any_deviation =
      database.is_true("SELECT EXISTS (SELECT 1 FROM deviation WHERE source_id=?1)", source);
  if (!any_deviation) return any_deviation.error();
  const Result<bool> any_damage =
      database.is_true("SELECT EXISTS (SELECT 1 FROM damage WHERE source_id=?1)", source);
  if (!any_damage) return any_damage.error();
  plan->any_damage = *any_damage;
  const Result<bool> any_pruned =
      database.is_true("SELECT EXISTS (SELECT 1 FROM pruned WHERE source_id=?1)", source);
  if (!any_pruned) return any_pruned.error();
  plan->any_pruned = *any_pruned;
  Result<Query> cursor = database.query(held_sql(plan->range, *any_deviation, *any_damage));
  if (!cursor) return cursor.error();
  plan->cursor.emplace(*std::move(cursor));
  plan->cursor->bind(source, plan->range.first(), plan->range.end());
  return Plan(std::move(plan));
}

Ledger::Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Plan::~Plan() = default;
Ledger::Plan::Plan(Plan&&) noexcept = default;

// ---- what the listing says ----------------------------------------------------------------------

Status Ledger::Plan::want(const Pending& pending) {
  return impl_->checked(impl_->database().execute(
      "INSERT OR REPLACE INTO temp.wanted (key, slot, last_modified, role, etag, size_bytes, "
      "version_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      Bytes{pending.key}, rows::slot(pending.role, pending.upstream),
      rows::seconds(pending.last_modified), pending.role, rows::etag_column(pending.upstream),
      rows::signed_size(pending.upstream.size_bytes), pending.upstream.version_id));
}

Result<bool> Ledger::Plan::is_wanted(std::string_view key) {
  return impl_->database().is_true("SELECT EXISTS (SELECT 1 FROM temp.wanted WHERE key=?1)",
                                   Bytes{key});
}

Result<std::pair<Deviation, Identity>> Ledger::Plan::Impl::deviation_now(std::string_view key) {
  // The planner speaks of the key that it was just given, a million times in the usual run.
  if (current && current->key == key) return std::pair(current->deviation, current->changed_to);
  const auto noted =
      database()
          .select(
              "SELECT kind, etag, size_bytes, version_id FROM temp.noted WHERE key=?2 UNION ALL "
              "SELECT kind, etag, size_bytes, version_id FROM deviation WHERE source_id=?1 AND "
              "key=?2 LIMIT 1",
              source, Bytes{key})
          .one([](const Query& row) {
            return std::pair(rows::deviation_of(row.integer(0)), rows::identity(row, 1));
          });
  if (!noted) return noted.error();
  return noted->value_or(std::pair(Deviation::kNone, Identity{}));
}

// Not written before the listing has ended: a transaction that has changed more than its cache
// holds keeps everybody else from reading, and a listing may take hours.
// By kind and by the time that they were noted at, which is one.
Status Ledger::Plan::Impl::note_events() {
  const auto found =
      database()
          .select(
              "SELECT n.kind, max(n.since), count(*), coalesce(sum(max(a.size_bytes, 0)), 0), "
              "min(n.key) FROM temp.noted n LEFT JOIN archive a ON a.source_id=?1 AND a.key=n.key "
              "WHERE n.kind<>0 GROUP BY n.kind",
              source)
          .all([](const Query& row) {
            const bool changed = rows::deviation_of(row.integer(0)) == Deviation::kChanged;
            return std::tuple(changed ? EventKind::kChanged : EventKind::kVanished,
                              events::Count{row.count(2), row.count(3), std::string(row.bytes(4))},
                              rows::time(row.integer(1)));
          });
  if (!found) return found.error();
  for (const auto& [what, count, at] : *found) {
    if (Status done = events::note(database(), source, what, count, at); !done) return done;
  }
  return {};
}

Status Ledger::Plan::Impl::apply_notes() {
  if (!any_note) return {};
  any_note = false;
  if (Status noted = note_events(); !noted) return noted;
  for (const std::string_view sql :
       {"DELETE FROM deviation WHERE source_id=?1 AND key IN (SELECT key FROM temp.noted WHERE "
        "kind=0)",
        "INSERT OR REPLACE INTO deviation (source_id, key, kind, since, etag, size_bytes, "
        "version_id) SELECT ?1, key, kind, since, etag, size_bytes, version_id FROM temp.noted "
        "WHERE kind<>0 ORDER BY key",
        "DELETE FROM temp.noted WHERE ?1=?1"}) {
    const Status done = database().execute(sql, source);
    if (!done) return done.error();
  }
  return {};
}

Status Ledger::Plan::Impl::note(std::string_view key, Deviation deviation, const Identity& to,
                                Time now) {
  const Result<std::pair<Deviation, Identity>> before = deviation_now(key);
  if (!before) return before.error();
  if (before->first == deviation && before->second == to) return {};
  const Status done = database().execute(
      "INSERT OR REPLACE INTO temp.noted (key, kind, since, etag, size_bytes, version_id) VALUES "
      "(?1, ?2, ?3, ?4, ?5, ?6)",
      Bytes{key}, deviation, rows::seconds(now), rows::etag_column(to),
      rows::signed_size(to.size_bytes), to.version_id);
  if (!done) return done.error();
  any_note = true;
  if (current && current->key == key) {
    current->deviation = deviation;
    current->changed_to = to;
  }
  return {};
}

Status Ledger::Plan::note_vanished(std::string_view key, Time now) {
  return impl_->checked(impl_->note(key, Deviation::kVanished, Identity{}, now));
}

Status Ledger::Plan::forget_absence() {
  impl_->concludes_from_absence = false;
  Status done = impl_->write(
      impl_->database().run("DELETE FROM temp.noted WHERE kind=?1", Deviation::kVanished));
  if (!done || !impl_->any_strike) return done;
  return impl_->write(
      impl_->database().run("DELETE FROM temp.strike WHERE strike=?1", Strike::kGone));
}

Result<bool> Ledger::Plan::set_aside(const ListedEntry& entry) {
  const Result<std::uint64_t> done = impl_->checked(impl_->database().run(
      "INSERT OR IGNORE INTO temp.aside (key, version_id, etag, size_bytes, marker, latest, "
      "last_modified, storage_class, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      Bytes{entry.key}, entry.upstream.version_id, entry.upstream.etag,
      rows::signed_size(entry.upstream.size_bytes), entry.is_delete_marker, entry.is_latest,
      rows::seconds(entry.last_modified), entry.storage_class, impl_->aside++));
  if (!done) return done.error();
  return *done != 0;
}

Status Ledger::Plan::visit_aside(const std::function<bool(const ListedEntry&)>& visit) {
  return impl_->database()
      .select(
          "SELECT key, etag, size_bytes, version_id, last_modified, storage_class, latest, marker "
          "FROM temp.aside ORDER BY key, number")
      .each([&](const Query& row) {
        return visit({std::string(row.bytes(0)), rows::identity(row, 1),
                      rows::upstream_time(row.integer(4)), std::string(row.bytes(5)),
                      row.integer(6) != 0, row.integer(7) != 0});
      });
}

Status Ledger::Plan::note_changed(std::string_view key, const Identity& to, Time now) {
  return impl_->checked(impl_->note(key, Deviation::kChanged, to, now));
}

Status Ledger::Plan::note_same(std::string_view key) {
  return impl_->checked(impl_->note(key, Deviation::kNone, Identity{}, Time{}));
}

Status Ledger::Plan::Impl::write(const Result<std::uint64_t>& done) {
  const auto result = checked(done);
  return result ? Status{} : result.error();
}

Status Ledger::Plan::hold(Time now) {
  return impl_->write(
      impl_->database().run("UPDATE source SET hold_since=?2 WHERE source_id=?1 AND hold_since IS "
                            "NULL",
                            impl_->source, rows::seconds(now)));
}

Status Ledger::Plan::forget_changes() {
  return impl_->write(impl_->database().run(
      "DELETE FROM temp.wanted WHERE role<>?2 AND role<>?3 AND EXISTS (SELECT 1 FROM archive a "
      "WHERE a.source_id=?1 AND a.key=wanted.key)",
      impl_->source, Role::kNew, Role::kRepair));
}

Status Ledger::Plan::note_listed(Time now) {
  impl_->planned_at = now;
  const Result<bool> due = impl_->checked(impl_->database().is_true(
      "SELECT first_listed_at IS NULL OR listed_at IS NULL OR abs(?2-listed_at)>86400 FROM source "
      "WHERE source_id=?1",
      impl_->source, rows::seconds(now)));
  if (!due) return due.error();
  if (!*due) return {};
  return impl_->write(impl_->database().run(
      "UPDATE source SET first_listed_at=coalesce(first_listed_at, ?2), listed_at=CASE WHEN ?3 "
      "THEN ?2 ELSE listed_at END WHERE source_id=?1",
      impl_->source, rows::seconds(now), impl_->concludes_from_absence));
}

Status Ledger::Plan::visit_wanted(const std::function<bool(const Pending&)>& visit) {
  return impl_->database()
      .select(
          "SELECT key, etag, size_bytes, version_id, last_modified, role FROM temp.wanted "
          "ORDER BY last_modified DESC, key, slot")
      .each([&](const Query& row) { return visit(rows::pending(row)); });
}

// ---- commit -------------------------------------------------------------------------------------

// What is a ghost no longer, because it is not listed, or as something else.
Status Ledger::Plan::Impl::forget_ghosts(Time now) {
  constexpr std::string_view kLaid =
      "FROM refusal AS r WHERE r.source_id=?1 AND r.kind=?2 AND NOT EXISTS (SELECT 1 FROM "
      "temp.wanted w WHERE w.key=r.key AND w.slot=r.slot AND w.etag=r.etag AND "
      "w.size_bytes=r.size_bytes)";
  constexpr auto kGhost = static_cast<std::int64_t>(RefusalKind::kGhost);
  const Result<std::int64_t> laid =
      database().read_integer(fmt::format("SELECT COUNT(*) {}", kLaid), source, kGhost);
  if (!laid) return laid.error();
  if (*laid == 0) return {};
  Result<std::uint64_t> done =
      database().run(fmt::format("UPDATE alarm INDEXED BY alarm_open SET ended_at=?3 WHERE "
                                 "source_id=?1 AND kind='ghost' AND ended_at IS "
                                 "NULL AND key IN (SELECT r.key {})",
                                 kLaid),
                     source, kGhost, rows::seconds(now));
  if (!done) return done.error();
  done = database().run(fmt::format("DELETE FROM refusal WHERE source_id=?1 AND kind=?2 AND (key, "
                                    "slot) IN (SELECT r.key, r.slot {})",
                                    kLaid),
                        source, kGhost);
  if (!done) return done.error();
  return adjust_tally(database(), source, kTallyRefusal, "ghost", -*laid);
}

// A plan replaces all that was pending for its source: what an earlier prefix or filter left is
// nobody's wish any more.
Status Ledger::Plan::Impl::write_pending() {
  const std::string stale = fmt::format(
      "FROM pending AS p WHERE p.source_id=?1 AND NOT EXISTS (SELECT 1 FROM temp.wanted w "
      "WHERE {}){}",
      kUnchanged,
      concludes_from_absence ? ""
                             : " AND EXISTS (SELECT 1 FROM temp.wanted w WHERE w.key=p.key AND "
                               "w.slot=p.slot)");
  // Asked first, because a DELETE takes the lock to write even where it finds nothing.
  Result<bool> any = database().is_true(fmt::format("SELECT EXISTS (SELECT 1 {})", stale), source);
  if (!any) return any.error();
  if (*any) {
    const Status done = database().execute(fmt::format("DELETE {}", stale), source);
    if (!done) return done.error();
  }

  // What is still pending under a wanted key is what is wanted.
  constexpr std::string_view kNew =
      "FROM temp.wanted AS w WHERE NOT EXISTS (SELECT 1 FROM pending p WHERE p.source_id=?1 AND "
      "p.key=w.key AND p.slot=w.slot)";
  any = database().is_true(fmt::format("SELECT EXISTS (SELECT 1 {})", kNew), source);
  if (!any) return any.error();
  if (!*any) return {};
  // In the order of the table, so that its pages are filled one after the other.
  return database().execute(
      fmt::format("INSERT INTO pending (source_id, last_modified, key, slot, role, etag, "
                  "size_bytes, version_id) SELECT ?1, w.last_modified, w.key, w.slot, w.role, "
                  "w.etag, w.size_bytes, w.version_id {} ORDER BY w.last_modified DESC, w.key, "
                  "w.slot",
                  kNew),
      source);
}

Status Ledger::Plan::Impl::commit() {
  if (failure) return *failure;
  if (!transaction || !database().in_transaction()) {
    return Error{ErrorKind::kIo, 0, database().path(),
                 "the plan has already ended; nothing of it was kept"};
  }
  cursor.reset();
  at_end = true;
  Status done = concludes_from_absence ? forget_ghosts(planned_at) : Status{};
  if (done) done = apply_notes();
  if (done) done = apply_alarms();
  if (done) done = write_pending();
  if (!done) return done;
  done = transaction->commit();
  transaction.reset();
  return done;
}

Status Ledger::Plan::commit() { return impl_->checked(impl_->commit()); }

}  // namespace store

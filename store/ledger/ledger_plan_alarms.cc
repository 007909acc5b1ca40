#include <array>
#include <string>
#include <utility>
#include <vector>

#include "store/ledger/ledger_plan_impl.h"

// Alarms are collected like all else that a plan says, and written when the listing has ended: a
// bucket of which everything has changed raises more of them than a connection keeps in memory, and
// a transaction that has changed more than that keeps everybody else from reading.
namespace store {
namespace {

constexpr std::array<std::string_view, 2> kMakeScratch = {
    "CREATE TEMP TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key "
    "BLOB NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL, renews INTEGER NOT NULL, UNIQUE "
    "(key, kind)) STRICT",
    "CREATE TEMP TABLE IF NOT EXISTS restored (key BLOB PRIMARY KEY, since INTEGER NOT NULL) "
    "STRICT, WITHOUT ROWID"};

constexpr std::array<std::string_view, 2> kForgetAlarms = {"DELETE FROM temp.told",
                                                           "DELETE FROM temp.restored"};

Status run_both(Database& database, const std::array<std::string_view, 2>& statements) {
  for (const std::string_view sql : statements) {
    const Status done = database.execute(sql);
    if (!done) return done.error();
  }
  return {};
}

struct Told {
  std::int64_t number = 0;
  AlarmKind kind{};
  std::string key;
  std::string message;
  Time since{};
  bool renews = false;
};

}  // namespace

Status Ledger::Plan::Impl::begin_alarms() {
  const Status made = run_both(database(), kMakeScratch);
  return made ? run_both(database(), kForgetAlarms) : made;
}

Status Ledger::Plan::Impl::forget_alarms() { return run_both(database(), kForgetAlarms); }

// What the alarm of the key says now; nullopt: none is open.
Result<std::optional<std::string>> Ledger::Plan::Impl::message_now(AlarmKind kind,
                                                                   std::string_view key) {
  return database()
      .select(
          "SELECT message FROM temp.told WHERE key=?3 AND kind=?4 UNION ALL SELECT message FROM "
          "alarm INDEXED BY alarm_open WHERE source_id=?1 AND kind=?2 AND key=?3 AND ended_at IS "
          "NULL LIMIT 1",
          source, name_of(kind), Bytes{key}, kind)
      .one([](const Query& row) { return std::string(row.bytes(0)); });
}

Result<bool> Ledger::Plan::Impl::tell(AlarmKind kind, std::string_view key,
                                      std::string_view message, Time now, bool renews) {
  const Result<std::optional<std::string>> said = message_now(kind, key);
  if (!said) return said.error();
  if (*said && (!renews || **said == message)) return false;
  const Status done = database().execute(
      "INSERT INTO temp.told (kind, key, message, since, renews) VALUES (?1, ?2, ?3, ?4, ?5) ON "
      "CONFLICT (key, kind) DO UPDATE SET message=excluded.message, renews=excluded.renews",
      kind, Bytes{key}, message, rows::seconds(now), renews);
  if (!done) return done.error();
  any_alarm = true;
  if (!*said) return true;
  const Result<bool> is_told = carried::is_told_hold(database(), source, kind);
  if (!is_told) return is_told;
  return !*is_told;
}

Status Ledger::Plan::Impl::tell_all() {
  const auto read_page = [&](const Told* after) {
    return database()
        .select(
            "SELECT number, kind, key, message, since, renews FROM temp.told WHERE number>?1 ORDER "
            "BY number LIMIT ?2",
            after != nullptr ? after->number : 0, rows::kPageRows)
        .all([](const Query& row) {
          return Told{row.integer(0),
                      static_cast<AlarmKind>(row.integer(1)),
                      std::string(row.bytes(2)),
                      std::string(row.bytes(3)),
                      rows::time(row.integer(4)),
                      row.integer(5) != 0};
        });
  };
  return rows::visit_pages<Told>(read_page, [&](const Told& one) -> Status {
    const auto raise = one.renews ? alarms::raise_or_renew : alarms::raise;
    const Result<bool> raised =
        raise(database(), source, one.kind, one.key, one.message, one.since);
    return raised ? Status{} : raised.error();
  });
}

Status Ledger::Plan::Impl::restore(std::string_view key, Time now) {
  const Result<std::optional<std::int64_t>> refused =
      forget_refusal(database(), source, Bytes{key}, {});
  if (!refused) return refused.error();
  if (*refused) {
    const Status counted = adjust_tally(database(), source, kTallyRefusal,
                                        name_of(static_cast<RefusalKind>(**refused)), -1);
    if (!counted) return counted;
  }
  return alarms::end_refusals(database(), source, key, now);
}

Status Ledger::Plan::Impl::restore_all() {
  using Restored = std::pair<std::string, Time>;
  const auto read_page = [&](const Restored* after) {
    return database()
        .select("SELECT key, since FROM temp.restored WHERE key>?1 ORDER BY key LIMIT ?2",
                Bytes{after != nullptr ? std::string_view(after->first) : std::string_view()},
                rows::kPageRows)
        .all([](const Query& row) { return Restored(row.bytes(0), rows::time(row.integer(1))); });
  };
  return rows::visit_pages<Restored>(
      read_page, [&](const Restored& one) { return restore(one.first, one.second); });
}

Status Ledger::Plan::Impl::apply_alarms() {
  if (!any_alarm) return {};
  any_alarm = false;
  if (Status told = tell_all(); !told) return told;
  if (Status restored = restore_all(); !restored) return restored;
  return forget_alarms();
}

Status Ledger::Plan::note_restored(std::string_view key, Time now) {
  if (Status same = note_same(key); !same) return same;
  impl_->any_alarm = true;
  return impl_->write(
      impl_->database().run("INSERT OR IGNORE INTO temp.restored (key, since) VALUES (?1, ?2)",
                            Bytes{key}, rows::seconds(now)));
}

Result<bool> Ledger::Plan::raise_alarm(AlarmKind kind, std::string_view key,
                                       std::string_view message, Time now) {
  return impl_->checked(impl_->tell(kind, key, message, now, false));
}

Result<bool> Ledger::Plan::raise_or_renew_alarm(AlarmKind kind, std::string_view key,
                                                std::string_view message, Time now) {
  return impl_->checked(impl_->tell(kind, key, message, now, true));
}

}  // namespace store

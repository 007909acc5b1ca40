#include <string>

#include "store/ledger/ledger_impl.h"

// What the bucket's lifecycle was seen to be.
namespace store {

Result<Ledger::Expiry> ExpectationView::expiry(SourceId source) {
  Expiry expiry;
  Result<Query> asked =
      impl_->database.query("SELECT expiry_asked_at FROM source WHERE source_id=?1");
  if (!asked) return asked.error();
  const Result<bool> row = asked->bind(source).step();
  if (!row) return row.error();
  if (*row && !asked->is_null(0)) expiry.asked_at = rows::time(asked->integer(0));
  Result<Query> rules =
      impl_->database.query("SELECT rule, lifetime_days FROM expiry_rule WHERE source_id=?1");
  if (!rules) return rules.error();
  const Status done = rows::each(rules->bind(source), [&](Query& rule) {
    expiry.days_by_rule[std::string(rule.bytes(0))] = rule.integer(1);
    return true;
  });
  if (!done) return done.error();
  return expiry;
}

Status ExpectationView::note_expiry_rule(SourceId source, std::string_view rule,
                                         std::int64_t days) {
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT OR REPLACE INTO expiry_rule (source_id, rule, lifetime_days) VALUES (?1, ?2, ?3)",
      source, rule, days);
  if (!done) return done.error();
  return {};
}

Status ExpectationView::note_expiry_asked(SourceId source, Time now) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET expiry_asked_at=?2 WHERE source_id=?1", source, rows::seconds(now));
  if (!done) return done.error();
  return {};
}

}  // namespace store

#include "store/ledger/schema.h"

#include <fmt/format.h>

#include <array>

#include "store/ledger/migrations_1_to_12.h"
#include "store/ledger/migrations_from_13.h"

namespace store {

namespace {

constexpr std::array kMigrations = {kFirst,     kGenerations, kScrub, kRetention, kSetbacks,
                                    kPlacement, kPromises,    kClock, kListedAs,  kLoss,
                                    kReigns,    kVersions,    kSets,  kForms,     kCarried,
                                    kWalks,     kDrills};

Error corrupt(const Database& database, std::string detail) {
  return {ErrorKind::kCorrupt, 0, database.path(), std::move(detail)};
}

Status apply(Database& database, const char* migration, std::size_t number) {
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  const Status done =
      database.run_script(fmt::format("{};PRAGMA user_version={}", migration, number));
  if (!done) return done;
  return transaction->commit();
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

Status create_schema(Database& database) {
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  Status done = database.run_script(fmt::format("PRAGMA application_id={}", kApplicationId));
  if (!done) return done;
  done = update_schema(database, migrations(), true);
  if (!done) return done;
  return transaction->commit();
}

Status update_schema(Database& database, std::span<const char* const> known, bool may_write) {
  const Result<std::int64_t> id = database.read_integer("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != kApplicationId) {
    return corrupt(database,
                   "this file is not a holdfast ledger; 'holdfast rebuild' makes "
                   "one from what the disk holds");
  }
  const Result<std::int64_t> version = database.read_integer("PRAGMA user_version");
  if (!version) return version.error();
  if (*version < 0 || *version > std::ssize(known)) {
    return corrupt(
        database, fmt::format("the ledger is from a newer holdfast (schema {}, this one knows {}): "
                              "install that one, or make a new ledger with 'holdfast rebuild'",
                              *version, known.size()));
  }
  if (*version < std::ssize(known) && !may_write) {
    return Error{ErrorKind::kReadOnly, 0, database.path(),
                 "the ledger is from an older holdfast and must be brought up to "
                 "date: run 'holdfast pull' once with the disk writable"};
  }
  for (auto number = static_cast<std::size_t>(*version); number < known.size(); ++number) {
    const Status done = apply(database, known[number], number + 1);
    if (!done) return done;
  }
  return {};
}

}  // namespace store

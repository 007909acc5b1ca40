#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "store/disk/disk.h"
#include "store/disk/error.h"
#include "store/disk/inside.h"
#include "store/ledger/query.h"

namespace store {

enum class DatabaseMode {
  kReadOnly,   ///< creates no file; waits a minute at most for a writer that is committing
  kReadWrite,  ///< a commit is durable on return
  kScratch,    ///< for a file that is thrown away if anything fails: no journal beside it
};

/// One connection to a SQLite file of a Disk, which has to outlive it. It never creates the file.
/// One thread at a time. One that may write leaves free what Disk::keep_free() said.
///
/// Errors: kNotFound, kCorrupt (damaged or not a database), kNoSpace, kKeptFree, kReadOnly, kBusy
/// (another process kept its lock for too long), kIo.
class Database {
 public:
  static Result<Database> open(Disk& disk, std::string_view path, DatabaseMode mode);

  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  /// Statements are prepared once and kept.
  Result<Query> query(std::string_view sql);

  /// Runs one statement to its end; returns how many rows it inserted, updated or deleted.
  template <typename... Args>
  Result<std::uint64_t> run(std::string_view sql, const Args&... args) {
    Result<Query> statement = query(sql);
    if (!statement) return statement.error();
    return finish(statement->bind(args...));
  }

  /// As run(), where nobody asks how many rows that were.
  template <typename... Args>
  Status execute(std::string_view sql, const Args&... args) {
    const Result<std::uint64_t> done = run(sql, args...);
    return done ? Status{} : done.error();
  }

  /// What a SELECT finds; see Selection.
  template <typename... Args>
  Selection select(std::string_view sql, const Args&... args) {
    Result<Query> statement = query(sql);
    if (statement) statement->bind(args...);
    return Selection(std::move(statement));
  }

  /// The first column of the first row, 0 when there is none.
  template <typename... Args>
  Result<std::int64_t> read_integer(std::string_view sql, const Args&... args) {
    Result<Query> statement = query(sql);
    if (!statement) return statement.error();
    return first_integer(statement->bind(args...));
  }

  /// Likewise, as a number that is never negative: of rows, of bytes.
  template <typename... Args>
  Result<std::uint64_t> read_count(std::string_view sql, const Args&... args) {
    const Result<std::int64_t> count = read_integer(sql, args...);
    if (!count) return count.error();
    return static_cast<std::uint64_t>(*count);
  }

  /// Likewise, as a truth: false for 0, for NULL, and when there is no row.
  template <typename... Args>
  Result<bool> is_true(std::string_view sql, const Args&... args) {
    const Result<std::int64_t> answer = read_integer(sql, args...);
    if (!answer) return answer.error();
    return *answer != 0;
  }

  /// Runs statements without parameters, separated by semicolons.
  Status run_script(const std::string& sql);

  bool in_transaction() const;
  const std::string& path() const;

 private:
  explicit Database(std::unique_ptr<Query::Home> home);
  Result<std::uint64_t> finish(Query& statement);
  static Result<std::int64_t> first_integer(Query& statement);

  std::unique_ptr<Query::Home> home_;
};

/// All or nothing. Inside another transaction it is a part of that one, which can still be taken
/// back alone, and becomes durable with it.
class Transaction {
 public:
  /// Takes no lock before the first statement, and none to write before the first that writes.
  static Result<Transaction> begin(Database& database);

  /// Rolls back unless committed.
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;

  /// Durable on success, unless inside another. On failure everything is rolled back.
  Status commit();

 private:
  Transaction(Database& database, bool nested);
  void roll_back();

  Database* database_;  ///< nullptr once it has ended
  bool nested_;
};

}  // namespace store

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/disk.h"
#include "store/disk/error.h"
#include "store/disk/inside.h"

struct sqlite3_stmt;

namespace store {

enum class DatabaseMode {
  kReadOnly,   ///< creates no file; waits some seconds for a writer that is committing
  kReadWrite,  ///< a commit is durable on return
  kScratch,    ///< for a file that is thrown away if anything fails: no journal beside it
};

/// Bound as a BLOB: any bytes, ordered as memcmp orders them.
struct Bytes {
  std::string_view bytes;
};

/// A prepared statement on loan from its Database, given back, reset, by the destructor. It must
/// not outlive the Database.
class Query {
 public:
  ~Query();
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;

  /// Binds the parameters ?1, ?2, ... in order; copies what it is given. std::int64_t,
  /// std::string_view (TEXT) and Bytes.
  template <typename... Args>
  Query& bind(const Args&... args) {
    int index = 0;
    (bind_one(++index, args), ...);
    return *this;
  }

  /// True when there is a row. A binding that failed is reported here.
  Result<bool> step();

  std::int64_t integer(int column) const;
  /// Until the next step(). Empty for NULL.
  std::string_view bytes(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Home;
  Query(Home& home, std::vector<sqlite3_stmt*>& idle, sqlite3_stmt* statement);
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::string_view text);
  void bind_one(int index, Bytes blob);
  void note(int code);

  Home* home_;
  std::vector<sqlite3_stmt*>* idle_;
  sqlite3_stmt* statement_;
  int bind_code_ = 0;
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

  /// The first column of the first row, 0 when there is none.
  template <typename... Args>
  Result<std::int64_t> read_integer(std::string_view sql, const Args&... args) {
    Result<Query> statement = query(sql);
    if (!statement) return statement.error();
    return first_integer(statement->bind(args...));
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

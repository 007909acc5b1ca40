#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/disk/error.h"
#include "store/disk/inside.h"

struct sqlite3_stmt;

namespace store {

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

  /// Binds the parameters ?1, ?2, ... in order; copies what it is given: a std::int64_t, a bool or
  /// an enumeration (INTEGER), a std::string_view (TEXT), Bytes.
  template <typename... Args>
  Query& bind(const Args&... args) {
    int index = 0;
    (bind_one(++index, args), ...);
    return *this;
  }

  /// True when there is a row. A binding that failed is reported here.
  Result<bool> step();

  std::int64_t integer(int column) const;
  /// As integer(), of what has no sign: of a count, of a size.
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
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
  template <typename Enumeration>
  requires std::is_enum_v<Enumeration>
  void bind_one(int index, Enumeration value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void note(int code);

  Home* home_;
  std::vector<sqlite3_stmt*>* idle_;
  sqlite3_stmt* statement_;
  int bind_code_ = 0;
};

/// What a SELECT finds, made by Database::select(). One of the calls below runs it, once; where the
/// statement could not be prepared or a parameter not be bound, that call returns the error.
class Selection {
 public:
  explicit Selection(Result<Query> query) : query_(std::move(query)) {}

  /// What `convert` makes of the first row; nullopt when there is none.
  template <typename Convert>
  auto one(const Convert& convert)
      -> Result<std::optional<std::invoke_result_t<Convert, const Query&>>> {
    if (!query_) return query_.error();
    const Result<bool> row = query_->step();
    if (!row) return row.error();
    if (!*row) return std::nullopt;
    return std::optional(convert(std::as_const(*query_)));
  }

  /// What `convert` makes of each row, in their order.
  template <typename Convert>
  auto all(const Convert& convert)
      -> Result<std::vector<std::invoke_result_t<Convert, const Query&>>> {
    std::vector<std::invoke_result_t<Convert, const Query&>> found;
    const Status read = each([&](const Query& row) { found.push_back(convert(row)); });
    if (!read) return read.error();
    return found;
  }

  /// Calls `visit` with each row. Where it returns a bool it is called until that is false; where
  /// it returns a Status, until that is an error, which is returned.
  template <typename Visit>
  Status each(const Visit& visit) {
    using Answer = std::invoke_result_t<Visit, const Query&>;
    if (!query_) return query_.error();
    while (true) {
      const Result<bool> row = query_->step();
      if (!row) return row.error();
      if (!*row) return {};
      if constexpr (std::is_void_v<Answer>) {
        visit(std::as_const(*query_));
      } else if constexpr (std::is_same_v<Answer, bool>) {
        if (!visit(std::as_const(*query_))) return {};
      } else {
        if (Status done = visit(std::as_const(*query_)); !done) return done;
      }
    }
  }

 private:
  Result<Query> query_;
};

}  // namespace store

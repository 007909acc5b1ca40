#pragma once

#include <cstdint>

namespace test {

/// Counts what SQLite does in this process while it lives, for every database that is opened
/// meanwhile. One lives at a time.
class SqlWork {
 public:
  SqlWork();
  ~SqlWork();
  SqlWork(const SqlWork&) = delete;
  SqlWork& operator=(const SqlWork&) = delete;

  /// The steps of SQLite's virtual machine that finished statements have taken so far: a measure of
  /// work that no other load changes (SQLITE_STMTSTATUS_VM_STEP,
  /// https://www.sqlite.org/c3ref/c_stmtstatus_counter.html).
  std::uint64_t steps() const;
};

}  // namespace test

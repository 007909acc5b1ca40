#include "tests/support/sql_work.h"

#include <sqlite3.h>

#include <atomic>

namespace test {

namespace {

// SQLite calls back without a context for a database that is only just opened.
std::atomic<std::uint64_t> steps_taken{0};

int finished(unsigned, void*, void* statement, void*) {
  steps_taken += static_cast<std::uint64_t>(
      sqlite3_stmt_status(static_cast<sqlite3_stmt*>(statement), SQLITE_STMTSTATUS_VM_STEP, 1));
  return 0;
}

int opened(sqlite3* database, char**, const sqlite3_api_routines*) {
  return sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, finished, nullptr);
}

using Extension = void (*)();

}  // namespace

SqlWork::SqlWork() {
  steps_taken = 0;
  sqlite3_auto_extension(reinterpret_cast<Extension>(opened));
}

SqlWork::~SqlWork() { sqlite3_cancel_auto_extension(reinterpret_cast<Extension>(opened)); }

std::uint64_t SqlWork::steps() const { return steps_taken; }

}  // namespace test

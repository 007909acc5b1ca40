#include "store/ledger/database_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/content/key_path.h"

namespace store {
namespace {

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:     // our own SQL is right, so the schema is not what its number says
    case SQLITE_MISMATCH:  // likewise
      return ErrorKind::kCorrupt;
    case SQLITE_FULL:
      return ErrorKind::kNoSpace;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ErrorKind::kReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::kBusy;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

Error database_error(sqlite3* handle, int code, const std::string& path) {
  Error error{kind_of(code), 0, path, ""};
  // SQLite knows ENOSPC only; for it a quota or a disk that turned read-only is an I/O error.
  if (error.kind == ErrorKind::kIo && handle != nullptr) {
    error.error_number = sqlite3_system_errno(handle);
    const ErrorKind cause = error_from_errno(error.error_number, "", path).kind;
    if (cause == ErrorKind::kNoSpace || cause == ErrorKind::kReadOnly) error.kind = cause;
  }
  const char* const message = handle != nullptr && sqlite3_extended_errcode(handle) == code
                                  ? sqlite3_errmsg(handle)
                                  : sqlite3_errstr(code);
  switch (error.kind) {
    case ErrorKind::kCorrupt:
      error.detail = fmt::format(
          "the ledger is damaged ({}); 'holdfast rebuild' makes a new one from the disk", message);
      break;
    case ErrorKind::kBusy:
      error.detail = "another process is using the ledger; try again when it has ended";
      break;
    // It does not say which of its files it was.
    case ErrorKind::kNoSpace:
      error.detail = fmt::format("no room for the ledger, or for what it sorts for a moment in {}",
                                 kStagingDirectory);
      break;
    default:
      error.detail = fmt::format("the ledger: {}", message);
  }
  return error;
}

}  // namespace store

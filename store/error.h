#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace store {

/// What the caller must do differently, not where the error came from.
enum class ErrorKind {
  kNotFound,      ///< the file or directory is not there
  kExists,        ///< the name is taken; nothing was changed
  kNoSpace,       ///< ENOSPC, EDQUOT, EFBIG: stop the run
  kReadOnly,      ///< EROFS: stop the run
  kIo,            ///< EIO and all that is not listed here: stop the run
  kNotSupported,  ///< this filesystem cannot do it; see disk.h for who falls back to what
  kBusy,          ///< another process holds the lock
  kCorrupt,       ///< the ledger or the marker is damaged or from a newer holdfast: stop the run
};

/// `path` is relative to the disk. `detail` is a sentence for a person and holds no secret.
struct Error {
  ErrorKind kind = ErrorKind::kIo;
  int error_number = 0;  ///< errno, or 0 where no system call failed
  std::string path;
  std::string detail;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

/// The detail, with the path before it where it does not name it:
/// "write archives/db.tar: No space left on device"
std::string describe(const Error& error);

/// The one place where an errno becomes a kind.
Error error_from_errno(int error_number, std::string_view action, std::string_view path);

}  // namespace store

#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace store {

/// What the caller must do differently, not where the error came from.
// None is 0, so that what is no error is not taken for the first of them.
enum class ErrorKind {
  kNotFound = 1,  ///< the file or directory is not there
  kExists,        ///< the name is taken; nothing was changed
  kRefusedName,   ///< too long, not allowed, or nobody may reach it: this name, not the disk
  kNoSpace,       ///< ENOSPC, EDQUOT, EFBIG: stop the run
  kKeptFree,      ///< there is room, and `min_free` keeps it: stop the run
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

/// A value, or the Error that stands in its place. The compiler warns where one is dropped, and a
/// function returns either of the two as it is.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : Base(tl::unexpected(std::move(error))) {}  // NOLINT(google-explicit-constructor)
};

using Status = Result<void>;

/// The detail, with the path before it where it does not name it:
/// "write archives/db.tar: No space left on device"
std::string describe(const Error& error);

/// The name is what is wrong, because it is taken or refused: another one may be had, and what
/// concerns other names goes on.
bool concerns_a_name(const Error& error);

/// The one place where an errno becomes a kind.
Error error_from_errno(int error_number, std::string_view action, std::string_view path);

}  // namespace store

#include "store/disk/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace store {
namespace {

ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorKind::kNotFound;
    // The last three: the name exists, but as the wrong kind of thing.
    case EEXIST:
    case ENOTEMPTY:
    case ENOTDIR:
    case EISDIR:
      return ErrorKind::kExists;
    case ENAMETOOLONG:
    case EILSEQ:
    case EINVAL:
    case EPERM:
    case EACCES:
    case ELOOP:
    case EMLINK:
      return ErrorKind::kRefusedName;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorKind::kNoSpace;
    case EROFS:
      return ErrorKind::kReadOnly;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorKind::kNotSupported;
    case EWOULDBLOCK:
      return ErrorKind::kBusy;
    default:
      return ErrorKind::kIo;
  }
}

std::string reason(int error_number) {
  if (error_number == ELOOP) return "a symbolic link is in the way";
  if (error_number == EWOULDBLOCK) return "another process holds it";
  return std::generic_category().message(error_number);
}

}  // namespace

std::string describe(const Error& error) {
  if (error.detail.empty()) return fmt::format("{}: {}", error.path, reason(error.error_number));
  if (error.path.empty() || error.detail.find(error.path) != std::string::npos) return error.detail;
  return fmt::format("{}: {}", error.path, error.detail);
}

bool concerns_a_name(const Error& error) {
  return error.kind == ErrorKind::kRefusedName || error.kind == ErrorKind::kExists;
}

Error error_from_errno(int error_number, std::string_view action, std::string_view path) {
  const std::string_view subject = path.empty() ? "the top directory of the disk" : path;
  return Error{kind_of_errno(error_number), error_number, std::string(path),
               fmt::format("{} {}: {}", action, subject, reason(error_number))};
}

}  // namespace store

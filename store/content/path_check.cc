#include "store/content/path_check.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace store {
namespace {

constexpr std::array<std::string_view, 4> kTrees = {"archives", "superseded", "quarantine",
                                                    "damaged"};

// Takes the first segment off.
std::string_view next_segment(std::string_view& path) {
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

}  // namespace

bool is_source_name(std::string_view name) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kRest = "abcdefghijklmnopqrstuvwxyz0123456789_-";
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && kFirst.find(name[0]) != std::string::npos &&
         name.find_first_not_of(kRest) == std::string_view::npos;
}

bool is_content_path(std::string_view path) {
  if (path.ends_with('/') || path.find('\0') != std::string_view::npos) return false;
  if (!is_source_name(next_segment(path))) return false;
  if (std::ranges::find(kTrees, next_segment(path)) == kTrees.end()) return false;
  if (path.empty()) return false;
  while (!path.empty()) {
    const auto segment = next_segment(path);
    if (segment.empty() || segment == "." || segment == "..") return false;
  }
  return true;
}

bool concerns_a_content(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kNoSpace:
    case ErrorKind::kKeptFree:
    case ErrorKind::kReadOnly:
    case ErrorKind::kNotSupported:
    case ErrorKind::kBusy:
      return false;
    default:
      break;
  }
  const bool is_gone =
      error.error_number == ENODEV || error.error_number == ENXIO || error.error_number == ENOTCONN;
  return !is_gone && is_content_path(error.path);
}

bool is_content_path(std::string_view path, std::string_view source_name) {
  return is_content_path(path) && path.substr(0, path.find('/')) == source_name;
}

}  // namespace store

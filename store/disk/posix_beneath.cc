#include "store/disk/posix_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <climits>

namespace store {
namespace {

constexpr std::size_t kMaxKept = 8;
constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

bool is_clean(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

int openat2_beneath(int root, const char* path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  // Unlike open(2), this call refuses a mode that it does not need.
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      uninterrupted([&] { return ::syscall(SYS_openat2, root, path, &how, sizeof how); }));
}

// O_NOFOLLOW makes openat() say ENOTDIR or ELOOP depending on the other flags; openat2() always
// says ELOOP.
void tell_link_from_file(int directory, const char* name) {
  const int error_number = errno;
  struct stat info {};
  const bool is_link = error_number == ENOTDIR &&
                       ::fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISLNK(info.st_mode);
  errno = is_link ? ELOOP : error_number;
}

int open_step(int directory, const char* name, int flags, mode_t mode) {
  const int fd = uninterrupted([&] { return ::openat(directory, name, flags | O_NOFOLLOW, mode); });
  if (fd < 0) tell_link_from_file(directory, name);
  return fd;
}

bool is_same_file(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

Beneath::Beneath(UniqueFd root) : root_(std::move(root)) {
  // Older kernels do not have it, and some containers' filters refuse what they do not know.
  has_openat2_ = UniqueFd(openat2_beneath(root_.get(), ".", kDirectoryFlags, 0)).get() >= 0;
}

Result<UniqueFd> Beneath::open(std::string_view path, int flags, mode_t mode,
                               std::string_view action) const {
  if (!path.empty() && !is_clean(path)) {
    return error_from_errno(EINVAL, action, path);
  }
  const std::string name = path.empty() ? "." : std::string(path);
  // O_PATH takes no O_LARGEFILE, which only 32-bit systems need: the C library adds it to open(2)
  // but cannot to a bare system call.
  // NOLINTNEXTLINE(bugprone-branch-clone): O_LARGEFILE is 0 on 64-bit systems
  const int all_flags = flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_LARGEFILE);
  UniqueFd fd(open_at_once(name, all_flags, mode));
  if (fd.get() < 0) return error_from_errno(errno, action, path);
  return fd;
}

int Beneath::open_at_once(const std::string& path, int flags, mode_t mode) const {
  // A key of a thousand slashes has a path that no single call takes.
  if (!has_openat2_ || path.size() >= PATH_MAX) return open_step_by_step(path, flags, mode);
  return openat2_beneath(root_.get(), path.c_str(), flags, mode);
}

int Beneath::open_step_by_step(std::string_view path, int flags, mode_t mode) const {
  UniqueFd held;
  int directory = root_.get();
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    held = UniqueFd(
        open_step(directory, std::string(path.substr(0, slash)).c_str(), kDirectoryFlags, 0));
    if (held.get() < 0) return -1;
    directory = held.get();
    path.remove_prefix(slash + 1);
  }
  return open_step(directory, std::string(path).c_str(), flags, mode);
}

Result<Beneath::Place> Beneath::place_of(std::string_view path, std::string_view action) const {
  if (path.empty() || !is_clean(path)) {
    return error_from_errno(EINVAL, action, path);
  }
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return Place{nullptr, root_.get(), std::string(path)};
  auto directory = open(path.substr(0, slash), O_PATH | O_DIRECTORY, 0, action);
  if (!directory) return directory.error();
  auto opened = std::make_shared<const UniqueFd>(std::move(*directory));
  const int fd = opened->get();
  return Place{std::move(opened), fd, std::string(path.substr(slash + 1))};
}

Result<Beneath::Place> Beneath::kept_place_of(std::string_view path, std::string_view action) {
  const auto parent = path.substr(0, std::min(path.rfind('/'), path.size()));
  {
    const std::lock_guard lock(kept_mutex_);
    const auto found =
        std::ranges::find_if(kept_, [&](const auto& one) { return one.first == parent; });
    const auto name = path.substr(std::min(parent.size() + 1, path.size()));
    if (found != kept_.end() && is_clean(name)) {
      return Place{found->second, found->second->get(), std::string(name)};
    }
  }
  auto place = place_of(path, action);
  if (!place || !place->opened) return place;
  const std::lock_guard lock(kept_mutex_);
  if (kept_.size() == kMaxKept) kept_.erase(kept_.begin());
  kept_.emplace_back(parent, place->opened);
  return place;
}

Status Beneath::release() {
  std::vector<std::pair<std::string, std::shared_ptr<const UniqueFd>>> kept;
  {
    const std::lock_guard lock(kept_mutex_);
    kept.swap(kept_);
  }
  for (const auto& [path, opened] : kept) {
    const auto now = open(path, O_PATH | O_DIRECTORY, 0, "open directory");
    if (!now) return now.error();
    if (!is_same_file(now->get(), opened->get())) {
      return Error{ErrorKind::kNotFound, 0, path,
                   "it was moved away while files were placed in it"};
    }
  }
  return {};
}

void Beneath::forget() {
  const std::lock_guard lock(kept_mutex_);
  kept_.clear();
}

}  // namespace store

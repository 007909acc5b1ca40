#include "store/disk/posix_scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "store/disk/posix_directory.h"

namespace store {
namespace {

constexpr mode_t kOpenToPassThrough = S_IRWXU | S_IXGRP | S_IXOTH;
// Each level of the tree has a descriptor open while it is gone through. What lies deeper is moved
// up first.
constexpr int kDeepest = 100;

Error failed(std::string_view action, std::string_view path) {
  return error_from_errno(errno, action, path);
}

Result<std::vector<std::string>> some_names_in(int directory) {
  constexpr std::size_t kSome = 1000;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return failed("list", "a scratch directory");
  const Directory listed(::fdopendir(copy));
  if (!listed) return failed("list", "a scratch directory");
  std::vector<std::string> names;
  for (const auto* entry = ::readdir(listed.get()); entry != nullptr && names.size() < kSome;
       entry = ::readdir(listed.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

bool is_directory(int parent, const std::string& name) {
  struct stat info {};
  return ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

Result<UniqueFd> open_directory(int parent, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd opened(::openat(parent, name.c_str(), kFlags));
  // Whoever made it may have shut it. Nobody else works here any more.
  if (opened.get() < 0 && errno == EACCES && is_directory(parent, name) &&
      ::fchmodat(parent, name.c_str(), S_IRWXU, 0) == 0) {
    opened = UniqueFd(::openat(parent, name.c_str(), kFlags));
  }
  if (opened.get() < 0) return failed("open", name);
  return opened;
}

class Emptying {
 public:
  explicit Emptying(int top) : top_(top) {}

  Status run() { return empty(top_, 0); }

 private:
  Status empty(int directory, int depth) {
    while (true) {
      const auto names = some_names_in(directory);
      if (!names) return names.error();
      if (names->empty()) return {};
      for (const auto& name : *names) {
        if (auto removed = remove(directory, name, depth); !removed) return removed;
      }
    }
  }

  Status remove(int parent, const std::string& name, int depth) {
    if (!is_directory(parent, name)) {
      if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
      return failed("remove", name);
    }
    if (depth >= kDeepest) {
      const auto up = "deep-" + std::to_string(++moved_);
      return ::renameat(parent, name.c_str(), top_, up.c_str()) == 0 ? Status{}
                                                                     : failed("move", name);
    }
    const auto child = open_directory(parent, name);
    if (!child) return child.error();
    // It may be listed and not written to.
    std::ignore = ::fchmod(child->get(), S_IRWXU);
    if (auto emptied = empty(child->get(), depth + 1); !emptied) return emptied;
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    return failed("remove", name);
  }

  const int top_;
  std::uint64_t moved_ = 0;
};

bool try_lock(int directory) {
  return uninterrupted([&] { return ::flock(directory, LOCK_EX | LOCK_NB); }) == 0;
}

Status give(int directory, uid_t user, gid_t group) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const Directory listed(copy < 0 ? nullptr : ::fdopendir(copy));
  if (!listed) return failed("list", "a scratch directory");
  for (const auto* entry = ::readdir(listed.get()); entry != nullptr;
       entry = ::readdir(listed.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    // First what is in it: then it may be out of our reach.
    if (is_directory(directory, name)) {
      const auto child = open_directory(directory, name);
      if (!child) return child.error();
      // Names of ours have at most 128 segments.
      if (auto given = give(child->get(), user, group); !given) return given;
    }
    if (::fchownat(directory, name.c_str(), user, group, AT_SYMLINK_NOFOLLOW) != 0) {
      auto error = failed("change the owner of", name);
      if (error.error_number == EPERM) error.kind = ErrorKind::kNotSupported;
      return error;
    }
  }
  return {};
}

// Another run may have taken the fresh one for one that was left.
bool is_still_there(int directory) {
  struct stat info {};
  return ::fstat(directory, &info) == 0 && info.st_nlink > 0;
}

Status remove_left(int parent, const std::string& name, std::uint64_t& removed) {
  UniqueFd left(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (left.get() < 0 || ::fstat(left.get(), &info) != 0) return {};
  if (info.st_uid != ::geteuid() && ::geteuid() != 0) return {};
  if (!try_lock(left.get())) return {};
  if (auto emptied = Emptying(left.get()).run(); !emptied) return emptied;
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return failed("remove", name);
  }
  ++removed;
  return {};
}

}  // namespace

Result<Scratch> Scratch::make(const std::string& parent) {
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    auto path = parent + "/" + std::string(kScratchPrefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return failed("make a directory in", parent);
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory.get() < 0 || !try_lock(directory.get()) || !is_still_there(directory.get())) {
      continue;
    }
    if (::fchmod(directory.get(), kOpenToPassThrough) != 0 && errno != EPERM) {
      return failed("change the mode of", path);
    }
    for (const auto* name : {"restored", "work"}) {
      if (::mkdirat(directory.get(), name, S_IRWXU) != 0) return failed("make directory", path);
    }
    return Scratch(std::move(path), std::move(directory));
  }
  errno = EBUSY;
  return failed("make a directory in", parent);
}

Status Scratch::give_to(uid_t user, gid_t group) { return give(lock(), user, group); }

Status Scratch::remove() {
  if (auto emptied = Emptying(lock()).run(); !emptied) return emptied;
  if (::rmdir(path_.c_str()) == 0 || errno == ENOENT) return {};
  return failed("remove", path_);
}

Result<std::uint64_t> remove_left_scratches(const std::string& parent) {
  std::uint64_t removed = 0;
  const Directory listed(::opendir(parent.c_str()));
  if (!listed && (errno == ENOENT || errno == ENOTDIR)) return removed;
  if (!listed) return failed("list", parent);
  const int directory = ::dirfd(listed.get());
  for (const auto* entry = ::readdir(listed.get()); entry != nullptr;
       entry = ::readdir(listed.get())) {
    const std::string name = entry->d_name;
    if (!name.starts_with(kScratchPrefix)) continue;
    if (auto done = remove_left(directory, name, removed); !done) return done.error();
  }
  return removed;
}

}  // namespace store

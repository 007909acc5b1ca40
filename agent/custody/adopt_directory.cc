#include "agent/custody/adopt_directory.h"

#include <algorithm>
#include <cerrno>

#include "store/content/key_path.h"

namespace agent {

// Also the state of any other mirror.
bool AdoptDirectory::is_ours(std::string_view path) const {
  const auto lies_in = [&](std::string_view directory) {
    return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
  };
  if (std::any_of(ours_.begin(), ours_.end(), lies_in)) return true;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == store::kStateDirectory) return true;
    begin = end + 1;
  }
  return false;
}

std::string AdoptDirectory::at(std::string_view path) const {
  const auto root = disk_.root_path();
  return (root.ends_with('/') ? root : root + "/") + std::string(path);
}

// By another mount than its own. Files of one directory are looked for one after the other.
bool AdoptDirectory::leads_into_mirror(const std::string& directory) {
  if (directory.empty()) return false;
  if (directory != looked_at_) {
    const bool leads =
        leads_into_mirror(store::parent_of(directory)) || mirror_.is_place(at(directory));
    looked_at_ = directory;
    it_leads_there_ = leads;
  }
  return it_leads_there_;
}

store::Result<AdoptDirectory::Found> AdoptDirectory::find(const std::vector<std::string>& paths,
                                                          std::uint64_t size_bytes) {
  Found found;
  for (const auto& path : paths) {
    if (is_ours(path) || leads_into_mirror(store::parent_of(path))) continue;
    const auto info = disk_.stat(path);
    if (!info && !store::concerns_a_name(info.error())) return info.error();
    if (!info && info.error().error_number == ELOOP) {
      found.trouble = "a symbolic link leads there";
    }
    if (!info || !*info) continue;
    if ((*info)->kind == store::FileKind::kFile) {
      const File file{path, **info};
      if (file.info.size_bytes == size_bytes) return Found{file, ""};
      if (!found.file) found.file = file;
    }
    if ((*info)->kind == store::FileKind::kOther) found.trouble = "it is not a regular file";
  }
  return found;
}

void AdoptDirectory::visit(const std::function<bool(const File&)>& visit,
                           const std::function<void(const store::Error&)>& unreadable) {
  (void)descend("", visit, unreadable);
}

// False ends the walk.
bool AdoptDirectory::descend(const std::string& directory,
                             const std::function<bool(const File&)>& visit,
                             const std::function<void(const store::Error&)>& unreadable) {
  bool going = true;
  const auto each = [&](std::string_view name, store::FileKind kind) {
    const auto path = directory.empty() ? std::string(name) : directory + "/" + std::string(name);
    if (kind == store::FileKind::kOther || is_ours(path)) return true;
    if (kind == store::FileKind::kDirectory) {
      if (mirror_.is_place(at(path))) return true;
      going = descend(path, visit, unreadable);
      return going;
    }
    const auto info = disk_.stat(path);
    if (!info) unreadable(info.error());
    const bool is_file = info && *info && (*info)->kind == store::FileKind::kFile;
    if (is_file) going = visit(File{path, **info});
    return going;
  };
  const auto listed = disk_.list_directory(directory, each);
  // It may have gone while we looked elsewhere.
  if (!listed && listed.error().kind != store::ErrorKind::kNotFound) unreadable(listed.error());
  return going;
}

store::Result<AdoptDirectory::Removal> AdoptDirectory::remove(const File& file,
                                                              const std::string& archive_path) {
  const auto info = disk_.stat(file.path);
  if (!info) return info.error();
  if (!*info || **info != file.info) return Removal::kChanged;
  const auto outlives = mirror_.outlives(archive_path, at(file.path));
  if (!outlives) return outlives.error();
  if (!*outlives) return Removal::kIsTheArchive;
  if (auto removed = disk_.remove_file(file.path); !removed) return removed.error();
  return Removal::kRemoved;
}

}  // namespace agent

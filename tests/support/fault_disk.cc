#include "tests/support/fault_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/support/disk_vfs.h"
#include "tests/support/fault_disk_state.h"

namespace test {

namespace {

using store::Error;
using store::FileKind;
using store::OpenMode;
using store::Result;
using store::Status;

tl::unexpected<Error> failure(int error_number, std::string_view action, std::string_view path) {
  return tl::unexpected(store::error_from_errno(error_number, action, path));
}

}  // namespace

// ---- files --------------------------------------------------------------------------------------

class FaultDisk::OpenFile final : public store::File {
 public:
  OpenFile(std::shared_ptr<State> state, NodePtr node, std::string_view path, bool writable)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(path),
        writable_(writable),
        process_(state_->process) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock(state_->mutex);
    const Status admitted = admit("read", Touch::kReads);
    if (!admitted) return tl::unexpected(admitted.error());
    const std::size_t count = node_->content.read(offset, into);
    state_->counts.bytes_read += count;
    state_->bytes_read[path_] += count;
    return count;
  }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(state_->mutex);
    State::Verdict verdict = state_->judge("write", path_, Touch::kWrites);
    if (is_dead() || !writable_) return failure(is_dead() ? EIO : EBADF, "write", path_);
    if (verdict.half_done) bytes = bytes.first(bytes.size() / 2);
    if (!verdict.error || verdict.half_done) {
      node_->content.write(offset, bytes);
      node_->modified.reset();
      state_->counts.bytes_written += bytes.size();
    }
    if (verdict.error) return tl::unexpected(*std::move(verdict.error));
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    const std::lock_guard lock(state_->mutex);
    const bool grows = size_bytes > node_->content.current().size();
    const Status admitted = admit("truncate", grows ? Touch::kWrites : Touch::kFrees);
    if (!admitted) return admitted;
    if (!writable_) return failure(EINVAL, "truncate", path_);
    node_->content.truncate(size_bytes);
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(state_->mutex);
    const Status admitted = admit("size", Touch::kReads);
    if (!admitted) return tl::unexpected(admitted.error());
    return node_->content.current().size();
  }

  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    ++state_->counts.file_syncs;
    const bool off = state_->powered_off;
    Touch touch = node_->dirty() ? Touch::kFrees : Touch::kReads;
    if (node_->content.dirty()) touch = Touch::kWrites;
    const Status admitted = admit("sync", touch);
    if (admitted) {
      node_->content.sync();
      node_->durable_modified = node_->modified;
    } else if (!off && !state_->powered_off && !is_dead()) {
      node_->content.fail_sync();
    }
    return admitted;
  }

  Status finish() override {
    const std::lock_guard lock(state_->mutex);
    const Status admitted = admit("set permissions", Touch::kFrees);
    if (admitted) node_->finished = true;
    return admitted;
  }

  bool is_of(const std::shared_ptr<State>& state) const { return state_ == state; }
  const NodePtr& node() const { return node_; }

  void drop_cache() override {
    const std::lock_guard lock(state_->mutex);
    ++state_->counts.drop_caches;
    if (!is_dead()) node_->content.drop_cache();
  }

 private:
  bool is_dead() const { return process_ != state_->process; }

  Status admit(std::string_view operation, Touch touch) {
    Status admitted = state_->admit(operation, path_, touch);
    if (admitted && is_dead()) return failure(EIO, operation, path_);
    return admitted;
  }

  std::shared_ptr<State> state_;
  NodePtr node_;
  std::string path_;
  bool writable_;
  std::uint64_t process_;
};

class FaultDisk::HeldLock final : public store::DiskLock {
 public:
  HeldLock(std::shared_ptr<State> state, NodePtr node)
      : state_(std::move(state)), node_(std::move(node)), process_(state_->process) {}
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;
  ~HeldLock() override {
    const std::lock_guard lock(state_->mutex);
    if (process_ == state_->process) state_->locks.erase(node_.get());
  }

 private:
  std::shared_ptr<State> state_;
  NodePtr node_;
  std::uint64_t process_;
};

Result<std::unique_ptr<store::File>> FaultDisk::open(std::string_view path, OpenMode mode) {
  const std::lock_guard lock(state_->mutex);
  VolatileTree& tree = state_->tree;
  NodePtr node = tree.find(path);
  const bool creates = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
  const bool is_new = creates && node == nullptr;
  const bool only_reads = mode == OpenMode::kRead || mode == OpenMode::kReadBack;
  Touch touch = is_new ? Touch::kWrites : Touch::kClaims;
  if (only_reads) touch = Touch::kReads;
  const Status admitted = state_->admit("open", path, touch);
  if (!admitted) return tl::unexpected(admitted.error());
  if (auto refused = state_->refused("open", path, !is_new)) return *std::move(refused);

  if (is_new) {
    if (tree.parent(path) == nullptr) return failure(ENOENT, "open", path);
    if (state_->takes_no_file()) return failure(ENOSPC, "open", path);
    node = std::make_shared<Node>();
    tree.add(path, node);
  } else if (node == nullptr) {
    return failure(ENOENT, "open", path);
  } else if (mode == OpenMode::kCreateNew) {
    return failure(EEXIST, "open", path);
  } else if (node->kind != FileKind::kFile) {
    return failure(EISDIR, "open", path);
  } else if (!only_reads && node->finished) {
    return failure(EACCES, "open", path);
  }
  auto file = std::make_unique<OpenFile>(state_, node, path, !only_reads);
  if (mode == OpenMode::kReadBack) node->content.drop_cache();
  return file;
}

// ---- names --------------------------------------------------------------------------------------

Result<std::optional<store::FileInfo>> FaultDisk::stat(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  const Status admitted = state_->admit("stat", path, Touch::kReads);
  if (!admitted) return tl::unexpected(admitted.error());
  if (auto refused = state_->refused("stat", path, true)) return *std::move(refused);
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return std::nullopt;
  return store::FileInfo{node->kind, node->content.current().size(),
                         node->modified.value_or(std::chrono::sys_seconds{})};
}

Status FaultDisk::make_directory(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  VolatileTree& tree = state_->tree;
  NodePtr node = tree.find(path);
  const Status admitted =
      state_->admit("make directory", path, node == nullptr ? Touch::kWrites : Touch::kReads);
  if (!admitted) return admitted;
  if (node != nullptr) {
    if (node->kind == FileKind::kDirectory) return {};
    return failure(EEXIST, "make directory", path);
  }
  if (tree.parent(path) == nullptr) return failure(ENOENT, "make directory", path);
  if (auto refused = state_->refused("make directory", path, false)) return *std::move(refused);
  if (state_->takes_no_file()) return failure(ENOSPC, "make directory", path);
  node = std::make_shared<Node>();
  node->kind = FileKind::kDirectory;
  tree.add(path, node);
  return {};
}

Status FaultDisk::State::rename(std::string_view from, std::string_view to, bool replace) {
  const Status admitted = admit("rename", from, Touch::kWrites);
  if (!admitted) return admitted;
  if (auto named = refused("rename to", to, false)) return *std::move(named);
  const NodePtr node = tree.find(from);
  const NodePtr target = tree.find(to);
  if (node == nullptr || tree.parent(to) == nullptr) return failure(ENOENT, "rename", from);
  if (!replace && target != nullptr) return failure(EEXIST, "rename", to);
  if (target != nullptr && target->kind != node->kind) return failure(EISDIR, "rename", to);
  if (target != nullptr && !target->names.empty()) return failure(ENOTEMPTY, "rename", to);
  if (target != node) tree.rename(from, to);
  return {};
}

Status FaultDisk::rename_no_replace(std::string_view from, std::string_view to) {
  const std::lock_guard lock(state_->mutex);
  return state_->rename(from, to, false);
}

Status FaultDisk::link(std::string_view from, std::string_view to) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->has_links) return failure(EOPNOTSUPP, "link", from);
  const Status admitted = state_->admit("link", from, Touch::kWrites);
  if (!admitted) return admitted;
  if (auto refused = state_->refused("link to", to, false)) return *std::move(refused);
  const NodePtr node = state_->tree.find(from);
  if (node == nullptr || state_->tree.parent(to) == nullptr) return failure(ENOENT, "link", from);
  if (state_->tree.find(to) != nullptr) return failure(EEXIST, "link", to);
  state_->tree.add(to, node);
  return {};
}

Status FaultDisk::link_file(store::File& file, std::string_view to) {
  auto* open = dynamic_cast<OpenFile*>(&file);
  if (open == nullptr || !open->is_of(state_)) return failure(EOPNOTSUPP, "link to", to);
  const std::lock_guard lock(state_->mutex);
  if (!state_->has_links) return failure(EOPNOTSUPP, "link to", to);
  const Status admitted = state_->admit("link file", to, Touch::kWrites);
  if (!admitted) return admitted;
  if (auto refused = state_->refused("link to", to, false)) return *std::move(refused);
  if (state_->tree.parent(to) == nullptr) return failure(ENOENT, "link to", to);
  if (state_->tree.find(to) != nullptr) return failure(EEXIST, "link to", to);
  state_->tree.add(to, open->node());
  return {};
}

Status FaultDisk::make_ours(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  const Status admitted = state_->admit("take over", path, Touch::kFrees);
  if (!admitted) return admitted;
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return failure(ENOENT, "take over", path);
  if (!state_->gives_files) return failure(EOPNOTSUPP, "take over", path);
  node->finished = true;
  return {};
}

Status FaultDisk::rename_replace(std::string_view from, std::string_view to) {
  const std::lock_guard lock(state_->mutex);
  return state_->rename(from, to, true);
}

Status FaultDisk::State::remove(std::string_view path, FileKind kind) {
  const NodePtr node = tree.find(path);
  const Status admitted = admit("remove", path, node == nullptr ? Touch::kReads : Touch::kFrees);
  if (!admitted || node == nullptr) return admitted;
  if (node->kind != kind) {
    return failure(kind == FileKind::kFile ? EISDIR : ENOTDIR, "remove", path);
  }
  if (!node->names.empty()) return failure(ENOTEMPTY, "remove", path);
  tree.remove(path);
  return {};
}

Status FaultDisk::remove_file(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  return state_->remove(path, FileKind::kFile);
}

Status FaultDisk::remove_directory(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  return state_->remove(path, FileKind::kDirectory);
}

Status FaultDisk::set_finished(std::string_view path, bool finished) {
  const std::lock_guard lock(state_->mutex);
  const Status admitted = state_->admit("set permissions", path, Touch::kFrees);
  if (!admitted) return admitted;
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return failure(ENOENT, "set permissions", path);
  node->finished = finished;
  return {};
}

Status FaultDisk::set_modified(std::string_view path, std::chrono::sys_seconds time) {
  const std::lock_guard lock(state_->mutex);
  const Status admitted = state_->admit("set the time", path, Touch::kFrees);
  if (!admitted) return admitted;
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return failure(ENOENT, "set the time", path);
  node->modified = time;
  return {};
}

Status FaultDisk::list_directory(std::string_view path,
                                 const std::function<bool(std::string_view, FileKind)>& visit) {
  std::map<std::string, Entry> names;
  {
    const std::lock_guard lock(state_->mutex);
    const Status admitted = state_->admit("list", path, Touch::kReads);
    if (!admitted) return admitted;
    const NodePtr node = state_->tree.find(path);
    if (node == nullptr) return failure(ENOENT, "list", path);
    if (node->kind != FileKind::kDirectory) return failure(ENOTDIR, "list", path);
    names = node->names;
  }
  for (const auto& [key, entry] : names) {
    if (!visit(entry.name, entry.node->kind)) break;
  }
  return {};
}

// ---- durability ---------------------------------------------------------------------------------

Status FaultDisk::sync_directory(std::string_view path) {
  const std::lock_guard lock(state_->mutex);
  ++state_->counts.directory_syncs;
  VolatileTree& tree = state_->tree;
  const NodePtr node = tree.find(path);
  const bool pending = node != nullptr && tree.has_unsynced_names(node);
  const Status admitted =
      state_->admit("sync directory", path, pending ? Touch::kFrees : Touch::kReads);
  if (!admitted) return admitted;
  if (node == nullptr) return failure(ENOENT, "sync directory", path);
  if (node->kind != FileKind::kDirectory) return failure(ENOTDIR, "sync directory", path);
  // Where the filesystem cannot, it says so in weakness() and not here.
  if (!state_->weakness.no_directory_sync) tree.sync_names(node);
  return {};
}

Status FaultDisk::sync_filesystem() {
  const std::lock_guard lock(state_->mutex);
  ++state_->counts.filesystem_syncs;
  VolatileTree& tree = state_->tree;
  const bool off = state_->powered_off;
  const Status admitted =
      state_->admit("sync filesystem", "", tree.dirty() ? Touch::kWrites : Touch::kReads);
  if (admitted && state_->weakness.no_filesystem_sync) {
    return failure(ENOSYS, "sync filesystem", "");
  }
  if (admitted) {
    tree.sync();
  } else if (!off && !state_->powered_off) {
    tree.fail_sync();
  }
  return admitted;
}

// ---- the rest of the disk -----------------------------------------------------------------------

Result<store::Space> FaultDisk::space() {
  const std::lock_guard lock(state_->mutex);
  const Status admitted = state_->admit("space", "", Touch::kReads);
  if (!admitted) return tl::unexpected(admitted.error());
  store::Space space = state_->space;
  if (state_->most_files) {
    const std::uint64_t count = state_->tree.count();
    space.total_files = *state_->most_files;
    space.free_files = *state_->most_files - std::min(*state_->most_files, count);
  }
  return space;
}

Result<std::unique_ptr<store::DiskLock>> FaultDisk::lock(std::string_view path) {
  const std::lock_guard guard(state_->mutex);
  VolatileTree& tree = state_->tree;
  NodePtr node = tree.find(path);
  const Status admitted =
      state_->admit("lock", path, node == nullptr ? Touch::kWrites : Touch::kClaims);
  if (!admitted) return tl::unexpected(admitted.error());
  if (node == nullptr) {
    if (tree.parent(path) == nullptr) return failure(ENOENT, "lock", path);
    if (state_->takes_no_file()) return failure(ENOSPC, "lock", path);
    node = std::make_shared<Node>();
    tree.add(path, node);
  }
  if (!state_->locks.insert(node.get()).second) return failure(EWOULDBLOCK, "lock", path);
  return std::make_unique<HeldLock>(state_, node);
}

std::string FaultDisk::root_path() const {
  const std::lock_guard lock(state_->mutex);
  return state_->root_path;
}

std::string FaultDisk::filesystem_name() const {
  const std::lock_guard lock(state_->mutex);
  return state_->filesystem_name;
}

store::Weakness FaultDisk::weakness() const {
  const std::lock_guard lock(state_->mutex);
  return state_->weakness;
}

std::string FaultDisk::database_path(std::string_view path) const { return std::string(path); }
const char* FaultDisk::database_vfs() const { return vfs_->name(); }

// Here, where disk_vfs.h is known.
FaultDisk::FaultDisk()
    : state_(std::make_shared<State>()), vfs_(std::make_unique<DiskVfs>(*this)) {}
FaultDisk::FaultDisk(std::shared_ptr<State> state)
    : state_(std::move(state)), vfs_(std::make_unique<DiskVfs>(*this)) {}
FaultDisk::~FaultDisk() = default;

}  // namespace test

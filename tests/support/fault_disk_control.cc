#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include "tests/support/fault_disk_state.h"

namespace test {

using store::Error;
using store::Status;

namespace {

std::uint64_t names_below(const Node& directory, const Node& wanted) {
  std::uint64_t names = 0;
  for (const auto& [name, entry] : directory.names) {
    names += (entry.node.get() == &wanted ? 1 : 0) + names_below(*entry.node, wanted);
  }
  return names;
}

}  // namespace

// ---- faults -------------------------------------------------------------------------------------

FaultDisk::State::Verdict FaultDisk::State::judge(std::string_view operation, std::string_view path,
                                                  Touch touch) {
  ++counts.operations;
  Verdict verdict;
  const auto fail = [&](int error_number) {
    verdict.error = store::error_from_errno(error_number, operation, path);
    return verdict;
  };
  if (!powered_off && matters_at(operation, touch)) {
    ++steps;
    if (countdown > 0 && --countdown == 0) {
      const std::optional<int> now = strike(operation == "write", verdict.half_done);
      if (now) return fail(*now);
    }
  }
  if (powered_off || broken) return fail(EIO);
  if (hook) {
    verdict.error = hook(operation, path);
    if (verdict.error) return verdict;
  }
  if (read_only && touch != Touch::kReads) return fail(EROFS);
  if (full && touch == Touch::kWrites) return fail(ENOSPC);
  return verdict;
}

// False where the same would follow from a fault at the next operation.
bool FaultDisk::State::matters_at(std::string_view operation, Touch touch) const {
  const bool changes = touch == Touch::kFrees || touch == Touch::kWrites;
  switch (fault) {
    case Fault::kIoError:
    case Fault::kShortWrite:
      return true;
    case Fault::kNoSpace:
      return touch == Touch::kWrites;
    case Fault::kReadOnly:
      return touch != Touch::kReads;
    case Fault::kPowerCut:
      // What is not durable is lost, so without luck only what makes something durable matters.
      if (power_cut_seed) return changes;
      return changes && (operation.starts_with("sync") || operation == "set permissions");
  }
  return true;
}

std::optional<int> FaultDisk::State::strike(bool is_write, bool& half_done) {
  struck = true;
  switch (fault) {
    case Fault::kIoError:
      broken = lasting == Lasting::kUntilHealed;
      return EIO;
    case Fault::kNoSpace:
      full = true;
      return std::nullopt;
    case Fault::kReadOnly:
      read_only = true;
      return std::nullopt;
    case Fault::kShortWrite:
      half_done = is_write;
      return is_write ? ENOSPC : EIO;
    case Fault::kPowerCut:
      powered_off = true;
      return EIO;
  }
  return EIO;
}

Status FaultDisk::State::admit(std::string_view operation, std::string_view path, Touch touch) {
  Verdict verdict = judge(operation, path, touch);
  if (verdict.error) return tl::unexpected(*std::move(verdict.error));
  return {};
}

// ---- control ------------------------------------------------------------------------------------

void FaultDisk::fail_at(std::uint64_t k, Fault fault, Lasting lasting) {
  const std::lock_guard lock(state_->mutex);
  state_->countdown = k;
  state_->steps = 0;
  state_->fault = fault;
  state_->lasting = lasting;
  state_->struck = false;
}

void FaultDisk::set_hook(Hook hook) {
  const std::lock_guard lock(state_->mutex);
  state_->hook = std::move(hook);
}

void FaultDisk::heal() {
  const std::lock_guard lock(state_->mutex);
  state_->countdown = 0;
  state_->broken = false;
  state_->full = false;
  state_->read_only = false;
  state_->hook = nullptr;
}

void FaultDisk::refuse_names(std::function<bool(std::string_view)> refuses, int error_number,
                             bool also_to_look) {
  const std::lock_guard lock(state_->mutex);
  state_->refuses_name = std::move(refuses);
  state_->refusal = error_number;
  state_->refuses_to_look = also_to_look;
}

std::optional<store::Error> FaultDisk::State::refused(std::string_view action,
                                                      std::string_view path, bool looks) const {
  if (!refuses_name || (looks && !refuses_to_look) || !refuses_name(path)) return std::nullopt;
  return store::error_from_errno(refusal, action, path);
}

bool FaultDisk::struck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->struck;
}

std::uint64_t FaultDisk::steps() const {
  const std::lock_guard lock(state_->mutex);
  return state_->steps;
}

void FaultDisk::power_cut() {
  const std::lock_guard lock(state_->mutex);
  state_->powered_off = true;
}

void FaultDisk::set_power_cut_seed(std::optional<std::uint64_t> seed) {
  const std::lock_guard lock(state_->mutex);
  state_->power_cut_seed = seed;
}

void FaultDisk::restart() {
  const std::lock_guard lock(state_->mutex);
  ++state_->process;
  state_->locks.clear();
  if (!state_->powered_off) return;
  state_->tree.cut_power(state_->power_cut_seed);
  state_->powered_off = false;
}

std::unique_ptr<FaultDisk> FaultDisk::clone() const {
  auto copy = std::make_shared<State>();
  const std::lock_guard lock(state_->mutex);
  copy->tree = state_->tree;
  copy->has_links = state_->has_links;
  copy->powered_off = state_->powered_off;
  copy->power_cut_seed = state_->power_cut_seed;
  copy->space = state_->space;
  copy->filesystem_name = state_->filesystem_name;
  copy->root_path = state_->root_path;
  copy->weakness = state_->weakness;
  copy->most_files = state_->most_files;
  return std::unique_ptr<FaultDisk>(new FaultDisk(std::move(copy)));
}

void FaultDisk::set_space(store::Space space) {
  const std::lock_guard lock(state_->mutex);
  state_->space = space;
}

void FaultDisk::limit_files(std::uint64_t most) {
  const std::lock_guard lock(state_->mutex);
  state_->most_files = most;
}

void FaultDisk::set_filesystem_name(std::string name) {
  const std::lock_guard lock(state_->mutex);
  state_->filesystem_name = std::move(name);
}

void FaultDisk::set_root_path(std::string path) {
  const std::lock_guard lock(state_->mutex);
  state_->root_path = std::move(path);
}

void FaultDisk::set_weakness(store::Weakness weakness) {
  const std::lock_guard lock(state_->mutex);
  state_->weakness = weakness;
}

void FaultDisk::set_gives_files(bool gives_files) {
  const std::lock_guard lock(state_->mutex);
  state_->gives_files = gives_files;
}

void FaultDisk::set_has_links(bool has_links) {
  const std::lock_guard lock(state_->mutex);
  state_->has_links = has_links;
}

void FaultDisk::set_folds_case(bool folds_case) {
  const std::lock_guard lock(state_->mutex);
  state_->tree.set_folds_case(folds_case);
}

FaultDisk::Counts FaultDisk::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

std::uint64_t FaultDisk::operations() const { return counts().operations; }

std::uint64_t FaultDisk::bytes_read(std::string_view path) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->bytes_read.find(path);
  return found == state_->bytes_read.end() ? 0 : found->second;
}

void FaultDisk::reset_counts() {
  const std::lock_guard lock(state_->mutex);
  state_->counts = {};
  state_->bytes_read.clear();
}

std::map<std::string, std::string> FaultDisk::files() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tree.files(false);
}

std::map<std::string, std::string> FaultDisk::durable_files() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tree.files(true);
}

std::optional<bool> FaultDisk::finished(std::string_view path) const {
  const std::lock_guard lock(state_->mutex);
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return std::nullopt;
  return node->finished;
}

std::optional<std::chrono::sys_seconds> FaultDisk::modified(std::string_view path) const {
  const std::lock_guard lock(state_->mutex);
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return std::nullopt;
  return node->modified;
}

std::optional<store::FileIdentity> FaultDisk::identity(std::string_view path) const {
  const std::lock_guard lock(state_->mutex);
  const NodePtr node = state_->tree.find(path);
  if (node == nullptr) return std::nullopt;
  return store::FileIdentity{reinterpret_cast<std::uintptr_t>(state_.get()),
                             reinterpret_cast<std::uintptr_t>(node.get()),
                             names_below(*state_->tree.find(""), *node), 1};
}

void FaultDisk::plant(std::string_view path, std::string_view content) {
  const std::lock_guard lock(state_->mutex);
  VolatileTree& tree = state_->tree;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const std::string_view directory = path.substr(0, slash);
    if (tree.find(directory) != nullptr) continue;
    auto node = std::make_shared<Node>();
    node->kind = store::FileKind::kDirectory;
    tree.add(directory, node);
    tree.sync_names(tree.parent(directory));
  }
  NodePtr node = tree.find(path);
  if (node == nullptr) {
    node = std::make_shared<Node>();
    tree.add(path, node);
    tree.sync_names(tree.parent(path));
  }
  node->content.truncate(0);
  node->content.write(0, std::as_bytes(std::span(content)));
  node->content.sync();
}

}  // namespace test

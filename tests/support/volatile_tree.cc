#include "tests/support/volatile_tree.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace test {

// ---- contents -----------------------------------------------------------------------------------

Luck::Luck(std::optional<std::uint64_t> seed) {
  if (seed) random_.emplace(*seed);
}

bool Luck::spares() { return random_ && ((*random_)() >> 32 & 1) == 1; }

std::size_t Content::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= current_.size() || into.empty()) return 0;
  const std::size_t count =
      std::min(into.size(), current_.size() - static_cast<std::size_t>(offset));
  std::memcpy(into.data(), current_.data() + offset, count);
  return count;
}

void Content::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t end = begin + bytes.size();
  mark_dirty(std::min(begin, current_.size()), end);
  if (end > current_.size()) {
    current_.resize(end);
    resized_ = true;
  }
  std::memcpy(current_.data() + begin, bytes.data(), bytes.size());
}

void Content::truncate(std::uint64_t size_bytes) {
  if (size_bytes == current_.size()) return;
  const std::size_t old_size = current_.size();
  const auto new_size = static_cast<std::size_t>(size_bytes);
  mark_dirty(std::min(new_size, old_size), std::max(new_size, old_size));
  current_.resize(new_size);
  resized_ = true;
}

void Content::sync() {
  durable_.resize(current_.size());
  for (const std::size_t block : dirty_) write_out(block);
  dirty_.clear();
  resized_ = false;
}

void Content::fail_sync() {
  condemned_.merge(dirty_);
  dirty_.clear();
  resized_ = false;
}

void Content::drop_cache() {
  for (const std::size_t block : condemned_) {
    const std::size_t from = block * kBlockBytes;
    const std::size_t to = std::min(from + kBlockBytes, current_.size());
    for (std::size_t at = from; at < to; ++at) {
      current_[at] = at < durable_.size() ? durable_[at] : '\0';
    }
  }
  condemned_.clear();
}

void Content::cut_power(Luck& luck) {
  if (resized_ && luck.spares()) durable_.resize(current_.size());
  for (const std::size_t block : dirty_) {
    if (luck.spares()) write_out(block);
  }
  current_ = durable_;
  dirty_.clear();
  condemned_.clear();
  resized_ = false;
}

void Content::mark_dirty(std::size_t from, std::size_t to) {
  for (std::size_t block = from / kBlockBytes; block * kBlockBytes < to; ++block) {
    dirty_.insert(block);
    condemned_.erase(block);
  }
}

void Content::write_out(std::size_t block) {
  const std::size_t from = block * kBlockBytes;
  const std::size_t to = std::min({from + kBlockBytes, current_.size(), durable_.size()});
  if (from < to) std::memcpy(durable_.data() + from, current_.data() + from, to - from);
}

// ---- names --------------------------------------------------------------------------------------

namespace {

std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

NodePtr copy_of(const Node& node) {
  auto copy = std::make_shared<Node>(node);
  for (auto& [key, entry] : copy->names) entry.node = copy_of(*entry.node);
  copy->durable_names = copy->names;
  return copy;
}

// Copies nodes, each once, however many names it has.
class Copier {
 public:
  NodePtr copy(const NodePtr& node) {
    NodePtr& made = copies_[node.get()];
    if (made != nullptr) return made;
    const auto fresh = std::make_shared<Node>(*node);
    made = fresh;
    for (auto& [key, entry] : fresh->names) entry.node = copy(entry.node);
    for (auto& [key, entry] : fresh->durable_names) entry.node = copy(entry.node);
    return fresh;
  }

 private:
  std::map<const Node*, NodePtr> copies_;
};

}  // namespace

VolatileTree::VolatileTree() : root_(std::make_shared<Node>()) {
  root_->kind = store::FileKind::kDirectory;
}

VolatileTree::VolatileTree(const VolatileTree& other)
    : unsynced_(other.unsynced_), folds_case_(other.folds_case_) {
  Copier copier;
  root_ = copier.copy(other.root_);
  for (Change& change : unsynced_) {
    change.directory = copier.copy(change.directory);
    for (auto& [key, entry] : change.names) {
      if (entry) entry->node = copier.copy(entry->node);
    }
  }
}

VolatileTree& VolatileTree::operator=(const VolatileTree& other) {
  VolatileTree copy(other);
  std::swap(root_, copy.root_);
  std::swap(unsynced_, copy.unsynced_);
  std::swap(folds_case_, copy.folds_case_);
  return *this;
}

std::string VolatileTree::comparable(std::string_view name) const {
  std::string result(name);
  if (!folds_case_) return result;
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

NodePtr VolatileTree::find(std::string_view path) const {
  NodePtr node = root_;
  while (!path.empty() && node != nullptr) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const auto found = node->names.find(comparable(path.substr(0, slash)));
    node = found == node->names.end() ? nullptr : found->second.node;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return node;
}

NodePtr VolatileTree::parent(std::string_view path) const {
  NodePtr node = find(split_last(path).first);
  return node != nullptr && node->kind == store::FileKind::kDirectory ? node : nullptr;
}

void VolatileTree::change(Change change) {
  for (const auto& [key, entry] : change.names) {
    if (entry) {
      change.directory->names[key] = *entry;
    } else {
      change.directory->names.erase(key);
    }
  }
  unsynced_.push_back(std::move(change));
}

void VolatileTree::add(std::string_view path, NodePtr node) {
  const std::string_view name = split_last(path).second;
  change({parent(path), {{comparable(name), Entry{std::string(name), std::move(node)}}}});
}

void VolatileTree::remove(std::string_view path) {
  change({parent(path), {{comparable(split_last(path).second), std::nullopt}}});
}

void VolatileTree::rename(std::string_view from, std::string_view to) {
  const NodePtr node = find(from);
  if (parent(from) != parent(to)) {
    add(to, node);
    remove(from);
    return;
  }
  const std::string_view name = split_last(to).second;
  change({parent(from),
          {{comparable(split_last(from).second), std::nullopt},
           {comparable(name), Entry{std::string(name), node}}}});
}

bool VolatileTree::has_unsynced_names(const NodePtr& directory) const {
  return std::any_of(unsynced_.begin(), unsynced_.end(),
                     [&](const Change& change) { return change.directory == directory; });
}

void VolatileTree::sync_names(const NodePtr& directory) {
  directory->durable_names = directory->names;
  std::erase_if(unsynced_, [&](const Change& change) { return change.directory == directory; });
}

// ---- the whole tree -----------------------------------------------------------------------------

void VolatileTree::visit(const Node& directory, bool durable, const std::string& prefix,
                         const std::function<void(const std::string&, Node&)>& visitor) {
  for (const auto& [key, entry] : durable ? directory.durable_names : directory.names) {
    const std::string path = prefix + entry.name;
    visitor(path, *entry.node);
    visit(*entry.node, durable, path + "/", visitor);
  }
}

bool VolatileTree::dirty() const {
  bool dirty = !unsynced_.empty();
  visit(*root_, false, "", [&](const std::string&, Node& node) { dirty = dirty || node.dirty(); });
  return dirty;
}

void VolatileTree::sync() {
  root_->durable_names = root_->names;
  visit(*root_, false, "", [](const std::string&, Node& node) {
    node.content.sync();
    node.durable_modified = node.modified;
    node.durable_names = node.names;
  });
  unsynced_.clear();
}

void VolatileTree::fail_sync() {
  visit(*root_, false, "", [](const std::string&, Node& node) { node.content.fail_sync(); });
}

void VolatileTree::cut_power(std::optional<std::uint64_t> seed) {
  Luck luck(seed);
  for (const Change& change : unsynced_) {
    if (!luck.spares()) continue;
    for (const auto& [key, entry] : change.names) {
      if (entry) {
        change.directory->durable_names[key] = *entry;
      } else {
        change.directory->durable_names.erase(key);
      }
    }
  }
  unsynced_.clear();
  std::set<const Node*> seen;
  settle(*root_, luck, seen);
}

void VolatileTree::settle(Node& node, Luck& luck, std::set<const Node*>& seen) {
  node.content.cut_power(luck);
  node.modified = node.durable_modified;
  for (auto& [key, entry] : node.durable_names) {
    if (seen.insert(entry.node.get()).second) {
      settle(*entry.node, luck, seen);
    } else {
      // Half of a rename was lost and the file has two names. It is not a hard link that we asked
      // for; a check of the filesystem gives each name a file of its own.
      entry.node = copy_of(*entry.node);
    }
  }
  node.names = node.durable_names;
}

std::uint64_t VolatileTree::count() const {
  std::uint64_t count = 0;
  std::vector<NodePtr> left = {root_};
  while (!left.empty()) {
    const NodePtr node = std::move(left.back());
    left.pop_back();
    count += node->names.size();
    for (const auto& [name, entry] : node->names) left.push_back(entry.node);
  }
  return count;
}

std::map<std::string, std::string> VolatileTree::files(bool durable) const {
  std::map<std::string, std::string> found;
  visit(*root_, durable, "", [&](const std::string& path, Node& node) {
    if (node.kind != store::FileKind::kFile) return;
    found[path] = durable ? node.content.durable() : node.content.current();
  });
  return found;
}

}  // namespace test

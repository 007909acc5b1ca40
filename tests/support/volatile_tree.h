#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/disk.h"

namespace test {

/// Says of each thing that was not synced whether a power cut has spared it.
class Luck {
 public:
  /// Without a seed nothing is spared.
  explicit Luck(std::optional<std::uint64_t> seed);
  bool spares();

 private:
  std::optional<std::mt19937_64> random_;
};

/// The bytes of one file: as read now, and as the device has them.
class Content {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void truncate(std::uint64_t size_bytes);

  bool dirty() const { return resized_ || !dirty_.empty(); }
  void sync();
  /// What was dirty stays readable and is never written out.
  void fail_sync();
  /// Shows what the device has of the blocks whose sync failed.
  void drop_cache();
  void cut_power(Luck& luck);

  const std::string& current() const { return current_; }
  const std::string& durable() const { return durable_; }

 private:
  void mark_dirty(std::size_t from, std::size_t to);
  void write_out(std::size_t block);

  std::string current_;
  std::string durable_;
  std::set<std::size_t> dirty_;
  std::set<std::size_t> condemned_;
  bool resized_ = false;
};

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct Entry {
  std::string name;
  NodePtr node;
};

struct Node {
  store::FileKind kind = store::FileKind::kFile;
  Content content;
  bool finished = false;
  std::optional<std::chrono::sys_seconds> modified;
  std::optional<std::chrono::sys_seconds> durable_modified;
  std::map<std::string, Entry> names;  ///< by the name as the directory compares it
  std::map<std::string, Entry> durable_names;

  bool dirty() const { return content.dirty() || modified != durable_modified; }
};

/// Directories and files, as they are and as they would be after a power cut. Paths are those of
/// store::Disk. Not thread-safe.
class VolatileTree {
 public:
  VolatileTree();
  /// A copy shares nothing with its original.
  VolatileTree(const VolatileTree& other);
  VolatileTree& operator=(const VolatileTree& other);
  ~VolatileTree() = default;

  void set_folds_case(bool folds_case) { folds_case_ = folds_case; }

  /// nullptr when nothing has that name.
  NodePtr find(std::string_view path) const;
  /// The directory that holds or would hold it; nullptr when there is none.
  NodePtr parent(std::string_view path) const;

  /// Each needs a parent that exists, and changes nothing that is durable.
  void add(std::string_view path, NodePtr node);
  void remove(std::string_view path);
  void rename(std::string_view from, std::string_view to);

  bool has_unsynced_names(const NodePtr& directory) const;
  void sync_names(const NodePtr& directory);

  bool dirty() const;
  void sync();
  void fail_sync();

  void cut_power(std::optional<std::uint64_t> seed);

  std::map<std::string, std::string> files(bool durable) const;
  /// Files and directories, as they are.
  std::uint64_t count() const;

 private:
  // What became of some names of one directory, in one step.
  struct Change {
    NodePtr directory;
    std::vector<std::pair<std::string, std::optional<Entry>>> names;
  };

  std::string comparable(std::string_view name) const;
  void change(Change change);
  void settle(Node& node, Luck& luck, std::set<const Node*>& seen);
  static void visit(const Node& directory, bool durable, const std::string& prefix,
                    const std::function<void(const std::string&, Node&)>& visitor);

  NodePtr root_;
  std::vector<Change> unsynced_;
  bool folds_case_ = false;
};

}  // namespace test

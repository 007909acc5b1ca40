#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/content.h"
#include "tests/support/http_message.h"

namespace fake_s3 {

enum class ObjectState {
  kNormal,
  kArchived,   ///< GET: 403 InvalidObjectState
  kSseC,       ///< GET and HEAD: 400, the customer's key is missing
  kKmsDenied,  ///< GET: 403, no kms:Decrypt
  kDenied,     ///< GET and HEAD: 403 AccessDenied
};

/// One version of a key.
struct Object {
  std::string version_id = "null";
  bool delete_marker = false;
  std::shared_ptr<const Content> content;  ///< nullptr for a delete marker
  std::string etag;                        ///< without quotes; empty: the content's MD5
  std::chrono::sys_seconds last_modified{};
  std::string storage_class;                ///< empty: STANDARD
  std::vector<Header> checksums;            ///< {"crc32", "DUoRhQ=="}, as x-amz-checksum-* says it
  std::string checksum_type;                ///< FULL_OBJECT or COMPOSITE; empty: not said
  std::vector<std::uint64_t> part_sizes;    ///< of a multipart upload; empty: a simple one
  std::vector<std::uint64_t> part_numbers;  ///< as the uploader chose them; empty: 1, 2, 3 ...
  std::vector<Header> headers;  ///< x-amz-meta-*, Content-Type and whatever else to answer
  ObjectState state = ObjectState::kNormal;

  /// May read the whole content at the first call.
  std::string shown_etag() const { return etag.empty() && content ? content->md5() : etag; }
};

/// Keys, each with its versions. Thread-safe.
class Bucket {
 public:
  /// Called with every version; false ends the visit.
  using Visitor = std::function<bool(const std::string& key, const Object&, bool is_latest)>;
  struct Removal {
    bool delete_marker = false;
    std::string version_id;  ///< of what was removed, or of the marker
  };

  virtual ~Bucket() = default;
  /// An empty version: the current one, which may be a delete marker.
  virtual std::optional<Object> find(const std::string& key,
                                     const std::string& version_id) const = 0;
  /// Keys in byte order from the first that is not before `from`, versions newest first.
  virtual void visit(const std::string& from, const Visitor& visitor) const = 0;
  /// The version's id; nullopt when this bucket takes nothing.
  virtual std::optional<std::string> put(const std::string& key, Object object) = 0;
  /// An empty version: the current content goes, leaving a delete marker where versions are kept.
  virtual Removal remove(const std::string& key, const std::string& version_id) = 0;
  virtual bool keeps_versions() const { return false; }
  /// What it holds now, on its own; nullptr where what it holds does not lie in memory.
  virtual std::shared_ptr<Bucket> clone() const { return nullptr; }
};

class MemoryBucket : public Bucket {
 public:
  std::optional<Object> find(const std::string& key, const std::string& version_id) const override;
  void visit(const std::string& from, const Visitor& visitor) const override;
  std::optional<std::string> put(const std::string& key, Object object) override;
  Removal remove(const std::string& key, const std::string& version_id) override;
  bool keeps_versions() const override;
  std::shared_ptr<Bucket> clone() const override;

  void keep_versions();
  /// Changes the current version in place; false when there is none.
  bool edit(const std::string& key, const std::function<void(Object&)>& change);

 private:
  std::string new_version_id();

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Object>> keys_;  ///< newest first, never empty
  bool keeps_versions_ = false;
  std::uint64_t versions_made_ = 0;
};

/// Generated keys `backup-0000001.tar.zst` and on, small contents whose MD5 is their ETag; no
/// memory, however many.
class SyntheticBucket : public Bucket {
 public:
  explicit SyntheticBucket(std::uint64_t count) : count_(count) {}
  std::optional<Object> find(const std::string& key, const std::string& version_id) const override;
  void visit(const std::string& from, const Visitor& visitor) const override;
  std::optional<std::string> put(const std::string& key, Object object) override;
  Removal remove(const std::string& key, const std::string& version_id) override;

 private:
  const std::uint64_t count_;
};

/// The files below a directory, read anew at every call.
class DirectoryBucket : public Bucket {
 public:
  DirectoryBucket(std::string path, std::shared_ptr<Md5Cache> cache)
      : path_(std::move(path)), cache_(std::move(cache)) {}
  std::optional<Object> find(const std::string& key, const std::string& version_id) const override;
  void visit(const std::string& from, const Visitor& visitor) const override;
  std::optional<std::string> put(const std::string& key, Object object) override;
  Removal remove(const std::string& key, const std::string& version_id) override;

 private:
  std::optional<std::string> path_of(const std::string& key) const;

  const std::string path_;
  const std::shared_ptr<Md5Cache> cache_;
};

/// Buckets by name. Thread-safe.
class ObjectStore {
 public:
  /// With a root, every directory in it is a bucket too.
  explicit ObjectStore(std::string root) : root_(std::move(root)) {}

  std::shared_ptr<Bucket> find(const std::string& name) const;
  /// Made where there is none. nullptr: that name is no bucket in memory.
  std::shared_ptr<MemoryBucket> memory(const std::string& name);
  void add(const std::string& name, std::shared_ptr<Bucket> bucket);

  using Buckets = std::map<std::string, std::shared_ptr<Bucket>>;
  /// The buckets as they are now; no later change reaches it.
  Buckets snapshot() const;
  void restore(const Buckets& buckets);

 private:
  const std::string root_;
  const std::shared_ptr<Md5Cache> cache_ = std::make_shared<Md5Cache>();
  mutable std::mutex mutex_;
  Buckets buckets_;
};

}  // namespace fake_s3

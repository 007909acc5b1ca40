#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "tests/support/http_server.h"
#include "tests/support/journal.h"
#include "tests/support/lies.h"
#include "tests/support/object_store.h"
#include "tests/support/s3_service.h"

namespace fake_s3 {

/// Users that every server knows, unless it is given others.
User reader();
User owner();

struct Options {
  std::uint16_t port = 0;  ///< 0: the kernel chooses
  std::string region = "us-east-1";
  std::vector<User> users = {reader(), owner()};
  std::optional<TlsIdentity> tls;
  std::string root;  ///< every directory in it is a bucket, read live; empty: only memory
  std::function<std::chrono::sys_seconds()> clock = {};  ///< empty: the system's
  std::chrono::seconds clock_offset{0};
  std::uint64_t bytes_per_second = 0;  ///< of each connection; 0: no limit
  std::string journal_file;            ///< empty: none
  bool listens = true;                 ///< false: no socket; see Server::answer()
};

/// A small S3 on 127.0.0.1 that checks signatures, serves objects, writes down what it was asked,
/// and lies on request. It shares no code with the client under test. Thread-safe.
///
///   auto server = fake_s3::Server::start({}).value();
///   server->put("backups", "db-1.tar", "content");
///   server->lie({fake_s3::LieKind::kTruncate, "GET", "db-1.tar", 3, "", 1, 1});
class Server {
 public:
  static tl::expected<std::unique_ptr<Server>, std::string> start(Options options);
  /// Ends every connection first.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What is answered to a request that came by no socket. Lies about how bytes travel have no
  /// meaning there.
  Answer answer(const HttpRequest& http);

  std::uint16_t port() const;  ///< 9, where nobody listens, for a server that does not either
  std::string url() const;     ///< "http://127.0.0.1:40123"

  // Objects. A bucket comes to be with its first object. The result of put*() is the ETag.

  void make_bucket(const std::string& bucket);
  std::string put(const std::string& bucket, const std::string& key, std::string body);
  /// With the multipart ETag and part sizes of an upload in parts of that size.
  std::string put_multipart(const std::string& bucket, const std::string& key,
                            std::string_view body, std::size_t part_size_bytes);
  /// Content computed from the offset. Its ETag is the MD5, computed when first asked for, unless
  /// one is given.
  void put_pattern(const std::string& bucket, const std::string& key, std::uint64_t size_bytes,
                   std::string etag = {});
  std::string put_object(const std::string& bucket, const std::string& key, Object object);
  /// Leaves a delete marker where the bucket keeps versions.
  void erase(const std::string& bucket, const std::string& key);
  /// Changes the current version in place; false when there is none.
  bool edit(const std::string& bucket, const std::string& key,
            const std::function<void(Object&)>& change);
  /// x-amz-checksum-ALGORITHM ("crc32", "crc32c", "crc64nvme", "sha1", "sha256"), the value as it
  /// is sent: base64, for COMPOSITE with its "-N".
  bool set_checksum(const std::string& bucket, const std::string& key, std::string algorithm,
                    std::string value, std::string type = "FULL_OBJECT");
  bool set_header(const std::string& bucket, const std::string& key, std::string name,
                  std::string value);
  bool set_state(const std::string& bucket, const std::string& key, ObjectState state);
  void keep_versions(const std::string& bucket);
  /// A bucket of `count` generated keys, of which nothing is stored.
  void make_synthetic_bucket(const std::string& bucket, std::uint64_t count);
  /// All that is stored now, to come back to.
  ObjectStore::Buckets snapshot() const { return store_.snapshot(); }
  void restore(const ObjectStore::Buckets& buckets) { store_.restore(buckets); }
  /// nullptr: there is none. To read what lies there.
  std::shared_ptr<Bucket> bucket(const std::string& name) const;

  // What it says of itself and whom it lets in; all of it may change while it runs.

  void set_region(std::string region);
  void set_users(std::vector<User> users);
  void set_clock_offset(std::chrono::seconds offset);
  /// At most so many keys on a page of a listing; fewer than asked for is legal.
  void set_page_keys(std::size_t keys);
  void allow_anonymous_reads(bool allow);
  /// How every listing differs from AWS's.
  void set_listing_dialect(ListingLies dialect);
  /// Answers GET BUCKET?SUBRESOURCE ("lifecycle", "policyStatus", ...), which else is as of a
  /// bucket of AWS's where nothing is set.
  void set_bucket_answer(const std::string& bucket, const std::string& subresource, int status,
                         std::string xml);

  void lie(Lie lie);
  void clear_lies();

  // What it was asked.

  std::vector<JournalEntry> journal() const;
  Counters counters() const;
  void reset_journal();
  /// Waits for the counters to become so; false when the time is over.
  bool wait_until(const Journal::Predicate& predicate,
                  std::chrono::milliseconds timeout = std::chrono::seconds(20)) const;

 private:
  explicit Server(Options options);
  void handle(const HttpRequest& http, Connection& connection);
  Answer answer(const S3Request& request, const std::vector<Lie>& lies,
                const BodyReader& read_body);
  void change_object(const S3Request& request, const Lie& lie);
  ServiceSettings settings() const;

  const Options options_;
  ObjectStore store_;
  LieTable lies_;
  Journal journal_;
  mutable std::mutex mutex_;  ///< guards the two below
  ServiceSettings settings_;
  std::chrono::seconds clock_offset_;
  std::unique_ptr<HttpServer> http_;  ///< last: its threads use all of the above
};

}  // namespace fake_s3

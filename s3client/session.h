#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "s3client/credentials.h"
#include "s3client/error.h"
#include "s3client/server_clock.h"

namespace s3 {

using ClockTime = std::chrono::sys_time<std::chrono::milliseconds>;

enum class Addressing { kAuto, kPath, kVirtual };

struct SessionOptions {
  std::string endpoint;  ///< "https://host[:port][/path]"; empty: AWS's for the region
  std::string bucket;
  std::string region = "us-east-1";
  Addressing addressing = Addressing::kAuto;  ///< auto: virtual for AWS, path for the rest; a
                                              ///< bucket name with dots is path style over TLS
  bool request_payer = false;
  std::function<ClockTime()> now;  ///< the local clock
  /// Loads the credentials anew; called at construction and on kExpiredToken.
  std::function<Result<Credentials>()> credentials;
};

/// What is known of one bucket at one endpoint, shared by the clients of all workers. Thread-safe.
/// It learns from responses: the clock offset, the region, the host, the options to leave out.
class Session {
 public:
  /// kBadCredentials from `credentials`, kInvalid for an endpoint that is no URL.
  static Result<std::shared_ptr<Session>> open(SessionOptions options);
  ~Session();

  /// "https://s3.example.org:9000"; the name under which facts about it are kept: it stays the same
  /// when the region is corrected.
  std::string endpoint() const;
  std::string region() const;
  /// The key that signs, and where it was found: "the key AKIA... from FILE, profile [default]".
  std::string credentials_in_use() const;
  /// The region that the server corrected us to; nullopt while ours was right.
  std::optional<std::string> corrected_region() const;
  /// What the server's clock says now; learned from every response, nullopt before the first. The
  /// requests are signed by it.
  std::optional<ServerTime> server_now() const;
  /// What the server was shown to refuse, or what is known from an earlier run that it refuses;
  /// left out of requests from then on. The options are "checksum-mode" and "encoding-type".
  std::vector<std::string> refused_options() const;
  void refuse_option(std::string option);
  /// Requests sent through this session, every try counted.
  std::uint64_t requests() const;
  /// kBadCredentials when they cannot be had.
  Result<void> reload_credentials();

 private:
  friend class BucketSettings;
  friend class Client;
  friend class Leash;
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace s3

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "s3client/credentials.h"
#include "s3client/endpoint.h"
#include "s3client/session.h"
#include "s3client/sigv4.h"
#include "s3client/transport.h"

namespace s3 {

/// One request before it is addressed and signed.
struct Operation {
  std::string_view method;
  std::string_view key;  ///< empty: the bucket itself
  std::vector<QueryParameter> query;
  std::vector<Header> headers;            ///< lower case; all of them are signed
  std::vector<std::string_view> options;  ///< the optional headers and parameters that it carries,
                                          ///< those that are refused more often first
  std::string_view without;  ///< the one that it leaves out because it may have been refused
  std::string_view payload_hash = kEmptyPayloadHash;
  std::string_view accept_encoding = "identity";
  bool may_be_unknown = false;  ///< servers are known that do not have this operation
};

/// An operation ready to be sent, and what it was signed with.
struct SignedRequest {
  HttpRequest http;
  ClockTime sent;
  std::chrono::milliseconds clock_offset{0};
  std::string region;
  bool redirected = false;
  std::string signature;
  std::shared_ptr<const Credentials> credentials;
};

enum class RegionLesson { kLearned, kContradicts };

/// What a Session knows, and the signing that depends on it. Thread-safe.
class SessionState {
 public:
  static Result<std::unique_ptr<SessionState>> open(SessionOptions options);

  /// Counts as one request. A host learned from a redirect is used for its key, once.
  SignedRequest sign(const Operation& operation);

  ClockTime now() const { return options_.now(); }
  const std::string& bucket() const { return options_.bucket; }
  /// Whether the bucket is part of the host name.
  bool virtual_host() const;
  /// The key that signs, and where it was found: "the key AKIA... from FILE, profile [default]".
  std::string credentials_in_use() const;
  /// The configured one: a name for the server that does not change while the program runs.
  const std::string& origin() const { return origin_; }
  bool request_payer() const { return options_.request_payer; }
  std::uint64_t requests() const;

  std::string region() const;
  std::optional<std::string> corrected_region() const;
  /// The server wants `told` where a request was signed with `signed_with`. It is believed once.
  RegionLesson learn_region(const std::string& told, const std::string& signed_with);

  std::optional<std::chrono::milliseconds> clock_offset() const;  ///< nullopt until learned
  void learn_clock_offset(std::chrono::milliseconds offset);

  /// false: `target` lies outside of the endpoint's domain, and nothing was learned.
  bool learn_redirect(std::string_view key, std::string_view target);

  bool refuses(std::string_view option) const;
  std::vector<std::string> refused_options() const;
  void refuse_option(std::string option);
  /// This operation may have been refused for this option. Its next try is to do without.
  void doubt_option(const Operation& operation, std::string_view option);
  /// Whether it is to do so now; forgets it.
  bool withdraw_doubt(const Operation& operation, std::string_view option);

  Result<void> reload_credentials();

 private:
  struct CachedKey {
    std::string day;
    std::string region;
    std::shared_ptr<const Credentials> credentials;
    SigningKey key{};
  };

  SessionState(SessionOptions options, Address address);
  Address address_for(std::string_view key, bool& redirected);
  SigningKey signing_key(const std::shared_ptr<const Credentials>& credentials,
                         const SigningScope& scope);

  const SessionOptions options_;
  const std::string origin_;

  std::mutex reload_mutex_;  // keeps calls of options_.credentials apart; taken before mutex_
  mutable std::mutex mutex_;
  // All below are guarded by mutex_.
  Address address_;
  std::string region_;
  bool region_corrected_ = false;
  std::optional<std::chrono::milliseconds> clock_offset_;
  std::uint64_t requests_ = 0;
  std::set<std::string, std::less<>> refused_options_;
  std::set<std::string, std::less<>> doubts_;
  std::map<std::string, Address, std::less<>> redirects_;
  std::shared_ptr<const Credentials> credentials_;
  CachedKey cached_key_;
};

struct Session::Impl {
  std::unique_ptr<SessionState> state;
};

}  // namespace s3

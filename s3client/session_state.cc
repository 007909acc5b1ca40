#include "s3client/session_state.h"

#include <fmt/format.h>

#include <utility>

#include "s3client/clock_offset.h"
#include "s3client/dates.h"
#include "s3client/uri_encode.h"

namespace s3 {
namespace {

std::string host_header(const Address& address, const std::string& bucket) {
  const std::string authority = address.endpoint.authority();
  return address.virtual_host ? bucket + "." + authority : authority;
}

std::string encoded_path(const Address& address, std::string_view bucket, std::string_view key) {
  std::string path = address.endpoint.path + "/";
  path.reserve(path.size() + bucket.size() + key.size() + key.size() / 4 + 1);
  if (!address.virtual_host) {
    append_uri_encoded(path, bucket, Slash::kEncode);
    if (!key.empty()) path.push_back('/');
  }
  append_uri_encoded(path, key, Slash::kKeep);
  return path;
}

std::string doubt_name(const Operation& operation, std::string_view option) {
  return fmt::format("{} {} {}", option, operation.method, operation.key);
}

}  // namespace

SessionState::SessionState(SessionOptions options, Address address)
    : options_(std::move(options)),
      origin_(address.endpoint.origin()),
      address_(std::move(address)),
      region_(options_.region) {}

Result<std::unique_ptr<SessionState>> SessionState::open(SessionOptions options) {
  if (!is_region_name(options.region)) {
    return Error{ErrorKind::kInvalid, 0, "",
                 "the region has a name that none has; write it like eu-west-1", ""};
  }
  auto endpoint = options.endpoint.empty() ? Result<Endpoint>(aws_endpoint(options.region))
                                           : parse_endpoint(options.endpoint);
  if (!endpoint) return endpoint.error();
  auto address = address_of(*endpoint, options.addressing, options.bucket);
  if (!address) return address.error();
  std::unique_ptr<SessionState> state(new SessionState(std::move(options), *std::move(address)));
  if (auto loaded = state->reload_credentials(); !loaded) return loaded.error();
  return state;
}

Address SessionState::address_for(std::string_view key, bool& redirected) {
  const auto found = redirects_.find(key);
  redirected = found != redirects_.end();
  if (!redirected) return address_;
  Address address = std::move(found->second);
  redirects_.erase(found);
  return address;
}

SigningKey SessionState::signing_key(const std::shared_ptr<const Credentials>& credentials,
                                     const SigningScope& scope) {
  const std::string day = amz_timestamp(scope.time).substr(0, 8);
  {
    const std::scoped_lock lock(mutex_);
    if (cached_key_.day == day && cached_key_.region == scope.region &&
        cached_key_.credentials == credentials) {
      return cached_key_.key;
    }
  }
  const SigningKey key = derive_signing_key(credentials->secret_access_key, scope);
  const std::scoped_lock lock(mutex_);
  cached_key_ = {day, std::string(scope.region), credentials, key};
  return key;
}

SignedRequest SessionState::sign(const Operation& operation) {
  SignedRequest out;
  Address address;
  {
    const std::scoped_lock lock(mutex_);
    ++requests_;
    address = address_for(operation.key, out.redirected);
    out.region = region_;
    out.clock_offset = clock_offset_.value_or(std::chrono::milliseconds{0});
    out.credentials = credentials_;
  }
  out.sent = now();
  const SigningScope scope{out.region, "s3", signing_time(out.sent, out.clock_offset)};

  std::vector<Header>& headers = out.http.headers;
  headers = operation.headers;
  headers.emplace_back("host", host_header(address, options_.bucket));
  headers.emplace_back("x-amz-content-sha256", operation.payload_hash);
  headers.emplace_back("x-amz-date", amz_timestamp(scope.time));
  if (!out.credentials->session_token.empty()) {
    headers.emplace_back("x-amz-security-token", out.credentials->session_token.reveal());
  }
  if (options_.request_payer) headers.emplace_back("x-amz-request-payer", "requester");

  const std::string path = encoded_path(address, options_.bucket, operation.key);
  Signed signed_parts =
      s3::sign({operation.method, path, operation.query, headers, operation.payload_hash}, scope,
               out.credentials->access_key_id, signing_key(out.credentials, scope));

  out.http.method = operation.method;
  out.http.is_text = operation.key.empty();
  out.http.url = (address.endpoint.tls ? "https://" : "http://");
  out.http.url += host_header(address, options_.bucket);
  out.http.url += path;
  if (!signed_parts.canonical_query.empty()) out.http.url += "?" + signed_parts.canonical_query;
  headers.emplace_back("authorization", std::move(signed_parts.authorization));
  // Not signed: Google's front end rewrites it.
  headers.emplace_back("accept-encoding", operation.accept_encoding);
  out.signature = std::move(signed_parts.signature);
  return out;
}

std::uint64_t SessionState::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

bool SessionState::virtual_host() const {
  const std::scoped_lock lock(mutex_);
  return address_.virtual_host;
}

std::string SessionState::credentials_in_use() const {
  const std::scoped_lock lock(mutex_);
  const auto& origin = credentials_->origin;
  return fmt::format("the key {}{}{}", credentials_->access_key_id, origin.empty() ? "" : " from ",
                     origin);
}

std::string SessionState::region() const {
  const std::scoped_lock lock(mutex_);
  return region_;
}

std::optional<std::string> SessionState::corrected_region() const {
  const std::scoped_lock lock(mutex_);
  if (!region_corrected_) return std::nullopt;
  return region_;
}

RegionLesson SessionState::learn_region(const std::string& told, const std::string& signed_with) {
  const std::scoped_lock lock(mutex_);
  // Another thread may have learned it while this request was under way.
  if (region_corrected_ && region_ == told && signed_with != told) return RegionLesson::kLearned;
  if (region_corrected_) return RegionLesson::kContradicts;
  region_ = told;
  region_corrected_ = true;
  if (auto there = in_region(address_.endpoint, told)) address_.endpoint = *std::move(there);
  return RegionLesson::kLearned;
}

std::optional<std::chrono::milliseconds> SessionState::clock_offset() const {
  const std::scoped_lock lock(mutex_);
  return clock_offset_;
}

void SessionState::learn_clock_offset(std::chrono::milliseconds offset) {
  const std::scoped_lock lock(mutex_);
  clock_offset_ = offset;
}

bool SessionState::learn_redirect(std::string_view key, std::string_view target) {
  constexpr std::size_t kMaxRedirects = 64;
  const std::scoped_lock lock(mutex_);
  auto address = redirect_target(address_.endpoint, options_.bucket, target);
  if (!address) return false;
  // Keys whose next request never came must not pile up.
  if (redirects_.size() >= kMaxRedirects) redirects_.clear();
  redirects_.insert_or_assign(std::string(key), *std::move(address));
  return true;
}

bool SessionState::refuses(std::string_view option) const {
  const std::scoped_lock lock(mutex_);
  return refused_options_.contains(option);
}

std::vector<std::string> SessionState::refused_options() const {
  const std::scoped_lock lock(mutex_);
  return {refused_options_.begin(), refused_options_.end()};
}

void SessionState::refuse_option(std::string option) {
  const std::scoped_lock lock(mutex_);
  refused_options_.insert(std::move(option));
}

void SessionState::doubt_option(const Operation& operation, std::string_view option) {
  constexpr std::size_t kMaxDoubts = 64;
  const std::scoped_lock lock(mutex_);
  // As with redirects_: some requests are not made again.
  if (doubts_.size() >= kMaxDoubts) doubts_.clear();
  doubts_.insert(doubt_name(operation, option));
}

bool SessionState::withdraw_doubt(const Operation& operation, std::string_view option) {
  const std::scoped_lock lock(mutex_);
  return doubts_.erase(doubt_name(operation, option)) > 0;
}

Result<void> SessionState::reload_credentials() {
  const std::scoped_lock one_at_a_time(reload_mutex_);
  auto loaded = options_.credentials();
  if (!loaded) return loaded.error();
  auto credentials = std::make_shared<const Credentials>(*std::move(loaded));
  const std::scoped_lock lock(mutex_);
  credentials_ = std::move(credentials);
  return {};
}

}  // namespace s3

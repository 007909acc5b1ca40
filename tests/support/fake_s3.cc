#include "tests/support/fake_s3.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/delivery.h"
#include "tests/support/s3_xml.h"

namespace fake_s3 {
namespace {

std::chrono::sys_seconds current_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

// The secrets hold what breaks careless encoders.
User reader() { return {"READERKEYEXAMPLE", "reader/secret+with=signs", false}; }
User owner() { return {"OWNERKEYEXAMPLE", "owner/secret+with=signs", true}; }

tl::expected<std::unique_ptr<Server>, std::string> Server::start(Options options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  if (!server->options_.journal_file.empty() &&
      !server->journal_.write_to(server->options_.journal_file)) {
    return tl::unexpected("cannot write " + server->options_.journal_file);
  }
  if (!server->options_.listens) return server;
  HttpServerOptions http;
  http.port = server->options_.port;
  if (server->options_.tls) {
    auto tls = TlsContext::make(*server->options_.tls);
    if (!tls) return tl::unexpected(tls.error());
    http.tls = *tls;
  }
  http.handler = [self = server.get()](const HttpRequest& request, Connection& connection) {
    self->handle(request, connection);
  };
  http.accepts = [self = server.get()](std::uint64_t /*number*/) {
    self->journal_.count_connection();
    return !self->lies_.breaks_handshake();
  };
  auto started = HttpServer::start(std::move(http));
  if (!started) return tl::unexpected(started.error());
  server->http_ = std::move(*started);
  return server;
}

Server::Server(Options options)
    : options_(std::move(options)), store_(options_.root), clock_offset_(options_.clock_offset) {
  settings_.region = options_.region;
  settings_.users = options_.users;
}

Server::~Server() = default;

std::uint16_t Server::port() const {
  constexpr std::uint16_t kDiscard = 9;
  return http_ ? http_->port() : kDiscard;
}

std::string Server::url() const {
  return fmt::format("{}://127.0.0.1:{}", options_.tls ? "https" : "http", port());
}

void Server::make_bucket(const std::string& bucket) { store_.memory(bucket); }

std::string Server::put_object(const std::string& bucket, const std::string& key, Object object) {
  if (object.last_modified == std::chrono::sys_seconds{}) object.last_modified = settings().now;
  std::string etag = object.shown_etag();
  if (const auto target = store_.memory(bucket)) target->put(key, std::move(object));
  return etag;
}

std::string Server::put(const std::string& bucket, const std::string& key, std::string body) {
  Object object;
  object.content = std::make_shared<MemoryContent>(std::move(body));
  return put_object(bucket, key, std::move(object));
}

std::string Server::put_multipart(const std::string& bucket, const std::string& key,
                                  std::string_view body, std::size_t part_size_bytes) {
  Object object;
  object.content = std::make_shared<MemoryContent>(std::string(body));
  std::string digests;
  for (std::size_t offset = 0; offset < body.size(); offset += part_size_bytes) {
    const std::string_view part = body.substr(offset, part_size_bytes);
    digests += md5_raw(part);
    object.part_sizes.push_back(part.size());
  }
  object.etag = fmt::format("{}-{}", md5_hex(digests), object.part_sizes.size());
  return put_object(bucket, key, std::move(object));
}

void Server::put_pattern(const std::string& bucket, const std::string& key,
                         std::uint64_t size_bytes, std::string etag) {
  Object object;
  object.content = std::make_shared<PatternContent>(std::hash<std::string>()(key), size_bytes);
  object.etag = std::move(etag);
  object.last_modified = settings().now;
  if (const auto target = store_.memory(bucket)) target->put(key, std::move(object));
}

void Server::erase(const std::string& bucket, const std::string& key) {
  if (const auto target = store_.find(bucket)) target->remove(key, "");
}

bool Server::edit(const std::string& bucket, const std::string& key,
                  const std::function<void(Object&)>& change) {
  const auto target = store_.memory(bucket);
  return target != nullptr && target->edit(key, change);
}

bool Server::set_checksum(const std::string& bucket, const std::string& key, std::string algorithm,
                          std::string value, std::string type) {
  return edit(bucket, key, [&](Object& object) {
    std::erase_if(object.checksums,
                  [&](const Header& checksum) { return checksum.first == algorithm; });
    object.checksums.emplace_back(std::move(algorithm), std::move(value));
    object.checksum_type = std::move(type);
  });
}

bool Server::set_header(const std::string& bucket, const std::string& key, std::string name,
                        std::string value) {
  return edit(bucket, key, [&](Object& object) {
    std::erase_if(object.headers, [&](const Header& header) { return header.first == name; });
    object.headers.emplace_back(std::move(name), std::move(value));
  });
}

bool Server::set_state(const std::string& bucket, const std::string& key, ObjectState state) {
  return edit(bucket, key, [&](Object& object) {
    object.state = state;
    const bool unnamed = object.storage_class.empty() || object.storage_class == "STANDARD";
    if (state == ObjectState::kArchived && unnamed) object.storage_class = "GLACIER";
  });
}

void Server::keep_versions(const std::string& bucket) {
  if (const auto target = store_.memory(bucket)) target->keep_versions();
}

void Server::make_synthetic_bucket(const std::string& bucket, std::uint64_t count) {
  store_.add(bucket, std::make_shared<SyntheticBucket>(count));
}

std::shared_ptr<Bucket> Server::bucket(const std::string& name) const { return store_.find(name); }

void Server::set_region(std::string region) {
  const std::lock_guard lock(mutex_);
  settings_.region = std::move(region);
}

void Server::set_users(std::vector<User> users) {
  const std::lock_guard lock(mutex_);
  settings_.users = std::move(users);
}

void Server::set_clock_offset(std::chrono::seconds offset) {
  const std::lock_guard lock(mutex_);
  clock_offset_ = offset;
}

void Server::set_page_keys(std::size_t keys) {
  const std::lock_guard lock(mutex_);
  settings_.page_keys = keys;
}

void Server::set_listing_dialect(ListingLies dialect) {
  const std::lock_guard lock(mutex_);
  settings_.dialect = std::move(dialect);
}

void Server::allow_anonymous_reads(bool allow) {
  const std::lock_guard lock(mutex_);
  settings_.anonymous_may_read = allow;
}

void Server::set_bucket_answer(const std::string& bucket, const std::string& subresource,
                               int status, std::string xml) {
  const std::lock_guard lock(mutex_);
  settings_.bucket_answers[{bucket, subresource}] = {status, std::move(xml)};
}

void Server::lie(Lie lie) { lies_.add(std::move(lie)); }
void Server::clear_lies() { lies_.clear(); }

std::vector<JournalEntry> Server::journal() const { return journal_.entries(); }
Counters Server::counters() const { return journal_.counters(); }
void Server::reset_journal() { journal_.reset(); }

bool Server::wait_until(const Journal::Predicate& predicate,
                        std::chrono::milliseconds timeout) const {
  return journal_.wait_until(predicate, timeout);
}

ServiceSettings Server::settings() const {
  const std::lock_guard lock(mutex_);
  ServiceSettings settings = settings_;
  settings.now = (options_.clock ? options_.clock() : current_time()) + clock_offset_;
  return settings;
}

void Server::handle(const HttpRequest& http, Connection& connection) {
  const S3Request request = parse_s3_request(http);
  const std::string subject = request.is_listing() ? std::string(kListing) : request.key;
  const auto lies = lies_.match(http.method, subject);
  const auto entry = journal_.begin(request);
  const Lie* silence = find_lie(lies, LieKind::kNoAnswer);
  if (silence != nullptr && (silence->number == 0 || http.number_on_connection > 1)) {
    connection.close();
    return;
  }
  const Lie* delay = find_lie(lies, LieKind::kDelay);
  if (delay != nullptr && !connection.pause(std::chrono::milliseconds(delay->number))) {
    connection.close();
    return;
  }
  const Answer to_send =
      answer(request, lies, [&](std::string& body) { return connection.read_body(body); });
  Delivery delivery = delivery_of(lies, to_send);
  if (delivery.bytes_per_second == 0) delivery.bytes_per_second = options_.bytes_per_second;
  journal_.answered(entry, to_send.status, to_send.body_size_bytes());
  deliver(connection, http, to_send, delivery,
          [&](std::uint64_t bytes) { journal_.sending(entry, bytes, to_send.content != nullptr); });
}

Answer Server::answer(const HttpRequest& http) {
  const S3Request request = parse_s3_request(http);
  const std::string subject = request.is_listing() ? std::string(kListing) : request.key;
  const auto lies = lies_.match(http.method, subject);
  const auto entry = journal_.begin(request);
  Answer answered = answer(request, lies, [](std::string&) { return false; });
  journal_.answered(entry, answered.status, answered.body_size_bytes());
  return answered;
}

Answer Server::answer(const S3Request& request, const std::vector<Lie>& lies,
                      const BodyReader& read_body) {
  const ServiceSettings settings = this->settings();
  auto answer = answer_instead(lies, request);
  if (!answer) {
    if (const Lie* change = find_lie(lies, LieKind::kChange)) change_object(request, *change);
    answer = answer_request(request, store_, settings, service_lies(lies), read_body);
  }
  answer->set("Date", http_time(settings.now));
  answer->set("Server", "AmazonS3");
  answer->set("x-amz-request-id", "4442587FB7D0A2F9");
  distort(*answer, lies);
  return std::move(*answer);
}

void Server::change_object(const S3Request& request, const Lie& lie) {
  const auto bucket = store_.find(request.bucket);
  const auto before = bucket ? bucket->find(request.key, "") : std::nullopt;
  if (!before || !before->content) return;
  const std::uint64_t size =
      lie.number == 0 ? before->content->size_bytes() : static_cast<std::uint64_t>(lie.number);
  Object after;
  after.content = std::make_shared<MemoryContent>(altered(*before->content, size));
  after.last_modified = settings().now;
  bucket->put(request.key, std::move(after));
}

}  // namespace fake_s3

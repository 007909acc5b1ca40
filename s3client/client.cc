#include "s3client/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "s3client/clock_offset.h"
#include "s3client/dates.h"
#include "s3client/error_kind.h"
#include "s3client/failed_answer.h"
#include "s3client/object_head.h"
#include "s3client/responses.h"
#include "s3client/session_state.h"

namespace s3 {
namespace {

constexpr std::string_view kChecksumMode = "checksum-mode";
constexpr std::string_view kEncodingType = "encoding-type";
constexpr std::string_view kRestoreStatus = "optional-object-attributes";
// So much of a document tells what it is.
constexpr std::size_t kBeginningBytes = 1024;

/// Takes the response to one signed request: teaches the session the clock as soon as the head is
/// there, and keeps what is not the answer that was asked for.
class Answer : public ResponseSink {
 public:
  Answer(SessionState& session, const Operation& operation, const SignedRequest& request)
      : session_(session), request_(request), without_(operation.without) {}

  bool on_head(const HttpHead& head) final {
    failed_.clock_offset = clock_offset_of(head, request_.sent, session_.now());
    if (failed_.clock_offset) session_.learn_clock_offset(*failed_.clock_offset);
    failed_.head = head;
    redact(failed_.head, request_);
    is_error_ = head.status != 200 && head.status != 206;
    if (is_error_) return true;
    auto accepted = accept(failed_.head);
    if (accepted) return *accepted;
    refusal_ = std::move(accepted.error());
    return false;
  }

  bool on_body(std::span<const std::byte> bytes) final {
    if (!is_error_) return on_bytes(bytes);
    constexpr std::size_t kMaxErrorBytes = std::size_t{64} * 1024;
    const std::size_t room = kMaxErrorBytes - error_body_.size();
    const auto part = bytes.first(std::min(room, bytes.size()));
    error_body_.append(static_cast<const char*>(static_cast<const void*>(part.data())),
                       part.size());
    full_ = part.size() < bytes.size();
    return !full_;
  }

  /// What came of it. `sent`: what the transport says.
  Result<void> outcome(const Operation& operation, const Result<void>& sent) {
    if (refusal_) return *refusal_;
    if (is_error_) {
      if (!sent && sent.error().kind == ErrorKind::kAborted && !full_) return sent;
      failed_.body = parse_error_body(error_body_);
      failed_.beginning = error_body_.substr(0, kBeginningBytes);
      return learn_from_failure(session_, operation, request_, failed_);
    }
    return sent;
  }

  /// The same for an error that came as a 200.
  Error error_of_ok(const Operation& operation, const ErrorBody& body) {
    failed_.body = body;
    return learn_from_failure(session_, operation, request_, failed_);
  }

 protected:
  /// The head of a 200 or 206. false: stop, the caller wants it; an error: stop, it is no good.
  virtual Result<bool> accept(const HttpHead& head) = 0;
  virtual bool on_bytes(std::span<const std::byte> bytes) = 0;
  void refuse(Error error) { refusal_ = std::move(error); }
  /// This request succeeds. Where it was made without the option that it had been refused with, the
  /// server does not know that one.
  void succeeds() {
    if (!without_.empty()) session_.refuse_option(without_);
  }

 private:
  SessionState& session_;
  const SignedRequest& request_;
  const std::string without_;
  FailedAnswer failed_;
  bool is_error_ = false;
  bool full_ = false;
  std::string error_body_;
  std::optional<Error> refusal_;
};

class ListAnswer final : public Answer {
 public:
  ListAnswer(SessionState& session, const Operation& operation, const SignedRequest& request,
             Listing listing, const std::function<bool()>& keep_going)
      : Answer(session, operation, request), parser(listing), keep_going_(keep_going) {}

  bool keep_going() override { return !keep_going_ || keep_going_(); }

  ListParser parser;
  using Answer::succeeds;

  /// What came in the stead of a listing, where it is known.
  std::optional<Error> other_document(bool virtual_host) const {
    const auto error = [](ErrorKind kind, std::string message, Hint hint) {
      Error made{kind, 200, "", std::move(message), ""};
      made.hint = hint;
      return made;
    };
    if (beginning_.find("<ListAllMyBucketsResult") != std::string::npos) {
      return error(ErrorKind::kInvalid, "the list of all buckets came, and not what is in this one",
                   virtual_host ? Hint::kUsePath : Hint::kNone);
    }
    const auto hint = hint_of_page(content_type_, beginning_);
    if (hint != Hint::kWebPage) return std::nullopt;
    return error(ErrorKind::kServer, "a web page came", hint);
  }

 private:
  Result<bool> accept(const HttpHead& head) override {
    if (const auto* type = head.find("content-type")) content_type_ = *type;
    return true;
  }

  bool on_bytes(std::span<const std::byte> bytes) override {
    const auto more = bytes.first(std::min(bytes.size(), kBeginningBytes - beginning_.size()));
    beginning_.append(static_cast<const char*>(static_cast<const void*>(more.data())), more.size());
    auto fed = parser.feed(bytes);
    if (!fed) refuse(std::move(fed.error()));
    return fed.has_value();
  }

  const std::function<bool()>& keep_going_;
  std::string content_type_;
  std::string beginning_;
};

class ObjectAnswer final : public Answer {
 public:
  /// `sink`: nullptr for a HEAD.
  ObjectAnswer(SessionState& session, const Operation& operation,
               const SignedRequest& signed_request, const GetRequest& request, BodySink* sink)
      : Answer(session, operation, signed_request), request_(request), sink_(sink) {}

  bool keep_going() override { return sink_ == nullptr || sink_->keep_going(); }

  /// A transport promises whole bodies; what is verified later starts with the right count.
  Result<ObjectHead> finish() {
    if (sink_ != nullptr && received_bytes_ != expected_bytes_) {
      // It ended as it should, and is not what was listed.
      const auto kind = object_.size_is_listed ? ErrorKind::kProtocol : ErrorKind::kNetwork;
      return Error{kind, 0, "",
                   fmt::format("{} of {} bytes came", received_bytes_, expected_bytes_), ""};
    }
    return std::move(object_);
  }

 private:
  Result<bool> accept(const HttpHead& head) override {
    const bool ranged = sink_ != nullptr && has_range(request_);
    auto object = read_object_head(head, request_, ranged);
    if (!object) return object.error();
    succeeds();
    object_ = *std::move(object);
    expected_bytes_ = end_of(request_, object_.size_bytes) - object_.offset_bytes;
    return sink_ == nullptr || sink_->on_object(object_);
  }

  bool on_bytes(std::span<const std::byte> bytes) override {
    if (bytes.size() > expected_bytes_ - received_bytes_) {
      refuse({ErrorKind::kProtocol, 0, "", "more bytes came than were promised", ""});
      return false;
    }
    received_bytes_ += bytes.size();
    return sink_ == nullptr || sink_->on_bytes(bytes);
  }

  const GetRequest& request_;
  BodySink* const sink_;
  ObjectHead object_;
  std::uint64_t expected_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
};

/// Not where the server is known to refuse it, and not for the one request that shows whether it
/// was the option that it refused.
bool use_option(SessionState& session, Operation& operation, std::string_view option) {
  if (session.refuses(option)) return false;
  if (session.withdraw_doubt(operation, option)) {
    operation.without = option;
    return false;
  }
  operation.options.push_back(option);
  return true;
}

Result<Operation> object_operation(SessionState& session, const GetRequest& request,
                                   std::string_view method) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (request.key.empty()) {
    return Error{ErrorKind::kInvalid, 0, "", "an object has no empty key", ""};
  }
  if (std::any_of(request.if_match.begin(), request.if_match.end(), is_control)) {
    return Error{ErrorKind::kInvalid, 0, "", "the ETag cannot stand in a header", ""};
  }
  Operation operation;
  operation.method = method;
  operation.key = request.key;
  if (!request.version_id.empty()) operation.query.emplace_back("versionId", request.version_id);
  if (method == "HEAD" && request.part_number > 0) {
    operation.query.emplace_back("partNumber", std::to_string(request.part_number));
  }
  // A part is only asked for its size.
  if (request.part_number == 0 && use_option(session, operation, kChecksumMode)) {
    operation.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  }
  if (!request.if_match.empty()) {
    operation.headers.emplace_back("if-match", fmt::format("\"{}\"", request.if_match));
  }
  if (request.if_unmodified_since) {
    operation.headers.emplace_back("if-unmodified-since", http_date(*request.if_unmodified_since));
  }
  if (request.accept_gzip) operation.accept_encoding = "gzip";
  if (method == "GET" && has_range(request)) {
    const auto last = request.end_bytes > 0 ? std::to_string(request.end_bytes - 1) : "";
    operation.headers.emplace_back("range", fmt::format("bytes={}-{}", request.offset_bytes, last));
  }
  return operation;
}

/// `parameters`: those that are empty are left out.
Operation list_operation(SessionState& session, std::vector<QueryParameter> parameters) {
  Operation operation;
  operation.method = "GET";
  operation.query = std::move(parameters);
  std::erase_if(operation.query, [](const auto& parameter) { return parameter.second.empty(); });
  operation.query.emplace_back("max-keys", std::to_string(kPageEntries));
  if (use_option(session, operation, kRestoreStatus)) {
    operation.headers.emplace_back("x-amz-optional-object-attributes", "RestoreStatus");
  }
  if (use_option(session, operation, kEncodingType)) {
    operation.query.emplace_back("encoding-type", "url");
  }
  return operation;
}

Result<ObjectHead> ask_for_object(SessionState& session, Transport& transport,
                                  const GetRequest& request, std::string_view method,
                                  BodySink* sink) {
  const auto operation = object_operation(session, request, method);
  if (!operation) return operation.error();
  const SignedRequest signed_request = session.sign(*operation);
  ObjectAnswer answer(session, *operation, signed_request, request, sink);
  const auto sent = transport.perform(signed_request.http, answer);
  if (auto done = answer.outcome(*operation, sent); !done) return done.error();
  return answer.finish();
}

bool has_query(const Operation& operation, std::string_view name) {
  return std::any_of(operation.query.begin(), operation.query.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

Error no_version_listing() {
  return {ErrorKind::kInvalid, 200, std::string(kNotImplemented),
          "asked for the versions, the server lists the objects", ""};
}

Result<ListPage> ask_for_page(SessionState& session, Transport& transport, Listing listing,
                              const Operation& operation, const std::function<bool()>& keep_going) {
  const SignedRequest request = session.sign(operation);
  ListAnswer answer(session, operation, request, listing, keep_going);
  const auto sent = transport.perform(request.http, answer);
  if (auto done = answer.outcome(operation, sent); !done) {
    const auto other = answer.other_document(session.virtual_host());
    return other && done.error().kind == ErrorKind::kServer ? *other : done.error();
  }

  auto page = answer.parser.finish();
  if (!page) {
    if (auto other = answer.other_document(session.virtual_host())) return *std::move(other);
  }
  if (answer.parser.error()) {
    return answer.error_of_ok(operation, *answer.parser.error());
  }
  // With a marker it may be the empty last page of a server that calls both roots alike.
  if (answer.parser.ignores_versions() && !has_query(operation, "key-marker")) {
    return no_version_listing();
  }
  if (page) answer.succeeds();
  return page;
}

Error defect(std::string what) { return Error{ErrorKind::kServer, 200, "", std::move(what), ""}; }

Error circle(std::string_view name, std::string_view token) {
  return defect(fmt::format("the listing gives the {} \"{}\" again, and so goes round in a circle",
                            name, as_ascii(token)));
}

/// Held, such keys would be none of this source's.
Result<ListPage> within(std::string_view prefix, Result<ListPage> page) {
  if (!page) return page;
  for (const auto& object : page->objects) {
    if (object.key.starts_with(prefix)) continue;
    return defect(
        fmt::format("the listing names \"{}\", which does not begin with the prefix \"{}\""
                    " that was asked for",
                    as_ascii(object.key), as_ascii(prefix)));
  }
  return page;
}

}  // namespace

bool has_no_version_listing(const Error& error) {
  return error.kind == ErrorKind::kInvalid && error.code == kNotImplemented;
}

Client::Client(std::shared_ptr<Session> session, Transport& transport)
    : session_(std::move(session)), transport_(transport) {}

Result<ListPage> Client::list_page(std::string_view prefix, std::string_view continuation_token,
                                   const std::function<bool()>& keep_going) {
  SessionState& session = *session_->impl_->state;
  const Operation operation =
      list_operation(session, {{"list-type", "2"},
                               {"prefix", std::string(prefix)},
                               {"continuation-token", std::string(continuation_token)}});
  auto page = ask_for_page(session, transport_, Listing::kObjects, operation, keep_going);
  if (page && page->truncated && !page->next_token.empty() &&
      page->next_token == continuation_token) {
    return circle("continuation token", continuation_token);
  }
  return within(prefix, std::move(page));
}

Result<ListPage> Client::list_page_after(std::string_view prefix, std::string_view start_after,
                                         const std::function<bool()>& keep_going) {
  SessionState& session = *session_->impl_->state;
  const Operation operation = list_operation(session, {{"list-type", "2"},
                                                       {"prefix", std::string(prefix)},
                                                       {"start-after", std::string(start_after)}});
  return within(prefix,
                ask_for_page(session, transport_, Listing::kObjects, operation, keep_going));
}

Result<ListPage> Client::list_versions_page(std::string_view prefix, std::string_view key_marker,
                                            std::string_view version_marker,
                                            const std::function<bool()>& keep_going) {
  if (key_marker.empty() && !version_marker.empty()) {
    return Error{ErrorKind::kInvalid, 0, "", "a version marker needs its key marker", ""};
  }
  SessionState& session = *session_->impl_->state;
  Operation operation =
      list_operation(session, {{"prefix", std::string(prefix)},
                               {"key-marker", std::string(key_marker)},
                               {"version-id-marker", std::string(version_marker)}});
  operation.query.emplace_back("versions", "");
  operation.may_be_unknown = true;
  auto page = ask_for_page(session, transport_, Listing::kVersions, operation, keep_going);
  if (page && page->truncated && !key_marker.empty() && page->next_token == key_marker &&
      page->next_version_marker == version_marker) {
    return circle("key marker", key_marker);
  }
  return within(prefix, std::move(page));
}

Result<ObjectHead> Client::get(const GetRequest& request, BodySink& sink) {
  return ask_for_object(*session_->impl_->state, transport_, request, "GET", &sink);
}

Result<ObjectHead> Client::head(const GetRequest& request) {
  return ask_for_object(*session_->impl_->state, transport_, request, "HEAD", nullptr);
}

}  // namespace s3

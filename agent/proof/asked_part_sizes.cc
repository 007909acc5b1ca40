#include "agent/proof/asked_part_sizes.h"

#include <utility>
#include <vector>

#include "agent/proof/likely_part_sizes.h"
#include "agent/proof/strongest_promises.h"

namespace agent {
namespace {

// Of an object in more parts than that, some are asked for.
constexpr std::uint32_t kMaxQuestions = 1000;

const FoundParts kUnknown{{}, false};

// All parts but the last one are of this size, and the last one is not larger.
bool may_be_uniform(std::uint64_t first_bytes, std::uint32_t count, std::uint64_t size_bytes) {
  return first_bytes * (count - 1) < size_bytes && size_bytes <= first_bytes * count;
}

// The server will answer the next such question in the same way. Not one about a part of this
// number, about an object that is gone, or of too many at once.
bool is_for_good(const s3::Error& error) {
  constexpr int kNotFound = 404;
  constexpr int kRequestTimeout = 408;
  constexpr int kNoSuchRange = 416;
  constexpr int kTooManyRequests = 429;
  constexpr int kNotImplemented = 501;
  const int status = error.http_status;
  if (status == kNotFound || status == kRequestTimeout || status == kNoSuchRange ||
      status == kTooManyRequests) {
    return false;
  }
  return status == kNotImplemented || (status >= 400 && status < 500);
}

}  // namespace

AskedPartSizes::AskedPartSizes(const Job& job, s3::Client& client, s3::Session& session,
                               Retrier& retrier, std::function<bool()> keep_going)
    : job_(job),
      client_(client),
      session_(session),
      retrier_(retrier),
      keep_going_(std::move(keep_going)) {}

FoundParts AskedPartSizes::find(const s3::ObjectHead& head) {
  if (!needs_part_sizes(head, job_.trust)) return {};
  const auto count = part_count_of_etag(head.etag);
  if (count == 1) return {{{head.size_bytes}}, true};
  const auto first = ask(head, 1);
  if (!first || *first > head.size_bytes) return kUnknown;
  if (count == 2) return {{{*first, head.size_bytes - *first}}, true};
  if (may_be_uniform(*first, count, head.size_bytes)) return {{{*first}, false}, true};
  return every(head, *first);
}

FoundParts AskedPartSizes::every(const s3::ObjectHead& head, std::uint64_t first_bytes) {
  const auto count = part_count_of_etag(head.etag);
  if (count > kMaxQuestions) {
    if (!may_be_uniform(first_bytes, count, head.size_bytes)) return kUnknown;
    for (const auto number : {2U, count / 2, count - 1}) {
      if (ask(head, number) != first_bytes) return kUnknown;
    }
    return {{{first_bytes}}, true};
  }
  FoundParts found{{{first_bytes}}, true};
  auto sum = first_bytes;
  for (std::uint32_t number = 2; number < count; ++number) {
    const auto size = ask(head, number);
    if (!size || *size > head.size_bytes - sum) return kUnknown;
    found.parts.sizes_bytes.push_back(*size);
    sum += *size;
  }
  found.parts.sizes_bytes.push_back(head.size_bytes - sum);
  return found;
}

std::optional<std::uint64_t> AskedPartSizes::ask(const s3::ObjectHead& head, std::uint32_t number) {
  if (!job_.part_hints->worth_asking() || !keep_going_()) return std::nullopt;
  const auto part = ask_for(number);
  const auto count = part_count_of_etag(head.etag);
  if (part && part->parts_count == count && part->size_bytes > 0) {
    job_.part_hints->told();
    return part->size_bytes;
  }
  const bool silent = part && part->parts_count == 0;
  if (silent || (!part && is_for_good(part.error()))) job_.part_hints->refused();
  return std::nullopt;
}

s3::Result<s3::ObjectHead> AskedPartSizes::ask_for(std::uint32_t number) {
  s3::GetRequest request;
  request.key = requested_key(job_);
  request.version_id = job_.wanted.upstream.version_id;
  request.part_number = number;
  const auto ask = [&] {
    return retrier_.run<s3::ObjectHead>(session_, [&] { return client_.head(request); });
  };
  if (!job_.part_hints->accepts_condition()) return ask();
  request.if_match = job_.wanted.upstream.etag;
  auto part = ask();
  if (part || part.error().kind != s3::ErrorKind::kChanged) return part;
  // moto compares with the part's own ETag, and answers with it. Whether the sizes are those of the
  // content that is here is seen when they fit.
  request.if_match.clear();
  part = ask();
  if (part && part->parts_count > 0) job_.part_hints->refuses_condition();
  return part;
}

}  // namespace agent

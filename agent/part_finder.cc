#include "agent/part_finder.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace agent {
namespace {

// Servers without part numbers say so in many ways.
bool knows_no_parts(const s3::Error& error) {
  constexpr int kNotImplemented = 501;
  if (error.http_status == kNotImplemented) return true;
  switch (verdict_on(error)) {
    case Verdict::kGone:
    case Verdict::kSkip:
    case Verdict::kUnreadable:
      return true;
    default:
      return false;
  }
}

class PartFinder {
 public:
  PartFinder(const Job& job, const s3::ObjectHead& head, s3::Client& client, s3::Session& session,
             Retrier& retrier)
      : job_(job),
        head_(head),
        count_(part_count_of_etag(head.etag)),
        client_(client),
        session_(session),
        retrier_(retrier) {}

  // nullopt: the server does not tell.
  s3::Result<std::optional<PartSizes>> find() {
    std::vector<std::uint64_t> sizes;
    for (const auto number : {1U, 2U, count_}) {
      const auto size = ask(number);
      if (!size) return size.error();
      if (!*size) return std::nullopt;
      sizes.push_back(**size);
    }
    const bool uniform = (count_ == 2 || sizes[0] == sizes[1]) &&
                         sizes[0] * (count_ - 1) + sizes[2] == head_.size_bytes;
    if (uniform) return PartSizes{{sizes[0]}};
    return ask_every_part();
  }

 private:
  s3::Result<std::optional<std::uint64_t>> ask(std::uint32_t number) {
    s3::GetRequest request;
    request.key = requested_key(job_);
    request.version_id = job_.wanted.upstream.version_id;
    request.if_match = job_.wanted.upstream.etag;
    request.part_number = number;
    const auto part = retrier_.run<s3::ObjectHead>(session_, [&] { return client_.head(request); });
    if (!part && !knows_no_parts(part.error())) return part.error();
    if (!part || part->parts_count != count_ || part->size_bytes == 0) return std::nullopt;
    return part->size_bytes;
  }

  s3::Result<std::optional<PartSizes>> ask_every_part() {
    PartSizes parts;
    std::uint64_t sum = 0;
    for (std::uint32_t number = 1; number <= count_; ++number) {
      const auto size = ask(number);
      if (!size) return size.error();
      if (!*size) return std::nullopt;
      parts.sizes_bytes.push_back(**size);
      sum += **size;
    }
    if (sum != head_.size_bytes) return std::nullopt;
    return parts;
  }

  const Job& job_;
  const s3::ObjectHead& head_;
  const std::uint32_t count_;
  s3::Client& client_;
  s3::Session& session_;
  Retrier& retrier_;
};

}  // namespace

s3::Result<FoundParts> find_parts(const Job& job, const s3::ObjectHead& head, s3::Client& client,
                                  s3::Session& session, Retrier& retrier) {
  if (!needs_part_sizes(head, job.trust)) return FoundParts{};
  if (part_count_of_etag(head.etag) == 1) return FoundParts{{{head.size_bytes}}, true};
  auto parts = PartFinder(job, head, client, session, retrier).find();
  if (!parts) return parts.error();
  if (!*parts) return FoundParts{{}, false};
  return FoundParts{std::move(**parts), true};
}

}  // namespace agent

#include "agent/fetch/staging_sink.h"

namespace agent {

bool answers_for(const s3::ObjectHead& head, const store::Identity& wanted) {
  return (wanted.etag.empty() || head.etag == wanted.etag) && head.size_bytes == wanted.size_bytes;
}

bool is_impostor(const s3::ObjectHead& head, const store::Identity& wanted) {
  return head.etag.empty() && !wanted.etag.empty();
}

s3::Error impostor_error() {
  // Of this object only: the line is there, and others may come over it.
  return {s3::ErrorKind::kInvalid, 0, "",
          "the answer has no ETag and does not match the listing, so it came from something "
          "between here and the bucket",
          ""};
}

// Without an ETag in the listing it is the first answer that says what the first bytes are from.
StagingSink::HeadMatch StagingSink::match_of(const s3::ObjectHead& head) const {
  const auto& wanted = into_.wanted;
  if (is_impostor(head, wanted)) return HeadMatch::kImpostor;
  const bool same_size = head.size_bytes == wanted.size_bytes;
  if (!same_size && !wanted.etag.empty() && head.etag == wanted.etag) return HeadMatch::kOtherSize;
  if (!answers_for(head, wanted)) return HeadMatch::kMoved;
  const bool told = !wanted.etag.empty() || !wanted.version_id.empty();
  if (into_.offset == 0 || told) return HeadMatch::kFits;
  if (into_.first == nullptr) return HeadMatch::kUnknown;
  const bool same = into_.first->etag.empty() ? into_.first->last_modified.has_value() &&
                                                    head.last_modified == into_.first->last_modified
                                              : head.etag == into_.first->etag;
  return same ? HeadMatch::kFits : HeadMatch::kUnknown;
}

bool StagingSink::on_object(const s3::ObjectHead& head) {
  match_ = match_of(head);
  if (match_ == HeadMatch::kFits || match_ == HeadMatch::kMoved) head_ = head;
  return match_ == HeadMatch::kFits;
}

bool StagingSink::on_bytes(std::span<const std::byte> bytes) {
  const auto wanted = bytes.first(admit(bytes.size()));
  if (disk_error_) return false;
  if (auto written = into_.file.write_at(offset_, wanted); !written) {
    disk_error_ = written.error();
    return false;
  }
  offset_ += wanted.size();
  wrote(wanted.size());
  into_.received_bytes += wanted.size();
  into_.rate_limit.spend(wanted.size(), into_.halt);
  has_enough_ = wanted.size() < bytes.size();
  return !has_enough_ && keep_going();
}

}  // namespace agent

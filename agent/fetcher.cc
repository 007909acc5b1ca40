#include "agent/fetcher.h"

#include <algorithm>
#include <utility>

#include "agent/failure.h"
#include "agent/part_finder.h"
#include "store/staging.h"

namespace agent {
namespace {

// An object that is rewritten faster than it can be fetched is left for the next run.
constexpr int kMostMoves = 3;

bool same_content(const s3::ObjectHead& head, const store::Identity& wanted) {
  return (wanted.etag.empty() || head.etag == wanted.etag) && head.size_bytes == wanted.size_bytes;
}

// The bucket listed an ETag, and this answer has none: it is not the bucket's, but a login page's
// or a proxy's.
bool is_impostor(const s3::ObjectHead& head, const store::Identity& wanted) {
  return head.etag.empty() && !wanted.etag.empty();
}

s3::Error impostor_error() {
  return {s3::ErrorKind::kProtocol, 0, "",
          "the answer has no ETag, so something between here and the bucket gave it", ""};
}

// Writes what arrives behind what the file holds already.
class StagingSink final : public s3::BodySink {
 public:
  StagingSink(const Fetcher::Shared& shared, store::File& file, const store::Identity& wanted,
              std::uint64_t offset)
      : shared_(shared), file_(file), wanted_(wanted), offset_(offset) {}

  bool on_object(const s3::ObjectHead& head) override {
    impostor_ = is_impostor(head, wanted_);
    if (impostor_) return false;
    moved_ = !same_content(head, wanted_);
    head_ = head;
    return !moved_;
  }

  bool on_bytes(std::span<const std::byte> bytes) override {
    if (auto written = file_.write_at(offset_, bytes); !written) {
      disk_error_ = written.error();
      return false;
    }
    offset_ += bytes.size();
    shared_.received_bytes += bytes.size();
    shared_.rate_limit.spend(bytes.size(), shared_.stop);
    return keep_going();
  }

  bool keep_going() override { return !shared_.stop.load(); }

  std::uint64_t offset() const { return offset_; }
  bool moved() const { return moved_; }
  bool impostor() const { return impostor_; }
  const std::optional<s3::ObjectHead>& head() const { return head_; }
  const std::optional<store::Error>& disk_error() const { return disk_error_; }

 private:
  const Fetcher::Shared& shared_;
  store::File& file_;
  const store::Identity& wanted_;
  std::uint64_t offset_;
  bool moved_ = false;
  bool impostor_ = false;
  std::optional<s3::ObjectHead> head_;
  std::optional<store::Error> disk_error_;
};

// For good: asking again would not help. A fault that passes would make us believe a size.
bool says_nothing(const s3::Error& sidecar_error) {
  switch (verdict_on(sidecar_error)) {
    case Verdict::kGone:
    case Verdict::kArchived:
    case Verdict::kUnreadable:
    case Verdict::kSkip:
      return true;
    default:
      return false;
  }
}

class MemorySink final : public s3::BodySink {
 public:
  explicit MemorySink(const StopFlag& stop) : stop_(stop) {}
  bool on_object(const s3::ObjectHead& head) override {
    too_long_ = head.size_bytes > kMostBytes;
    return !too_long_;
  }
  bool on_bytes(std::span<const std::byte> bytes) override {
    for (const auto byte : bytes) text_.push_back(static_cast<char>(byte));
    return keep_going();
  }
  bool keep_going() override { return !stop_.load(); }
  bool too_long() const { return too_long_; }
  const std::string& text() const { return text_; }

 private:
  static constexpr std::uint64_t kMostBytes = 64 * 1024;
  const StopFlag& stop_;
  bool too_long_ = false;
  std::string text_;
};

}  // namespace

// The way of one content from the bucket to a complete file in staging.
class Fetcher::Transfer {
 public:
  Transfer(Fetcher& fetcher, Job job, s3::Client& client, s3::Session& session)
      : shared_(fetcher.shared_),
        retrier_(fetcher.retrier_),
        job_(std::move(job)),
        client_(client),
        session_(session) {}

  Done run() {
    for (int moves = 0; moves <= kMostMoves; ++moves) {
      const auto step = fetch_once();
      if (step == Step::kMoved) continue;
      if (step == Step::kSame) return FoundSame{std::move(job_), head_->expiration};
      if (step == Step::kRefused) return FetchRefused{std::move(job_), std::move(*refusal_)};
      if (step == Step::kDiskError) return FetchDiskError{std::move(job_), std::move(*disk_error_)};
      return complete();
    }
    return FetchRefused{
        std::move(job_),
        {s3::ErrorKind::kChanged, 0, "", "it is rewritten faster than it can be fetched", ""}};
  }

 private:
  enum class Step { kComplete, kMoved, kSame, kRefused, kDiskError };

  Step fail(store::Error error) {
    disk_error_ = std::move(error);
    return Step::kDiskError;
  }
  Step refuse(s3::Error error) {
    refusal_ = std::move(error);
    return Step::kRefused;
  }

  std::string path() const {
    return store::staging_path(job_.source_name, job_.wanted.key, job_.wanted.upstream.version_id,
                               job_.wanted.upstream.etag, job_.wanted.upstream.size_bytes);
  }

  s3::GetRequest request() const {
    s3::GetRequest request;
    request.key = job_.wanted.key;
    request.version_id = job_.wanted.upstream.version_id;
    return request;
  }

  // The bucket has another content under the key than the listing said: that one is wanted now.
  Step move_on(const s3::ObjectHead& head) {
    const auto old_path = path();
    job_.wanted.upstream = {head.etag, head.size_bytes, head.version_id};
    job_.wanted.last_modified = head.last_modified.value_or(job_.wanted.last_modified);
    if (auto removed = shared_.disk.remove_file(old_path); !removed) return fail(removed.error());
    return Step::kMoved;
  }

  Step fetch_once() {
    if (const auto adopted = adopt(); adopted != Step::kMoved) return adopted;
    if (const auto same = compare_with_held(); same != Step::kMoved) return same;
    head_.reset();
    path_ = path();
    auto staged = store::open_staged(shared_.disk, path_, job_.wanted.upstream.size_bytes);
    if (!staged) return fail(staged.error());
    file_ = std::move(staged->file);
    offset_ = staged->size_bytes;
    resumed_ = offset_ > 0;
    if (resumed_) {
      if (const auto step = ask_head(); step != Step::kComplete) return step;
    }
    return receive();
  }

  // A content that is already under its name, because a crash came before it was recorded, need not
  // come over the wire again. kMoved: there is none, go on as usual.
  Step adopt() {
    const auto& upstream = job_.wanted.upstream;
    if (job_.wanted.role != store::Role::kNew || !is_worth_a_head()) return Step::kMoved;
    const auto info = shared_.disk.stat(job_.archive_path);
    if (!info) return fail(info.error());
    if (!*info || (*info)->kind != store::FileKind::kFile ||
        (*info)->size_bytes != upstream.size_bytes) {
      return Step::kMoved;
    }
    auto file = shared_.disk.open(job_.archive_path, store::OpenMode::kRead);
    if (!file) return fail(file.error());
    file_ = std::move(*file);
    if (const auto step = ask_head(); step != Step::kComplete) return step;
    if (const auto step = ask_parts(); step != Step::kComplete) return step;
    if (const auto step = verify(); step != Step::kComplete) return step;
    if (verification_->outcome != Verification::Outcome::kProven) {
      verification_.reset();
      return Step::kMoved;
    }
    // A power cut between the two directories' syncs can bring the old name back beside the new
    // one.
    if (auto removed = shared_.disk.remove_file(path()); !removed) return fail(removed.error());
    path_ = job_.archive_path;
    adopted_ = true;
    return Step::kComplete;
  }

  bool is_worth_a_head() const {
    return job_.wanted.upstream.size_bytes >= kLargeBytes && job_.attempt == 1;
  }

  // The same archive uploaded once more has another ETag or date and the promise of the same bytes:
  // reading ours says whether it is so, and nothing comes over the wire. kMoved: it is not.
  Step compare_with_held() {
    if (!job_.held || job_.held->size_bytes != job_.wanted.upstream.size_bytes ||
        !is_worth_a_head()) {
      return Step::kMoved;
    }
    if (const auto step = ask_head(); step != Step::kComplete) return step;
    if (const auto step = ask_parts(); step != Step::kComplete) return step;
    const auto promises = promises_of(*head_, job_.trust, found_.parts);
    if (promises.empty() || !proves_identity(promises.front())) return Step::kMoved;
    auto file = shared_.disk.open(job_.held->path, store::OpenMode::kRead);
    if (!file && file.error().kind == store::ErrorKind::kNotFound) return Step::kMoved;
    if (!file) return fail(file.error());
    auto verified = verify_content(**file, job_.held->size_bytes, {promises.front()},
                                   [&] { return !shared_.stop.load(); });
    if (!verified) return interrupted_or_failed(verified.error());
    const bool same = verified->outcome == Verification::Outcome::kProven &&
                      verified->sha256 == job_.held->sha256;
    return same ? Step::kSame : Step::kMoved;
  }

  // What a range does not tell (checksums, metadata) comes from a HEAD.
  Step ask_head() {
    const auto head =
        retrier_.run<s3::ObjectHead>(session_, [&] { return client_.head(request()); });
    if (!head) return refuse(head.error());
    if (is_impostor(*head, job_.wanted.upstream)) return refuse(impostor_error());
    head_ = *head;
    return same_content(*head, job_.wanted.upstream) ? Step::kComplete : move_on(*head);
  }

  Step receive() {
    Retrier::Tries tries;
    // Bytes that were thrown away to begin anew are no progress when they come again: a server that
    // always promises more than it has would keep us for ever.
    auto reached = offset_;
    const auto size = job_.wanted.upstream.size_bytes;
    while (!(head_ && offset_ == size)) {
      auto get = request();
      get.offset_bytes = offset_;
      if (offset_ > 0) get.if_match = job_.wanted.upstream.etag;
      StagingSink sink(shared_, *file_, job_.wanted.upstream, offset_);
      const auto result = client_.get(get, sink);
      if (sink.disk_error()) return fail(*sink.disk_error());
      if (sink.moved()) return move_on(*sink.head());
      const bool progressed = sink.offset() >= reached + kLargeBytes;
      reached = std::max(reached, sink.offset());
      if (sink.head() && !head_) head_ = sink.head();
      offset_ = sink.offset();
      if (result) break;
      if (progressed) tries.failures = 0;
      const auto error = sink.impostor() ? impostor_error() : result.error();
      if (const auto step = after_failure(error, tries); step != Step::kComplete) {
        return step;
      }
    }
    return Step::kComplete;
  }

  // kComplete: make the request again.
  Step after_failure(const s3::Error& error, Retrier::Tries& tries) {
    const bool cannot_resume = offset_ > 0 && (error.kind == s3::ErrorKind::kProtocol ||
                                               error.kind == s3::ErrorKind::kRangeInvalid);
    if (offset_ > 0 && error.kind == s3::ErrorKind::kChanged) return ask_head();
    if (cannot_resume) {
      if (auto emptied = file_->truncate(0); !emptied) return fail(emptied.error());
      offset_ = 0;
      resumed_ = false;
    }
    auto judged = error;
    if (cannot_resume) judged.kind = s3::ErrorKind::kProtocol;
    return retrier_.again(session_, judged, tries) ? Step::kComplete : refuse(error);
  }

  Step ask_parts() {
    auto found = find_parts(job_, *head_, client_, session_, retrier_);
    if (!found) return refuse(found.error());
    found_ = std::move(*found);
    return Step::kComplete;
  }

  Step verify() {
    auto verified = verify_content(*file_, job_.wanted.upstream.size_bytes,
                                   promises_of(*head_, job_.trust, found_.parts),
                                   [&] { return !shared_.stop.load(); });
    if (verified) {
      verification_ = std::move(*verified);
      return Step::kComplete;
    }
    return interrupted_or_failed(verified.error());
  }

  Step interrupted_or_failed(const store::Error& error) {
    if (error.kind != store::ErrorKind::kBusy) return fail(error);
    return refuse({s3::ErrorKind::kAborted, 0, "", "interrupted", ""});
  }

  Done complete() {
    if (!adopted_) {
      if (const auto step = finish_staged(); step != Step::kComplete) {
        if (step == Step::kDiskError) {
          return FetchDiskError{std::move(job_), std::move(*disk_error_)};
        }
        return FetchRefused{std::move(job_), std::move(*refusal_)};
      }
    }
    Fetched fetched;
    fetched.expiration = head_->expiration;
    fetched.promises = promises_of(*head_, job_.trust, found_.parts);
    fetched.job = std::move(job_);
    fetched.path = std::move(path_);
    fetched.adopted = adopted_;
    fetched.resumed = resumed_;
    fetched.parts_told = found_.told;
    fetched.verification = std::move(verification_);
    return fetched;
  }

  Step finish_staged() {
    if (const auto step = ask_parts(); step != Step::kComplete) return step;
    if (job_.wanted.upstream.size_bytes < kLargeBytes) return Step::kComplete;
    if (auto synced = file_->sync(); !synced) return fail(synced.error());
    return verify();
  }

  const Shared& shared_;
  Retrier& retrier_;
  Job job_;
  s3::Client& client_;
  s3::Session& session_;

  std::string path_;
  std::unique_ptr<store::File> file_;
  std::uint64_t offset_ = 0;
  bool resumed_ = false;
  bool adopted_ = false;
  std::optional<s3::ObjectHead> head_;
  FoundParts found_;
  std::optional<Verification> verification_;
  std::optional<s3::Error> refusal_;
  std::optional<store::Error> disk_error_;
};

Fetcher::Fetcher(const Shared& shared, Retrier& retrier) : shared_(shared), retrier_(retrier) {}

Done Fetcher::fetch(Job job, s3::Client& client, s3::Session& session) {
  return Transfer(*this, std::move(job), client, session).run();
}

SidecarRead Fetcher::read_sidecar(SidecarJob job, s3::Client& client, s3::Session& session) {
  const auto& key = job.content.job.wanted.key;
  s3::GetRequest get;
  get.key = key + job.suffix;
  bool too_long = false;
  std::string text;
  const auto result = retrier_.run<s3::ObjectHead>(session, [&] {
    MemorySink sink(shared_.stop);
    auto head = client.get(get, sink);
    too_long = sink.too_long();
    text = sink.text();
    return head;
  });
  if (!result) {
    if (too_long || says_nothing(result.error())) return SidecarRead{std::move(job), std::string()};
    return SidecarRead{std::move(job), result.error()};
  }
  const std::size_t digits = job.suffix == ".sha256" ? 64 : 32;
  auto hex = digest_in_sidecar(text, std::string_view(key).substr(key.rfind('/') + 1), digits);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return SidecarRead{std::move(job), std::move(hex)};
}

}  // namespace agent

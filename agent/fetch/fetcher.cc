// One content, from the plan to a complete file. First whatever spares the download: a file that a
// crash left under its name, or a held copy that the bucket's own digest proves to be the same;
// each costs a HEAD and a read here. Else Download brings the bytes into staging. What arrives may
// turn out to be another content than was listed; then that one is wanted, in a step of its own,
// and the feeder says whether there is room for it. A large content is synced and read back here,
// in the worker's thread, so that the next one is received meanwhile; a small one is left to the
// batch.
#include "agent/fetch/fetcher.h"

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/key_reading.h"
#include "agent/base/upstream_date.h"
#include "agent/fetch/download.h"
#include "agent/fetch/resume.h"
#include "agent/fetch/staging_sink.h"
#include "agent/proof/likely_part_sizes.h"
#include "agent/proof/promise_conflict.h"
#include "agent/proof/prover.h"
#include "agent/proof/strongest_promises.h"
#include "store/content/staging.h"

namespace agent {
namespace {

// An object that is rewritten faster than it can be fetched is left for the next run.
constexpr int kMaxMoves = 3;

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
    auto step = fetch_once();
    while (step == Step::kAgain) step = fetch_once();
    switch (step) {
      case Step::kSame:
        return FoundSame{std::move(job_), head_->expiration};
      case Step::kMoved:
        return moved();
      case Step::kRefused:
      case Step::kUnreadable:
      case Step::kDiskError:
        return failed(step);
      case Step::kComplete:
      case Step::kNotHere:
      case Step::kAgain:
        break;
    }
    return complete();
  }

 private:
  enum class Step {
    kComplete,
    kNotHere,  ///< nothing on this disk spares the download
    kAgain,    ///< from the begin, with what was learned
    kMoved,
    kSame,
    kRefused,
    kUnreadable,  ///< what was written cannot be read back
    kDiskError
  };

  bool halted() const { return shared_.halt.load() || job_.give_way->load(); }

  Retrier::Tries start_tries() {
    auto tries = retrier_.start();
    if (job_.impatient) tries.patience = std::chrono::seconds{0};
    return tries;
  }

  Done moved() {
    if (++job_.moves <= kMaxMoves) return FetchMoved{std::move(job_)};
    return FetchRefused{
        std::move(job_),
        {s3::ErrorKind::kChanged, 0, "", "it is rewritten faster than it can be fetched", ""}};
  }

  Done refused() {
    // Of an object that is refused at each run nothing may be left lying about.
    if (!path_.empty() && received_bytes_ == 0) {
      file_.reset();
      if (auto removed = shared_.staging.remove(path_); !removed) {
        return FetchDiskError{std::move(job_), removed.error()};
      }
    }
    return FetchRefused{std::move(job_), std::move(*refusal_)};
  }

  Done failed(Step step) {
    if (step == Step::kRefused) return refused();
    if (step == Step::kUnreadable) {
      return FetchUnreadable{std::move(job_), std::move(*disk_error_)};
    }
    return FetchDiskError{std::move(job_), std::move(*disk_error_)};
  }

  Step fail(store::Error error) {
    disk_error_ = std::move(error);
    return Step::kDiskError;
  }
  // A key that the bucket does not have under the name that it listed may have been listed by its
  // other reading. That is asked for once.
  Step refuse(s3::Error error) {
    const bool may_be_read_otherwise =
        error.kind == s3::ErrorKind::kNotFound && !error.is_delete_marker && !tried_readings_;
    if (may_be_read_otherwise && other_reading(job_.wanted.key)) {
      tried_readings_ = true;
      job_.other_reading = !job_.other_reading;
      not_found_ = std::move(error);
      return Step::kAgain;
    }
    const bool nowhere = not_found_ && error.kind == s3::ErrorKind::kNotFound;
    refusal_ = nowhere ? *not_found_ : std::move(error);
    return Step::kRefused;
  }

  std::string path() const {
    return store::staging_path(job_.source_name, job_.wanted.key, job_.wanted.upstream.version_id,
                               job_.wanted.upstream.etag, job_.wanted.upstream.size_bytes);
  }

  s3::GetRequest request() const {
    s3::GetRequest request;
    request.key = requested_key(job_);
    request.version_id = job_.wanted.upstream.version_id;
    request.listed_size_bytes = job_.wanted.upstream.size_bytes;
    const auto& upstream = job_.wanted.upstream;
    request.listed = s3::ListingFacts{upstream.etag, upstream.size_bytes,
                                      server_date(job_.wanted.last_modified)};
    return request;
  }

  // The bucket has another content under the key than the listing said: that one is wanted now.
  Step move_on(const s3::ObjectHead& head) {
    // What the other reading of a key leads to is another object.
    if (not_found_) return refuse(*not_found_);
    const auto old_path = path();
    auto& upstream = job_.wanted.upstream;
    const bool misnamed = job_.moves == 0 &&
                          head.last_modified == server_date(job_.wanted.last_modified) &&
                          !upstream.etag.empty() && !head.etag.empty();
    job_.listed_as = misnamed ? std::optional(upstream) : std::nullopt;
    if (head.last_modified) job_.wanted.last_modified = upstream_time(*head.last_modified);
    upstream = {head.etag, head.size_bytes, head.version_id};
    if (upstream.etag.empty()) upstream.modified = job_.wanted.last_modified;
    if (auto removed = shared_.staging.remove(old_path); !removed) return fail(removed.error());
    return Step::kMoved;
  }

  Step fetch_once() {
    if (const auto adopted = adopt(); adopted != Step::kNotHere) return adopted;
    if (const auto same = compare_with_held(); same != Step::kNotHere) return same;
    head_.reset();
    path_ = path();
    auto staged = shared_.staging.open(path_, job_.wanted.upstream.size_bytes);
    if (!staged) return fail(staged.error());
    // Of the answer that these bytes came from nothing is remembered: without an ETag or a version
    // they cannot be gone on with.
    if (staged->size_bytes > 0 && !can_resume(job_.wanted.upstream, std::nullopt)) {
      if (auto emptied = staged->file->truncate(0); !emptied) return fail(emptied.error());
      staged->size_bytes = 0;
    }
    received_bytes_ = staged->size_bytes;
    if (received_bytes_ > 0) {
      if (const auto step = ask_head(); step != Step::kComplete) return step;
    }
    return receive(*std::move(staged));
  }

  // A content that is already under its name, because a crash came before it was recorded, need not
  // come over the wire again.
  Step adopt() {
    const auto& upstream = job_.wanted.upstream;
    if (job_.wanted.role != store::Role::kNew || !is_worth_a_head()) return Step::kNotHere;
    const auto info = shared_.disk.stat(job_.archive_path);
    if (!info && store::concerns_a_name(info.error())) return Step::kNotHere;
    if (!info) return without(job_.archive_path, info.error());
    if (!*info || (*info)->kind != store::FileKind::kFile ||
        (*info)->size_bytes != upstream.size_bytes) {
      return Step::kNotHere;
    }
    auto file = shared_.disk.open_to_read_back(job_.archive_path);
    if (!file) return without(job_.archive_path, file.error());
    file_ = std::move(*file);
    if (const auto step = ask_head(); step != Step::kComplete) return step;
    auto proven = prove();
    if (!proven) return without(job_.archive_path, proven.error());
    verification_ = *std::move(proven);
    if (verification_->outcome != Verification::Outcome::kProven) {
      verification_.reset();
      return Step::kNotHere;
    }
    // A power cut between the two directories' syncs can bring the old name back beside the new
    // one.
    if (auto removed = shared_.staging.remove(path()); !removed) return fail(removed.error());
    path_ = job_.archive_path;
    adopted_ = true;
    return Step::kComplete;
  }

  bool is_worth_a_head() const {
    return job_.wanted.upstream.size_bytes >= kLargeBytes && job_.attempt == 1;
  }

  // The same archive uploaded once more has another ETag or date and the promise of the same bytes:
  // reading ours says whether it is so, and nothing comes over the wire.
  Step compare_with_held() {
    if (!job_.held || job_.held->size_bytes != job_.wanted.upstream.size_bytes ||
        !is_worth_a_head()) {
      return Step::kNotHere;
    }
    if (const auto step = ask_head(); step != Step::kComplete) return step;
    auto promises = promises_of(*head_, job_.trust, part_finder().find(*head_).parts);
    std::erase_if(promises, [&](const Promise& p) { return !proves_identity(p, job_.trust); });
    if (promises.empty()) return Step::kNotHere;
    auto file = shared_.disk.open_to_read_back(job_.held->path);
    if (!file && file.error().kind == store::ErrorKind::kNotFound) return Step::kNotHere;
    if (!file) return without_held(file.error());
    auto verified =
        verify_content(**file, job_.held->size_bytes, promises, {}, [&] { return !halted(); });
    if (!verified) return without_held(verified.error());
    const bool same = verified->outcome == Verification::Outcome::kProven &&
                      verified->sha256 == job_.held->sha256;
    return same ? Step::kSame : Step::kNotHere;
  }

  // A file that could have saved the transfer, and cannot be read: it comes over the wire.
  Step without(const std::string& path, const store::Error& error) {
    if (error.kind == store::ErrorKind::kBusy) return interrupted();
    return shared_.unreadable.note(path) ? fail(error) : Step::kNotHere;
  }
  Step without_held(const store::Error& error) {
    job_.held_is_unreadable = error.kind != store::ErrorKind::kBusy;
    return without(job_.held->path, error);
  }

  // What a range does not tell (checksums, metadata) comes from a HEAD.
  Step ask_head() {
    const auto head = retrier_.run<s3::ObjectHead>(session_, start_tries(),
                                                   [&] { return client_.head(request()); });
    if (!head) return refuse(head.error());
    if (is_impostor(*head, job_.wanted.upstream)) return refuse(impostor_error());
    head_ = *head;
    return answers_for(*head, job_.wanted.upstream) ? Step::kComplete : move_on(*head);
  }

  Step receive(store::StagedFile staged) {
    Download download({shared_, retrier_, client_, session_}, job_, request(), path_,
                      std::move(staged), head_);
    const auto end = download.run(start_tries());
    received_bytes_ = download.offset();
    resumed_ = download.resumed();
    file_ = download.release_file();
    switch (end) {
      case Download::End::kMoved:
        return move_on(*download.head());
      case Download::End::kRefused:
        head_ = download.head();
        return refuse(*download.refusal());
      case Download::End::kDiskError:
        return fail(*download.disk_error());
      case Download::End::kComplete:
        break;
    }
    head_ = download.head();
    return Step::kComplete;
  }

  AskedPartSizes part_finder() {
    return {job_, client_, session_, retrier_, [this] { return !halted(); }};
  }

  store::Result<Verification> prove() {
    auto finder = part_finder();
    return prove_content(*file_, *head_, job_.trust, finder, found_, [this] { return !halted(); });
  }

  Step verify() {
    auto verified = prove();
    if (verified) {
      verification_ = std::move(*verified);
      return Step::kComplete;
    }
    if (verified.error().kind == store::ErrorKind::kBusy) return interrupted();
    if (shared_.unreadable.note(path_)) return fail(verified.error());
    // Where it lies is bad; a new file lies elsewhere.
    file_.reset();
    if (auto removed = shared_.staging.remove(path_); !removed) return fail(removed.error());
    disk_error_ = verified.error();
    return Step::kUnreadable;
  }

  Step interrupted() { return refuse({s3::ErrorKind::kAborted, 0, "", "interrupted", ""}); }

  Done complete() {
    if (!adopted_) {
      if (const auto step = finish_staged(); step != Step::kComplete) return failed(step);
    }
    Fetched fetched;
    fetched.expiration = head_->expiration;
    fetched.is_witness = !head_->is_encoded;
    if (!verification_) {
      const PartSizes whole{{head_->size_bytes}};  // of an upload in one part
      fetched.promises = promises_of(*head_, job_.trust, whole);
      fetched.further_promises = all_promises_of(*head_, job_.trust, whole);
    }
    fetched.job = std::move(job_);
    fetched.path = std::move(path_);
    fetched.adopted = adopted_;
    fetched.read_otherwise = not_found_.has_value();
    fetched.resumed = resumed_;
    fetched.parts_told = found_.told;
    fetched.verification = std::move(verification_);
    return fetched;
  }

  Step finish_staged() {
    if (auto finished = file_->finish(); !finished) return fail(finished.error());
    // What is verified later, many at a time, can ask no more questions.
    const bool in_parts = part_count_of_etag(head_->etag) > 1;
    if (job_.wanted.upstream.size_bytes < kLargeBytes && !in_parts) return Step::kComplete;
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
  std::uint64_t received_bytes_ = 0;
  bool resumed_ = false;
  bool adopted_ = false;
  std::optional<s3::ObjectHead> head_;
  FoundParts found_;
  std::optional<Verification> verification_;
  bool tried_readings_ = false;         ///< both readings of the key
  std::optional<s3::Error> not_found_;  ///< what was said to the reading that was asked for first
  std::optional<s3::Error> refusal_;
  std::optional<store::Error> disk_error_;
};

Fetcher::Fetcher(Shared shared, Retrier& retrier) : shared_(std::move(shared)), retrier_(retrier) {}

Done Fetcher::fetch(Job job, s3::Client& client, s3::Session& session) {
  return Transfer(*this, std::move(job), client, session).run();
}

}  // namespace agent

#include "agent/custody/adopt_prover.h"

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/key_reading.h"
#include "agent/base/upstream_date.h"
#include "agent/fetch/staging_sink.h"
#include "agent/proof/asked_part_sizes.h"
#include "agent/proof/judge.h"
#include "agent/proof/prover.h"
#include "agent/proof/strongest_promises.h"

namespace agent {
namespace {

using What = AdoptProof::What;
using Outcome = Verification::Outcome;

s3::ObjectHead as_listed(const store::Pending& wanted) {
  s3::ObjectHead head;
  head.size_bytes = wanted.upstream.size_bytes;
  head.etag = wanted.upstream.etag;
  head.version_id = wanted.upstream.version_id;
  head.last_modified = server_date(wanted.last_modified);
  return head;
}

bool is_by_etag_alone(const std::vector<Promise>& promises) {
  return !promises.empty() && std::all_of(promises.begin(), promises.end(), [](const Promise& one) {
    return one.level == ProofLevel::kEtagMd5;
  });
}

}  // namespace

std::string why_not(const AdoptProof& proof) {
  switch (proof.what) {
    case What::kUntold:
      return "the server does not tell in which parts it was uploaded, and no usual part size "
             "makes "
             "the two agree, so it cannot be compared; the next pull fetches the bucket's";
    case What::kMoved:
      return "the bucket, or the file, has changed since it was listed; the next call looks again";
    case What::kUnasked:
      return "the bucket could not be asked about it: " + proof.detail;
    case What::kRight:
    case What::kDiffers:
    case What::kStopped:
      break;
  }
  return proof.detail;
}

store::Result<AdoptProof> AdoptProver::prove(store::File& file, const Job& job) {
  const auto keep_going = [this] { return !context_.stopping(); };
  const auto stopped = [](const store::Error& error) -> store::Result<AdoptProof> {
    if (error.kind == store::ErrorKind::kBusy) return AdoptProof{What::kStopped};
    return error;
  };
  const auto listed = as_listed(job.wanted);
  const PartSizes whole{{listed.size_bytes}};
  const auto by_listing = promises_of(listed, job.trust, whole);
  std::optional<Verification> first;
  if (is_by_etag_alone(by_listing)) {
    auto verified = verify_content(file, listed.size_bytes, by_listing, {}, keep_going);
    if (!verified) return stopped(verified.error());
    if (verified->outcome == Outcome::kProven) return conclude(*std::move(verified), job, true);
    first = *std::move(verified);
  }
  // An ETag may be no MD5, and there may be a better promise.
  auto asked = job;
  const auto head = ask(asked);
  if (!head) return not_asked(head.error(), job);
  if (is_impostor(*head, job.wanted.upstream)) return not_asked(impostor_error(), job);
  if (!answers_for(*head, job.wanted.upstream)) return AdoptProof{What::kMoved};
  if (first && is_by_etag_alone(promises_of(*head, job.trust, whole))) {
    return conclude(*std::move(first), job, true);
  }
  FoundParts found;
  AskedPartSizes finder(asked, client_, *context_.sources[job.source].session, retrier_,
                        keep_going);
  auto verified = prove_content(file, *head, job.trust, finder, found, keep_going);
  if (!verified) return stopped(verified.error());
  return conclude(*std::move(verified), job, found.told);
}

store::Result<AdoptProof> AdoptProver::read(store::File& file, std::uint64_t size_bytes) {
  auto verified = verify_content(file, size_bytes, {}, {}, [this] { return !context_.stopping(); });
  if (!verified && verified.error().kind == store::ErrorKind::kBusy) {
    return AdoptProof{What::kStopped};
  }
  if (!verified) return verified.error();
  const bool right = verified->outcome == Outcome::kSizeOnly;
  return AdoptProof{right ? What::kRight : What::kMoved, ProofLevel::kSize, *std::move(verified)};
}

// A key that the bucket does not have under the name that it listed may have been listed by its
// other reading; that is asked for once.
s3::Result<s3::ObjectHead> AdoptProver::ask(Job& job) {
  auto& session = *context_.sources[job.source].session;
  const auto once = [&] {
    s3::GetRequest request;
    request.key = requested_key(job);
    request.version_id = job.wanted.upstream.version_id;
    request.listed_size_bytes = job.wanted.upstream.size_bytes;
    const auto& upstream = job.wanted.upstream;
    request.listed =
        s3::ListingFacts{upstream.etag, upstream.size_bytes, server_date(job.wanted.last_modified)};
    return retrier_.run<s3::ObjectHead>(session, [&] { return client_.head(request); });
  };
  auto head = once();
  const bool may_be_read_otherwise = !head && head.error().kind == s3::ErrorKind::kNotFound &&
                                     !head.error().is_delete_marker &&
                                     other_reading(job.wanted.key);
  if (!may_be_read_otherwise) return head;
  job.other_reading = !job.other_reading;
  auto other = once();
  return other ? std::move(other) : std::move(head);
}

AdoptProof AdoptProver::not_asked(const s3::Error& error, const Job& job) {
  const auto meaning = meaning_of(error);
  if (meaning == FailureMeaning::kStopped) return {What::kStopped};
  const bool versioned = !job.wanted.upstream.version_id.empty();
  auto why = explain(error, versioned ? "s3:GetObjectVersion" : "s3:GetObject");
  if (meaning == FailureMeaning::kGone || meaning == FailureMeaning::kChanged)
    return {What::kMoved};
  if (meaning == FailureMeaning::kStopSource || meaning == FailureMeaning::kRetry) {
    auto& source = context_.sources[job.source];
    source.stopped = true;
    context_.fail_source(source, status_of(error));
  }
  return {What::kUnasked, ProofLevel::kSize, {}, std::move(why)};
}

AdoptProof AdoptProver::conclude(Verification verification, const Job& job, bool parts_told) const {
  Fetched as_fetched;
  as_fetched.job = job;
  as_fetched.parts_told = parts_told;
  const auto& trust = context_.sources[job.source].trust;
  const auto decision = judge(as_fetched, verification, trust, false, std::nullopt);
  const auto level = verification.level;
  // What came from the bucket is its content, whatever a guess makes of it. This did not.
  if (verification.outcome == Outcome::kDoubtful && !parts_told) {
    return {What::kUntold, level, std::move(verification)};
  }
  if (decision.what != Decision::What::kAccept) {
    return {What::kDiffers, level, std::move(verification)};
  }
  return {What::kRight, decision.level, std::move(verification)};
}

}  // namespace agent

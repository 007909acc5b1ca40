// What becomes of a content that was read back: the effects of what judge() says.
#include <fmt/format.h>

#include <utility>

#include "agent/fetch/fetch_phase.h"
#include "agent/proof/judge.h"
#include "agent/proof/sidecar.h"

namespace agent {

store::Status FetchPhase::settle_sidecar(SidecarRead read) {
  auto& content = read.job.content;
  if (!read.hex) return refusals_.settle({std::move(content.job), read.hex.error()});
  if (read.hex->empty()) return decide(std::move(content), std::nullopt);
  const auto level = sidecar_kind(read.job.suffix).level;
  const auto& verification = *content.verification;
  const auto ours =
      level == ProofLevel::kSidecarSha256 ? store::to_hex(verification.sha256) : verification.md5;
  return decide(std::move(content), SidecarAnswer{level, *read.hex == ours});
}

store::Result<std::string> FetchPhase::listed_sidecar(const Fetched& fetched) {
  const auto source = context_.sources[fetched.job.source].id;
  for (const auto& kind : kSidecarKinds) {
    const auto known =
        context_.mirror.ledger.knows(source, fetched.job.wanted.key + std::string(kind.suffix));
    if (!known) return known.error();
    if (*known) return std::string(kind.suffix);
  }
  return std::string();
}

store::Status FetchPhase::decide(Fetched fetched, const std::optional<SidecarAnswer>& sidecar) {
  const auto& verification = *fetched.verification;
  std::string suffix;
  const bool open_question = verification.outcome == Verification::Outcome::kSizeOnly ||
                             verification.outcome == Verification::Outcome::kDoubtful;
  if (open_question && !sidecar && !fetched.sidecar_asked) {
    auto listed = listed_sidecar(fetched);
    if (!listed) return listed.error();
    suffix = std::move(*listed);
  }
  auto& source = context_.sources[fetched.job.source];
  const auto decision = judge(fetched, verification, source.trust, !suffix.empty(), sidecar);
  switch (decision.what) {
    case Decision::What::kAccept:
      if (auto learned = etags_.match(fetched.job.source, verification.etag_level); !learned) {
        return learned;
      }
      warn_of_overruled(fetched);
      accept(std::move(fetched), decision.level);
      return {};
    case Decision::What::kAskSidecar:
      fetched.sidecar_asked = true;
      sidecars_.push_back({std::move(fetched), suffix});
      return {};
    case Decision::What::kFetchAgain:
      return fetch_again(std::move(fetched), decision.next_attempt);
    case Decision::What::kDoubtEtag:
      return doubt_etag(std::move(fetched), decision.level);
    case Decision::What::kMismatch:
      return mismatch(fetched, decision.level);
  }
  return {};
}

void FetchPhase::accept(Fetched fetched, ProofLevel level) {
  const auto now = context_.now(context_.sources[fetched.job.source]);
  Accepted accepted;
  accepted.source = fetched.job.source;
  accepted.role = fetched.job.wanted.role;
  accepted.path = std::move(fetched.path);
  accepted.adopted = fetched.adopted;
  accepted.held_is_unreadable = fetched.job.held_is_unreadable;
  accepted.archive.key = std::move(fetched.job.wanted.key);
  accepted.archive.upstream = std::move(fetched.job.wanted.upstream);
  accepted.archive.last_modified = fetched.job.wanted.last_modified;
  accepted.archive.sha256 = fetched.verification->sha256;
  accepted.look = fetched.verification->look;
  accepted.listed_as = std::move(fetched.job.listed_as);
  accepted.archive.verified_by = level;
  accepted.archive.held_since = now;
  accepted.archive.read_at = now;
  accepted_.push_back(std::move(accepted));
}

store::Status FetchPhase::fetch_again(Fetched fetched, int attempt) {
  auto removed = context_.mirror.staging.remove(fetched.path);
  if (!removed) return removed;
  auto job = std::move(fetched.job);
  if (!fetched.resumed) job.earlier_sha256 = fetched.verification->sha256;
  job.attempt = attempt;
  feeder_.again(std::move(job));
  return {};
}

store::Status FetchPhase::mismatch(const Fetched& fetched, ProofLevel level) {
  auto& source = context_.sources[fetched.job.source];
  const auto& wanted = fetched.job.wanted;
  const auto now = context_.now(source);
  const auto message = fmt::format(
      "what arrived does not match what the bucket promised ({}), twice; it was not kept. Check "
      "the upload, and what sits between here and the bucket; it is tried again after a day, then "
      "less and less often",
      store::name_of(level));
  context_.figures(source, [](SourceStatus& status) { ++status.run.failed; });
  context_.fail_source(source, ExitStatus::kIncomplete);
  context_.report_one_of(source, "broken promises", wanted.key, message);
  if (auto removed = context_.mirror.staging.remove(fetched.path); !removed) return removed;
  const auto raised = context_.mirror.ledger.refuse_with_alarm(
      source.id, wanted.key, store::RefusalKind::kMismatch, listed_identity(fetched.job), now,
      wanted.role, store::AlarmKind::kMismatch, message);
  return raised ? store::Status{} : raised.error();
}

void FetchPhase::warn_of_overruled(const Fetched& fetched) const {
  const auto& verification = *fetched.verification;
  if (!verification.overruled) return;
  context_.environment.log.warning(
      {context_.sources[fetched.job.source].config->name, fetched.job.wanted.key,
       fmt::format("its {} does not match, but the stronger {} does, so it is held; the server "
                   "gives a checksum that belongs to something else",
                   store::name_of(*verification.overruled), store::name_of(verification.level))});
}

store::Status FetchPhase::doubt_etag(Fetched fetched, ProofLevel level) {
  auto outcome = doubts_.add(std::move(fetched), level);
  if (!outcome) return outcome.error();
  for (auto& one : outcome->right) accept(std::move(one), ProofLevel::kSize);
  return outcome->wrong ? mismatch(*outcome->wrong, level) : store::Status{};
}

store::Status FetchPhase::settle_doubted() {
  if (context_.stopping()) return {};
  for (const auto& one : doubts_.give_up()) {
    if (auto decided = mismatch(one.fetched, one.level); !decided) return decided;
  }
  return {};
}

}  // namespace agent

#include "agent/custody/adopt_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/units.h"

namespace agent {
namespace {

using What = AdoptProof::What;
using How = AdoptOptions::How;
using Removal = AdoptDirectory::Removal;

constexpr std::size_t kBatchFiles = 512;
constexpr std::uint64_t kBatchBytes = std::uint64_t{64} << 20;
// Below this a sync of each file is cheaper than one of the whole filesystem.
constexpr std::size_t kFewFiles = 4;

bool is_orphan(const store::Pending& wanted) { return wanted.role == store::Role::kOrphan; }

// Upstream's dates are what the tools give to their files.
store::UpstreamTime date_of(const AdoptDirectory::File& found, store::Time now) {
  return store::UpstreamTime{std::min(found.info.modified, now).time_since_epoch()};
}

const char* why_it_stays(Removal removal) {
  return removal == Removal::kIsTheArchive
             ? "it is the archive itself, by another path; give the directory that the other "
               "program filled"
             : "it was written to meanwhile";
}

}  // namespace

AdoptBatch::AdoptBatch(RunContext& context, const AdoptOptions& options, AdoptDirectory& directory,
                       AdoptProver& prover, AdoptCounts& counts)
    : context_(context),
      options_(options),
      directory_(directory),
      prover_(prover),
      counts_(counts),
      stager_(context, options.how),
      committer_(context),
      etags_(context) {}

Job AdoptBatch::job_of(store::Pending wanted) const {
  const auto& run = source();
  Job job;
  job.source_name = run.config->name;
  const auto& rules = context_.mirror.rules;
  job.archive_path = store::archive_path(run.config->name, wanted.key, rules,
                                         store::variants_of(wanted.key, rules).front());
  job.wanted = std::move(wanted);
  job.other_reading = run.other_reading;
  job.trust = run.trust;
  job.part_hints = run.part_hints;
  return job;
}

void AdoptBatch::fail(const std::string& key, const std::string& path, const std::string& why) {
  ++counts_.failed;
  context_.fail_source(source(), ExitStatus::kIncomplete);
  context_.report(source(), key,
                  fmt::format("not adopted from {}/{}: {}", options_.directory, path, why));
}

void AdoptBatch::fail(const std::string& key, const store::Error& error) {
  fail(key, error.path, store::describe(error));
  if (gone_ || error.kind != store::ErrorKind::kIo || !unreadable_.note(error.path)) return;
  gone_ = true;
  context_.fail_source(source(), ExitStatus::kDiskFailed);
  context_.report(
      source(), "",
      fmt::format("too much in {} cannot be read; look at its disk and cable, then call "
                  "it again",
                  options_.directory));
}

std::string AdoptBatch::why_it_differs(const store::Pending& wanted,
                                       const AdoptDirectory::File& found,
                                       const AdoptProof* proof) const {
  const auto path = fmt::format("{}/{}", options_.directory, found.path);
  if (found.info.size_bytes != wanted.upstream.size_bytes) {
    return fmt::format(
        "{} differs from what the bucket has under this key: it has {} bytes, and "
        "the bucket's has {}",
        path, found.info.size_bytes, wanted.upstream.size_bytes);
  }
  return fmt::format("{} differs from what the bucket has under this key, by its {}", path,
                     store::name_of(proof != nullptr ? proof->level : ProofLevel::kSize));
}

void AdoptBatch::tell_difference(const store::Pending& wanted, const std::string& why) {
  ++counts_.differ;
  context_.fail_source(source(), ExitStatus::kIncomplete);
  if (options_.quarantine && !options_.dry_run && wanted.role == store::Role::kNew) return;
  context_.report(source(), wanted.key,
                  why + "; it was not adopted, and the next pull fetches the bucket's");
}

store::Status AdoptBatch::adopt(store::Pending wanted, AdoptDirectory::File found) {
  context_.at_work.set(wanted.key);
  InHand one;
  const bool differs = found.info.size_bytes != wanted.upstream.size_bytes;
  if (differs) {
    auto why = why_it_differs(wanted, found, nullptr);
    tell_difference(wanted, why);
    if (!options_.quarantine || wanted.role != store::Role::kNew) return {};
    one.differs_because = std::move(why);
  }
  auto file = directory_.open(found);
  if (!file) {
    fail(wanted.key, file.error());
    return {};
  }
  one.job = job_of(std::move(wanted));
  one.file = *std::move(file);
  one.found = std::move(found);
  const auto& upstream = one.job.wanted.upstream;
  // Not the name under which a pull would leave its own.
  one.path = store::staging_path(one.job.source_name, one.job.wanted.key, upstream.version_id,
                                 "adopted " + upstream.etag, upstream.size_bytes);
  if (auto staged = stage(std::move(one)); !staged) return staged;
  return batch_is_full() ? commit() : store::Status{};
}

store::Status AdoptBatch::stage(InHand one) {
  const auto staged = stager_.stage(*one.file, one.found, one.path, one.job.archive_path);
  if (!staged) return staged.error();
  using Staged = AdoptStager::Staged::What;
  switch (staged->what) {
    case Staged::kStopped:
      return {};
    case Staged::kFailed:
      fail(one.job.wanted.key, one.found.path, staged->detail);
      return {};
    case Staged::kLinked:
      one.linked = true;
      return settle(std::move(one));
    case Staged::kCopied:
      break;
  }
  one.file.reset();
  in_hand_bytes_ += one.found.info.size_bytes;
  unsynced_.push_back(std::move(one));
  return {};
}

store::Result<AdoptProof> AdoptBatch::prove(store::File& file, const InHand& one) {
  const bool only_read = is_orphan(one.job.wanted) || !one.differs_because.empty();
  return only_read ? prover_.read(file, one.found.info.size_bytes) : prover_.prove(file, one.job);
}

store::Status AdoptBatch::let_go(const InHand& one) {
  return context_.mirror.staging.remove(one.path);
}

// What lies in staging, synced, is read from the device and held against its promise.
store::Status AdoptBatch::settle(InHand one) {
  auto proof = [&]() -> store::Result<AdoptProof> {
    const auto staged = context_.mirror.disk().open_to_read_back(one.path);
    if (!staged) return staged.error();
    return prove(**staged, one);
  }();
  if (proof) return settle_proven(std::move(one), *proof);
  if (context_.unreadable.note(one.path)) return proof.error();
  fail(one.job.wanted.key, one.found.path, store::describe(proof.error()));
  return let_go(one);
}

store::Status AdoptBatch::settle_proven(InHand one, const AdoptProof& proof) {
  const auto& wanted = one.job.wanted;
  switch (proof.what) {
    case What::kRight:
      return settle_right(std::move(one), proof);
    case What::kDiffers: {
      auto why = why_it_differs(wanted, one.found, &proof);
      tell_difference(wanted, why);
      if (!options_.quarantine || wanted.role != store::Role::kNew) return let_go(one);
      one.differs_because = std::move(why);
      return settle_right(std::move(one), proof);
    }
    case What::kUntold:
    case What::kMoved:
    case What::kUnasked:
      fail(wanted.key, one.found.path, why_not(proof));
      break;
    case What::kStopped:
      counts_.interrupted = true;
      break;
  }
  return let_go(one);
}

store::Status AdoptBatch::settle_right(InHand one, const AdoptProof& proof) {
  if (one.linked) {
    const auto taken = stager_.make_ours(*one.file, one.found, one.path, one.job.archive_path);
    if (!taken) return taken.error();
    using Staged = AdoptStager::Staged::What;
    if (taken->what == Staged::kStopped) return {};
    if (taken->what == Staged::kFailed) {
      fail(one.job.wanted.key, one.found.path, taken->detail);
      return {};
    }
    if (taken->what == Staged::kCopied) {
      one.linked = false;
      one.file.reset();
      in_hand_bytes_ += one.found.info.size_bytes;
      unsynced_.push_back(std::move(one));
      return {};
    }
  }
  if (auto learned = etags_.match(one.job.source, proof.verification.etag_level); !learned) {
    return learned;
  }
  accept(std::move(one), proof);
  return {};
}

void AdoptBatch::accept(InHand one, const AdoptProof& proof) {
  const auto now = context_.now(source());
  const bool quarantined = !one.differs_because.empty();
  const bool is_the_buckets = !quarantined && !is_orphan(one.job.wanted);
  Accepted accepted;
  accepted.role = quarantined ? store::Role::kChanged : one.job.wanted.role;
  accepted.path = std::move(one.path);
  accepted.quarantined_because = std::move(one.differs_because);
  auto& archive = accepted.archive;
  archive.key = one.job.wanted.key;
  archive.upstream = std::move(one.job.wanted.upstream);
  archive.last_modified = one.job.wanted.last_modified;
  if (!is_the_buckets) {
    archive.last_modified = date_of(one.found, now);
    archive.upstream = {"", one.found.info.size_bytes, "", archive.last_modified};
  }
  archive.sha256 = proof.verification.sha256;
  if (is_the_buckets) accepted.look = proof.verification.look;
  archive.verified_by = quarantined ? ProofLevel::kSize : proof.level;
  archive.held_since = now;
  archive.read_at = now;
  kept_.push_back({archive.key, archive.sha256, std::move(one.found), accepted.role,
                   archive.verified_by, one.linked, quarantined});
  accepted_.push_back(std::move(accepted));
}

bool AdoptBatch::batch_is_full() const {
  return unsynced_.size() + accepted_.size() >= kBatchFiles || in_hand_bytes_ >= kBatchBytes;
}

store::Status AdoptBatch::sync() {
  if (unsynced_.size() > kFewFiles) {
    auto synced = context_.mirror.staging.sync_all();
    if (synced || synced.error().kind != store::ErrorKind::kNotSupported) return synced;
  }
  for (const auto& one : unsynced_) {
    if (auto synced = context_.mirror.staging.sync(one.path); !synced) return synced;
  }
  return {};
}

store::Status AdoptBatch::commit() {
  if (auto synced = sync(); !synced) return synced;
  in_hand_bytes_ = 0;
  for (auto& one : std::exchange(unsynced_, {})) {
    if (auto settled = settle(std::move(one)); !settled) return settled;
  }
  if (auto kept = committer_.commit(std::exchange(accepted_, {})); !kept) return kept;
  for (const auto& one : std::exchange(kept_, {})) {
    if (auto noted = note_kept(one); !noted) return noted;
  }
  return {};
}

// The committer may have found it held or removed before, or no name for it.
store::Status AdoptBatch::note_kept(const Kept& kept) {
  auto& ledger = context_.mirror.ledger;
  const auto id = source().id;
  std::string path;
  if (kept.quarantined) {
    const auto lies = ledger.find_generation(id, kept.key, kept.sha256, store::Place::kQuarantine);
    if (!lies) return lies.error();
    if (!*lies) return {};
    path = (*lies)->path;
    ++counts_.quarantined;
  } else {
    const auto held = ledger.find(id, kept.key);
    if (!held) return held.error();
    if (!*held || (*held)->sha256 != kept.sha256) {
      const auto heard = ledger.state_of_key(id, kept.key);
      if (!heard) return heard.error();
      if (*heard == store::Ledger::KeyState::kRemoved) ++counts_.removed;
      return {};
    }
    // Its damaged copy could not be replaced.
    const auto damaged = ledger.is_damaged(id, kept.key);
    if (!damaged) return damaged.error();
    if (*damaged) return {};
    path = path_of(**held);
    ++counts_.adopted;
    counts_.adopted_bytes += kept.found.info.size_bytes;
    if (kept.level == ProofLevel::kSize) ++counts_.by_size;
    if (kept.role == store::Role::kOrphan) ++counts_.orphans;
  }
  if (options_.how == How::kMove) {
    leave(kept.key, kept.found, path);
  } else if (kept.linked && !kept.quarantined) {
    ++counts_.linked;
  }
  return {};
}

std::string AdoptBatch::path_of(const store::Archive& held) const {
  return store::archive_path(source().config->name, held.key, context_.mirror.rules, held.variant);
}

void AdoptBatch::leave(const std::string& key, const AdoptDirectory::File& found,
                       const std::string& archive_path) {
  const auto removed = directory_.remove(found, archive_path);
  if (removed && *removed == Removal::kRemoved) return;
  context_.fail_source(source(), ExitStatus::kIncomplete);
  context_.report(source(), key,
                  fmt::format("it is held, but {}/{} stays: {}", options_.directory, found.path,
                              removed ? why_it_stays(*removed) : store::describe(removed.error())));
}

store::Result<bool> AdoptBatch::reads_as(store::Result<std::unique_ptr<store::File>> file,
                                         const store::Archive& held) {
  if (!file) return file.error();
  const auto proof = prover_.read(**file, held.upstream.size_bytes);
  if (!proof) return proof.error();
  return proof->what == What::kRight && proof->verification.sha256 == held.sha256;
}

// Both are read: nobody may lose the better one.
void AdoptBatch::leave_held(const store::Archive& held, const AdoptDirectory::File& found) {
  if (options_.how != How::kMove || options_.dry_run) return;
  if (held.upstream.size_bytes != found.info.size_bytes) return;
  context_.at_work.set(held.key);
  const auto same = reads_as(directory_.open(found), held);
  if (!same || !*same) return;
  const auto path = path_of(held);
  const auto whole = reads_as(context_.mirror.disk().open_to_read(path), held);
  if (whole && *whole) return leave(held.key, found, path);
  if (context_.stopping()) return;
  fail(held.key, found.path,
       "its archive cannot be read, or is damaged; 'holdfast verify' says which, and the next call "
       "repairs it from here");
}

void AdoptBatch::look_at(store::Pending wanted, const AdoptDirectory::File& found,
                         const Print& print) {
  context_.at_work.set(wanted.key);
  if (found.info.size_bytes != wanted.upstream.size_bytes) {
    return tell_difference(wanted, why_it_differs(wanted, found, nullptr));
  }
  const bool orphan = is_orphan(wanted);
  const auto job = job_of(std::move(wanted));
  const auto& key = job.wanted.key;
  auto proof = [&]() -> store::Result<AdoptProof> {
    const auto file = directory_.open(found);
    if (!file) return file.error();
    return orphan ? prover_.read(**file, found.info.size_bytes) : prover_.prove(**file, job);
  }();
  if (!proof) {
    fail(key, proof.error());
    return;
  }
  if (proof->what == What::kDiffers) {
    return tell_difference(job.wanted, why_it_differs(job.wanted, found, &*proof));
  }
  if (proof->what == What::kStopped) {
    counts_.interrupted = true;
    return;
  }
  if (proof->what != What::kRight) {
    fail(key, found.path, why_not(*proof));
    return;
  }
  ++counts_.adopted;
  counts_.adopted_bytes += found.info.size_bytes;
  if (proof->level == ProofLevel::kSize) ++counts_.by_size;
  if (orphan) ++counts_.orphans;
  print(fmt::format("{}: would adopt {} ({}, verified by {})", source().config->name,
                    printable_name(key), format_size(found.info.size_bytes),
                    store::name_of(proof->level)));
}

}  // namespace agent

#include "agent/custody/restore_selection.h"

#include <utility>
#include <vector>

#include "agent/base/key_pattern.h"
#include "agent/run/generation_choice.h"
#include "store/content/generation_paths.h"
#include "store/content/key_path.h"

namespace agent {

store::Status RestoreSelection::visit(const Visit& visit) {
  if (source_.id == 0) return {};
  if (!options_.generation.empty()) return visit_generation(visit);
  const auto literal = is_key(options_.pattern);
  if (!literal) return literal.error();
  if (!*literal) return visit_matching(visit);
  const auto archive = ledger_.find(source_.id, options_.pattern);
  if (!archive) return archive.error();
  const auto offered = offer(options_.pattern, *archive, visit);
  return offered ? store::Status{} : offered.error();
}

store::Result<bool> RestoreSelection::is_key(const std::string& key) {
  const auto archive = ledger_.find(source_.id, key);
  if (!archive) return archive.error();
  if (*archive) return true;
  const auto generations = ledger_.generations(source_.id, key, 1);
  if (!generations) return generations.error();
  return !generations->empty();
}

store::Status RestoreSelection::visit_matching(const Visit& visit) {
  store::Status failure;
  const KeyPattern pattern(options_.pattern);
  const auto visited = ledger_.visit_archives(source_.id, [&](const store::Archive& archive) {
    if (!pattern.matches(archive.key)) return true;
    const auto offered = offer(archive.key, archive, visit);
    if (!offered) failure = offered.error();
    return offered.value_or(false);
  });
  return failure ? visited : failure;
}

store::Status RestoreSelection::visit_generation(const Visit& visit) {
  const auto archive = ledger_.find(source_.id, options_.pattern);
  if (!archive) return archive.error();
  auto generations = ledger_.generations(source_.id, options_.pattern, kMaxGenerations);
  if (!generations) return generations.error();
  if (*archive) {
    // By the name that it would have as a generation.
    auto path =
        store::generation_paths(source_.name, store::Place::kSuperseded, options_.pattern,
                                source_.mirror.rules, (*archive)->last_modified, (*archive)->sha256)
            .front();
    generations->insert(generations->begin(),
                        store::generation_of(**archive, store::Place::kSuperseded, std::move(path),
                                             (*archive)->held_since));
  }
  const auto chosen = choose_generation(*generations, options_.generation, options_.source);
  if (!chosen) {
    refusal_ = chosen.error();
    return {};
  }
  if (!*chosen) return {};
  visit(*archive && (*archive)->sha256 == (*chosen)->sha256 ? of(**archive)
                                                            : of(**chosen, *archive));
  return {};
}

store::Result<bool> RestoreSelection::offer(const std::string& key,
                                            const std::optional<store::Archive>& archive,
                                            const Visit& visit) {
  if (options_.as_of) {
    const auto reign = ledger_.trusted_at(source_.id, key, *options_.as_of);
    if (!reign) return reign.error();
    if (reign->remembered) return offer_trusted(key, reign->sha256, archive, visit);
    const auto then = superseded_since(key);
    if (!then) return then.error();
    if (*then) return visit(of(**then, archive));
    if (archive && archive->held_since > *options_.as_of) return true;
  }
  return archive ? visit(of(*archive)) : true;
}

// What retention has removed since is of no time any more.
store::Result<bool> RestoreSelection::offer_trusted(const std::string& key,
                                                    const std::optional<store::Sha256>& sha256,
                                                    const std::optional<store::Archive>& archive,
                                                    const Visit& visit) {
  if (!sha256) return true;
  if (archive && archive->sha256 == *sha256) return visit(of(*archive));
  for (const auto place : {store::Place::kSuperseded, store::Place::kQuarantine}) {
    const auto generation = ledger_.find_generation(source_.id, key, *sha256, place);
    if (!generation) return generation.error();
    if (*generation) return visit(of(**generation, archive));
  }
  return true;
}

// The content that lay under archives/ then and was superseded later. Before the one that lies
// there now is looked at: that one may have been held in quarantine then. A noncurrent version was
// made a generation as soon as it was held.
store::Result<std::optional<store::Generation>> RestoreSelection::superseded_since(
    const std::string& key) {
  auto generations = ledger_.generations(source_.id, key, kMaxGenerations);
  if (!generations) return generations.error();
  std::optional<store::Generation> then;
  for (auto& one : *generations) {
    const bool trusted = one.place == store::Place::kSuperseded &&
                         one.held_since <= *options_.as_of && *options_.as_of < one.placed_at;
    if (trusted && (!then || one.placed_at < then->placed_at)) then = std::move(one);
  }
  return then;
}

Restorable RestoreSelection::of(const store::Archive& archive) const {
  return {archive.key,
          "held",
          store::archive_path(source_.name, archive.key, source_.mirror.rules, archive.variant),
          target_path(archive.key, archive.variant),
          archive.upstream.size_bytes,
          archive.last_modified,
          archive.sha256,
          archive.verified_by,
          archive.held_since};
}

Restorable RestoreSelection::of(const store::Generation& generation,
                                const std::optional<store::Archive>& archive) const {
  const auto variant = archive ? archive->variant : store::NameVariant::kPlain;
  return {generation.key,
          generation.place == store::Place::kSuperseded ? "superseded" : "quarantined",
          generation.path,
          target_path(generation.key, variant),
          generation.upstream.size_bytes,
          generation.last_modified,
          generation.sha256,
          generation.verified_by,
          generation.held_since};
}

std::string RestoreSelection::target_path(const std::string& key,
                                          store::NameVariant variant) const {
  auto path = store::path_of_key(key, rules_, variant);
  // Whoever names the objects must not choose what is taken for a partial copy.
  if (!path.ends_with(kPartSuffix)) return path;
  return store::path_of_key(key, rules_, store::NameVariant::kDistinct);
}

}  // namespace agent

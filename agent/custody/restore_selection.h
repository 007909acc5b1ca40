#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config/restore_options.h"
#include "agent/run/source_command.h"
#include "store/ledger/records.h"

namespace agent {

/// Ends the name of a partial copy at the target. No content is ever given a name that ends so.
inline constexpr std::string_view kPartSuffix = ".holdfast-part";

/// A held content, and where a restore puts it.
struct Restorable {
  std::string key;
  std::string_view state;  ///< "held", "superseded" or "quarantined"
  std::string from_path;   ///< relative to the mirror
  std::string to_path;     ///< relative to the target
  std::uint64_t size_bytes = 0;
  store::UpstreamTime last_modified{};
  store::Sha256 sha256{};
  store::ProofLevel verified_by = store::ProofLevel::kSize;
  store::Time held_since{};
};

/// Finds the contents that the options of a restore mean.
class RestoreSelection {
 public:
  /// `rules` are those for names at the target. The other arguments outlive it.
  RestoreSelection(SourceMirror& source, const RestoreOptions& options, store::NameRules rules)
      : source_(source), ledger_(source.mirror.ledger), options_(options), rules_(rules) {}

  /// Calls `visit` with each of them until it returns false. The memory is constant, and each call
  /// visits the same contents in the same order. An error is the ledger's.
  store::Status visit(const std::function<bool(const Restorable&)>& visit);

  /// Why --generation names no content, as a sentence, where the last visit() visited nothing
  /// because of it; else empty.
  const std::string& refusal() const { return refusal_; }

 private:
  using Visit = std::function<bool(const Restorable&)>;

  store::Result<bool> is_key(const std::string& key);
  store::Status visit_matching(const Visit& visit);
  store::Status visit_generation(const Visit& visit);
  store::Result<bool> offer(const std::string& key, const std::optional<store::Archive>& archive,
                            const Visit& visit);
  store::Result<bool> offer_trusted(const std::string& key,
                                    const std::optional<store::Sha256>& sha256,
                                    const std::optional<store::Archive>& archive,
                                    const Visit& visit);
  store::Result<std::optional<store::Generation>> superseded_since(const std::string& key);
  Restorable of(const store::Archive& archive) const;
  Restorable of(const store::Generation& generation,
                const std::optional<store::Archive>& archive) const;
  std::string target_path(const std::string& key, store::NameVariant variant) const;

  SourceMirror& source_;
  store::Ledger& ledger_;
  const RestoreOptions& options_;
  const store::NameRules rules_;
  std::string refusal_;
};

}  // namespace agent

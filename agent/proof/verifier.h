#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/proof/content_form.h"
#include "agent/proof/promise.h"
#include "store/content/digest.h"
#include "store/ledger/ledger.h"

namespace agent {

/// What reading a content back from the disk has shown.
struct Verification {
  enum class Outcome {
    kProven,    ///< it keeps the promise named by `level`
    kSizeOnly,  ///< nothing better than its size was promised, and that is right
    kDoubtful,  ///< a promise that is not firm disagrees, and none agrees
    kBroken,    ///< a firm promise, or the size, disagrees
  };
  Outcome outcome = Outcome::kBroken;
  /// The promise that agreed; else the strongest that did not; else the size.
  ProofLevel level = ProofLevel::kSize;
  std::optional<ProofLevel> overruled;   ///< a weaker one that disagrees with the one that agreed
  std::optional<ProofLevel> etag_level;  ///< kEtagMd5 or kEtagMultipart, where the ETag agreed
  store::Sha256 sha256{};                ///< of what lies on the disk
  std::string md5;                       ///< hex; empty when it was not taken
  ContentLook look;                      ///< what its two ends tell
};

/// True when no other promise can tell more: it is proven, there is none, or the size is wrong.
bool is_settled(const Verification& verification);

/// Reads the synced file once, past the page cache, and compares; where that settles nothing and
/// there is more in `further`, which has the first ones too, once more. Errors: the disk's, and
/// kBusy when `keep_going` said no.
store::Result<Verification> verify_content(store::File& file, std::uint64_t size_bytes,
                                           const std::vector<Promise>& promises,
                                           const std::vector<Promise>& further,
                                           const std::function<bool()>& keep_going);

}  // namespace agent

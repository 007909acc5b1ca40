#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/halt.h"
#include "agent/config/config.h"
#include "agent/proof/walk.h"
#include "agent/run/open_mirror.h"
#include "store/custody/change.h"

namespace agent {

/// Walks archives of one source to their end, and records what that shows. An unsound archive is
/// marked and raises the alarm `unsound` of its stream; the first newer archive that is sound ends
/// the alarm. A walk never changes the archive.
class SourceWalk {
 public:
  /// Without `records` nothing is written. Requires that the environment has a walk.
  SourceWalk(const Environment& environment, Mirror& mirror, const SourceConfig& config,
             store::SourceId source, bool records = true)
      : environment_(environment),
        mirror_(mirror),
        config_(config),
        source_(source),
        records_(records) {}

  /// Walks one archive and says what that means. A walk that was halted, and a machine that cannot
  /// walk, leave no record. An error is the mirror's.
  store::Result<WalkAnswer> walk(const store::Archive& archive, Time now, const Halt& halt);
  /// Records what was walked and not recorded yet. walk() does so itself from time to time.
  store::Status flush();

  /// The stream to which a key belongs.
  std::string stream_of(std::string_view key) const { return config_.series.place(key).stream; }

 private:
  store::Result<WalkAnswer> ask(const store::Archive& archive, const Halt& halt);
  store::Status record(const store::Archive& archive, const WalkAnswer& answer,
                       store::Unsound unsound, Time now);
  store::Status raise(const store::Archive& archive, const WalkAnswer& answer,
                      store::Unsound unsound, store::Change& change);
  store::Status settle(const store::Archive& archive, store::Change& change);

  const Environment& environment_;
  Mirror& mirror_;
  const SourceConfig& config_;
  const store::SourceId source_;
  const bool records_;
  std::optional<store::Change> change_;
  unsigned walked_ = 0;
  bool settled_ = false;
};

}  // namespace agent

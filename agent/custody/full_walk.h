#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/halt.h"
#include "agent/config/config.h"
#include "agent/proof/walk.h"
#include "agent/run/mirror.h"
#include "store/custody/change.h"

namespace agent {

/// Walks archives of one source, and records what that shows: what is unsound is marked and becomes
/// the alarm `unsound` of its stream, which ends with the first newer one that is not. What a walk
/// does never touches the archive itself.
class SourceWalk {
 public:
  /// `records`: else it is only looked. The environment has a walk.
  SourceWalk(const Environment& environment, Mirror& mirror, const SourceConfig& config,
             store::SourceId source, bool records = true)
      : environment_(environment),
        mirror_(mirror),
        config_(config),
        source_(source),
        records_(records) {}

  /// What the walk of this archive means. A halt, and a machine that cannot walk, leave no record.
  store::Result<WalkAnswer> walk(const store::Archive& archive, Time now, const Halt& halt);
  /// Records what was walked since; walk() does so itself now and then.
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

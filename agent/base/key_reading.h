#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agent {

/// What a listed key may be in truth: servers are known that say that the keys of a listing are
/// URL-encoded and send them as they are, and the reverse. nullopt: there is only one reading.
/// https://tracker.ceph.com/issues/7712, https://github.com/rclone/rclone/issues/7836
std::optional<std::string> other_reading(std::string_view key);

}  // namespace agent

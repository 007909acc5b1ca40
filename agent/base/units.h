#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/disk/time.h"

namespace agent {

using Time = store::Time;

/// After so long it is the next day for what is done once a day: a nightly run begins a little
/// earlier now and then.
inline constexpr std::chrono::hours kAboutADay{20};

/// "512", "64K", "10M", "2G", "1T": powers of 1024. nullopt for anything else, overflow included.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "90s", "15m", "26h", "30d", "8w", "6mo" (of 30 days), "2y" (of 365); "0" is zero.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// yes no true false on off 1 0.
std::optional<bool> parse_yes_no(std::string_view text);

/// A decimal number within [low, high].
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low,
                                          std::uint64_t high);

/// "20%", "0.5%": a share above 0 and up to 1.
std::optional<double> parse_share(std::string_view text);

/// "1.4 GiB", "512 bytes".
std::string format_size(std::uint64_t size_bytes);

/// "1 archive", "2 archives": the count with the right one of two nouns.
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

/// "3d 4h", "2m 10s", "0s".
std::string format_duration(std::chrono::seconds duration);

/// RFC 3339 in UTC: "2026-01-31T02:00:00Z".
std::string format_time(Time time);
std::string format_time(store::UpstreamTime time);
std::optional<Time> parse_time(std::string_view text);

}  // namespace agent

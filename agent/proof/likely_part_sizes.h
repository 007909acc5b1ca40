#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace agent {

inline constexpr std::size_t kMd5Digits = 32;

/// True for the 32 hexadecimal digits that an MD5 has.
bool is_single_md5(std::string_view etag);

/// The number N of an ETag "...-N"; 0 for any other.
std::uint32_t part_count_of_etag(std::string_view etag);

/// How many part sizes a content of this size is tried with: a few, or (`all`) as many as hashing
/// it so often may cost, where else its promise would go unchecked.
std::size_t most_guessed_sizes(std::uint64_t size_bytes, bool all);

/// The part sizes that would cut `size_bytes` into exactly `count` parts: the ones that uploaders
/// are known for, parts of one size, powers of two, whole MiB and MB; at most `most`.
std::vector<std::uint64_t> likely_part_sizes(std::uint64_t size_bytes, std::uint32_t count,
                                             std::size_t most);

}  // namespace agent

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace store {

/// Each continues `crc`, the value for the bytes before; 0 starts.
std::uint32_t crc32_ieee(std::uint32_t crc, std::span<const std::byte> bytes);
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes);
std::uint64_t crc64_nvme(std::uint64_t crc, std::span<const std::byte> bytes);

/// crc32c() without the processor's instruction for it, for the tests to compare.
std::uint32_t crc32c_portable(std::uint32_t crc, std::span<const std::byte> bytes);

/// The version of zlib that runs: "1.2.13".
std::string zlib_version_text();

}  // namespace store

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "store/disk/disk.h"

namespace store {

/// True when a file of this size lies at the path, so that it may hold a content of that size.
/// False also where the path itself cannot be had (concerns_a_name()).
Result<bool> may_hold(ReadableDisk& disk, const std::string& path, std::uint64_t size_bytes);

/// True when the bytes of the file, synced and read from the device, have this SHA-256.
Result<bool> holds(ReadableDisk& disk, const std::string& path, std::span<const std::byte> sha256);

/// A copy of a file in staging: a second name of it where the filesystem has links, else its bytes,
/// synced, read back and compared (kCorrupt when `from_path` is no longer what `sha256` says).
/// Returns its path; a leftover of that name is replaced. The name is not durable yet.
Result<std::string> duplicate_to_staging(Disk& disk, const std::string& from_path,
                                         std::span<const std::byte> sha256);

/// Likewise, and always by its bytes.
Result<std::string> copy_to_staging(Disk& disk, const std::string& from_path,
                                    std::span<const std::byte> sha256);

}  // namespace store

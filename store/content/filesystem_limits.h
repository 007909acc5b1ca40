#pragma once

#include <cstdint>
#include <string_view>

#include "store/content/key_path.h"

namespace store {

// What filesystems cannot hold, by the name that Disk::filesystem_name() gives.

/// Which names it can hold.
NameRules name_rules_of(std::string_view filesystem_name);

/// The largest file that it can hold: FAT32 counts the bytes of a file in 32 bits.
std::uint64_t largest_file_bytes_of(std::string_view filesystem_name);

/// Whether it is known that a gap in a file costs nothing there: FAT and its kind fill it with
/// zeroes first, which may take minutes.
bool has_sparse_files(std::string_view filesystem_name);

}  // namespace store

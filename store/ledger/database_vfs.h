#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/disk/inside.h"

namespace store {

/// The name of a VFS for SQLite that takes paths as they are, and whose temporary files lie in
/// `directory`, which may not exist yet. Each loses its name as soon as it is open, so that no
/// crash leaves one. nullptr: SQLite has none to make it of.
///
/// SQLite would resolve the links in a path. Ours leads through the open root of the disk, which
/// names that disk whatever is mounted at its place since. And it would put what it sorts into
/// /var/tmp: on a small machine that is the card it runs from.
const char* verbatim_vfs(const std::string& directory);

/// Whether so many bytes more may be written. Asked for some at a time.
using HasRoom = std::function<bool(std::uint64_t size_bytes)>;

/// From here on the temporary files in `directory` grow while there is room, and with an empty
/// function as they like. What must not grow fails as if the disk were full.
void bound_temporary_files(const std::string& directory, HasRoom has_room);
/// Whether one of them was told so since this was asked last.
bool had_no_room(const std::string& directory);

/// Whether temporary files can be made there.
bool can_write_to(const std::string& directory);

}  // namespace store

#pragma once

#include <string>
#include <string_view>

#include "store/inside.h"

namespace store {

/// The name of a VFS for SQLite that takes paths as they are, and whose temporary files lie in
/// `directory`, which may not exist yet. Each loses its name as soon as it is open, so that no
/// crash leaves one. nullptr: SQLite has none to make it of.
///
/// SQLite would resolve the links in a path. Ours leads through the open root of the disk, which
/// names that disk whatever is mounted at its place since. And it would put what it sorts into
/// /var/tmp: on a small machine that is the card it runs from.
const char* verbatim_vfs(const std::string& directory);

/// Whether temporary files can be made there.
bool can_write_to(const std::string& directory);

}  // namespace store

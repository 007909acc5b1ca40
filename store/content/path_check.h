#pragma once

#include <string_view>

#include "store/disk/error.h"

namespace store {

/// Whether a path that one of the disk's own files names can be that of a content: below SOURCE in
/// archives/, superseded/, quarantine/ or damaged/, in every segment a plain name. The disk may
/// have been anywhere, so nothing is removed, replaced or written to under any other.
bool is_content_path(std::string_view path);

/// Likewise, of this source.
bool is_content_path(std::string_view path, std::string_view source_name);

/// Whether the error is of the file of one content, which says nothing of any other: a bad sector
/// under it, or in its directory. Not what says that the disk is full, read-only or gone. A failed
/// sync has such a path as well, and whoever syncs has to know.
bool concerns_a_content(const Error& error);

/// Whether a source can have this name.
bool is_source_name(std::string_view name);

}  // namespace store

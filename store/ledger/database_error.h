#pragma once

#include <string>

#include "store/disk/error.h"
#include "store/disk/inside.h"

struct sqlite3;

namespace store {

/// What this code of SQLite means to us, for the database at `path`. `handle` may be nullptr.
Error database_error(sqlite3* handle, int code, const std::string& path);

}  // namespace store

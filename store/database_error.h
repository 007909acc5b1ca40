#pragma once

#include <string>

#include "store/error.h"
#include "store/inside.h"

struct sqlite3;

namespace store {

/// What this code of SQLite means to us, for the database at `path`. `handle` may be nullptr.
Error database_error(sqlite3* handle, int code, const std::string& path);

}  // namespace store

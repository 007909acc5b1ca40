#include "agent/walk/walk_sql.h"

#include <algorithm>

namespace agent {
namespace {

constexpr std::size_t kLookedBytes = 256;

// The name in "INSERT INTO name ..." and its like; empty where the line is none.
std::string_view inserted_into(std::string_view line) {
  for (const std::string_view begin :
       {"INSERT INTO ", "INSERT IGNORE INTO ", "INSERT  IGNORE INTO ", "REPLACE INTO ",
        "INSERT DELAYED INTO "}) {
    if (!line.starts_with(begin)) continue;
    line.remove_prefix(begin.size());
    return line.substr(0, std::min(line.find_first_of(" ("), line.size()));
  }
  return {};
}

}  // namespace

void SqlScan::begin_rows(std::string_view table) {
  if (table == last_) return;
  last_ = table;
  ++tables_;
}

void SqlScan::end_line() {
  std::string_view line = line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (in_copy_) {
    in_copy_ = line != "\\.";
    // The first row makes it one with rows.
    if (in_copy_ && !copy_has_rows_) ++tables_;
    copy_has_rows_ = in_copy_;
  } else if (line.starts_with("COPY ") && line.find(" FROM stdin") != std::string_view::npos) {
    in_copy_ = true;
    copy_has_rows_ = false;
  } else if (const auto table = inserted_into(line); !table.empty()) {
    begin_rows(table);
  }
  line_.clear();
}

void SqlScan::read(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    if (line_.size() < kLookedBytes) line_ += part.substr(0, kLookedBytes - line_.size());
    if (end == std::string_view::npos) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace agent

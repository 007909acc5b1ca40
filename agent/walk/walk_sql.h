#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace agent {

/// Counts, in a dump that comes in pieces, the tables that have rows: by the lines with which
/// pg_dump, mysqldump, mariadb-dump and sqlite3 begin what they say of a table's rows. Keeps the
/// beginning of one line.
class SqlScan {
 public:
  void read(std::string_view bytes);
  std::uint64_t tables() const { return tables_; }

 private:
  void end_line();
  void begin_rows(std::string_view table);

  std::string line_;  ///< its first bytes
  bool in_copy_ = false;
  bool copy_has_rows_ = false;
  std::string last_;  ///< the table of the last row that was inserted
  std::uint64_t tables_ = 0;
};

}  // namespace agent

#ifdef HOLDFAST_WALK
#include "agent/walk/walk_sql.h"

#include <string>

#include "tests/support/catch.h"

// How many tables of a dump have rows.

namespace {

std::uint64_t tables_of(std::string_view dump, std::size_t piece) {
  agent::SqlScan scan;
  for (; !dump.empty(); dump.remove_prefix(std::min(piece, dump.size()))) {
    scan.read(dump.substr(0, piece));
  }
  return scan.tables();
}

}  // namespace

TEST_CASE("the tables with rows are counted, in whatever pieces a dump comes") {
  const std::string postgres =
      "COPY public.a (x, y) FROM stdin;\n1\tINSERT INTO z\n2\tb\n\\.\n\n"
      "COPY public.empty (x) FROM stdin;\n\\.\n\nCOPY public.b (x) FROM stdin;\n1\n\\.\n"
      "INSERT INTO public.c VALUES (1);\nINSERT INTO public.c VALUES (2);\n";
  const std::string mysql =
      "CREATE TABLE `a` (x int);\nINSERT INTO `a` VALUES (1,'" + std::string(5000, 'x') +
      "'),(2,'\\nINSERT INTO `q`');\nINSERT INTO `a` VALUES (3);\nCREATE TABLE `e` (x int);\n"
      "INSERT  IGNORE INTO `b` (x) VALUES (1);\nREPLACE INTO `c` VALUES (1);\r\n";
  const std::string sqlite =
      "CREATE TABLE t(a);\nINSERT INTO t VALUES(1);\nINSERT INTO \"t 2\" VALUES(1);\nCOMMIT;\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    CAPTURE(piece);
    CHECK(tables_of(postgres, piece) == 3);
    CHECK(tables_of(mysql, piece) == 3);
    CHECK(tables_of(sqlite, piece) == 2);
    CHECK(tables_of("CREATE TABLE t(a);\n", piece) == 0);
  }
}
#endif

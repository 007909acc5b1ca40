#!/bin/bash
# A restore drill for SQLite: a database file, or the output of .dump, compressed or not, is checked by SQLite
# itself (PRAGMA integrity_check and foreign_key_check), and its rows are counted.
#   command = /usr/share/holdfast/drills/sqlite.sh [TABLE...]
# Needs the package sqlite3.
set -euo pipefail
# shellcheck source=deploy/drills/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"

command -v sqlite3 >/dev/null || fail 'SQLite is not installed: apt install sqlite3'
cd "$HOLDFAST_DRILL_WORK"
plain "$(the_file 'the database')" >restored 2>errors ||
  fail "the file cannot be uncompressed: $(head -n 1 errors)"
if [[ $(head -c 15 restored | tr -d '\0') == 'SQLite format 3' ]]; then
  mv restored database
else
  tail -n 3 restored | grep -q '^COMMIT;' || fail 'the dump ends too early: its last line, "COMMIT;", is missing'
  sqlite3 -bail database <restored 2>errors || fail "the dump cannot be restored: $(head -n 1 errors)"
fi
said=$(sqlite3 -readonly database 'PRAGMA integrity_check; PRAGMA foreign_key_check;' 2>&1) || fail "$said"
[[ $said == ok ]] || fail "$(head -n 3 <<<"$said")"
sqlite3 -readonly database "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'" >tables
rows=0
while IFS= read -r table; do
  ((rows += $(sqlite3 -readonly database "SELECT count(*) FROM \"${table//\"/\"\"}\""))) || true
done <tables
[[ $rows -gt 0 ]] || fail "the database has $(wc -l <tables) tables, and no row in them"
for table in "$@"; do
  count=$(sqlite3 -readonly database "SELECT count(*) FROM \"${table//\"/\"\"}\"" 2>/dev/null) || count=0
  [[ $count -gt 0 ]] || fail "the table $table is empty, or missing"
done
echo "$(wc -l <tables) tables with $rows rows"

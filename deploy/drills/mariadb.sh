#!/bin/bash
# A restore drill for MariaDB or MySQL: restores a dump of one or more databases (mariadb-dump, mysqldump,
# compressed or not) into a server of its own, which listens on a socket in the scratch directory alone, and
# counts the rows. Fails for a dump that ends too early, for one without a row, and where a named table is empty.
#   command = /usr/share/holdfast/drills/mariadb.sh [TABLE...]
# Needs the package mariadb-server.
set -euo pipefail
# shellcheck source=deploy/drills/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"

server=$(command -v mariadbd || command -v mysqld) || fail 'MariaDB is not installed: apt install mariadb-server'
cd "$HOLDFAST_DRILL_WORK"
[[ ${#PWD} -le 95 ]] || fail "the path of the scratch directory is too long for a socket of MariaDB's: $PWD"
dump=$(the_file 'the dump')

mariadb-install-db --no-defaults --datadir="$PWD/data" --tmpdir="$PWD" --auth-root-authentication-method=normal \
  >install.log 2>&1 || { tail -n 5 install.log >&2; fail 'the scratch server cannot be set up'; }
"$server" --no-defaults --datadir="$PWD/data" --tmpdir="$PWD" --socket="$PWD/socket" --pid-file="$PWD/pid" \
  --skip-networking --skip-grant-tables --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
  --performance-schema=OFF >server.log 2>&1 &
running=$!
sql() { mariadb --no-defaults --socket="$PWD/socket" --batch --skip-column-names "$@"; }
wait_until 300 sql -e 'SELECT 1' || { tail -n 5 server.log >&2; fail 'the scratch server does not start'; }
sql -e 'CREATE DATABASE drill'

# One that was cut between two statements is no error to anybody. mysqldump --skip-comments leaves the line out.
ends_well() { plain "$dump" | tail -n 5 | grep -qE '^-- Dump completed|^/\*M?!?[0-9]* *SET SQL_NOTES='; }
plain "$dump" 2>errors | sql drill 2>>errors || fail "the dump cannot be restored: $(head -n 1 errors)"
ends_well || fail 'the dump ends too early: its last line, "Dump completed", is missing'

sql -e "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'
  AND table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')" >tables
while IFS=$'\t' read -r database table; do
  printf '%s\t%s\n' "$table" "$(sql -e "SELECT count(*) FROM \`$database\`.\`$table\`")"
done <tables >counts
rows=$(awk -F '\t' '{ sum += $2 } END { print sum + 0 }' counts)
[[ $rows -gt 0 ]] || fail "the dump has $(wc -l <counts) tables, and no row in them"
for table in "$@"; do
  count=$(awk -F '\t' -v table="$table" '$1 == table { sum += $2 } END { print sum + 0 }' counts)
  [[ $count -gt 0 ]] || fail "the table $table is empty, or missing"
done
kill "$running"
wait "$running" || true
echo "$(wc -l <counts) tables with $rows rows"

#!/bin/bash
# A restore drill for PostgreSQL: restores a dump of one database (pg_dump's custom, tar or plain format,
# compressed or not) into a cluster of its own, which listens on a socket in the scratch directory alone, and
# counts the rows. Fails for a dump that ends too early, for one without a row, and where a named table is empty.
#   command = /usr/share/holdfast/drills/postgresql.sh [TABLE...]
# Needs the package postgresql, of the server's version or a later one. Roles that the dump names are made.
set -euo pipefail
# shellcheck source=deploy/drills/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"

shopt -s nullglob
versions=(/usr/lib/postgresql/*/bin)
[[ ${#versions[@]} -gt 0 ]] || fail 'PostgreSQL is not installed: apt install postgresql'
bin=$(printf '%s\n' "${versions[@]}" | sort -V | tail -n 1)
cd "$HOLDFAST_DRILL_WORK"
[[ ${#PWD} -le 85 ]] || fail "the path of the scratch directory is too long for a socket of PostgreSQL's: $PWD"
dump=$(the_file 'the dump')

"$bin/initdb" --pgdata=data --auth=trust --username=postgres --encoding=UTF8 --no-sync >initdb.log 2>&1 ||
  { tail -n 5 initdb.log >&2; fail 'the scratch cluster cannot be made'; }
# What a crash leaves of it is thrown away: nothing has to be synced.
"$bin/postgres" -D data -k "$PWD" -c listen_addresses= -c fsync=off -c full_page_writes=off \
  -c max_connections=10 -c logging_collector=off >server.log 2>&1 &
server=$!
export PGHOST=$PWD PGUSER=postgres
wait_until 150 "$bin/pg_isready" -q || { tail -n 5 server.log >&2; fail 'the scratch cluster does not start'; }
sql() { "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
sql -d postgres -c 'CREATE DATABASE drill'

# Whom the dump gives things to is not what is tried here.
make_roles() {
  local role
  sed -nE 's/^(ALTER .* OWNER TO|GRANT .* TO|REVOKE .* FROM) "?([^";]+)"?;$/\2/p' | sort -u | while IFS= read -r role; do
    [[ $role == postgres || $role == PUBLIC ]] || sql -d postgres -c "CREATE ROLE \"$role\""
  done
}
restore_archive() {  # of pg_dump's own formats
  plain "$dump" >archive 2>errors || fail "the dump cannot be uncompressed: $(head -n 1 errors)"
  # Of a tar that was cut, pg_restore takes what is there and says nothing.
  if [[ $(first_bytes archive 5) != 5047444d50 ]]; then
    tar -t -f archive >/dev/null 2>errors || fail "the dump ends too early: $(head -n 1 errors)"
  fi
  "$bin/pg_restore" --exit-on-error --no-owner --no-privileges --dbname=drill archive 2>errors ||
    fail "the dump cannot be restored: $(head -n 1 errors)"
  rm archive
}
restore_plain() {
  # One that was cut between two statements is no error to anybody.
  { plain "$dump" 2>errors || true; } | tail -n 20 | grep -q '^-- PostgreSQL database dump complete' ||
    fail "the dump ends too early: its last line, \"PostgreSQL database dump complete\", is missing $(head -n 1 errors)"
  plain "$dump" | make_roles
  plain "$dump" 2>errors | sql -d drill >/dev/null 2>>errors || fail "the dump cannot be restored: $(head -n 1 errors)"
}
head_of_dump=$({ plain "$dump" 2>/dev/null || true; } | head -c 262 | od -An -v -tx1 | tr -d ' \n')
case $head_of_dump in
  5047444d50* | *7573746172) restore_archive ;;
  *) restore_plain ;;
esac

count_rows() {
  sql -d drill -F ' ' -c "SELECT format('SELECT %L, count(*) FROM %I.%I', relname, nspname, relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')" |
    sed 's/$/;/' | sql -d drill -F ' '
}
count_rows >counts
rows=$(awk '{ sum += $NF } END { print sum + 0 }' counts)
[[ $rows -gt 0 ]] || fail "the dump has $(wc -l <counts) tables, and no row in them"
for table in "$@"; do
  count=$(awk -v table="$table" '{ n = $NF; sub(/ [0-9]+$/, ""); if ($0 == table) sum += n } END { print sum + 0 }' counts)
  [[ $count -gt 0 ]] || fail "the table $table is empty, or missing"
done
kill -INT "$server"
wait "$server" || true
echo "$(wc -l <counts) tables with $rows rows"

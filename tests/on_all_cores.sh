#!/bin/bash
# tests/on_all_cores.sh PROGRAM FILTER: the cases of a test program that FILTER chooses, a share of them
# on each core. What a share says is told when it has ended.
set -euo pipefail
shopt -s inherit_errexit
program=${1:?usage: tests/on_all_cores.sh PROGRAM FILTER}
filter=${2:?usage: tests/on_all_cores.sh PROGRAM FILTER}
cores=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

share() {  # share INDEX: runs it
  if "$program" --help | grep -q shard-count; then
    "$program" -d yes --shard-count "$cores" --shard-index "$1" "$filter"
    return
  fi
  # The older Catch2 tells the names, and exits with their number; a comma would end one.
  { "$program" --list-test-names-only "$filter" || true; } | sed 's/[][,\\]/\\&/g' |
    awk -v cores="$cores" -v index_="$1" 'NR % cores == index_' >"$work/$1.names"
  "$program" -d yes --input-file "$work/$1.names" | tee "$work/$1.told"
  ran=$(sed -nE 's/.* in ([0-9]+) test cases?\)$/\1/p; s/^test cases: +([0-9]+) .*/\1/p' "$work/$1.told")
  [[ $ran -eq $(wc -l <"$work/$1.names") ]] || { echo "$ran cases ran, and $(wc -l <"$work/$1.names") were to"; return 1; }
}

shares=()
for ((i = 0; i < cores; i++)); do
  share "$i" >"$work/$i.log" 2>&1 &
  shares+=($!)
done
status=0
for i in "${!shares[@]}"; do
  verdict=ok
  wait "${shares[$i]}" || verdict='not ok' status=1
  cat "$work/$i.log"
  echo "$verdict - share $((i + 1)) of $cores"
done
exit "$status"

#!/bin/bash
# tests/tidy.sh BUILD [--all] [--record]: clang-tidy over the sources of the program, by the compile
# commands in BUILD, which clang made (CMAKE_EXPORT_COMPILE_COMMANDS). It takes seconds a file, so it
# looks at what changed since the list tests/tidy.passed was written (a source, the header of its
# name, or .clang-tidy); --all looks at every source. --record writes into the list what was found
# to be right: commit it with the change. Prints "ok - " and "not ok - " lines.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
build=${1:?usage: tests/tidy.sh BUILD [--all] [--record]}
shift
list=tests/tidy.passed all=no record=no
for option in "$@"; do
  case $option in
    --all) all=yes ;;
    --record) record=yes ;;
    *) echo "unknown option $option" >&2; exit 64 ;;
  esac
done

mark() {  # mark SOURCE: what clang-tidy's verdict on it depends on; where its headers lie is none of it
  local header=${1%.cc}.h
  if [[ ! -e $header ]]; then header=; fi
  printf '%s  %s\n' "$({ cat .clang-tidy && sed '/^#include/d' "$1" && if [[ -n $header ]]; then sed '/^#include/d' "$header"; fi; } |
    sha256sum | cut -c1-64)" "$1"
}

# Each release finds other things: the list is Debian 12's.
tidy=$(command -v clang-tidy-14 || command -v clang-tidy)
if ! "$tidy" --version | grep -q 'version 14\.'; then
  echo "SKIPPED clang-tidy: this is another version than 14"
  exit 0
fi
export tidy build

sources=(agent/*/*.cc cross/*.cc s3client/*.cc store/*.cc store/*/*.cc)
chosen=()
for source in "${sources[@]}"; do
  if [[ $all == no ]] && grep -Fqx "$(mark "$source")" "$list" 2>/dev/null; then continue; fi
  chosen+=("$source")
done
echo "${#chosen[@]} of ${#sources[@]} sources are looked at"
faulty=$(mktemp)
trap 'rm -f "$faulty"' EXIT
export faulty
if [[ ${#chosen[@]} -gt 0 ]]; then
  # shellcheck disable=SC2016  # expanded by the shell that is started
  printf '%s\0' "${chosen[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c '
    "$tidy" -p "$build" --quiet "$0" 2>/dev/null || echo "$0" >>"$faulty"'
fi
if [[ $record == yes ]]; then
  for source in "${sources[@]}"; do
    grep -Fqx "$source" "$faulty" || mark "$source"
  done >"$list"
fi
if [[ -s $faulty ]]; then
  echo "not ok - clang-tidy has findings in $(sort "$faulty" | paste -sd ' ')"
  exit 1
fi
echo 'ok - clang-tidy finds nothing'

#!/bin/bash
# tests/tidy.sh BUILD [--all|--passed]: clang-tidy over the sources of the program, by the compile
# commands in BUILD, which clang made (CMAKE_EXPORT_COMPILE_COMMANDS). tests/run.sh does not call it
# yet. Without an option it looks at what changed since the list
# tests/tidy.passed was written (a source, or the header of its name); --all looks at every source;
# --passed does so too, and writes the list anew where nothing was found.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/tidy.sh BUILD [--all|--passed]}
mode=${2:-changed}
list=tests/tidy.passed

mark() {  # mark SOURCE: what clang-tidy's verdict on it depends on
  local header=${1%.cc}.h
  if [[ ! -e $header ]]; then header=; fi
  # shellcheck disable=SC2086  # no header, no word
  printf '%s  %s\n' "$(cat .clang-tidy "$1" $header | sha256sum | cut -c1-64)" "$1"
}

sources=(agent/*.cc cross/*.cc s3client/*.cc store/*.cc)
chosen=()
for source in "${sources[@]}"; do
  if [[ $mode == changed ]] && grep -Fqx "$(mark "$source")" "$list" 2>/dev/null; then continue; fi
  chosen+=("$source")
done
echo "${#chosen[@]} of ${#sources[@]} sources are looked at"
status=0
if [[ ${#chosen[@]} -gt 0 ]]; then
  printf '%s\0' "${chosen[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet 2>/dev/null || status=1
fi
if [[ $status -eq 0 ]]; then
  echo 'ok - clang-tidy finds nothing'
  if [[ $mode == --passed ]]; then for source in "${sources[@]}"; do mark "$source"; done >"$list"; fi
else
  echo 'not ok - clang-tidy has findings'
fi
exit "$status"

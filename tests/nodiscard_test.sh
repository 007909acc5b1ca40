#!/bin/bash
# tests/nodiscard_test.sh BUILD: a Result that is dropped does not compile, and one that is looked at
# does. By the flags of the libraries in BUILD, a tree that developers build.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/nodiscard_test.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Ninja's line is meant for a shell: what it quotes is unquoted by one.
compiler=()
eval "compiler=($(ninja -C "$build" -t commands agent/CMakeFiles/agent.dir/units.cc.o | tail -n 1 |
  sed -E 's/ -(include|MT|MF|o) [^ ]+//g; s/ -MD//; s/ -Winvalid-pch//; s/ -c [^ ]+//; s/^[^ ]*ccache //'))"

compiles() {  # compiles STATEMENT
  printf '%s\n' '#include "agent/environment.h"' '#include "s3client/client.h"' '#include "store/disk.h"' \
    'void drop(store::Disk& disk, s3::Client& client, const agent::Environment& environment);' \
    'void drop(store::Disk& disk, s3::Client& client, const agent::Environment& environment) {' \
    '  (void)disk, (void)client, (void)environment;' "  $1" '}' >"$work/drop.cc"
  "${compiler[@]}" -fsyntax-only "$work/drop.cc" 2>"$work/errors"
}

status=0
verdict() {  # verdict yes|no CLAIM STATEMENT
  local answer=no
  if compiles "$3"; then answer=yes; fi
  if [[ $answer == "$1" ]] && { [[ $1 == yes ]] || grep -q 'unused-result' "$work/errors"; }; then
    echo "ok - $2"
  else
    echo "not ok - $2"
    cat "$work/errors"
    status=1
  fi
}

verdict no "a dropped Result of store does not compile" 'disk.space();'
verdict no "a dropped Result of s3client does not compile" 'client.head({});'
verdict no "a dropped Result of agent does not compile" 'environment.read_file("a");'
verdict yes "one that is looked at does" 'if (!disk.space()) return;'
exit "$status"

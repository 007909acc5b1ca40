#!/bin/bash
# tests/refused_code_test.sh BUILD: what agent/ must not do does not compile, and what it may do does:
# to drop a Result; to change what is held in another way than by the verbs of store/custody/mirror.h. By the
# flags of agent/ in BUILD, a tree that developers build.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
build=${1:?usage: tests/refused_code_test.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Ninja's line is meant for a shell: what it quotes is unquoted by one.
compiler=()
eval "compiler=($(ninja -C "$build" -t commands agent/base/CMakeFiles/agent_base.dir/units.cc.o | tail -n 1 |
  sed -E 's/ -(include|MT|MF|o) [^ ]+//g; s/ -MD//; s/ -Winvalid-pch//; s/ -c [^ ]+//; s/^[^ ]*ccache //'))"

compiles() {  # compiles STATEMENT HEADER
  printf '%s\n' "#include \"$2\"" '#include "agent/base/environment.h"' '#include "s3client/client.h"' \
    '#include "store/custody/mirror.h"' \
    'void drop(store::Disk&, s3::Client&, const agent::Environment&, store::Mirror&);' \
    'void drop(store::Disk& disk, s3::Client& client, const agent::Environment& environment,' \
    '          store::Mirror& mirror) {' \
    '  (void)disk, (void)client, (void)environment, (void)mirror;' "  $1" '}' >"$work/drop.cc"
  "${compiler[@]}" -fsyntax-only "$work/drop.cc" 2>"$work/errors"
}

status=0
verdict() {  # verdict ok|REASON CLAIM STATEMENT [HEADER]: REASON is in what the compiler says
  local answer=no
  if compiles "$3" "${4:-store/disk/disk.h}"; then answer=ok; fi
  if [[ $answer == "$1" ]] || { [[ $1 != ok && $answer == no ]] && grep -q "$1" "$work/errors"; }; then
    echo "ok - $2"
  else
    echo "not ok - $2"
    cat "$work/errors"
    status=1
  fi
}

verdict unused-result "a dropped Result of store does not compile" 'disk.space();'
verdict unused-result "a dropped Result of s3client does not compile" 'client.head({});'
verdict unused-result "a dropped Result of agent does not compile" 'environment.read_file("a");'
verdict ok "one that is looked at does" 'if (!disk.space()) return;'

verdict ok "the ledger can be read" 'if (!mirror.ledger.totals(1)) return;'
verdict ok "what is held can be changed by a verb of the mirror" 'if (!mirror.begin({}, {})) return;'
for call in 'record_batch({})' 'begin_removals(1, {}, {})' 'end_removals(1, {})' 'begin_placements({})' \
  'begin_supersessions({})' 'record_readings(1, {}, {}, {})' 'mark_sums_written(1)'; do
  verdict "has no member named" "Ledger::${call%%(*} cannot be called" "(void)mirror.ledger.$call;"
done
for call in 'remove_file("a")' 'rename_replace("a", "b")' 'open("a", store::OpenMode::kReadWrite)'; do
  verdict "has no member named" "Disk::${call%%(*} of a mirror cannot be called" "(void)mirror.disk().$call;"
done
verdict "is private" "the ledger cannot be had from inside a view" '(void)mirror.ledger.impl_;'
for header in store/*/*.h; do
  grep -q '"store/disk/inside.h"' "$header" || continue
  verdict "private to store/" "$header cannot be included" '' "$header"
done
exit "$status"

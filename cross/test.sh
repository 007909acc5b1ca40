#!/bin/bash
# cross/test.sh [--quick|--rest] TARGET: proves what cross/build.sh made for TARGET: its tests, and pulls over
# TLS, on the processor of a Pi as qemu emulates it; its packages by apt's solver for bookworm and
# trixie, and where roots of these can be made and entered, by installing, running, upgrading, removing
# and purging them there. --quick: the tests and one pull, without packages and large archives. --rest: what
# that leaves out.
# Prints "ok - ", "not ok - " and "SKIPPED" lines.
# shellcheck source=cross/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=cross/emulate.sh
source "$repository/cross/emulate.sh"
# shellcheck source=cross/compile.sh
source "$repository/cross/compile.sh"
# shellcheck source=cross/package.sh
source "$repository/cross/package.sh"
# shellcheck source=cross/prove_pull.sh
source "$repository/cross/prove_pull.sh"
# shellcheck source=cross/prove_package.sh
source "$repository/cross/prove_package.sh"

failed=no
check() {  # check CLAIM COMMAND...
  local claim=$1 log=$work/$target/logs/check-$BASHPID
  shift
  if "$@" >"$log" 2>&1; then
    echo "ok - $target: $claim"
  else
    echo "not ok - $target: $claim"
    tail -n 40 "$log" | sed 's/^/  /'
    failed=yes
  fi
  rm "$log"
}

# beside COMMAND...: while what comes next is run; for its end there is `all_ended`.
besides=()
beside() {
  (
    "$@"
    [[ $failed == no ]]
  ) &
  besides+=("$!")
}
all_ended() {
  local process
  for process in "${besides[@]}"; do wait "$process" || failed=yes; done
}

run_suite() {  # run_suite NAME: but for what qemu-user cannot run, which not_emulated.txt names with reasons
  local name filter='~[torture]~[.]'
  if [[ $target != amd64 ]]; then
    while IFS= read -r name; do
      filter+="~\"${name//,/\\,}\""
      echo "left out of $target: $1 \"$name\": cross/not_emulated.txt says why"
    done < <(sed -n "s/^$1: //p" "$repository/cross/not_emulated.txt")
  fi
  check "$1 under ${processor[$target]:-this processor}" suite_passes "$1" "$filter"
}
suite_passes() {  # suite_passes NAME FILTER: in a directory of its own
  local scratch run_by program status=0 log=$work/$target/logs/$1
  program=$(tree_of_tests "$target")/tests/$1
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-cross.XXXXXX")
  run_by_what "$target" "$program"
  # A torture takes the emulator long, and is about order, not about processors: some of it, others each day.
  if [[ $quick == yes ]]; then export HOLDFAST_TORTURE_EVERY=${HOLDFAST_TORTURE_EVERY:-8}; fi
  TMPDIR=$scratch timeout 1800 "${run_by[@]}" "$program" -d yes "$2" >"$log" 2>&1 || status=$?
  rm -rf "$scratch"
  grep -v '^[0-9.]* s: ' "$log"
  [[ $status -eq 0 ]] && grep -q '^All tests passed' "$log"
}

# What is compiled for ARMv7, as all of Debian's armhf is, has to die here: else this proves nothing.
armhf_dies() {
  local program=$work/armv6/armhf-hello
  echo 'int main() { return 0; }' | arm-linux-gnueabihf-g++ -x c++ -static -o "$program" -
  qemu-arm-static -cpu cortex-a7 "$program" || return 1
  local status=0
  qemu-arm-static -cpu "${processor[armv6]}" "$program" || status=$?
  [[ $status -eq 132 ]]
}

clean_up() {
  if [[ -n $scene ]]; then end_scene; fi
  forget_target
}
trap clean_up EXIT

quick=no rest=no
case ${1:-} in
  --quick) quick=yes ;;
  --rest) rest=yes ;;
esac
if [[ $quick == yes || $rest == yes ]]; then shift; fi
target=${1:-}
need_target "$target"
mkdir -p "$work/$target/logs"
if [[ $rest == no ]]; then
  if [[ $target == armv6 ]]; then check 'a program for armhf dies on it, so this would be seen' armhf_dies; fi
  beside run_suite store_tests
  run_suite s3client_tests
  prove_pull
  all_ended
fi
if [[ $quick == no ]]; then
  prove_package
  prove_large_archive
fi
[[ $failed == no ]]

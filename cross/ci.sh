#!/bin/bash
# cross/ci.sh [--build|--test|--can] [TARGET...]: the part of cross/build.sh and cross/test.sh for which there
# is always time: for arm64 and armv6, or those named, configure, build, the s3client and store tests
# without the tortures, and a pull over TLS, each on an emulated processor. --build and --test: only that.
# --can: nothing, and 0 where it can be done. Prints "ok - ", "not ok - " and "SKIPPED" lines, and what
# each step took.
# shellcheck source=cross/lib.sh
source "$(dirname "$0")/lib.sh"
step=all
case ${1:-} in
  --build | --test | --can)
    step=${1#--}
    shift
    ;;
esac
if [[ $step == can ]]; then
  builds_here
  exit
fi
builds_here || { echo 'SKIPPED other machines are built for on Debian 12 for amd64 only'; exit 0; }
logs=$work/ci
mkdir -p "$logs"
[[ $# -gt 0 ]] || set -- armv6 arm64
failed=no

# CPU seconds of all that has ended here so far.
cpu_seconds() { awk -v hertz="$(getconf CLK_TCK)" '{ print int(($16 + $17) / hertz) }' "/proc/$$/stat"; }
took() { echo "$1 took $((SECONDS - began)) s, and $(($(cpu_seconds) - cpu_began)) of the processors'"; }

if [[ $step != test ]]; then
  for target in "$@"; do
    began=$SECONDS cpu_began=$(cpu_seconds)
    if "$repository/cross/build.sh" --quick "$target"; then
      echo "ok - $target: it is configured and built"
    else
      echo "not ok - $target: it is configured and built"
      failed=yes
    fi
    took "building for $target"
  done
fi
if [[ $step != build ]]; then
  began=$SECONDS cpu_began=$(cpu_seconds) tests=()
  # Side by side: most of the time each has work for one core.
  for target in "$@"; do
    "$repository/cross/test.sh" --quick "$target" >"$logs/$target" 2>&1 &
    tests+=("$! $target")
  done
  for test in "${tests[@]}"; do
    wait "${test% *}" || failed=yes
    cat "$logs/${test#* }"
  done
  took 'testing'
fi
[[ $failed == no ]]

#!/bin/bash
# cross/ci.sh [TARGET...]: the part of cross/build.sh and cross/test.sh for which there is always time: for
# arm64 and armv6, or those named, configure, build, the s3client and store tests, and a pull over TLS,
# each on an emulated processor. Prints "ok - ", "not ok - " and "SKIPPED" lines, and how many minutes it took.
# shellcheck source=cross/lib.sh
source "$(dirname "$0")/lib.sh"
builds_here || { echo 'SKIPPED other machines are built for on Debian 12 for amd64 only'; exit 0; }
logs=$work/ci
mkdir -p "$logs"
[[ $# -gt 0 ]] || set -- armv6 arm64  # the longer one first, so that its tests have something to go beside
minutes() { echo "$1 took $((($2 + 30) / 60)) minutes"; }
failed=no tests=()
for target in "$@"; do
  began=$SECONDS
  if "$repository/cross/build.sh" --quick "$target"; then
    echo "ok - $target: it is configured and built"
    # Two threads at most, and most of the time one, so it goes beside the next one's.
    "$repository/cross/test.sh" --quick "$target" >"$logs/$target" 2>&1 &
    tests+=("$! $target")
  else
    echo "not ok - $target: it is configured and built"
    failed=yes
  fi
  minutes "building $target" $((SECONDS - began))
done
for test in "${tests[@]}"; do
  wait "${test% *}" || failed=yes
  cat "$logs/${test#* }"
done
minutes 'all of it' "$SECONDS"
[[ $failed == no ]]

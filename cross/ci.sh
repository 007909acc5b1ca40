#!/bin/bash
# cross/ci.sh: the part of cross/build.sh and cross/test.sh for which there is always time: for arm64
# and armv6 configure, build, the s3client and store tests, and a pull over TLS, each on an emulated
# processor. Prints "ok - ", "not ok - " and "SKIPPED" lines, and how many minutes it took.
set -euo pipefail
cd "$(dirname "$0")"
logs=../build/cross/ci
mkdir -p "$logs"
minutes() { echo "$1 took $((($2 + 30) / 60)) minutes"; }
failed=no tests=()
for target in arm64 armv6; do
  began=$SECONDS
  if ./build.sh --quick "$target"; then
    echo "ok - $target: it is configured and built"
    # Nearly all of it is one thread, so it goes beside the next one's.
    ./test.sh --quick "$target" >"$logs/$target" 2>&1 &
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

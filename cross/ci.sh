#!/bin/bash
# cross/ci.sh: the part of cross/build.sh and cross/test.sh for which there is always time: for arm64
# and armv6 configure, build, the s3client and store tests, and a pull over TLS, each on an emulated
# processor. Prints "ok - ", "not ok - " and "SKIPPED" lines, and how many minutes each target took.
set -euo pipefail
cd "$(dirname "$0")"
failed=no
for target in arm64 armv6; do
  began=$SECONDS
  if ./build.sh --quick "$target"; then
    echo "ok - $target: it is configured and built"
    ./test.sh --quick "$target" || failed=yes
  else
    echo "not ok - $target: it is configured and built"
    failed=yes
  fi
  echo "$target took $(((SECONDS - began + 30) / 60)) minutes"
done
[[ $failed == no ]]

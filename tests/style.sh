#!/bin/bash
# tests/style.sh: every source is as clang-format would write it, and shellcheck finds nothing in any
# script. Prints "ok - " and "not ok - " lines.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
status=0
verdict() {  # verdict CLAIM COMMAND...
  local claim=$1
  shift
  if "$@"; then
    echo "ok - $claim"
  else
    echo "not ok - $claim"
    status=1
  fi
}

# clang-format's taste changes between its releases: the tree is written by Debian 12's.
formatter=$(command -v clang-format-14 || command -v clang-format)
readarray -d '' -t sources < <(find agent cross s3client store tests -name '*.h' -print0 -o -name '*.cc' -print0)
if "$formatter" --version | grep -q 'version 14\.'; then
  verdict "clang-format leaves all ${#sources[@]} sources as they are" \
    "$formatter" --dry-run --Werror "${sources[@]}"
else
  echo "SKIPPED clang-format: this is $("$formatter" --version), and the tree is written by version 14"
fi

readarray -d '' -t scripts < <({
  find .ci cross deploy tests -name '*.sh' -print0
  find .ci cross deploy tests -type f -print0 | xargs -0 grep -lZE '^#!/bin/(ba)?sh'
} | sort -zu)
verdict "shellcheck finds nothing in ${#scripts[@]} scripts" shellcheck -x "${scripts[@]}"
exit "$status"

#!/bin/bash
# A restore drill for a tar of a web site, or of anything: unpacks it, and looks for the files without which it
# is none.
#   command = /usr/share/holdfast/drills/website.sh [PATH...]
# A PATH is one in the archive, such as var/www/site/index.php, and must be a file that is not empty.
set -euo pipefail
# shellcheck source=deploy/drills/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"

cd "$HOLDFAST_DRILL_WORK"
mkdir site
archive=$(the_file 'the archive')
plain "$archive" 2>errors | tar -x -f - -C site --no-same-owner --no-same-permissions --delay-directory-restore 2>>errors ||
  fail "the archive cannot be unpacked: $(grep -v '^$' errors | head -n 1)"
files=$(find site -type f | wc -l)
[[ $files -gt 0 ]] || fail 'there is no file in the archive'
for path in "$@"; do
  # Only what is in the archive: a link may point anywhere.
  target=$(realpath -e -- "site/${path#/}" 2>/dev/null) || fail "$path is not in the archive"
  [[ $target == "$PWD/site/"* && -s $target ]] || fail "$path is empty, or not in the archive"
done
echo "$files files, $(du -sk site | cut -f 1) KiB"

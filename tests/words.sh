#!/bin/bash
# tests/words.sh: every sentence that a user can meet, out of the code, the manual and the README: a line
# each, with the file. Whoever changes one reads the list around it, as somebody who is woken by it at
# three in the morning.
# tests/words.sh --check: none of them has a fault that we have made before. Prints "ok - " and
# "not ok - " lines.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

list() { python3 tests/support/words.py; }

if [[ ${1:-} != --check ]]; then
  list
  exit
fi
status=0
words=$(list)
none_says() {  # none_says CLAIM PATTERN
  local found
  found=$(grep -P -- "$2" <<<"$words") || true
  if [[ -z $found ]]; then
    echo "ok - $1"
  else
    echo "not ok - $1"
    cut -c1-300 <<<"$found" | sed 's/^/  /'
    status=1
  fi
}
count=$(grep -c . <<<"$words")
if [[ $count -gt 500 ]]; then
  echo "ok - $count sentences were read"
else
  echo "not ok - the list has only $count lines"
  status=1
fi
none_says 'a thing "is not" another, and never "is no" such thing' \
  '(?<![Tt]here )\b(is|are|was) no (?!longer\b|more\b|other\b|room\b|retention\b|keep rule|alarm\b|new\b)[a-z"{]'
none_says 'an example begins with "such as"' ', as (in|at|of|for|with|by) |, as [0-9"`]|, as a proxy'
none_says 'what is made once more is not made "anew"' '\banew\b'
none_says 'a person is told, a fact is not' '\b(is|are) told (with|by|and|as)\b'
none_says 'archives, copies and versions are counted, not "contents"' '\{\} contents|[0-9] contents'
none_says 'one is not many' '\b1 (requests|archives|alarms|files|versions|copies|keys|sources)\b'
none_says 'the fact comes before the reassurance' '(so )?nothing is concluded from it'
none_says 'something takes the place of another, not the stead' '\bin the stead\b'
exit "$status"

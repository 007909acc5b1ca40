#!/bin/bash
# tests/manual_test.sh DIRECTORY PROGRAM: the manual and the completions that the build made there are
# right: the formatters have nothing to say, and the shells complete what the program takes. Prints
# "ok - " and "not ok - " lines.
# shellcheck disable=SC2317  # most is called by verdict()
set -euo pipefail
shopt -s inherit_errexit
manual=$(cd "$1" && pwd)
program=$(realpath "$2")
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
says_nothing() {
  local said
  said=$("$@" 2>&1) || { echo "  ended with $?: $said"; return 1; }
  [[ -z $said ]] || { printf '  %s\n' "$said"; return 1; }
}
groff_warns_of_nothing() {
  local said
  said=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null) || true
  [[ -z $said ]] || { printf '  %s\n' "$said"; return 1; }
}
is_absent() { ! grep -nE "$1" "$2"; }
text_of() { LC_ALL=C.UTF-8 MANWIDTH=100 man -l "$1" | col -b; }
mentions_all() {  # mentions_all PAGE WORD...
  local text word missing=0
  text=$(text_of "$1")
  for word in "${@:2}"; do
    grep -qF -- "$word" <<<"$text" || { echo "  $word is missing"; missing=1; }
  done
  [[ $missing -eq 0 ]]
}

cd "$manual"
for page in holdfast.1 holdfast.conf.5 holdfast-status.5 holdfast-alarms.7 holdfast-setup.8; do
  verdict "mandoc finds nothing in $page" says_nothing mandoc -Tlint "$page"
  verdict "man has nothing to warn of in $page" groff_warns_of_nothing "$page"
  verdict "nothing of Markdown, and no blank to fill in, is left in $page" \
    is_absent '`|^@|@(version|date)@|^(#|\||- )|(^| )\*\*[a-zA-Z]' "$page"
done

mapfile -t commands < <("$program" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z]*\) .*/\1/p')
verdict "the program has ${#commands[@]} commands, and holdfast(1) all of them" \
  mentions_all holdfast.1 "${commands[@]}"
mapfile -t options < <(for command in "${commands[@]}"; do "$program" "$command" --help; done |
  grep -oE -- '--[a-z][a-z-]+' | sort -u)
verdict "and all ${#options[@]} options" mentions_all holdfast.1 "${options[@]}"
[[ ${#commands[@]} -ge 10 && ${#options[@]} -ge 10 ]] || { echo 'not ok - help was read'; status=1; }

completes() {  # completes WORDS EXPECTED...: the last of WORDS is what was typed so far
  local -a expected=("${@:2}")
  # shellcheck source=/dev/null
  source "$manual/holdfast.bash"
  # Both are what bash sets.
  # shellcheck disable=SC2034
  read -ra COMP_WORDS <<<"$1"
  [[ $1 == *' ' ]] && COMP_WORDS+=('')
  # shellcheck disable=SC2034
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _holdfast
  local got wanted
  got=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
  wanted=$(printf '%s\n' "${expected[@]}" | sort)
  [[ $got == "$wanted" ]] || { echo "  got ${got//$'\n'/ }, not ${wanted//$'\n'/ }"; return 1; }
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '[disk]\n[source web1]\n [source  db-2] # the other\n# [source old]\n' >"$work/conf"
export HOLDFAST_CONFIG=$work/conf
verdict 'shellcheck finds nothing in the completion for bash' shellcheck -s bash holdfast.bash
verdict 'bash completes a command' completes 'holdfast re' restore rebuild
verdict 'bash completes every command' completes 'holdfast ' "${commands[@]}"
verdict 'bash completes an option of a command' completes 'holdfast pull --d' --dry-run
verdict 'bash completes the sources of the configuration' completes 'holdfast pull ' web1 db-2
verdict 'bash completes one source where one is taken' completes 'holdfast list web1 ' ''
mkdir "$work/old"
verdict 'bash completes a directory behind a source where one is taken' \
  completes "holdfast adopt web1 $work/" "$work/old"
verdict 'bash takes them from the file that --config names' \
  completes "holdfast --config $work/other pull " ''
verdict 'bash completes a choice' completes 'holdfast --log-format j' json
if command -v zsh >/dev/null; then
  verdict 'zsh can read its completion' says_nothing zsh -n _holdfast
  for command in "${commands[@]}"; do
    verdict "zsh knows $command" grep -q "^    '$command:" _holdfast
  done
else
  echo 'SKIPPED zsh is not here'
fi
exit "$status"

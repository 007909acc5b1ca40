# shellcheck shell=bash
# What the recipes for restore drills share; each of them reads it. HOLDFAST_DRILL_* comes from holdfast.
: "${HOLDFAST_DRILL_DIRECTORY:?this is run by \"holdfast drill\"}" "${HOLDFAST_DRILL_WORK:?}" "${HOLDFAST_DRILL_FILES:?}"

# The last line that a drill prints is what holdfast tells of it.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# the_file WHAT: the only file that was restored, or the only one whose name has $HOLDFAST_DRILL_ONLY in it.
the_file() {
  local -a found
  mapfile -t found < <(grep -F -- "${HOLDFAST_DRILL_ONLY:-}" "$HOLDFAST_DRILL_FILES")
  [[ ${#found[@]} -eq 1 ]] ||
    fail "${#found[@]} files were restored that may be $1; say which with HOLDFAST_DRILL_ONLY=WORD before the command"
  printf '%s\n' "$HOLDFAST_DRILL_DIRECTORY/${found[0]}"
}

# first_bytes FILE COUNT: in hex.
first_bytes() { head -c "$2" -- "$1" | od -An -v -tx1 | tr -d ' \n'; }

# plain FILE: what is in it, uncompressed, by its first bytes and whatever its name says.
plain() {
  case $(first_bytes "$1" 6) in
    1f8b*) gzip -dc -- "$1" ;;
    28b52ffd*) zstd -qdc -- "$1" ;;
    fd377a585a00) xz -dc -- "$1" ;;
    425a68*) bzip2 -dc -- "$1" ;;
    04224d18*) lz4 -qdc -- "$1" ;;
    *) cat -- "$1" ;;
  esac
}

# wait_until TRIES COMMAND...: tries it every fifth of a second.
wait_until() {
  local tries=$1
  shift
  until "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || return 1
    sleep 0.2
  done
}

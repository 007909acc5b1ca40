#!/bin/bash
# line.sh HOLDFAST FAKE_S3: how much is fetched twice over a line that does not hold. One archive of
# 1 GiB (or of HOLDFAST_LINE_BYTES) from the small server of the tests, in one run each:
#   - over a line that is cut every 700 kB,
#   - over one that is cut in the middle and away for 15 seconds.
# Prints what went over the line and fails where more than 1 MiB of it went twice.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: line.sh HOLDFAST FAKE_S3}")
fake_s3=$(realpath "${2:?usage: line.sh HOLDFAST FAKE_S3}")
here=$(cd "$(dirname "$0")" && pwd)
size=${HOLDFAST_LINE_BYTES:-$((1 << 30))}
work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-line.XXXXXX")
pids=()
# shellcheck disable=SC2317  # called by the trap
end_all() {
  kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap end_all EXIT

begin() {  # begin COMMAND...: in the background; sets $url, the first line that it prints
  local out
  exec {out}< <(exec "$@")
  pids+=("$!")
  read -r url <&"$out"
}

pull_over() {  # pull_over NAME LINE_OPTION...: LINE_OPTION as of line.py
  local disk=$work/$1 counts=$work/$1.bytes status=0 began=$SECONDS down
  begin python3 "$here/line.py" "$server" "$counts" "${@:2}"
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  printf '[default]\naws_access_key_id = READERKEY\naws_secret_access_key = readersecret\n' \
    >"$work/credentials"
  chmod 600 "$work/credentials"
  cat >"$work/$1.conf" <<INI
[disk]
path = $disk
require_mount = no
min_free = 0
[agent]
status_file = $work/status.json
[source site]
bucket = backups
endpoint = $url
credentials_file = $work/credentials
INI
  "$holdfast" --config "$work/$1.conf" pull </dev/null || status=$?
  down=$(<"$counts")
  cmp "$work/root/backups/archive" "$disk/site/archives/archive"
  echo "$1: exit status $status after $((SECONDS - began)) s;" \
    "$down bytes came for $size, $((down - size)) more than once"
  [[ $status -eq 0 && $((down - size)) -le $((1 << 20)) ]]
}

mkdir -p "$work/root/backups"
head -c "$size" /dev/urandom >"$work/root/backups/archive"
begin "$fake_s3" --root "$work/root" --user READERKEY:readersecret:ro
server=$url
pull_over cut-every-700-kB --cut 700000
pull_over away-for-15-s --away "$((size / 2))" 15

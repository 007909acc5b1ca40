#!/bin/bash
# tests/system_calls_test.sh HOLDFAST FAKE_S3: what a small archive costs in system calls, the network's
# included: the difference between a pull of 100 and one of 1,100 archives of 4 KiB. Most of a small
# machine's time goes into them.
set -euo pipefail
holdfast=$(realpath "${1:?usage: tests/system_calls_test.sh HOLDFAST FAKE_S3}")
fake_s3=$(realpath "${2:?usage: tests/system_calls_test.sh HOLDFAST FAKE_S3}")
# 22 are counted; threads that wait for each other make it one or two more or less.
most=25
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$work"' EXIT

mkdir -p "$work/data/backups"
"$fake_s3" --root "$work/data" --port-file "$work/port" --user READER:secret:ro >/dev/null &
server=$!
for ((i = 0; i < 100 && $(stat -c %s "$work/port" 2>/dev/null || echo 0) == 0; i++)); do sleep 0.1; done
printf '[default]\naws_access_key_id = READER\naws_secret_access_key = secret\n' >"$work/credentials"
chmod 600 "$work/credentials"

calls_of() {  # calls_of ARCHIVES: of a first pull of so many
  local disk=$work/disk-$1 i
  for ((i = 0; i < $1; i++)); do head -c 4096 /dev/urandom >"$work/data/backups/archive-$i"; done
  mkdir "$disk"
  "$holdfast" init "$disk" >"$work/init.log" 2>&1
  cat >"$work/holdfast.conf" <<END
[disk]
path = $disk
require_mount = no
min_free = 0
[agent]
status_file = $work/status.json
[source s]
bucket = backups
endpoint = http://127.0.0.1:$(<"$work/port")
credentials_file = $work/credentials
END
  chmod 600 "$work/holdfast.conf"
  strace -f -c -o "$work/calls" "$holdfast" --config "$work/holdfast.conf" pull >&2
  [[ $(find "$disk/s/archives" -type f | wc -l) -eq $1 ]]
  awk '$NF == "total" { print $4 }' "$work/calls"
}

few=$(calls_of 100)
many=$(calls_of 1100)
each=$(((many - few + 500) / 1000))
if ((each <= most)); then verdict=ok; else verdict='not ok'; fi
echo "$verdict - a small archive costs $each system calls, at most $most"
[[ $verdict == ok ]]

#!/bin/bash
# tests/system_calls_test.sh HOLDFAST FAKE_S3: what a small archive costs in system calls, the network's
# included: the difference between a pull of 100 and one of 1,100 archives of 4 KiB. Most of a small
# machine's time goes into them. And whether the look at what arrives (`soundness = quick`) adds one, and
# when a large archive begins to be written to the device.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: tests/system_calls_test.sh HOLDFAST FAKE_S3}")
fake_s3=$(realpath "${2:?usage: tests/system_calls_test.sh HOLDFAST FAKE_S3}")
# 19 to 22 are counted: a thread that waits for another or for the network adds some, where the machine has
# other work too.
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

lanes=4
pull_under_strace() {  # pull_under_strace DISK SOUNDNESS STRACE_OPTION...: of all that the bucket has
  mkdir "$1"
  "$holdfast" init "$1" >"$work/init.log" 2>&1
  cat >"$work/holdfast.conf" <<END
[disk]
path = $1
require_mount = no
min_free = 0
[agent]
parallel = $lanes
status_file = $work/status.json
[source s]
bucket = backups
endpoint = http://127.0.0.1:$(<"$work/port")
credentials_file = $work/credentials
soundness = $2
END
  chmod 600 "$work/holdfast.conf"
  strace -f "${@:3}" "$holdfast" --config "$work/holdfast.conf" pull >&2
}

calls_of() {  # calls_of ARCHIVES SOUNDNESS: of a first pull of so many
  local disk=$work/disk-$1-$2 i
  for ((i = 0; i < $1; i++)); do head -c 4096 /dev/urandom >"$work/data/backups/archive-$i"; done
  pull_under_strace "$disk" "$2" -c -o "$work/calls"
  [[ $(find "$disk/s/archives" -type f | wc -l) -eq $1 ]]
  awk '$NF == "total" { print $4 }' "$work/calls"
}

few=$(calls_of 100 quick)
many=$(calls_of 1100 quick)
each=$(((many - few + 500) / 1000))
status=0
verdict() {  # verdict CLAIM CONDITION
  if (($2)); then echo "ok - $1"; else echo "not ok - $1"; status=1; fi
}
verdict "a small archive costs $each system calls, at most $most" "each <= most"

# Of all kinds but those that wait, whose number is the scheduler's; and of those that read and open.
unmoved_of() { awk '$1 ~ /^[0-9.]+$/ && $NF !~ /^(total|futex|poll|sched_yield|restart_syscall)$/ { n += $4 } END { print n }' "$1"; }
reads_of() { awk '$NF ~ /^(openat2?|pread64|statx?|fstat|newfstatat|fadvise64|lseek|mmap)$/ { n += $4 } END { print n }' "$1"; }
mv "$work/calls" "$work/calls-quick"
calls_of 1100 off >/dev/null
quick_reads=$(reads_of "$work/calls-quick") off_reads=$(reads_of "$work/calls")
more=$(($(unmoved_of "$work/calls-quick") - $(unmoved_of "$work/calls"))) more_reads=$((quick_reads - off_reads))
verdict "with the look there are $more_reads more system calls that read or open for 1,100 archives, that is none for one" \
  "more_reads < 110"
verdict "and $more more of all kinds but those that wait, that is none for one" "more < 550"

# A large one is on its way to the device while it arrives, so that its fsync finds little to do. One lane: where the
# machine is slow others would help, and what they fetch is synced in between.
lanes=1
rm "$work/data/backups/"*
head -c $((64 << 20)) /dev/urandom >"$work/data/backups/large"
pull_under_strace "$work/disk-large" off -e trace=sync_file_range,fsync -y -o "$work/large"
# By their offsets; nothing where no fsync follows.
begun=$(awk '/sync_file_range\(.*staging/ { split($0, part, ", "); if (!at[part[2]]++) n++ } /fsync\(.*staging/ { print n; exit }' \
  "$work/large")
verdict "of 64 MiB each 8 MiB begins to be written back before they are synced" "${begun:-0} == 8"
exit "$status"

#!/bin/bash
# pull_test.sh HOLDFAST: 1,000 archives from 0 bytes to 1 GiB out of a real S3 server, with versioning
# on and with a key that may only list and get; then 2,500 small ones with all their versions.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: pull_test.sh HOLDFAST}")
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/real/many.sh
source "$real/many.sh"

nothing_in() { [[ ! -s $1 ]] || { cat "$1"; return 1; }; }

conf=$work/holdfast.conf disk=$work/disk
agent() {  # agent ARGUMENT...: runs holdfast off a terminal, sets $status and $said
  status=0 said=$work/said
  "$holdfast" --config "$conf" "$@" >"$said" 2>&1 </dev/null || status=$?
}
report() {  # report EXPRESSION: of the status (s) and its first source (site), in Python
  "$holdfast" --config "$conf" status --json | python3 -c '
import json, sys
s = json.load(sys.stdin); site = s["sources"][0]
print(eval(sys.argv[1]))' "$1"
}

fill_bucket() {
  start_server "$work/ceph"
  "$real/ceph.sh" bucket "$work/ceph" site versioned
  mkdir "$work/seed"
  PYTHONPATH=$support python3 "$real/seed.py" "$work/seed" "$url" OWNERKEY:ownersecret site
  write_rclone_config "$work/rclone.conf" "$url" OWNERKEY ownersecret
  # Without its own MD5 in the metadata, so that the multipart ETag is all there is to check against.
  rclone --config "$work/rclone.conf" copy "$work/seed/upload" s3:site --transfers 8 --no-traverse \
    --s3-no-check-bucket --s3-disable-checksum --s3-upload-cutoff 8M --s3-chunk-size 16M
  rm -r "$work/seed/upload"
}

refused() {  # refused METHOD TARGET [BODY]: 403, and for that reason
  local answer
  if answer=$(as_reader "$@" </dev/null 2>&1); then return 1; fi
  [[ $answer == *"403"*AccessDenied* ]] || { echo "$answer"; return 1; }
}

everything_is_here() {
  find "$disk/site/archives" -type f -exec sha256sum {} + | cut -c -64 | sort \
    | diff "$work/seed/contents" - \
    && (cd "$disk/site/archives" && sha256sum -c --quiet "$work/seed/paths")
}
sums_pass() {
  (cd "$disk/site" && sha256sum -c --quiet SHA256SUMS) \
    && same "$(grep -c '  archives/' "$disk/site/SHA256SUMS")" 1000
}

first_pull() {
  refusal='the key that holdfast gets is refused to'
  check "$refusal write" refused PUT /site/planted -
  check "$refusal overwrite" refused PUT /site/big/db-full.tar -
  check "$refusal delete" refused DELETE /site/a
  mkdir "$disk"
  check 'init makes a holdfast disk' "$holdfast" init "$disk"
  write_config "$conf" "$disk" "$url" site
  agent pull
  check 'a first pull ends with exit status 0' same "$status" 0
  check 'and prints nothing off a terminal' nothing_in "$said"
  check 'every archive is on the disk, with its SHA-256 and under its name' everything_is_here
  check 'sha256sum -c SHA256SUMS passes' sums_pass
  check 'all of them were checked against more than their size' \
    same "$(report '"size" in site["verified_by"], sum(site["verified_by"].values())')" '(False, 1000)'
  check 'those uploaded in parts, against their multipart ETag' \
    same "$(report 'site["verified_by"]["etag-multipart"]')" 6
}

second_pull() {
  agent pull
  check 'a second pull ends with exit status 0' same "$status" 0
  check 'and prints nothing' nothing_in "$said"
  check 'and fetches nothing' same "$(report 'site["run"]["new"], site["run"]["new_bytes"]')" '(0, 0)'
  check 'and costs one request for 1,000 keys' same "$(report 'site["run"]["requests"]')" 1
}

tampered_upstream() {
  as_owner DELETE /site/2026/05/db-0004.tar
  as_owner DELETE /site/with%20space/my%20archive.tar
  echo 'not what it was' | as_owner PUT /site/big/etc.tar -
  agent pull
  check 'when an archive was overwritten upstream, the exit status is 1' same "$status" 1
  check 'and the alarm says which' \
    same "$(report '[(a["kind"], a["key"]) for a in site["alarms"]]')" "[('changed', 'big/etc.tar')]"
  check 'and one line on standard error, for the mail that cron sends, says it too' \
    grep -q 'site.*big/etc.tar' "$said"
  check 'and the two that were deleted upstream are counted' \
    same "$(report 'site["run"]["vanished"]')" 2
  check 'and all the held copies stay' everything_is_here
}

wait_until_held() {  # wait_until_held BYTES PID: that much went through, and the program is there
  local _ bytes=0
  for _ in $(seq 600); do
    read -r _ bytes < <(ask_proxy COUNT)
    [[ $bytes -lt $1 ]] || return 0
    kill -0 "$2" || return 1
    sleep 0.1
  done
  echo "only $bytes bytes after a minute"
  return 1
}

interrupted() {
  local size=$((1 << 30)) mib=$((1 << 20)) pid before after staged
  conf=$work/interrupted.conf disk=$work/interrupted
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  start_proxy "$url"
  write_config "$conf" "$disk" "$proxy" site 'include = big/db-full.tar'
  ask_proxy HOLD $((400 * mib)) >/dev/null
  "$holdfast" --config "$conf" pull >"$work/said" 2>&1 </dev/null &
  pid=$!
  check 'a download of 1 GiB is under way' wait_until_held $((399 * mib)) "$pid"
  kill -TERM "$pid" || true
  status=0
  wait "$pid" || status=$?
  check 'when it is told to end, the exit status is 2' same "$status" 2
  check 'and nothing is under archives/' same "$(find "$disk/site" -type f 2>/dev/null)" ''
  staged=$(find "$disk/.holdfast/staging" -type f -printf '%s\n' \
    | awk '{ sum += $1 } END { printf "%d", sum }')
  # Of the 399 that the proxy has sent, each of four lanes had up to 16 under way, and up to 12 between the proxy and it.
  check "and what came is kept ($((staged / mib)) MiB)" test "$staged" -gt $(((399 - 4 * 28) * mib))
  read -r _ before < <(ask_proxy FREE)
  agent pull
  read -r _ after < <(ask_proxy COUNT)
  check 'the next pull ends with exit status 0' same "$status" 0
  # Each of four lanes had up to 16 MiB under way, and what lies behind the first gap comes again.
  check "and fetched no more than was missing, and the pieces under way ($(((after - before) / mib)) MiB)" \
    test $((after - before)) -le $((size - staged + 64 * mib))
  check 'and the archive is whole' \
    same "$(sha256sum <"$disk/site/archives/big/db-full.tar")" \
    "$(sed -n 's|  big/db-full.tar$|  -|p' "$work/seed/paths")"
}

many_archives() {
  local versions
  "$real/ceph.sh" bucket "$work/ceph" many versioned
  seed_many OWNERKEY:ownersecret many 1024
  for versions in current all; do pulled_many Ceph many "$versions"; done
}

fill_bucket
first_pull
second_pull
tampered_upstream
interrupted
many_archives
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]

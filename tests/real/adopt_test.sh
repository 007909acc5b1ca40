#!/bin/bash
# adopt_test.sh HOLDFAST: 2,000 archives in a real S3 server's bucket, mirrored by rclone, s3cmd and
# aws-cli, each into a directory of its own; in each one file is flipped, one cut short, one removed and
# one added. holdfast adopts them, by links, by copies and by moving, without a GET, and a pull fetches
# the rest. Tools that are not installed are left out.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: adopt_test.sh HOLDFAST}")
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/lib.sh"

conf=$work/holdfast.conf disk=$work/disk seed=$work/seed
agent() {  # agent ARGUMENT...: runs holdfast off a terminal, sets $status and $said
  status=0 said=$work/said
  "$holdfast" --config "$conf" "$@" >"$said" 2>&1 </dev/null || status=$?
}
tools() { PYTHONPATH=$support python3 "$real/adopt.py" "$@"; }
says() { grep -qF -- "$1" "$said" || { cat "$said"; return 1; }; }

fill_bucket() {
  start_server "$work/ceph"
  "$real/ceph.sh" bucket "$work/ceph" site
  tools fill "$seed" 2000
  write_rclone_config "$work/rclone.conf" "$url" OWNERKEY ownersecret
  rclone --config "$work/rclone.conf" copy "$seed" s3:site --transfers 8 --no-traverse \
    --s3-no-check-bucket --s3-upload-cutoff 8M --s3-chunk-size 6M
  tools odd "$url" OWNERKEY:ownersecret site
}

# The gateway's own log of requests: what the reader asked for in $1 objects since the mark.
mark() { marked=$(wc -l <"$work/ceph/log/client.rgw.log"); }
asked() {  # asked METHOD: requests of it for an object
  tail -n "+$((marked + 1))" "$work/ceph/log/client.rgw.log" | grep 'beast:' |
    grep -cE "\"$1 /site/[^? ]" || true
}

fetch_with() {  # fetch_with TOOL DIR
  local host=${url#http://}
  case $1 in
    rclone) rclone --config "$work/rclone.conf" sync s3:site "$2" --transfers 8 ;;
    s3cmd)
      printf '%s\n' '[default]' "access_key = OWNERKEY" 'secret_key = ownersecret' \
        "host_base = $host" "host_bucket = $host" 'use_https = False' >"$work/s3cmd.conf"
      s3cmd -q -c "$work/s3cmd.conf" sync s3://site/ "$2/" ;;
    aws)
      AWS_ACCESS_KEY_ID=OWNERKEY AWS_SECRET_ACCESS_KEY=ownersecret AWS_DEFAULT_REGION=us-east-1 \
        "$aws" --endpoint-url "$url" s3 sync --only-show-errors s3://site "$2" ;;
  esac
}

adopted_from() {  # adopted_from TOOL OPTION...
  local tool=$1 from=$work/$1 good
  shift
  mkdir "$from"
  fetch_with "$tool" "$from" >"$work/fetched" 2>&1 || true
  printf 'X' | dd of="$from/db/03/db-0003.sql.zst" bs=1 seek=0 conv=notrunc status=none
  truncate -s -1 "$from/parts/large-05.tar"
  rm "$from/db/07/db-0007.sql.zst"
  echo 'no longer in the bucket' >"$from/extra"
  good=$(tools expect "$seed" "$from")
  rm -rf "$disk"
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  write_config "$conf" "$disk" "$url" site

  mark
  agent adopt site "$from" --dry-run
  check "$tool: a dry run finds $good good files" says "site: $good archives would be adopted from"
  mark
  local begun=$SECONDS
  agent adopt site "$from" "$@"
  check "$tool: exactly those are adopted${*:+ with $*}, in $((SECONDS - begun)) s" \
    says "site: $good archives adopted from"
  check "$tool: exit status 2, because two files differ" same "$status" 2
  check "$tool: no archive was fetched" same "$(asked GET)" 0
  echo "  # $(asked HEAD) HEAD requests; $(tail -n 3 "$said" | grep 'adopted from')"
  check "$tool: the flipped file is named" says "db/03/db-0003.sql.zst differs from what the bucket"
  check "$tool: and the one that was cut short" says "parts/large-05.tar differs from what the bucket"
  check "$tool: and the one that the bucket does not have" says "the bucket does not have $from/extra"
  mark
  agent pull
  check "$tool: the next pull ends with exit status 0" same "$status" 0
  check "$tool: and fetches what was not adopted" same "$(asked GET)" "$((2003 - good))"
  check "$tool: all is held" same "$(grep -c '  archives/' "$disk/site/SHA256SUMS")" 2003
  check "$tool: and right" sums_pass
  agent verify --all
  check "$tool: and verify --all finds nothing" same "$status" 0
}
sums_pass() { (cd "$disk/site" && sha256sum -c --quiet SHA256SUMS); }

aws=$(command -v /usr/bin/aws || command -v aws || true)
fill_bucket
adopted_from rclone
if command -v s3cmd >/dev/null; then adopted_from s3cmd --move; else echo 'SKIPPED s3cmd'; fi
if [[ -n $aws ]]; then adopted_from aws --copy; else echo 'SKIPPED aws-cli'; fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]

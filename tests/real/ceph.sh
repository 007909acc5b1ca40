#!/bin/bash
# A real S3 server on loopback: a Ceph monitor, an OSD and a RADOS gateway, from Debian's packages.
#
#   ceph.sh up DIR            starts it and prints its URL; everything it writes is under DIR
#   ceph.sh bucket DIR NAME [versioned]
#                             makes a bucket of the owner's that the reader may list and get
#   ceph.sh user DIR NAME ID SECRET [TENANT]
#                             makes a user who may use buckets of its own, and others only as
#                             far as a policy grants it
#   ceph.sh down DIR          ends it; DIR stays, for the logs
#
# Up in some 16 seconds, with some 600 MiB of memory. Two users: OWNERKEY:ownersecret may do
# everything, attach policies to users included; READERKEY:readersecret may only read, and only
# what a policy grants.
set -euo pipefail
shopt -s inherit_errexit

usage() { sed -n '4,10s/^#   //p' "$0" >&2; exit 64; }
[[ $# -ge 2 ]] || usage
export PYTHONDONTWRITEBYTECODE=1
support=$(cd "$(dirname "$0")/../support" && pwd)
dir=$(realpath -m "$2")
conf=$dir/ceph.conf

# Found by the configuration they were started with, so that no pid file can be stale or missing;
# grep reads it from a file, or it would find itself.
daemons() {
  grep -lFxz -f <(echo "$conf") /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 || true
}

# shellcheck source=tests/real/daemons.sh
source "$(dirname "$0")/daemons.sh"

wait_for() {  # wait_for WHAT COMMAND...
  local what=$1
  shift
  for _ in $(seq 120); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.25
  done
  echo "$what did not come up within half a minute"
  return 1
}

free_ports() {  # both held while the other is chosen, so that they differ
  python3 - <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))
PY
}

# Without tcp_nodelay each small object takes 40 ms: its head and its body are two writes, and the
# second waits for the client's delayed acknowledgement of the first.
write_conf() {  # write_conf MON_PORT S3_PORT FSID
  cat >"$conf" <<CONF
[global]
fsid = $3
mon host = 127.0.0.1:$1
mon initial members = a
keyring = $dir/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 1
run dir = $dir
log file = $dir/log/\$name.log
admin socket = $dir/\$name.asok
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
osd objectstore = bluestore
bluestore block size = 21474836480
osd memory target = 1073741824
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$2 tcp_nodelay=1
CONF
}

ceph_cli() { timeout 30 ceph -c "$conf" "$@"; }
add_key() { ceph-authtool "$dir/keyring" --gen-key -n "$@"; }
add_user() {  # add_user NAME ID SECRET [OPTION...]
  radosgw-admin -c "$conf" -n client.rgw user create --uid="$1" --display-name="$1" \
    --access-key="$2" --secret="$3" "${@:4}"
}
osd_is_up() { ceph_cli osd stat | grep -q ' 1 up'; }

start() {  # start MON_PORT S3_PORT FSID
  local osd_uuid
  osd_uuid=$(</proc/sys/kernel/random/uuid)
  ceph-authtool --create-keyring "$dir/keyring"
  add_key mon. --cap mon 'allow *'
  add_key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  add_key client.rgw --cap mon 'allow *' --cap osd 'allow *'
  add_key osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  monmaptool --create --add a "127.0.0.1:$1" --fsid "$3" "$dir/monmap"
  ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
  ceph-mon -c "$conf" -i a
  # The OSD must be made with the very uuid that the monitor was told, or the monitor ignores it.
  ceph_cli osd new "$osd_uuid" 0
  ceph_cli auth import -i "$dir/keyring"
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd_uuid"
  ceph-osd -c "$conf" -i 0
  wait_for 'the OSD' osd_is_up
  radosgw -c "$conf" -n client.rgw
  wait_for 'the gateway' curl -s -o /dev/null "http://127.0.0.1:$2"
  add_user owner OWNERKEY ownersecret --caps='user-policy=*'
  add_user reader READERKEY readersecret --op-mask=read
}

up() {
  local mon_port s3_port fsid
  down
  rm -rf "$dir"
  mkdir -p "$dir"/{mon,osd,log}
  read -r mon_port s3_port < <(free_ports)
  fsid=$(</proc/sys/kernel/random/uuid)
  write_conf "$mon_port" "$s3_port" "$fsid"
  # Quiet unless it fails: these programs warn about what is wanted here, such as a single replica.
  # In the background, because "start || fail" would turn set -e off inside.
  start "$mon_port" "$s3_port" "$fsid" >"$dir/up.log" 2>&1 &
  wait $! || fail
  echo "http://127.0.0.1:$s3_port" | tee "$dir/url"
}

bucket() {  # bucket NAME [versioned]
  local reader='"Principal": {"AWS": ["arn:aws:iam:::user/reader"]}' arn="arn:aws:s3:::$1"
  owner() { python3 "$support/s3.py" "$(<"$dir/url")" OWNERKEY:ownersecret "$@"; }
  owner PUT "/$1"
  if [[ ${2:-} == versioned ]]; then
    owner PUT "/$1?versioning" - <<XML
<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Status>Enabled</Status>
</VersioningConfiguration>
XML
  fi
  owner PUT "/$1?policy" - <<JSON
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", $reader, "Resource": ["$arn"],
   "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"]},
  {"Effect": "Allow", $reader, "Resource": ["$arn/*"],
   "Action": ["s3:GetObject", "s3:GetObjectVersion"]}]}
JSON
}

user() {  # user NAME ID SECRET [TENANT]: quiet unless it fails
  add_user "${@:1:3}" ${4:+--tenant="$4"} >"$dir/user.log" 2>&1 ||
    { cat "$dir/user.log" >&2; return 1; }
}

case $1 in
  up) up ;;
  down) down ;;
  bucket) if [[ $# -lt 3 ]]; then usage; fi; bucket "${@:3}" ;;
  user) if [[ $# -lt 5 ]]; then usage; fi; user "${@:3}" ;;
  *) usage ;;
esac

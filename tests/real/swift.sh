#!/bin/bash
# A real S3 server on loopback: OpenStack Swift with its s3api, from Debian's packages. A proxy with
# tempauth, s3api, SLO, DLO and versions, an account, a container and an object server, with one replica
# of everything, and memcached, which keeps tempauth's tokens. Nothing of /etc/swift is used or changed.
#
#   swift.sh up DIR           starts it and prints its URL; everything it writes is under DIR, whose
#                             filesystem must know extended attributes, as ext4, xfs and btrfs do
#   swift.sh bucket DIR NAME [versioned]
#                             makes a bucket of the owner's
#   swift.sh put DIR NAME FILE [HEADER]
#                             puts a file by Swift's own API, where a segment or a manifest is meant;
#                             NAME is BUCKET/KEY, with a query if need be
#   swift.sh down DIR         ends it; DIR stays, for the logs
#
# Up in some 5 seconds of a processor, with some 250 MiB of memory. Two users: test:owner:ownersecret
# may do everything; test:reader:readersecret may only read, by the account's ACL. A container's own
# ACL would not do: what it grants does not reach the versions, which lie in a hidden container.
set -euo pipefail
shopt -s inherit_errexit

usage() { sed -n '6,14s/^#   //p' "$0" >&2; exit 64; }
[[ $# -ge 2 ]] || usage
export PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
support=$(cd "$(dirname "$0")/../support" && pwd)
dir=$(realpath -m "$2")
conf=$dir/conf

# Found by the directory they were started with, as it is an argument of each.
daemons() {
  grep -lFz -f <(echo "$conf/") /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 || true
}

# shellcheck source=tests/real/daemons.sh
source "$(dirname "$0")/daemons.sh"

free_ports() {  # free_ports COUNT: all held while the others are chosen, so that they differ
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))
PY
}

# Debian's own python3, whatever PATH says, for only that has the module.
make_rings() {  # make_rings ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT: one device, one replica
  /usr/bin/python3 - "$conf" "$@" <<'PY'
import sys
from swift.common.ring import RingBuilder
directory, *ports = sys.argv[1:]
for name, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(2, 1, 1)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1",
                     "port": int(port), "device": "device", "meta": ""})
    builder.rebalance()
    builder.get_ring().save(f"{directory}/{name}.ring.gz")
PY
}

write_server() {  # write_server NAME PORT PIPELINE: the rest of its configuration comes from stdin
  {
    cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
user = $(id -un)
swift_dir = $conf
devices = $dir
mount_check = false
disable_fallocate = true
workers = 0
log_level = WARNING
[pipeline:main]
pipeline = $3
CONF
    cat
  } >"$conf/$1-server.conf"
}

write_storage_server() {  # write_storage_server NAME PORT
  write_server "$1" "$2" "$1-server" <<CONF
[app:$1-server]
use = egg:swift#$1
CONF
}

# There is but one of each server, so that none may be left out for having failed or been slow.
write_proxy() {  # write_proxy PORT MEMCACHED_PORT
  write_server proxy "$1" 'catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth
  copy slo dlo versioned_writes symlink proxy-server' <<CONF
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
error_suppression_interval = 0
conn_timeout = 30
node_timeout = 60
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$2
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_owner = ownersecret .admin
user_test_reader = readersecret
storage_url_scheme = http
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
CONF
}

begin() {  # begin NAME COMMAND...: in the background, and with a log of its own
  "${@:2}" >"$dir/log/$1.log" 2>&1 </dev/null &
}

owner() { python3 "$support/s3.py" "$(<"$dir/url")" test:owner:ownersecret "$@"; }

# swift METHOD NAME ARGUMENT...: by Swift's own API, as the owner; the arguments are curl's
swift() {
  local url token
  url=$(<"$dir/url")
  token=$(curl -fsS -o /dev/null -D - "$url/auth/v1.0" \
    -H 'X-Auth-User: test:owner' -H 'X-Auth-Key: ownersecret' \
    | tr -d '\r' | sed -n 's/^x-auth-token: //Ip')
  curl -fsS -X "$1" -H "X-Auth-Token: $token" "${@:3}" "$url/v1/AUTH_test${2:+/$2}"
}

grant_reading() { swift POST '' -H 'X-Account-Access-Control: {"read-only": ["test:reader"]}'; }

wait_for() {  # wait_for WHAT COMMAND...
  for _ in $(seq 240); do
    if "${@:2}" >/dev/null 2>&1; then return 0; fi
    sleep 0.25
  done
  echo "$1 did not come up within a minute"
  return 1
}

start() {  # start PROXY_PORT MEMCACHED_PORT ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT
  local name
  printf '[swift-hash]\nswift_hash_path_suffix = holdfast\n' >"$conf/swift.conf"
  write_storage_server account "$3"
  write_storage_server container "$4"
  write_storage_server object "$5"
  write_proxy "$1" "$2"
  make_rings "${@:3}"
  begin memcached memcached -l 127.0.0.1 -p "$2" -U 0 -u "$(id -un)" -P "$conf/memcached.pid"
  for name in account container object proxy; do
    begin "$name" "swift-$name-server" "$conf/$name-server.conf" -v
  done
  echo "http://127.0.0.1:$1" >"$dir/url"
  for name in "${@:3}"; do wait_for "the server at port $name" curl -s "http://127.0.0.1:$name/"; done
  wait_for 'the account' grant_reading
}

up() {
  local ports
  down
  rm -rf "$dir"
  mkdir -p "$conf" "$dir"/{device,log}
  read -ra ports < <(free_ports 5)
  # In the background, because "start || fail" would turn set -e off inside.
  start "${ports[@]}" >"$dir/up.log" 2>&1 &
  wait $! || fail
  cat "$dir/url"
}

bucket() {  # bucket NAME [versioned]
  owner PUT "/$1"
  if [[ ${2:-} == versioned ]]; then
    owner PUT "/$1?versioning" - <<XML
<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Status>Enabled</Status>
</VersioningConfiguration>
XML
  fi
}

case $1 in
  up) up ;;
  down) down ;;
  bucket) if [[ $# -lt 3 ]]; then usage; fi; bucket "${@:3}" ;;
  put) if [[ $# -lt 4 ]]; then usage; fi; swift PUT "$3" -T "$4" ${5:+-H "$5"} ;;
  *) usage ;;
esac

# To be sourced: what the scripts against the real server share. Sets $real (this folder), $support
# and $work, a directory that goes away at the end, together with the servers begun here.
# shellcheck shell=bash

real=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
support=$real/../support
work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-real.XXXXXX")
servers=() proxy_pids=()

# The user's own S3 settings and proxies must not leak into programs that are measured or tested.
unset "${!AWS_@}" "${!RCLONE_@}" "${!HOLDFAST_@}"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 HOME=$work

end_all() {
  local server
  kill "${proxy_pids[@]}" 2>/dev/null || true
  for server in "${servers[@]}"; do "$real/${server%%:*}" down "${server#*:}" || true; done
  rm -rf "$work"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_server() {  # start_server DIR [swift.sh]: Ceph, unless another is named; sets $url
  servers+=("${2:-ceph.sh}:$1")
  url=$("$real/${2:-ceph.sh}" up "$1")
}

reader=READERKEY:readersecret  # whose key holdfast gets

as_user() { python3 "$support/s3.py" "$url" "$@"; }  # as_user ID:SECRET METHOD TARGET ...
as_owner() { as_user OWNERKEY:ownersecret "$@"; }
as_reader() { as_user "$reader" "$@"; }

start_proxy() {  # start_proxy URL: sets $proxy, its URL
  local out
  exec {out}< <(exec python3 "$support/counting_proxy.py" "$1")
  proxy_pids+=("$!")
  read -r proxy <&"$out"
}

ask_proxy() {  # ask_proxy COUNT|HOLD N|FREE: prints REQUESTS BYTES_DOWN
  local link answer
  exec {link}<>"/dev/tcp/127.0.0.1/${proxy##*:}"
  echo "$*" >&"$link"
  read -r answer <&"$link"
  exec {link}>&-
  echo "$answer"
}

write_config() {  # write_config FILE DISK ENDPOINT BUCKET [LINE...]: as the reader
  printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "${reader%:*}" "${reader##*:}" >"$1.credentials"
  chmod 600 "$1.credentials"
  cat >"$1" <<INI
[disk]
path = $2
require_mount = no
[agent]
status_file = $1.status.json
[source site]
bucket = $4
endpoint = $3
credentials_file = $1.credentials
INI
  # Most have a few letters under any name.
  [[ " ${*:5}" == *' soundness = '* ]] || echo 'soundness = off' >>"$1"
  printf '%s\n' "${@:5}" >>"$1"
}

write_rclone_config() {  # write_rclone_config FILE ENDPOINT ID SECRET: remote "s3:"
  cat >"$1" <<INI
[s3]
type = s3
provider = Ceph
endpoint = $2
access_key_id = $3
secret_access_key = $4
INI
}

# What a test says: its sentences, counted in $passed and $failed.
# shellcheck disable=SC2034
passed=0 failed=0
check() {  # check SENTENCE COMMAND...
  local sentence=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    echo "ok - $sentence"
    passed=$((passed + 1))
  else
    echo "not ok - $sentence"
    sed 's/^/    /; 20q' "$work/check.log"
    failed=$((failed + 1))
  fi
}
same() { [[ $1 == "$2" ]] || { echo "'$1' is not '$2'"; return 1; }; }

#!/bin/bash
# What holdfast does, shown on this machine in a minute or two: backups come out of a bucket, and
# what then goes wrong upstream takes nothing away. Builds in build/release, needs no account and no
# disk of yours, leaves nothing else behind, and ends with 0 only when every claim it makes held.
set -euo pipefail
shopt -s inherit_errexit
repository=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/support/packages.sh
source "$repository/tests/support/packages.sh"

say() { printf '\n%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
show() { sed 's/^/     /'; }

broken=()
claim() {  # claim SENTENCE COMMAND...
  local sentence=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "  [ok] $sentence"
  else
    echo "  [NOT SO] $sentence"
    broken+=("$sentence")
  fi
}
run() {  # run COMMAND...: shows the command, what it prints, and its exit status, kept in $status
  echo "  \$ $*"
  status=0
  "$@" >"$work/output" 2>&1 </dev/null || status=$?
  show <"$work/output"
  echo "     (exit status $status)"
}
figure() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$work/status.json"; }

# Says how far the compiler is, from the "[3/140]" of ninja's lines: on a terminal in one line that
# counts, elsewhere every tenth file.
count_files() {
  local line told=0
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    if [[ -t 1 ]]; then
      printf '\r  %s of %s steps' "${BASH_REMATCH[@]:1}"
    elif ((BASH_REMATCH[1] >= told + 10 || BASH_REMATCH[1] == BASH_REMATCH[2])); then
      told=${BASH_REMATCH[1]}
      printf '  %s of %s steps\n' "${BASH_REMATCH[@]:1}"
    fi
  done
  if [[ -t 1 ]]; then echo; fi
}

build() {
  need_packages "${build_packages[@]}"
  local tree=$repository/build/release log=$repository/build/demo.log
  mkdir -p "$repository/build"
  if ! {
    cmake -G Ninja -S "$repository" -B "$tree" -DCMAKE_BUILD_TYPE=Release -DHOLDFAST_DEMO=ON \
      >"$log" 2>&1 &&
      cmake --build "$tree" --target holdfast holdfast_fake_s3 2>&1 | tee -a "$log" | count_files
  }; then
    tail -n 40 "$log" >&2
    exit 1
  fi
  PATH=$tree/agent:$tree/tests/support:$PATH
}

backup() { head -c 2000000 /dev/urandom | gzip -1 >"$bucket/$1"; }

begin() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-demo.XXXXXX")
  server=
  trap 'if [[ -n $server ]]; then kill "$server"; fi; rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  disk=$work/usb-disk bucket=$work/cloud/backups
  mkdir -p "$disk" "$bucket/db"
  unset "${!AWS_@}" "${!HOLDFAST_@}" http_proxy HTTP_PROXY all_proxy ALL_PROXY
  export HOLDFAST_CONFIG=$work/holdfast.conf
}

serve() {  # the last archive will be damaged on its way, once it is there: 1 byte of 2 million
  local out
  exec {out}< <(exec holdfast-fake-s3 --root "$work/cloud" --port 0 \
    --user DEMOKEY:demosecret:ro --lie "flip:GET:db/db-2026-01-05.tar.gz:1000000")
  server=$!
  read -r url <&"$out"
}

configure() {
  printf '[default]\naws_access_key_id = DEMOKEY\naws_secret_access_key = demosecret\n' \
    >"$work/credentials"
  chmod 600 "$work/credentials"
  cat >"$HOLDFAST_CONFIG" <<INI
[disk]
path = $disk
require_mount = no

[agent]
status_file = $work/status.json
retries = 2

[source site]
bucket = backups
endpoint = $url
credentials_file = $work/credentials
INI
}

backups_arrive() {
  step 'Backups arrive'
  say "A bucket with six backups, served by a small S3 server here, and a key that may only read:"
  for day in 02 03 04; do
    backup "site-2026-01-$day.tar.gz"
    backup "db/db-2026-01-$day.tar.gz"
  done
  (cd "$bucket" && find . -type f | sort) | show
  serve
  configure
  say 'A directory plays the USB disk. It becomes a holdfast disk; a few lines say what to pull:'
  run holdfast init "$disk"
  claim 'the disk was made' test "$status" -eq 0
  sed '/^\[source/,$!d' "$HOLDFAST_CONFIG" | show
  say 'The cron job. It says nothing when all is well:'
  run holdfast pull
  claim 'exit status 0' test "$status" -eq 0
  claim 'nothing printed' test ! -s "$work/output"
  say 'What is on the disk, checked without holdfast:'
  (cd "$disk/site" && sha256sum -c SHA256SUMS) 2>&1 | show || true
  claim 'what is held is what the bucket has' diff -r "$bucket" "$disk/site/archives"
  say 'Once more, with nothing new:'
  run holdfast pull
  claim 'nothing was fetched' test "$(figure new)" -eq 0
  claim 'it took one request, the listing' test "$(figure requests)" -eq 1
}

somebody_overwrites() {
  step 'Somebody overwrites a backup in the bucket, and deletes another'
  cp -r "$bucket" "$work/before"
  echo 'all your files are encrypted' >"$bucket/site-2026-01-03.tar.gz"
  rm "$bucket/db/db-2026-01-02.tar.gz"
  run holdfast pull
  claim 'exit status 1: an alarm is open' test "$status" -eq 1
  claim 'it is the alarm "changed"' grep -Eq '"kind": *"changed"' "$work/status.json"
  claim 'it says so, and cron would mail it' grep -q 'site-2026-01-03' "$work/output"
  claim 'every archive on the disk is as it was' diff -r "$work/before" "$disk/site/archives"
  claim 'what replaced it is in quarantine, for somebody to look at' \
    grep -rq 'all your files are encrypted' "$disk/site/quarantine"
}

broken_on_the_server() {
  step 'The job on the server fails, and uploads an error page as its backup'
  echo '<html><title>502 Bad Gateway</title></html>' >"$bucket/site-2026-01-05.tar.gz"
  cp "$bucket/site-2026-01-05.tar.gz" "$work/before/"
  run holdfast pull
  claim 'exit status 1: an alarm is open' test "$status" -eq 1
  claim 'it is the alarm "unsound": what came is what the bucket has, and no backup' \
    grep -Eq '"kind": *"unsound"' "$work/status.json"
  claim 'it says what it is instead' grep -q 'it is a web page\|this one is a web page' "$work/output"
  claim 'it is held all the same' diff -r "$work/before" "$disk/site/archives"
}

damaged_on_the_way() {
  step 'A new backup is damaged on its way'
  backup db/db-2026-01-05.tar.gz
  run holdfast pull
  claim 'exit status 2: incomplete, the next run tries again' test "$status" -eq 2
  claim 'the damaged copy is not among the archives' \
    test ! -e "$disk/site/archives/db/db-2026-01-05.tar.gz"
  claim 'and all the others still are' diff -r "$work/before" "$disk/site/archives"
}

finish() {
  step 'What a person sees'
  run holdfast status
  if [[ ${#broken[@]} -gt 0 ]]; then
    say 'This demonstration did not go as it should have:'
    printf '  %s\n' "${broken[@]}"
    exit 1
  fi
  say 'Everything went as told.'
}

echo 'Building holdfast (a minute or two the first time) ...'
build
begin
backups_arrive
somebody_overwrites
broken_on_the_server
damaged_on_the_way
finish

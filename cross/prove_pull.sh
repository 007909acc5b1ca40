# To be sourced by test.sh: the program pulls over HTTPS from the repository's own S3 server, both
# emulated; what came is compared by this machine's sha256sum.
# shellcheck shell=bash disable=SC2154

server=
scene=
program_of() { echo "$work/$1/$2/agent/holdfast"; }
agent() { on_target "$target" "$program" --config "$scene/holdfast.conf" "$@"; }

begin_scene() {
  scene=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-pull.XXXXXX")
  mkdir -p "$scene/disk" "$scene/cloud/backups/db"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$scene/key.pem" -out "$scene/ca.pem" \
    2>"$scene/openssl.log"
  printf '[default]\naws_access_key_id = KEY\naws_secret_access_key = secret\n' >"$scene/credentials"
  chmod 600 "$scene/credentials"
  unset "${!AWS_@}" "${!HOLDFAST_@}" http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
}

end_scene() {
  if [[ -n $server ]]; then
    kill "$server" || true
    wait "$server" 2>/dev/null || true
  fi
  server=
  rm -rf "$scene"
}

serve_scene() {  # serve_scene [--http]
  local out tls=(--tls-cert "$scene/ca.pem" --tls-key "$scene/key.pem") encrypted="ca_file = $scene/ca.pem"
  if [[ ${1:-} == --http ]]; then tls=() encrypted='allow_http = yes'; fi
  exec {out}< <(exec_on_target "$target" "$(tree_of_tests "$target")/tests/support/holdfast-fake-s3" \
    --root "$scene/cloud" --user KEY:secret:ro "${tls[@]}")
  server=$!
  read -r url <&"$out"
  cat >"$scene/holdfast.conf" <<INI
[disk]
path = $scene/disk
require_mount = no
min_free = 1M

[agent]
status_file = $scene/status.json

[source site]
bucket = backups
endpoint = $url
$encrypted
credentials_file = $scene/credentials
INI
}
fill_scene() {
  local bucket=$scene/cloud/backups
  head -c 20000000 /dev/urandom | gzip -1 >"$bucket/site.tar.gz"
  head -c 70000 /dev/urandom | gzip -1 >"$bucket/db/small.sql.gz"
  : >"$bucket/db/empty"
  # Later than 32 bits of seconds reach.
  touch -d 2091-05-06T07:08:09Z "$bucket/db/small.sql.gz"
}

same_as_bucket() { diff -r "$scene/cloud/backups" "$scene/disk/site/archives"; }
sums_pass() { (cd "$scene/disk/site" && sha256sum -c --quiet SHA256SUMS); }
pull_says_nothing() {
  agent pull >"$scene/said" 2>&1 || { cat "$scene/said"; return 1; }
  if [[ -s $scene/said ]]; then cat "$scene/said"; return 1; fi
}
knows_2091() {
  agent list site --json >"$scene/list" || return 1
  grep -q 2091-05-06T07:08:09Z "$scene/list" || { cat "$scene/list"; return 1; }
}
one_request_more() {
  agent pull || return 1
  grep -Eq '"requests": *1,?$' "$scene/status.json" || { cat "$scene/status.json"; return 1; }
}
# 32 bits of seconds, as the kernel is asked: nothing of that may be left in a static 32-bit program.
asks_for_64_bits() {
  qemu-arm-static -strace -cpu "${processor[armv6]}" "$program" --config "$scene/holdfast.conf" pull \
    >"$scene/strace" 2>&1 || return 1
  grep -q 'clock_gettime64(' "$scene/strace" || { head "$scene/strace"; return 1; }
  ! grep -oE '(clock_gettime|clock_nanosleep|stat64|utimensat|gettimeofday|[ 0-9]time)\(' "$scene/strace" |
    sort | uniq -c | grep .
}
# What the first pull took of memory. Emulated that is the emulator's too: only told, beside what a
# program that does nothing takes there.
peak_of() {  # peak_of FILE ARGUMENT...: KiB, into the file
  local run_by
  run_by_what "$target" "$program"
  command time -f %M -o "$1" "${run_by[@]}" "$program" --config "$scene/holdfast.conf" "${@:2}"
}
pull_and_measure() {
  peak_of "$scene/peak" pull >"$scene/said" 2>&1 || { cat "$scene/said"; return 1; }
  if [[ -s $scene/said ]]; then cat "$scene/said"; return 1; fi
}
peak_is_small() { [[ $(<"$scene/peak") -lt 12288 ]]; }
tell_peak() {  # tell_peak KIND
  peak_of "$scene/least" --version >"$scene/said" 2>&1
  echo "$target: $1: the pull's peak memory was $(<"$scene/peak") KiB, that of --version $(<"$scene/least") KiB"
  if [[ $target == amd64 && $1 == static ]]; then check "$1: a pull takes less than 12 MiB of memory" peak_is_small; fi
}

prove_pull() {
  local kind kinds=(static)
  [[ $target == armv6 ]] || kinds=(dynamic static)
  if [[ $quick == yes ]]; then kinds=("$(basename "$(tree_of_tests "$target")")"); fi
  for kind in "${kinds[@]}"; do
    program=$(program_of "$target" "$kind")
    begin_scene
    fill_scene
    serve_scene
    check "$kind: it says what is in it" agent --version -v
    check "$kind: a directory becomes a holdfast disk" agent init "$scene/disk"
    check "$kind: a pull over TLS says nothing" pull_and_measure
    tell_peak "$kind"
    check "$kind: what came is what the bucket has" same_as_bucket
    check "$kind: sha256sum agrees" sums_pass
    check "$kind: a date beyond 2038 is kept as it is" knows_2091
    check "$kind: the next pull makes one request" one_request_more
    if [[ $target == armv6 ]]; then check "$kind: it asks the kernel for 64-bit times only" asks_for_64_bits; fi
    end_scene
  done
}

# Ten bytes more than 4 GiB, nearly all of it a hole: sizes and offsets beyond 32 bits on the way
# through listing, transfer, staging, digests and ledger. Without TLS, which only takes emulation time.
large_size=4294967306
large_came() {
  [[ $(stat -c %s "$scene/disk/site/archives/large.img") -eq $large_size ]] || return 1
  agent list site --json | grep -q "$large_size" &&
    tail -c 10 "$scene/disk/site/archives/large.img" | grep -qx 'the end ok'
}
prove_large_archive() {
  program=$(program_of "$target" static)
  begin_scene
  truncate -s $((large_size - 10)) "$scene/cloud/backups/large.img"
  printf 'the end ok' >>"$scene/cloud/backups/large.img"
  serve_scene --http
  agent init "$scene/disk" >"$scene/said"
  check 'an archive of more than 4 GiB is pulled' pull_says_nothing
  check 'it is all there, by size and to its end' large_came
  end_scene
}

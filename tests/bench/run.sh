#!/bin/bash
# run.sh HOLDFAST|none: what a pull costs, beside the usual tools, against a real S3 server on this
# machine. Prints one table in markdown: the median of CPU seconds (user+sys), wall seconds and peak
# memory, and the requests of one more run that went through a counting proxy.
#
#   BENCH_RUNS=3         runs for each number
#   BENCH_ROWS='...'     some of: few many small big
#   BENCH_TOOLS='...'    some of: holdfast rclone s3cmd aws
#   BENCH_SERVER=DIR     keeps the server, and what was loaded, in DIR for the next time;
#                        tests/real/ceph.sh down DIR ends it
set -euo pipefail
shopt -s inherit_errexit
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 64; }
[[ $# -eq 1 ]] || usage
runs=${BENCH_RUNS:-3}
read -ra rows <<<"${BENCH_ROWS:-few many small big}"
tools=(rclone s3cmd aws)
if [[ $1 != none ]]; then tools=(holdfast "${tools[@]}") holdfast=$(realpath "$1"); fi
if [[ -n ${BENCH_TOOLS:-} ]]; then read -ra tools <<<"$BENCH_TOOLS"; fi
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/../real/lib.sh"
# shellcheck source=tests/support/packages.sh
source "$support/packages.sh"
need_packages "${test_packages[@]}" "${bench_packages[@]}"

# Another "aws" may come first in PATH.
aws_program=$(dpkg -L awscli | grep -x '.*/bin/aws')
declare -A title=(
  [few]='nothing new, 10 keys' [many]='nothing new, 100,000 keys'
  [small]='pull 10,000 × 4 KiB' [big]='pull 2 × 512 MiB')
declare -A objects=([few]='10 16' [many]='100000 16' [small]='10000 4096' [big]="2 $((512 << 20))")

load_bucket() {  # load_bucket ROW
  local count size_bytes last
  read -r count size_bytes <<<"${objects[$1]}"
  last=$(printf 'archive-%06d' $((count - 1)))
  # What an earlier run left half loaded is loaded again.
  if as_owner HEAD "/bench-$1/$last" >/dev/null 2>&1 && [[ -e $server/$1.loaded ]]; then return; fi
  echo "Loading $count objects of $size_bytes bytes" >&2
  "$real/ceph.sh" bucket "$server" "bench-$1"
  python3 "$support/load.py" "$url" OWNERKEY:ownersecret "bench-$1" archive- "$count" "$size_bytes"
  touch "$server/$1.loaded"
}

# configure TOOL ROW ENDPOINT DIR: everything that the tool needs to mirror the row's bucket to DIR.
configure() {
  local host=${3#http://}
  case $1 in
    holdfast)
      mkdir -p "$4"
      [[ -e $4/.holdfast ]] || "$holdfast" init "$4" >/dev/null 2>&1
      write_config "$work/holdfast.conf" "$4" "$3" "bench-$2" 'soundness = quick' ;;
    rclone) write_rclone_config "$work/rclone.conf" "$3" READERKEY readersecret ;;
    s3cmd)
      printf '%s\n' '[default]' 'access_key = READERKEY' 'secret_key = readersecret' \
        "host_base = $host" "host_bucket = $host" 'use_https = False' >"$work/s3cmd.conf" ;;
    aws)
      mkdir -p "$work/.aws"
      printf '%s\n' '[default]' 'aws_access_key_id = READERKEY' \
        'aws_secret_access_key = readersecret' 'region = us-east-1' >"$work/.aws/credentials" ;;
  esac
}

# command_for TOOL ROW ENDPOINT DIR: sets $command, the tool's usual way to mirror.
command_for() {
  case $1 in
    holdfast) command=("$holdfast" --config "$work/holdfast.conf" pull) ;;
    # Without --use-server-modtime it asks for each object's metadata, a request for every key.
    rclone) command=(rclone --config "$work/rclone.conf" copy --use-server-modtime
      "s3:bench-$2" "$4") ;;
    s3cmd) command=(s3cmd -q -c "$work/s3cmd.conf" sync "s3://bench-$2/" "$4/") ;;
    aws) command=("$aws_program" --endpoint-url "$3" s3 sync --only-show-errors
      "s3://bench-$2" "$4") ;;
  esac
}

# mirror TOOL ROW ENDPOINT DIR: one run; writes "CPU WALL RSS" to $work/cost.
mirror() {
  local command
  mkdir -p "$4"
  configure "$@"
  command_for "$@"
  if ! /usr/bin/time -o "$work/time" -f '%U %S %e %M' "${command[@]}" \
    >"$work/output" 2>&1 </dev/null; then
    echo "$1 failed on '${title[$2]}':" >&2
    tail -n 20 "$work/output" >&2
    return 1
  fi
  awk '{ printf "%.2f %.2f %.0f\n", $1 + $2, $3, $4 / 1024 }' "$work/time" >"$work/cost"
}

is_pull() { [[ $1 == small || $1 == big ]]; }

# A pull starts in an empty directory; "nothing new" in one that has everything, which the other
# tools share: what one has fetched, with the server's times, is nothing new to the next.
target() {  # target TOOL ROW
  if is_pull "$2"; then rm -rf "$work/$1-$2"; fi
  if is_pull "$2" || [[ $1 == holdfast ]]; then echo "$work/$1-$2"; else echo "$work/others-$2"; fi
}

fill_target() {  # fill_target TOOL ROW
  local dir tool=rclone
  if is_pull "$2"; then return; fi
  dir=$(target "$1" "$2")
  if [[ -e $dir ]]; then return; fi
  if [[ $1 == holdfast ]]; then tool=holdfast; fi
  mirror "$tool" "$2" "$url" "$dir"
}

arrived() {  # arrived TOOL ROW DIR: a tool that fetched less than all must not look quick
  local count
  count=$(find "$3" -type f -name 'archive-*' | wc -l)
  [[ $count -eq ${objects[$2]% *} ]] || { echo "$1 fetched $count of '${title[$2]}'" >&2; return 1; }
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

measure() {  # measure TOOL ROW: prints "CPU | wall | MiB | requests"
  local costs=$work/costs dir before after column
  : >"$costs"
  fill_target "$1" "$2"
  for _ in $(seq "$runs"); do
    dir=$(target "$1" "$2")
    mirror "$1" "$2" "$url" "$dir"
    cat "$work/cost" >>"$costs"
  done
  arrived "$1" "$2" "$dir"
  dir=$(target "$1" "$2")
  read -r before _ < <(ask_proxy COUNT)
  mirror "$1" "$2" "$proxy" "$dir"
  read -r after _ < <(ask_proxy COUNT)
  for column in 1 2 3; do printf '%s | ' "$(cut -d' ' -f$column "$costs" | median)"; done
  echo $((after - before))
}

machine() {
  local tool
  printf '%s, %s cores, Linux %s\n' \
    "$(awk -F': ' '/^(model name|Model)/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" "$(uname -r)"
  for tool in "${tools[@]}"; do
    case $tool in
      holdfast) "$holdfast" --version ;;
      rclone) rclone --version | sed -n 1p ;;
      s3cmd) s3cmd --version ;;
      aws) "$aws_program" --version ;;
    esac
  done
  radosgw --version
}

server=${BENCH_SERVER:-$work/server}
if [[ -n ${BENCH_SERVER:-} && -s $server/url ]] && curl -s -o /dev/null "$(<"$server/url")"; then
  url=$(<"$server/url")
else
  start_server "$server"
fi
if [[ -n ${BENCH_SERVER:-} ]]; then servers=(); fi
start_proxy "$url"

table=$work/table
{
  echo '| work | tool | CPU s | wall s | peak MiB | requests |'
  echo '| --- | --- | ---: | ---: | ---: | ---: |'
} >"$table"
for row in "${rows[@]}"; do
  load_bucket "$row"
  for tool in "${tools[@]}"; do
    echo "Measuring $tool: ${title[$row]}" >&2
    numbers=$(measure "$tool" "$row")
    echo "| ${title[$row]} | $tool | $numbers |" >>"$table"
  done
done
machine
echo
cat "$table"

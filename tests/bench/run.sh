#!/bin/bash
# run.sh HOLDFAST|none [FLOOR]: what a pull costs, beside the usual tools, against a real S3 server on
# this machine. Prints one table in markdown: the median of CPU seconds (user+sys), wall seconds and
# peak memory, the requests of one more run that went through a counting proxy, and CPU and wall as
# parts of rclone's. What a pull fills is a fresh ext4 image each time, for where files were just
# removed ext4 takes seconds longer over new ones; so this needs root.
#
#   FLOOR                the program of floor.cc: what curl, write, sync, read back and hash cost alone,
#                        and where nothing is new, curl and a parser of XML
#   BENCH_RUNS=3         runs for each number; the tools take turns
#   BENCH_ROWS='...'     some of: few many small big far
#   BENCH_TOOLS='...'    some of: holdfast floor rclone s5cmd s3cmd aws
#   BENCH_RCLONE=PROGRAM, BENCH_S5CMD=PROGRAM: in the stead of Debian's, which has no s5cmd
#   BENCH_SERVER=DIR     keeps the server, and what was loaded, in DIR for the next time;
#                        tests/real/ceph.sh down DIR ends it
set -euo pipefail
shopt -s inherit_errexit
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 64; }
[[ $# -eq 1 || $# -eq 2 ]] || usage
runs=${BENCH_RUNS:-3}
read -ra rows <<<"${BENCH_ROWS:-few many small big far}"
rclone=${BENCH_RCLONE:-rclone} s5cmd=${BENCH_S5CMD:-}
tools=(rclone s3cmd aws)
if [[ -n $s5cmd ]]; then tools+=(s5cmd); fi
if [[ $# -eq 2 ]]; then tools=(floor "${tools[@]}") floor=$(realpath "$2"); fi
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
  [small]='pull 10,000 × 4 KiB' [big]='pull 2 × 512 MiB'
  [far]='pull 1 × 50 MiB, 100 ms away, 1 MiB window')
declare -A objects=([few]='10 16' [many]='100000 16' [small]='10000 4096' [big]="2 $((512 << 20))"
  [far]="1 $((50 << 20))")

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
    rclone)
      command=("$rclone" --config "$work/rclone.conf" copy --use-server-modtime "s3:bench-$2" "$4")
      # Of itself it divides only what has 256 MiB.
      if [[ $2 == far ]]; then command+=(--multi-thread-cutoff 16M --multi-thread-streams 4); fi ;;
    s5cmd) command=(env AWS_ACCESS_KEY_ID=READERKEY AWS_SECRET_ACCESS_KEY=readersecret
      AWS_REGION=us-east-1 "$s5cmd" --log error --endpoint-url "$3" sync "s3://bench-$2/*" "$4/") ;;
    floor)
      command=(env AWS_ACCESS_KEY_ID=READERKEY AWS_SECRET_ACCESS_KEY=readersecret "$floor" "$3/bench-$2")
      if is_pull "$2"; then command+=("archive-" "${objects[$2]% *}" "$4"); fi ;;
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

is_pull() { [[ $1 == small || $1 == big || $1 == far ]]; }

# fresh_disk DIR: an ext4 of its own, with nothing in it, at DIR.
disks=()
fresh_disk() {
  if mountpoint -q "$1"; then umount "$1"; else disks+=("$1"); fi
  mkdir -p "$1"
  rm -f "$1.image"
  truncate -s 6G "$1.image"
  mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1.image"
  mount -o loop "$1.image" "$1"
}
end_disks() {
  local disk
  for disk in "${disks[@]}"; do umount "$disk" 2>/dev/null || true; done
  end_all
}
trap end_disks EXIT

# A pull starts on an empty disk; "nothing new" in a directory that has everything, which the other
# tools share: what one has fetched, with the server's times, is nothing new to the next.
target() {  # target TOOL ROW: sets $dir
  if is_pull "$2"; then
    fresh_disk "$work/disk"
    dir=$work/disk/$1
  elif [[ $1 == holdfast ]]; then dir=$work/$1-$2; else dir=$work/others-$2; fi
}

# endpoint_of ROW: sets $endpoint, behind a long line where the row has one.
endpoint_of() {
  endpoint=$url
  if [[ $1 != far ]]; then return; fi
  if [[ -z ${far_url:-} ]]; then
    local out
    exec {out}< <(exec python3 "$real/../bench/line.py" "$url" "$work/far.bytes" --far 0.1 $((1 << 20)))
    proxy_pids+=("$!")
    read -r far_url <&"$out"
  fi
  endpoint=$far_url
}

fill_target() {  # fill_target TOOL ROW
  local dir tool=rclone
  if is_pull "$2"; then return; fi
  target "$1" "$2"
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

measure() {  # measure TOOL ROW: one run more, into $work/TOOL.costs
  local dir endpoint
  target "$1" "$2"
  endpoint_of "$2"
  mirror "$1" "$2" "$endpoint" "$dir"
  arrived "$1" "$2" "$dir"
  cat "$work/cost" >>"$work/$1.costs"
}

requests() {  # requests TOOL ROW: of one more run, by way of the proxy
  local dir before after
  target "$1" "$2"
  read -r before _ < <(ask_proxy COUNT)
  mirror "$1" "$2" "$proxy" "$dir"
  read -r after _ < <(ask_proxy COUNT)
  echo $((after - before))
}

part_of() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }

print_row() {  # print_row ROW
  local tool cpu wall memory rclone_cpu=0 rclone_wall=0
  if [[ -s $work/rclone.costs ]]; then
    rclone_cpu=$(cut -d' ' -f1 "$work/rclone.costs" | median)
    rclone_wall=$(cut -d' ' -f2 "$work/rclone.costs" | median)
  fi
  for tool in "${tools[@]}"; do
    cpu=$(cut -d' ' -f1 "$work/$tool.costs" | median)
    wall=$(cut -d' ' -f2 "$work/$tool.costs" | median)
    memory=$(cut -d' ' -f3 "$work/$tool.costs" | median)
    echo "| ${title[$1]} | $tool | $cpu | $wall | $memory | $(requests "$tool" "$1") |" \
      "$(part_of "$cpu" "$rclone_cpu") | $(part_of "$wall" "$rclone_wall") |"
  done
}

machine() {
  local tool
  printf '%s, %s cores, Linux %s\n' \
    "$(awk -F': ' '/^(model name|Model)/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" "$(uname -r)"
  for tool in "${tools[@]}"; do
    case $tool in
      holdfast) "$holdfast" --version ;;
      rclone) "$rclone" --version | sed -n 1p ;;
      s5cmd) "$s5cmd" version ;;
      floor) ;;
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
  echo '| work | tool | CPU s | wall s | peak MiB | requests | CPU of rclone | wall of rclone |'
  echo '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |'
} >"$table"
for row in "${rows[@]}"; do
  load_bucket "$row"
  for tool in "${tools[@]}"; do
    rm -f "$work/$tool.costs"
    fill_target "$tool" "$row"
  done
  # In turns, so that what else the machine does falls on all alike.
  for run in $(seq "$runs"); do
    for tool in "${tools[@]}"; do
      echo "Measuring $tool, run $run: ${title[$row]}" >&2
      measure "$tool" "$row"
    done
  done
  print_row "$row" >>"$table"
done
machine
echo
cat "$table"

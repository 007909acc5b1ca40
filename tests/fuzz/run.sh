#!/bin/bash
# tests/fuzz/run.sh BUILD [SECONDS]: lets each fuzzer that was built in BUILD make up inputs for some
# seconds (5), beginning with the seeds in tests/fuzz/corpus. Prints an "ok - " line for each; where
# one found something, "not ok - ", what it says, and the path of the input.
#
# To build them:
#   cmake -G Ninja -S . -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None \
#     "-DCMAKE_CXX_FLAGS=-O1 -g1" -DHOLDFAST_FUZZ=ON \
#     -DHOLDFAST_SANITIZE=fuzzer-no-link,address,undefined
#   cmake --build build/fuzz --target fuzzers
# For long, as after a change to what reads something: tests/fuzz/run.sh build/fuzz 3600. What is found
# on the way is kept in BUILD/corpus, where the next run goes on. One fuzzer, on all cores, as long as
# one likes:
#   build/fuzz/tests/fuzz/fuzz_listing -jobs=8 -timeout=10 build/fuzz/corpus/listing tests/fuzz/corpus/listing
# An input that ended one is tried again with: build/fuzz/tests/fuzz/fuzz_listing FILE. With what
# mends it, it becomes a seed.
set -euo pipefail
shopt -s inherit_errexit nullglob
cd "$(dirname "$0")/../.."
[[ $# -eq 1 || $# -eq 2 ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 64; }
build=$1 seconds=${2:-5}

# Longer inputs than these make it slow, and find nothing that shorter ones do not.
declare -A longest=([listing]=4096 [manifest]=4096 [status]=4096 [carried_words]=4096 [config]=2048
  [object_head]=1024 [credentials]=1024 [content]=2048 [series]=1200 [layout]=1100 [walk_answer]=1024)

status=0
fuzzers=("$build"/tests/fuzz/fuzz_*)
[[ ${#fuzzers[@]} -gt 0 ]] || { echo "not ok - there is no fuzzer in $build"; exit 1; }
for fuzzer in "${fuzzers[@]}"; do
  name=${fuzzer##*/fuzz_}
  found=$build/findings/$name log=$build/findings/$name.log
  mkdir -p "$build/corpus/$name" "$found"
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len="${longest[$name]:-4096}" \
    -artifact_prefix="$found/" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log")
    echo "ok - $name: $runs inputs, and nothing was found"
  else
    status=1
    echo "not ok - $name: this input ends it: $(sed -nE 's/.*Test unit written to (.*)/\1/p' "$log")"
    grep -a -E -m 5 'not so:|  of:|ERROR:|runtime error|SUMMARY' "$log" || tail -n 5 "$log"
  fi
done
exit "$status"

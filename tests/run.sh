#!/bin/bash
# tests/run.sh [--quick]: everything that can be tested, from a clean clone of Debian 12 or 13.
# Installs what is missing, builds under build/, and runs the suite three times: as released, with
# the address and undefined-behaviour sanitizers, and, for what has threads, with the thread sanitizer
# (both built by clang); then the fuzzers, for some seconds each, the scripts, among them those against a
# real S3 server, and, on Debian 12 for amd64, what is built for a Pi, on an emulated one. It ends with a
# table of where the time went.
# --quick: the rules of the house and the suite as released, and nothing else.
# With CI=true a test that was skipped is a failure.
set -euo pipefail
shopt -s inherit_errexit nullglob
cd "$(dirname "$0")/.."
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh

quick=no
case ${1:-} in
  '') ;;
  --quick) quick=yes ;;
  *) sed -n '2,10s/^# //p' "$0" >&2; exit 64 ;;
esac

logs=$PWD/build/logs
passed=0 failed=0 failures=() failed_logs=()
stages=() stage="" stage_began=0 stage_cpu_began=0

# CPU seconds of all that has ended here so far.
cpu_seconds() { awk -v hertz="$(getconf CLK_TCK)" '{ print int(($16 + $17) / hertz) }' "/proc/$$/stat"; }

end_stage() {
  [[ -n $stage ]] || return 0
  stages+=("$(printf '%6.1f %8.1f  %s' "$(minutes $((SECONDS - stage_began)))" \
    "$(minutes $(($(cpu_seconds) - stage_cpu_began)))" "$stage")")
}
minutes() { awk -v s="$1" 'BEGIN { printf "%.1f", s / 60 }'; }

headline() {  # headline STAGE: the one before it has ended
  end_stage
  stage=$1 stage_began=$SECONDS stage_cpu_began=$(cpu_seconds)
  printf '\n=== %s (after %s min)\n' "$1" "$((SECONDS / 60))"
}

# Every test program says how long each case took.
slowest() { sed -nE 's/^ *([0-9]+\.[0-9]+) s: (.*)/\1 \2/p' "$logs"/*-suite.log | sort -rn | sed -n 1,10p; }

tell_where_the_time_went() {
  end_stage
  printf '\nwall min  CPU min  stage\n'
  printf '  %s\n' "${stages[@]}"
  printf '  %6.1f %8.1f  in all\n' "$(minutes "$SECONDS")" "$(minutes "$(cpu_seconds)")"
  printf '\nThe ten slowest cases, in seconds\n'
  slowest | sed 's/^/  /'
}

build() {  # build NAME TARGETS CMAKE_OPTION...
  local launcher=()
  headline "Building $1"
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake -G Ninja -S . -B "build/$1" "${launcher[@]}" "${@:3}" >"$logs/$1-configure.log" 2>&1 ||
    { cat "$logs/$1-configure.log"; exit 1; }
  # shellcheck disable=SC2086  # a list of names
  cmake --build "build/$1" --target $2 >"$logs/$1-build.log" 2>&1 ||
    { tail -n 60 "$logs/$1-build.log"; exit 1; }
}

suite() {  # suite NAME CTEST_OPTION...: counts from ctest's own closing line
  local log=$logs/$1-suite.log bad all
  headline "The suite, $1"
  ctest --test-dir "build/$1" --output-on-failure --no-tests=error --timeout 3600 -j "$(nproc)" \
    "${@:2}" 2>&1 | tee "$log" || true
  # ctest shows the output of failed tests only; what was skipped is in its own log.
  cat "build/$1/Testing/Temporary/LastTest.log" >>"$log" || true
  read -r bad all < <(sed -n \
    's/.*% tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\).*/\1 \2/p' "$log") ||
    { bad=1 all=1; }
  passed=$((passed + all - bad)) failed=$((failed + bad))
  if [[ $bad -gt 0 ]]; then failures+=("the suite, $1: $bad of $all") failed_logs+=("$log"); fi
}

script() {  # script COMMAND...: counts its "ok" and "not ok" lines, or else its exit status
  local log good bad status=0
  log=$logs/$(basename "$1").log
  headline "$1"
  "$@" 2>&1 </dev/null | tee "$log" || status=$?
  good=$(grep -c '^ok - ' "$log" || true)
  bad=$(grep -c '^not ok - ' "$log" || true)
  if [[ $status -eq 0 && $good -eq 0 ]]; then good=1; fi
  if [[ $status -ne 0 && $bad -eq 0 ]]; then bad=1; fi
  passed=$((passed + good)) failed=$((failed + bad))
  if [[ $bad -gt 0 ]]; then failures+=("$1: $bad") failed_logs+=("$log"); fi
}

# What is built for other machines takes long and nobody waits for it: it has the time that the others
# leave while they wait for a server, or have work for one core only.
cross_build='' cross_build_status=0
build_beside() {
  set -m  # a process group, so that all of it can be ended; not a session, or the kernel forgets who is nice
  nice -n 19 cross/ci.sh --build >"$logs/built-beside" 2>&1 </dev/null &
  cross_build=$!
  set +m
}
end_of_build_beside() {
  headline 'What is left of cross/ci.sh --build'
  wait "$cross_build" || cross_build_status=$?
  cross_build=
}
told_by_build_beside() {
  cat "$logs/built-beside"
  return "$cross_build_status"
}
clean_up() {
  if [[ -n $cross_build ]]; then kill -- "-$cross_build" 2>/dev/null || true; fi
}
trap clean_up EXIT

skipped() { sed -n 's/^ *\(SKIPPED.*\)/\1/p' "$logs"/*.log | sort | uniq -c; }

need_packages "${build_packages[@]}" "${test_packages[@]}"
if [[ $quick == no ]] && cross/ci.sh --can; then need_packages "${cross_packages[@]}"; fi
rm -rf "$logs"
mkdir -p "$logs"

script tests/structure_test.py
script tests/style.sh
script tests/words.sh --check
build release all -DCMAKE_BUILD_TYPE=Release -DHOLDFAST_TESTS=ON -DHOLDFAST_DEVELOPER=ON \
  -DHOLDFAST_ROOMY=ON
if [[ $quick == no ]]; then build_beside; fi
script tests/refused_code_test.sh build/release
script tests/manual_test.sh build/release/deploy/manual build/release/agent/holdfast
rm -rf build/root
DESTDIR=$PWD/build/root cmake --install build/release --prefix /usr >"$logs/install.log"
script tests/readme_test.sh build/root/usr build/release/tests/support/holdfast-fake-s3
script tests/system_calls_test.sh build/release/agent/holdfast build/release/tests/support/holdfast-fake-s3
script tests/bench_test.py build/release/agent/holdfast build/release/tests/support/holdfast-fake-s3
script tests/setup_test.py build/root/usr build/release/tests/support/holdfast-fake-s3
script tests/monitoring_test.sh build/release/agent/holdfast \
  build/release/tests/support/holdfast-fake-s3
script tests/terminal_test.py build/release/agent/holdfast build/release/tests/support/holdfast-fake-s3
script tests/watch_test.py build/release/agent/holdfast build/release/tests/support/holdfast-fake-s3
script tests/drills_test.py build/release/agent/holdfast build/release/tests/support/holdfast-fake-s3
script tests/soundness_test.py build/release/tests/support/holdfast-look build/release/tests/support/holdfast-walk
script tests/walk_test.py build/release/tests/support/holdfast-walk build/release/agent/holdfast \
  build/release/tests/support/holdfast-fake-s3
suite release
if [[ $quick == no ]]; then
  # Each file alone, as users compile them, for who looks at one; the rest several at once, as half of
  # the work is in what they include.
  build tidy holdfast_headers -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1 -g1" \
    -DHOLDFAST_DEVELOPER=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
  script tests/tidy.sh build/tidy
  at_once=(-DHOLDFAST_ROOMY=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8)
  # With what the fuzzers need too, so that they are of the same objects.
  build asan all -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1 -g1" \
    -DHOLDFAST_TESTS=ON -DHOLDFAST_FUZZ=ON -DHOLDFAST_DEVELOPER=ON \
    -DHOLDFAST_SANITIZE=fuzzer-no-link,address,undefined "${at_once[@]}"
  suite asan
  script tests/fuzz/run.sh build/asan
  build tsan agent_thread_tests -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None \
    "-DCMAKE_CXX_FLAGS=-O1 -g1" -DHOLDFAST_TESTS=ON -DHOLDFAST_DEVELOPER=ON -DHOLDFAST_SANITIZE=thread \
    "${at_once[@]}"
  # The torture is about order, not about threads, and takes the sanitizer too long.
  script tests/on_all_cores.sh build/tsan/tests/agent_thread_tests '~[torture]~[fake_s3]~[.]'
  for test in tests/real/*_test.sh; do script "$test" build/release/agent/holdfast; done
  script deploy/demo.sh
  end_of_build_beside
  script told_by_build_beside
  script cross/ci.sh --test
fi

headline 'Result'
skips=$(skipped)
if [[ -n $skips ]]; then
  echo "$skips"
  if [[ ${CI:-} == true ]]; then
    failures+=('something was skipped, and in CI nothing may be')
    failed=$((failed + 1))
  fi
fi
tell_where_the_time_went
# What failed is told once more, for whoever sees only the end.
for log in "${failed_logs[@]}"; do
  printf '\n--- From %s\n' "${log##*/}"
  grep -a -E -B 2 -A 12 'FAILED:|^not ok|^SUMMARY|Timeout' "$log" | tail -n 60 || tail -n 30 "$log"
done
if [[ ${#failures[@]} -gt 0 ]]; then printf 'FAILED %s\n' "${failures[@]}"; fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]

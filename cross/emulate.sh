# To be sourced, after lib.sh: runs what was built, on this machine.
# shellcheck shell=bash disable=SC2154

# The processor of a Pi Zero, and that of a Pi 3: what uses more does not run.
declare -A processor=([arm64]=cortex-a53 [armv6]=arm1176)
declare -A loader=([arm64]=lib/ld-linux-aarch64.so.1 [amd64]=lib64/ld-linux-x86-64.so.2)

# run_by_what TARGET PROGRAM: sets the words that go before it, in $run_by.
run_by_what() {
  local sysroot=$work/$1/sysroot
  run_by=()
  case $1 in
    arm64) run_by=(qemu-aarch64-static -cpu "${processor[arm64]}") ;;
    armv6) run_by=(qemu-arm-static -cpu "${processor[armv6]}") ;;
    amd64) ;;
  esac
  # Its own libraries, not this machine's; a static program has none. Told where they are (-L) the
  # emulator would look for every absolute path there first, for "/" too.
  if [[ $1 != armv6 ]] && file -L "$2" | grep -q 'dynamically linked'; then
    run_by+=("$sysroot/${loader[$1]}" --library-path "$sysroot/usr/lib/${triplet[$1]}:$sysroot/lib/${triplet[$1]}")
  fi
}

on_target() {  # on_target TARGET PROGRAM ARGUMENT...
  local run_by
  run_by_what "$1" "$2"
  "${run_by[@]}" "${@:2}"
}

exec_on_target() {  # likewise, in the stead of this shell: who kills it kills the program
  run_by_what "$1" "$2"
  exec "${run_by[@]}" "${@:2}"
}

# To be sourced, after lib.sh: runs what was built, on this machine.
# shellcheck shell=bash disable=SC2154

# The processor of a Pi Zero, and that of a Pi 3: what uses more does not run.
declare -A processor=([arm64]=cortex-a53 [armv6]=arm1176)

# run_by_what TARGET PROGRAM: sets the words that go before it, in $run_by.
run_by_what() {
  local sysroot=$work/$1/sysroot
  run_by=()
  case $1 in
    arm64) run_by=(qemu-aarch64-static -cpu "${processor[arm64]}" -L "$sysroot") ;;
    armv6) run_by=(qemu-arm-static -cpu "${processor[armv6]}") ;;
    # Its own libraries, not this machine's. A static program has none.
    amd64)
      if file -L "$2" | grep -q 'dynamically linked'; then
        run_by=("$sysroot/lib64/ld-linux-x86-64.so.2" --library-path
          "$sysroot/usr/lib/x86_64-linux-gnu:$sysroot/lib/x86_64-linux-gnu")
      fi
      ;;
  esac
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

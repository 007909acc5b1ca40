#!/bin/bash
# cross/build.sh [--no-tests|--packages|--quick] [TARGET...]: builds holdfast for other machines, packages it and
# proves it, on Debian 12 for amd64, as root or with sudo. All targets where none is named:
#
#   arm64  Pi 3, 4, 5 and Zero 2 with a 64-bit system: a .deb for bookworm and trixie, a static program
#   armv6  every Pi with a 32-bit system, Pi 1 and Zero included: one static program, as .deb and alone
#   amd64  PCs: as for arm64
#
# This one command is enough from a fresh clone on a fresh machine. What it makes is in build/cross/out, the
# same bytes for the same commit and archive. What it needs of Debian is fetched once; rm -r build/cross begins
# anew. --no-tests: cross/test.sh does them later. --packages: builds no tests. --quick: builds what
# `cross/test.sh --quick` needs, and packages nothing.
# shellcheck source=cross/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=cross/sysroot.sh
source "$repository/cross/sysroot.sh"
# shellcheck source=cross/frozen.sh
source "$repository/cross/frozen.sh"
# shellcheck source=cross/emulate.sh
source "$repository/cross/emulate.sh"
# shellcheck source=cross/package.sh
source "$repository/cross/package.sh"
# shellcheck source=cross/compile.sh
source "$repository/cross/compile.sh"

# package TARGET: into $out.
package() {
  local target=$1 name=holdfast_${version}_$1 arch=${package_arch[$1]}
  local program=$work/$1/staged-static/usr/bin/holdfast
  stage "$target" static
  if [[ -n $(needed "$target" "$program") ]]; then fail "$program is not static"; fi
  [[ $(stat -c %s "$program") -lt 8000000 ]] || fail "$program has $(stat -c %s "$program") bytes"
  make_tarball "$work/$target/staged-static" "${name}_static.tar.xz"
  write_versions "$target" "$program" "$out/${name}_static.versions.txt"
  if [[ $target == armv6 ]]; then
    make_deb "$target" static "$out/holdfast_${version}_$arch.deb" "$version"
  else
    stage "$target" dynamic
    make_deb "$target" dynamic "$out/holdfast_${version}_$arch.deb" "$version"
  fi
}

mode=
case ${1:-} in
  --no-tests | --packages | --quick)
    mode=$1
    shift
    ;;
esac
for target in "$@"; do need_target "$target"; done
[[ $# -gt 0 ]] || set -- "${all_targets[@]}"
builds_here || fail 'this builds on Debian 12 for amd64 only: elsewhere the cross compilers are others'
need_packages "${cross_packages[@]}"
need_archive
mkdir -p "$out"
for target in "$@"; do
  say "$target: what it is linked with"
  prepare "$target" "$mode"
  say "$target: compiling"
  compile_program "$target" "$mode"
  if [[ $mode == --quick ]]; then continue; fi
  compile_rest "$target"
  say "$target: packaging"
  package "$target"
done
[[ $mode != --quick ]] || exit 0
(cd "$out" && sha256sum -- *.deb *.xz *.txt >SHA256SUMS)
ls -l "$out"
[[ -z $mode ]] || exit 0
for target in "$@"; do
  say "$target: tests"
  "$repository/cross/test.sh" "$target"
done
say 'done'

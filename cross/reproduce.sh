#!/bin/bash
# cross/reproduce.sh [TARGET...]: makes what cross/build.sh made of this commit once more, from a clone in
# another place, without what any compiler has cached, and compares the bytes. All targets where none is
# named. Prints "ok - " and "not ok - " lines.
# shellcheck source=cross/lib.sh
source "$(dirname "$0")/lib.sh"
again=$(mktemp -d "${TMPDIR:-/var/tmp}/holdfast-again.XXXXXX")
trap 'rm -rf "$again"' EXIT
for target in "$@"; do need_target "$target"; done
[[ $# -gt 0 ]] || set -- "${all_targets[@]}"
git -C "$repository" diff --quiet HEAD || fail 'what is not committed is not in the clone'
clone=$again/somewhere-else
git clone --quiet "$repository" "$clone"
CCACHE_DISABLE=1 "$clone/cross/build.sh" --packages "$@"
failed=no
for target in "$@"; do
  for file in "$clone/build/cross/out/holdfast_${version}_$target"* \
    "$clone/build/cross/out/holdfast_${version}_${package_arch[$target]}.deb"; do
    name=${file##*/}
    if cmp "$file" "$out/$name"; then
      echo "ok - $name is the same, bit for bit: $(sha256sum <"$file" | cut -c 1-16)"
    else
      echo "not ok - $name is the same, bit for bit"
      failed=yes
    fi
  done
done
[[ $failed == no ]]

# To be sourced by test.sh: is the .deb what apt, dpkg and the people of both Debians can live with?
# shellcheck shell=bash disable=SC2154,SC2016

# solver_accepts SUITE DEB: by that suite's index alone; nothing of it is run.
solver_accepts() {
  local lines dir=$work/apt/solve-$1-${package_arch[$target]}
  readarray -t lines < <(archive_lines deb "$1" "${package_arch[$target]}")
  private_apt "$dir" "${package_arch[$target]}" "${lines[@]}"
  APT_CONFIG=$dir/apt.conf apt-get update -qq &&
    APT_CONFIG=$dir/apt.conf apt-get -s --no-install-recommends install "$2" >"$dir/said" 2>&1
  local status=$?
  cat "$dir/said"
  [[ $status -eq 0 ]] && grep -q '^Inst holdfast ' "$dir/said"
}
solver_refuses() {  # solver_refuses SUITE DEB PACKAGE: for the want of it, and of nothing else
  local said
  if said=$(solver_accepts "$1" "$2"); then return 1; fi
  [[ $said == *"Depends: $3 but it is not installable"* ]] || { echo "$said"; return 1; }
}

# A package that needs what the suite has not: has to be refused, else the solver proves nothing.
make_impossible_deb() {
  local dir=$work/$target/impossible
  rm -rf "$dir"
  mkdir -p "$dir/DEBIAN"
  printf '%s\n' 'Package: holdfast' "Version: $version" "Architecture: ${package_arch[$target]}" \
    'Maintainer: nobody <nobody@localhost>' 'Depends: libcurl3' 'Description: cannot be installed' \
    >"$dir/DEBIAN/control"
  dpkg-deb --build "$dir" "$work/$target/impossible.deb" >/dev/null
}

# Lets the kernel start programs of the target, and takes that back in the end.
registered=
may_run_target() {
  local name register=/proc/sys/fs/binfmt_misc/register
  case $target in amd64) return 0 ;; arm64) name=qemu-aarch64 ;; armv6) name=qemu-arm ;; esac
  [[ -e $register ]] || mount -t binfmt_misc binfmt_misc "${register%/*}" 2>/dev/null || return 1
  [[ ! -e ${register%/*}/$name ]] || return 0
  cat "/usr/lib/binfmt.d/$name.conf" >"$register" 2>/dev/null || return 1
  registered=${register%/*}/$name
}
forget_target() {
  if [[ -n $registered ]]; then echo -1 >"$registered"; fi
  registered=
}

make_root() {  # make_root SUITE: kept, because each takes minutes where it is emulated
  local lines
  [[ ! -e $root/.complete ]] || return 0
  rm -rf "$root"
  lines=$(archive_lines deb "$1" "${package_arch[$target]}")
  mmdebstrap --variant=minbase "--architectures=${package_arch[$target]}" --include=ca-certificates "$1" \
    "$root" - <<<"$lines"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  touch "$root/.complete"
}

# in_root COMMAND...: with /proc and the devices, in a namespace that takes the mounts with it. Its root
# is a mount too, as that of a machine is, so that namespaces can be made in it.
in_root() {
  unshare --mount bash -c 'mount --bind "$0" "$0" &&
    mount -t proc proc "$0/proc" && mount -t sysfs sys "$0/sys" && mount --bind /dev "$0/dev" &&
    exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"' \
    "$root" "$@"
}
install_deb() {  # install_deb DEB
  cp "$1" "$root/tmp/holdfast.deb"
  in_root apt-get update -qq && in_root apt-get install -y --no-install-recommends /tmp/holdfast.deb
}
runs_in_root() { in_root holdfast --version -v | tee /dev/stderr | grep -q "^holdfast $version"; }
pulls_in_root() {
  rm -rf "$root/tmp/scene"
  cp -r "$scene" "$root/tmp/scene"
  sed -i "s,$scene/,/tmp/scene/,g" "$root/tmp/scene/holdfast.conf"
  in_root holdfast init /tmp/scene/disk && in_root holdfast --config /tmp/scene/holdfast.conf pull &&
    archives_are_there
}
archives_are_there() { diff -r "$scene/cloud/backups" "$root/tmp/scene/disk/site/archives"; }
version_is() { in_root dpkg-query -W -f '${Version} ${db:Status-Abbrev}' holdfast | grep -x "$1 ii *"; }
is_gone() { [[ ! -e $root/usr/bin/holdfast ]] && archives_are_there; }
nothing_is_left() {
  ! in_root dpkg-query -W holdfast && is_gone &&
    ! find "$root" -xdev -path "$root/tmp" -prune -o -path "$root/var/log" -prune -o \
      -path "$root/proc" -prune -o -iname '*holdfast*' -print | grep .
}

# What a new user types, block by block, in that root; the package is installed there already.
readme_goes_through() {
  local page=$root/tmp/readme
  mkdir -p "$page"/{deploy,tests}
  cp "$repository/README.md" "$page/"
  cp "$repository/deploy/guide.md" "$page/deploy/"
  cp "$repository/tests/readme_test.sh" "$page/tests/"
  cp "$(tree_of_tests "$target")/tests/support/holdfast-fake-s3" "$page/"
  in_root apt-get install -y --no-install-recommends e2fsprogs mount util-linux zstd &&
    in_root /tmp/readme/tests/readme_test.sh /usr /tmp/readme/holdfast-fake-s3
  local status=$?
  rm -rf "$page"
  return "$status"
}

prove_in_root() {  # prove_in_root SUITE DEB OLDER_DEB
  root=$work/$target/root-$1
  if ! make_root "$1" >"$work/$target/logs/root-$1" 2>&1; then
    echo "SKIPPED $target: no root of $1 can be made here: $(tail -n 1 "$work/$target/logs/root-$1")"
    return 0
  fi
  begin_scene
  fill_scene
  serve_scene
  check "$1: an older package is installed" install_deb "$3"
  check "$1: it runs" runs_in_root
  check "$1: it pulls over TLS" pulls_in_root
  check "$1: it is upgraded" install_deb "$2"
  check "$1: the newer one is there" version_is "$version"
  check "$1: the newer one runs" runs_in_root
  check "$1: what the README says goes through" readme_goes_through
  check "$1: it is removed" in_root apt-get remove -y holdfast
  check "$1: it is gone, and the archives are not" is_gone
  check "$1: it is purged" in_root dpkg --purge holdfast
  check "$1: nothing is left of it but the archives" nothing_is_left
  end_scene
  rm -rf "$root/tmp/scene"
}

prove_package() {
  local suite kind=dynamic deb=$out/holdfast_${version}_${package_arch[$target]}.deb older=$work/$target/older.deb
  [[ $target != armv6 ]] || kind=static
  make_impossible_deb
  for suite in "${suites[@]}"; do
    check "$suite: the solver would refuse a package that cannot be installed" \
      solver_refuses "$suite" "$work/$target/impossible.deb" libcurl3
    check "$suite: the solver installs the package" solver_accepts "$suite" "$deb"
  done
  if [[ $EUID -ne 0 ]] || ! may_run_target; then
    echo "SKIPPED $target: installing for real: that needs root, and a kernel that takes qemu for a program"
    return 0
  fi
  make_deb "$target" "$kind" "$older" "$version~before"
  for suite in "${suites[@]}"; do prove_in_root "$suite" "$deb" "$older"; done
  forget_target
}

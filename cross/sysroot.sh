# To be sourced, after lib.sh: the files of Debian packages to link with.
# shellcheck shell=bash disable=SC2154,SC2164

sysroot_packages() {  # sysroot_packages TARGET
  printf '%s\n' libc6-dev "libstdc++-$sysroot_gcc-dev" libinih-dev nlohmann-json3-dev libcli11-dev \
    libfmt-dev libexpected-dev libxxhash-dev
  if [[ $1 != armv6 ]]; then
    printf '%s\n' libcurl4-openssl-dev libssl-dev libsqlite3-dev libexpat1-dev zlib1g-dev \
      libarchive-dev libseccomp-dev libzstd-dev liblzma-dev libbz2-dev liblz4-dev
  fi
}

# debian_version SYSROOT PACKAGE: its files tell; nothing is installed there, so dpkg does not know.
debian_version() {
  gzip -dcf "$1/usr/share/doc/$2"/changelog*.gz | sed -nE '1s/^([^ ]+) \(([^)]+)\).*/\1 \2/p'
}

# make_sysroot TARGET: extracted, never installed, so no program of it is run. Kept until it is deleted,
# or has to have other packages.
make_sysroot() {
  local target=$1 dir=$work/$1/sysroot lines packages link
  readarray -t packages < <(sysroot_packages "$target")
  [[ ! -e $dir/.complete || $(<"$dir/.complete") != "${packages[*]}" ]] || return 0
  rm -rf "$dir"
  mkdir -p "$work/$target"
  lines=$(archive_lines deb "$sysroot_suite" "${sysroot_arch[$target]}" \
    2>"$work/$target/left-out")
  cat "$work/$target/left-out" >&2
  quietly "$work/$target/logs/sysroot" mmdebstrap --variant=extract "--architectures=${sysroot_arch[$target]}" \
    "--include=$(IFS=,; echo "${packages[*]}")" "$sysroot_suite" "$dir" - \
    <<<"$lines"
  # Where /lib is a part of /usr the link for it is made by an installation.
  for link in lib lib64; do
    if [[ ! -e $dir/$link && -d $dir/usr/$link ]]; then ln -s "usr/$link" "$dir/$link"; fi
  done
  find "$dir" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do
    ln -sfnr "$dir$target" "$link"
  done
  # Headers only, but Debian has them for amd64 alone.
  cp -r /usr/include/catch2 "$dir/usr/include/"
  mkdir -p "$dir/usr/share/cmake"
  cp -r "$(dirname "$(dpkg -L catch2 | grep '/Catch2Config.cmake$')")" "$dir/usr/share/cmake/Catch2"
  # It has a library too, for amd64, that the tests do not use.
  rm -f "$dir/usr/share/cmake/Catch2"/Catch2Targets-*.cmake
  echo "${packages[*]}" >"$dir/.complete"
}

# To be sourced, after lib.sh and sysroot.sh: tarballs, .debs, and the list of what is frozen in them.
# What is in them is what the install() rules of CMake say; in a .deb also what deploy/debian/ has.
# shellcheck shell=bash disable=SC2154,SC2164

# The packages that bring what a dynamic program needs. A name that is missing ends the build.
declare -A brought_by=(
  [libc.so.6]='libc6 (>= 2.36)' [libm.so.6]='libc6 (>= 2.36)'
  [ld-linux-aarch64.so.1]='libc6 (>= 2.36)' [ld-linux-x86-64.so.2]='libc6 (>= 2.36)'
  [libgcc_s.so.1]='libgcc-s1 (>= 3.0)' [libstdc++.so.6]='libstdc++6 (>= 12)'
  [libcurl.so.4]='libcurl4 (>= 7.88.1)' [libcrypto.so.3]='libssl3 (>= 3.0.0)' [libexpat.so.1]='libexpat1 (>= 2.5.0)'
  [libsqlite3.so.0]='libsqlite3-0 (>= 3.40.0)' [libz.so.1]='zlib1g (>= 1:1.2.13)'
  [libinih.so.1]='libinih1 (>= 55)' [libseccomp.so.2]='libseccomp2 (>= 2.5.4)'
  [libarchive.so.13]='libarchive13 (>= 3.6.2)' [libzstd.so.1]='libzstd1 (>= 1.5.4)'
  [liblzma.so.5]='liblzma5 (>= 5.4.1)' [libbz2.so.1.0]='libbz2-1.0 (>= 1.0.8)' [liblz4.so.1]='liblz4-1 (>= 1.9.4)'
)

needed() { "${triplet[$1]}-objdump" -p "$2" | sed -nE 's/^ *NEEDED +//p'; }

# cpack_field TREE NAME: what `cpack` would put into a package of that tree.
cpack_field() { cmake "-DCONFIG=$1/CPackConfig.cmake" "-DFIELD=CPACK_$2" -P "$repository/cross/cpack_field.cmake"; }

depends() {  # depends TARGET TREE PROGRAM
  local name names
  read -ra names < <(needed "$1" "$3" | paste -s -d ' ')
  # libarchive is opened by name: agent/walk/archive_library.cc.
  if [[ ${#names[@]} -gt 0 ]]; then names+=(libarchive.so.13); fi
  {
    # What the maintainer scripts need.
    cpack_field "$2" DEBIAN_PACKAGE_DEPENDS | sed 's/, */\n/g'
    for name in "${names[@]}"; do
      [[ -n ${brought_by[$name]:-} ]] || fail "which package brings $name, that $3 needs?"
      echo "${brought_by[$name]}"
    done
  } | sort -u | paste -s -d , | sed 's/,/, /g'
}

# stage TARGET KIND: what `cmake --install` makes, with the program of that kind, stripped.
stage() {
  local staged=$work/$1/staged-$2
  rm -rf "$staged"
  quietly "$work/$1/logs/install" env "DESTDIR=$staged" cmake --install "$(tree_of_tests "$1")" --prefix /usr
  cp "$work/$1/$2/agent/holdfast" "$staged/usr/bin/holdfast"
  "${triplet[$1]}-strip" --remove-section=.comment --remove-section=.note "$staged/usr/bin/holdfast"
}

# What Debian's policy wants beside it.
stage_for_debian() {  # stage_for_debian TREE STAGED
  local doc=$2/usr/share/doc/holdfast debian=$repository/deploy/debian
  mkdir -p "$doc" "$2/usr/share/lintian/overrides"
  cp "$debian/copyright" "$1/deploy/debian/changelog.gz" "$doc/"
  find "$2/usr/share" -path '*/man/*' -type f ! -name '*.gz' -exec gzip -9n {} +
  {
    cat "$debian/lintian-overrides"
    # It is meant to be: it runs where no Debian library for the machine exists.
    if file "$2/usr/bin/holdfast" | grep -q 'statically linked'; then
      echo 'holdfast: statically-linked-binary [usr/bin/holdfast]'
      echo 'holdfast: embedded-library *'
    fi
  } >"$2/usr/share/lintian/overrides/holdfast"
}

make_tarball() {  # make_tarball STAGED NAME
  tar --create --directory "$1" --sort=name --owner=0 --group=0 --numeric-owner \
    "--mtime=@$SOURCE_DATE_EPOCH" --format=ustar --transform "s,^\.,${2%.tar.xz}," . |
    xz -9 --threads=1 >"$out/$2"
}

# make_deb TARGET KIND NAME VERSION: of what `stage` made of that kind.
make_deb() {
  local tree staged=$work/$1/staged-$2 control depends script
  tree=$(tree_of_tests "$1")
  control=$staged/DEBIAN
  stage_for_debian "$tree" "$staged"
  depends=$(depends "$1" "$tree" "$staged/usr/bin/holdfast")
  rm -rf "$control"
  mkdir -p "$control"
  for script in "$repository"/deploy/debian/{preinst,postinst,prerm,postrm}; do
    if [[ -e $script ]]; then install -m 755 "$script" "$control/"; fi
  done
  (cd "$staged" && find . -path './etc/*' -type f -printf '/%P\n' | sort) >"$control/conffiles"
  [[ -s $control/conffiles ]] || rm "$control/conffiles"
  (cd "$staged" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) \
    >"$control/md5sums"
  cat >"$control/control" <<CONTROL
Package: holdfast
Version: $4
Architecture: ${package_arch[$1]}
Maintainer: $(cpack_field "$tree" PACKAGE_CONTACT)
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$staged" | cut -f 1)
Depends: $depends
Recommends: $(cpack_field "$tree" DEBIAN_PACKAGE_RECOMMENDS)
Section: $(cpack_field "$tree" DEBIAN_PACKAGE_SECTION)
Priority: $(cpack_field "$tree" DEBIAN_PACKAGE_PRIORITY)
Description: $(cpack_field "$tree" PACKAGE_DESCRIPTION_SUMMARY)
$(cpack_field "$tree" PACKAGE_DESCRIPTION | sed 's/^/ /')
CONTROL
  find "$staged" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$staged" "$3" >/dev/null
}

# write_versions TARGET PROGRAM FILE: what the static program says of itself, and Debian's names for it.
write_versions() {
  local name names sysroot=$work/$1/sysroot
  {
    echo "Frozen into the static program of holdfast $version for $1. When one of these is fixed,"
    echo 'a new program has to be built; nothing on the machine that runs it can fix it.'
    printf '\nIt says (--version -v):\n\n'
    on_target "$1" "$2" --version -v
    printf '\nBuilt from sources of Debian, with its patches:\n\n'
    for name in "${frozen_sources[@]}"; do echo "  $name $(source_version "$name")"; done
    printf '\nOut of packages of Debian (%s, %s):\n\n' "$sysroot_suite" "${sysroot_arch[$1]}"
    readarray -t names < <(sysroot_packages armv6)  # the one that has no libraries to freeze
    for name in "${names[@]}"; do echo "  $name $(debian_version "$sysroot" "$name")"; done
    if [[ -s $work/sources/left-out || -s $work/$1/left-out ]]; then
      printf '\nWhat the archive could not serve:\n\n'
      cat "$work/$1/left-out" "$work/sources/left-out" 2>/dev/null | sed 's/^/  /'
    fi
  } >"$3"
}

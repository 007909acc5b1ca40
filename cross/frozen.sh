# To be sourced, after lib.sh and sysroot.sh: the libraries that are built here to be frozen into the
# static program, from the newer Debian's patched sources, with what holdfast needs and no more: all
# that tells the time or reads what strangers send. Debian's own have much that we do not want, and for
# armel no fixes any more, and no date after 2038.
# shellcheck shell=bash disable=SC2154,SC2164

# In the order to build them.
frozen_sources=(zlib expat sqlite3 openssl c-ares curl libzstd xz-utils bzip2 lz4 libarchive libseccomp)

# fetch_newest NAME: unpacked as $work/sources/NAME. A mirror may list what it does not have yet; then
# it is the newest that it has, and said so.
fetch_newest() {
  local version dir=$work/sources/.$1
  for version in $(apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -Vru); do
    rm -rf "$dir"
    mkdir "$dir"
    if (cd "$dir" && apt-get source -qq "$1=$version") >"$work/logs/fetch-$1" 2>&1; then
      mv "$dir"/*/ "$work/sources/$1"
      rm -r "$dir"
      return 0
    fi
    echo "not $1 $version: the archive lists it and does not have it" | tee -a "$work/sources/left-out" >&2
  done
  fail "no source of $1 can be fetched"
}

fetch_sources() {  # all of them, once, until they are deleted
  local dir=$work/apt/sources suite line lines=() name
  [[ ! -e $work/sources/.complete ]] || return 0
  rm -rf "$work/sources"
  mkdir -p "$work/sources" "$work/logs"
  for suite in trixie bookworm; do
    while read -r line; do lines+=("$line"); done < <(archive_lines deb-src "$suite" amd64)
  done
  private_apt "$dir" amd64 "${lines[@]}"
  (
    export APT_CONFIG=$dir/apt.conf
    quietly "$work/logs/fetch-index" apt-get update -qq
    for name in "${frozen_sources[@]}"; do fetch_newest "$name"; done
  )
  touch "$work/sources/.complete"
}

source_date() { dpkg-parsechangelog -l "$work/sources/$1/debian/changelog" -S Timestamp; }
source_version() { dpkg-parsechangelog -l "$work/sources/$1/debian/changelog" -S Version; }

# with_cmake TARGET NAME FOLDER OPTION...
with_cmake() {
  local target=$1 name=$2 build=$work/$1/frozen-build/$2
  quietly "$work/$target/logs/$name-configure" cmake -G Ninja -S "$work/sources/$3" -B "$build" --fresh \
    "-DCMAKE_TOOLCHAIN_FILE=$repository/cross/toolchain.cmake" "-DHOLDFAST_TARGET=$target" \
    "-DCROSS_SYSROOT=$work/$target/sysroot" "-DCROSS_FROZEN=$work/$target/frozen" \
    -DCMAKE_BUILD_TYPE=MinSizeRel "-DCMAKE_INSTALL_PREFIX=$work/$target/frozen" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_FIND_LIBRARY_SUFFIXES=.a -DBUILD_SHARED_LIBS=OFF "${@:4}"
  quietly "$work/$target/logs/$name-build" cmake --build "$build" --target install
}

# plain_flags TARGET: the compiler's flags for what has no CMake.
plain_flags() {
  printf '%s ' -Os -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
  if [[ $1 == armv6 ]]; then
    printf '%s ' -march=armv6+fp -marm -mfloat-abi=softfp -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
  fi
}
declare -A openssl_name=([arm64]=linux-aarch64 [armv6]=linux-armv4 [amd64]=linux-x86_64)

build_zlib() {
  local build=$work/$1/frozen-build/zlib
  rm -rf "$build"
  mkdir -p "$work/$1/frozen-build"
  cp -r "$work/sources/zlib" "$build"
  (
    cd "$build"
    CFLAGS=$(plain_flags "$1")
    export CHOST=${triplet[$1]} CFLAGS
    quietly "$work/$1/logs/zlib-configure" ./configure --static "--prefix=$work/$1/frozen"
    quietly "$work/$1/logs/zlib-build" make install
  )
}

build_expat() {  # without document types, which we refuse anyway
  with_cmake "$1" expat expat/expat -DEXPAT_SHARED_LIBS=OFF -DEXPAT_BUILD_TOOLS=OFF \
    -DEXPAT_BUILD_EXAMPLES=OFF -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_DOCS=OFF -DEXPAT_DTD=OFF
}

build_c-ares() {
  # Left alone it looks for this one in the sysroot, and keeps the name.
  with_cmake "$1" c-ares c-ares -DCARES_RANDOM_FILE=/dev/urandom -DCARES_STATIC=ON -DCARES_SHARED=OFF -DCARES_BUILD_TOOLS=OFF
}

build_sqlite3() {
  local build=$work/$1/frozen-build/sqlite3 prefix=$work/$1/frozen
  rm -rf "$build"
  mkdir -p "$build" "$prefix/lib" "$prefix/include"
  (
    cd "$build"
    quietly "$work/$1/logs/sqlite3-configure" "$work/sources/sqlite3/configure" --disable-tcl
    quietly "$work/$1/logs/sqlite3-amalgamation" make sqlite3.c
    # shellcheck disable=SC2046  # a list of flags
    quietly "$work/$1/logs/sqlite3-build" "${triplet[$1]}-gcc" $(plain_flags "$1") -c sqlite3.c \
      -DSQLITE_THREADSAFE=1 -DSQLITE_DQS=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_JSON -DSQLITE_USE_URI
    rm -f "$prefix/lib/libsqlite3.a"
    "${triplet[$1]}-ar" rcsD "$prefix/lib/libsqlite3.a" sqlite3.o
    cp sqlite3.h "$prefix/include/"
  )
}

build_openssl() {
  local build=$work/$1/frozen-build/openssl
  rm -rf "$build"
  # It builds where it lies, so that the names of its files, which it keeps, are relative.
  cp -r "$work/sources/openssl" "$build"
  (
    cd "$build"
    # 0.7 MB of amd64's instructions of a kind that no small PC has, and nothing else needs.
    # shellcheck disable=SC2016  # Perl's
    sed -i 's/^if (\$avx512vaes[>0]*) {/if (0) {/' crypto/modes/asm/aes-gcm-avx512.pl crypto/aes/asm/aesni-xts-avx512.pl
    # TLS and digests stay; what else speaks or reads other things goes.
    # shellcheck disable=SC2046
    quietly "$work/$1/logs/openssl-configure" ./Configure "${openssl_name[$1]}" \
      "--cross-compile-prefix=${triplet[$1]}-" --prefix=/usr --libdir=lib \
      --openssldir=/usr/lib/ssl no-shared no-tests no-apps no-docs no-engine no-module no-legacy no-dso \
      no-comp no-srp no-psk no-dtls no-quic no-cms no-ts no-cmp no-ml-dsa no-slh-dsa no-idea no-seed \
      no-camellia no-aria no-bf no-cast no-sm2 no-sm3 no-sm4 no-gost no-mdc2 no-whirlpool no-rc2 \
      no-rc4 no-md4 no-ec2m no-rfc3779 no-async no-multiblock no-dsa no-des no-rmd160 no-blake2 \
      no-scrypt no-argon2 no-siphash no-siv no-ocb no-ocsp no-ct $(plain_flags "$1")
    quietly "$work/$1/logs/openssl-build" make -j2 build_libs
    # It keeps the name of where it is installed too, so that is not where it goes.
    quietly "$work/$1/logs/openssl-install" make install_dev "DESTDIR=$build/installed"
    mkdir -p "$work/$1/frozen"
    cp -r "$build"/installed/usr/. "$work/$1/frozen/"
  )
}

build_curl() {
  local options=(
    -DBUILD_STATIC_LIBS=ON -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DBUILD_LIBCURL_DOCS=OFF
    -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF -DBUILD_EXAMPLES=OFF
    # HTTP and HTTPS, and what names are looked up with: glibc's own way would load the target's
    # libraries into a static program.
    -DHTTP_ONLY=ON -DENABLE_ARES=ON -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON -DOPENSSL_USE_STATIC_LIBS=ON
    -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF
    -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DCURL_DISABLE_LDAP=ON
    -DCURL_DISABLE_LDAPS=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_KERBEROS_AUTH=ON
    -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_DOH=ON
    -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_WEBSOCKETS=ON -DCURL_DISABLE_SRP=ON
    # curl does not look for them when it is cross-compiled. Debian's, which Pi OS has too.
    -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=/etc/ssl/certs
  )
  with_cmake "$1" curl curl "${options[@]}"
}

# What is walked is read, never made.
build_libzstd() {
  local build=$work/$1/frozen-build/libzstd prefix=$work/$1/frozen
  rm -rf "$build"
  cp -r "$work/sources/libzstd" "$build"
  mkdir -p "$prefix/lib" "$prefix/include"
  quietly "$work/$1/logs/libzstd-build" make -C "$build/lib" libzstd.a "CC=${triplet[$1]}-gcc" \
    "AR=${triplet[$1]}-ar" "CFLAGS=$(plain_flags "$1")" ZSTD_LIB_COMPRESSION=0 ZSTD_LIB_DICTBUILDER=0 \
    ZSTD_LIB_DEPRECATED=0 ZSTD_LEGACY_SUPPORT=0 BUILD_DIR=made
  cp "$(find "$build/lib" -name libzstd.a -type f | head -n 1)" "$prefix/lib/"
  cp "$build"/lib/zstd.h "$build"/lib/zstd_errors.h "$build"/lib/zdict.h "$prefix/include/"
}

build_xz-utils() {
  with_cmake "$1" xz-utils xz-utils "-DXZ_ENCODERS=" -DXZ_NLS=OFF -DXZ_DOC=OFF -DXZ_THREADS=no \
    -DXZ_MICROLZMA_ENCODER=OFF -DXZ_MICROLZMA_DECODER=OFF -DXZ_LZIP_DECODER=OFF -DXZ_TOOL_XZ=OFF \
    -DXZ_TOOL_XZDEC=OFF -DXZ_TOOL_LZMADEC=OFF -DXZ_TOOL_LZMAINFO=OFF -DXZ_TOOL_SCRIPTS=OFF
}

build_bzip2() {
  local build=$work/$1/frozen-build/bzip2 prefix=$work/$1/frozen
  rm -rf "$build"
  cp -r "$work/sources/bzip2" "$build"
  mkdir -p "$prefix/lib" "$prefix/include"
  quietly "$work/$1/logs/bzip2-build" make -C "$build" libbz2.a "CC=${triplet[$1]}-gcc" \
    "AR=${triplet[$1]}-ar" "RANLIB=${triplet[$1]}-ranlib" "CFLAGS=$(plain_flags "$1")"
  cp "$build/libbz2.a" "$prefix/lib/"
  cp "$build/bzlib.h" "$prefix/include/"
}

build_lz4() {
  local build=$work/$1/frozen-build/lz4 prefix=$work/$1/frozen
  rm -rf "$build"
  cp -r "$work/sources/lz4" "$build"
  mkdir -p "$prefix/lib" "$prefix/include"
  quietly "$work/$1/logs/lz4-build" make -C "$build/lib" liblz4.a BUILD_SHARED=no "CC=${triplet[$1]}-gcc" \
    "AR=${triplet[$1]}-ar" "CFLAGS=$(plain_flags "$1")"
  cp "$build/lib/liblz4.a" "$prefix/lib/"
  cp "$build"/lib/lz4*.h "$prefix/include/"
}

build_libarchive() {
  with_cmake "$1" libarchive libarchive -DENABLE_WERROR=OFF -DENABLE_TAR=OFF -DENABLE_CPIO=OFF \
    -DENABLE_CAT=OFF -DENABLE_UNZIP=OFF -DENABLE_TEST=OFF -DENABLE_OPENSSL=OFF -DENABLE_NETTLE=OFF \
    -DENABLE_MBEDTLS=OFF -DENABLE_LIBB2=OFF -DENABLE_LZO=OFF -DENABLE_LIBXML2=OFF -DENABLE_EXPAT=OFF \
    -DENABLE_ICONV=OFF -DENABLE_ACL=OFF -DENABLE_XATTR=OFF -DENABLE_PCREPOSIX=OFF -DENABLE_PCRE2POSIX=OFF \
    -DENABLE_LZMA=ON -DENABLE_ZSTD=ON -DENABLE_BZip2=ON -DENABLE_LZ4=ON -DENABLE_ZLIB=ON -DPOSIX_REGEX_LIB=NONE
}

build_libseccomp() {
  local build=$work/$1/frozen-build/libseccomp prefix=$work/$1/frozen
  rm -rf "$build"
  # With its times, or it wants to make its own configure anew.
  cp -a "$work/sources/libseccomp" "$build"
  (
    cd "$build"
    quietly "$work/$1/logs/libseccomp-configure" ./configure "--host=${triplet[$1]}" --disable-shared \
      --enable-static --disable-python "--prefix=$prefix" "CFLAGS=$(plain_flags "$1")"
    quietly "$work/$1/logs/libseccomp-build" make -C src install
    quietly "$work/$1/logs/libseccomp-headers" make -C include install
  )
}

# build_frozen TARGET: static, in $work/TARGET/frozen; each is built once, until that is deleted.
build_frozen() {
  local name pkgconfig=$work/$1/frozen/pkgconfig
  fetch_sources
  # All that pkg-config may tell of: the rest it would tell of the sysroot's.
  mkdir -p "$pkgconfig" "$work/$1/frozen-build"
  cp "$work/$1/sysroot/usr/lib/${triplet[$1]}/pkgconfig/inih.pc" "$pkgconfig/"
  for name in "${frozen_sources[@]}"; do
    [[ ! -e $work/$1/frozen/.$name ]] || continue
    # It is kept while commits come and go, so its date is its own.
    SOURCE_DATE_EPOCH=$(source_date "$name") "build_$name" "$1"
    touch "$work/$1/frozen/.$name"
  done
}

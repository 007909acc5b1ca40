# To be sourced, after sysroot.sh and frozen.sh: holdfast itself.
# shellcheck shell=bash disable=SC2154,SC2164

# prepare TARGET MODE: all that is linked. Most targets have --quick build no static program.
prepare() {
  make_sysroot "$1"
  if [[ $1 == armv6 || $2 != --quick ]]; then build_frozen "$1"; fi
}

# tests_are TARGET: the tests are built beside the program that most people get, static or dynamic.
tests_are() { if [[ $1 == armv6 ]]; then echo static; else echo dynamic; fi; }
tree_of_tests() { echo "$work/$1/$(tests_are "$1")"; }

# compile_tree TARGET KIND TARGETS_OF_CMAKE OPTION...
compile_tree() {
  local target=$1 tree=$work/$1/$2 options=("${@:4}")
  # Against -O1 it halves most of our objects and takes no longer to compile; a run's time is in the libraries.
  options+=(-DCMAKE_BUILD_TYPE=MinSizeRel -DHOLDFAST_ROOMY=ON)
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    # Else it caches nothing that takes a precompiled header.
    export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
  fi
  # What 32 bits are too few for is seen nowhere else.
  if [[ $1 == armv6 ]]; then options+=(-DHOLDFAST_DEVELOPER=ON); fi
  if [[ $2 == static ]]; then options+=(-DHOLDFAST_STATIC=ON "-DCROSS_FROZEN=$work/$1/frozen"); fi
  quietly "$work/$target/logs/configure" cmake -G Ninja -S "$repository" -B "$tree" \
    "-DCMAKE_TOOLCHAIN_FILE=$repository/cross/toolchain.cmake" "-DHOLDFAST_TARGET=$target" \
    "-DCROSS_SYSROOT=$work/$1/sysroot" "${options[@]}"
  # shellcheck disable=SC2086  # a list of names
  quietly "$work/$target/logs/compile" cmake --build "$tree" -j "${HOLDFAST_JOBS:-$(nproc)}" --target $3
}

# What is packaged is compiled file by file, as users do; what only the tests of --quick run several at once,
# which is half the work.
are_several_at_once() { if [[ $1 == --quick ]]; then echo ON; else echo OFF; fi; }

# compile_program TARGET MODE: the program, and but for --packages the tests beside it.
compile_program() {
  local programs='holdfast holdfast_fake_s3 s3client_tests store_tests'
  if [[ $2 == --packages ]]; then programs=holdfast; fi
  compile_tree "$1" "$(tests_are "$1")" "$programs" -DHOLDFAST_TESTS=ON \
    "-DCMAKE_UNITY_BUILD=$(are_several_at_once "$2")" -DCMAKE_UNITY_BUILD_BATCH_SIZE=8
}

# compile_rest TARGET: the manual, for installing builds nothing; and the static program, where it is another.
compile_rest() {
  compile_tree "$1" "$(tests_are "$1")" holdfast_pages
  if [[ $1 != armv6 ]]; then link_static "$1"; fi
}

# compile_static TREE OBJECT TO: what of it says that it is in a static program.
compile_static() {
  local compile
  compile=$(cd "$1" && ninja -t commands "$2" | tail -n 1)
  [[ $compile == *" -o $2 "* ]] || fail "$2 is not compiled as it used to be: $compile"
  compile=${compile/" -o $2 "/" -DHOLDFAST_STATIC -o $3 "}
  (cd "$1" && quietly "$3.log" bash -c "$compile")
}

# link_static TARGET: what is dynamic, linked once more with what is frozen. The headers that it was
# compiled with are the older Debian's, as when it runs on the newer one's libraries.
link_static() {
  local tree=$work/$1/dynamic to=$work/$1/static frozen=$work/$1/frozen/lib
  local from=$work/$1/sysroot/usr/lib/${triplet[$1]} version=agent/system/CMakeFiles/holdfast_cli.dir/version.cc.o
  local archive=agent/walk/CMakeFiles/agent_walk.dir/archive_library.cc.o
  local link name
  mkdir -p "$to/agent"
  # One file says what the program is, and one opens a library, which is there already.
  compile_static "$tree" "$version" "$to/version.o"
  compile_static "$tree" "$archive" "$to/archive_library.o"
  link=$(cd "$tree" && ninja -t commands holdfast | tail -n 1)
  link=${link/" $version "/" $to/version.o $to/archive_library.o "}
  link=${link/" -o agent/holdfast "/" -static -o $to/agent/holdfast "}
  link=${link/"$from/libinih.so"/"$from/libinih.a"}
  # Whatever else is shared the linker refuses now.
  for name in curl crypto sqlite3 expat z seccomp zstd lzma bz2 lz4; do link=${link/"$from/lib$name.so"/"$frozen/lib$name.a"}; done
  link=${link%" && :"}
  # Equal functions once: amd64's code is the largest, and may have 8 MB like the others.
  if [[ $1 == amd64 ]]; then link+=' -fuse-ld=gold -Wl,--icf=safe'; fi
  for name in archive zstd lzma bz2 lz4 ssl crypto z cares; do link+=" $frozen/lib$name.a"; done
  (cd "$tree" && quietly "$work/$1/logs/link-static" bash -c "$link")
}

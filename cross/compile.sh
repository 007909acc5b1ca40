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
  local target=$1 tree=$work/$1/$2 pages='' options=("${@:4}")
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  # What 32 bits are too few for is seen nowhere else.
  if [[ $1 == armv6 ]]; then options+=(-DHOLDFAST_DEVELOPER=ON); fi
  if [[ $2 == static ]]; then options+=(-DHOLDFAST_STATIC=ON "-DCROSS_FROZEN=$work/$1/frozen"); fi
  quietly "$work/$target/logs/configure" cmake -G Ninja -S "$repository" -B "$tree" \
    "-DCMAKE_TOOLCHAIN_FILE=$repository/cross/toolchain.cmake" "-DHOLDFAST_TARGET=$target" \
    "-DCROSS_SYSROOT=$work/$1/sysroot" "${options[@]}"
  # The manual, where the tree makes one: installing builds nothing.
  if cmake --build "$tree" --target help | grep -q '^holdfast_pages:'; then pages=holdfast_pages; fi
  # shellcheck disable=SC2086  # a list of names
  quietly "$work/$target/logs/compile" cmake --build "$tree" -j "${HOLDFAST_JOBS:-$(nproc)}" --target $3 $pages
}

with_tests='holdfast holdfast_fake_s3 s3client_tests store_tests'

# compile_tests TARGET: the tree of its tests, with the program that they are of.
compile_tests() { compile_tree "$1" "$(tests_are "$1")" "$with_tests" -DHOLDFAST_TESTS=ON; }

compile_rest() {  # compile_rest TARGET: the static program, where it is another
  if [[ $1 != armv6 ]]; then compile_tree "$1" static holdfast; fi
}

# To be sourced, after sysroot.sh and frozen.sh: holdfast itself.
# shellcheck shell=bash disable=SC2154,SC2164

prepare() {  # prepare TARGET: all that is linked
  make_sysroot "$1"
  # Nothing is frozen into a dynamic program, and of most targets --quick builds no other.
  if [[ $mode != --quick || $1 == armv6 ]]; then build_frozen "$1"; fi
}

# tree_of_tests TARGET: the tests are built beside the program that most people get.
tree_of_tests() { if [[ $1 == armv6 ]]; then echo "$work/$1/static"; else echo "$work/$1/dynamic"; fi; }

# compile_tree TARGET TREE TARGETS_OF_CMAKE OPTION...
compile_tree() {
  local target=$1 tree=$2 launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  quietly "$work/$target/logs/configure" cmake -G Ninja -S "$repository" -B "$tree" \
    "-DCMAKE_TOOLCHAIN_FILE=$repository/cross/toolchain.cmake" "-DHOLDFAST_TARGET=$target" \
    "-DCROSS_SYSROOT=$work/$target/sysroot" "${launcher[@]}" "${@:4}"
  # The manual, where the tree makes one: installing builds nothing.
  if cmake --build "$tree" --target help | grep -q '^holdfast_pages:'; then set -- "$1" "$2" "$3 holdfast_pages"; fi
  # shellcheck disable=SC2086  # a list of names
  quietly "$work/$target/logs/compile" cmake --build "$tree" -j "${HOLDFAST_JOBS:-$(nproc)}" --target $3
}

with_tests='holdfast holdfast_fake_s3 s3client_tests store_tests'

# compile_tests TARGET: the tree of its tests, with the program that they are of.
compile_tests() {
  local static=()
  if [[ $1 == armv6 ]]; then static=(-DHOLDFAST_STATIC=ON "-DCROSS_FROZEN=$work/$1/frozen"); fi
  compile_tree "$1" "$(tree_of_tests "$1")" "$with_tests" -DHOLDFAST_TESTS=ON "${static[@]}"
}

compile_rest() {  # compile_rest TARGET: the static program, where it is another
  if [[ $1 != armv6 ]]; then
    compile_tree "$1" "$work/$1/static" holdfast -DHOLDFAST_STATIC=ON "-DCROSS_FROZEN=$work/$1/frozen"
  fi
}

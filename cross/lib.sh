# To be sourced: the targets, where things lie, and Debian's archive without touching the machine's
# own configuration.
# shellcheck shell=bash disable=SC2034,SC2016
set -euo pipefail
shopt -s inherit_errexit nullglob
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/packages.sh
source "$repository/tests/support/packages.sh"

all_targets=(arm64 armv6 amd64)
declare -A triplet=([arm64]=aarch64-linux-gnu [armv6]=arm-linux-gnueabi [amd64]=x86_64-linux-gnu)
# Which Debian is linked: the older one, so that a dynamic program runs on both. What is frozen into
# the static one for armv6 is another matter: see frozen.sh.
declare -A sysroot_arch=([arm64]=arm64 [armv6]=armel [amd64]=amd64)
sysroot_suite=bookworm
sysroot_gcc=12
# What dpkg calls the machines that run it. Every 32-bit Pi OS is an armhf to dpkg, on ARMv6 too.
declare -A package_arch=([arm64]=arm64 [armv6]=armhf [amd64]=amd64)
suites=(bookworm trixie)

work=$repository/build/cross
out=$work/out
version=$(sed -nE 's/^project\(holdfast VERSION ([0-9.]+).*/\1/p' "$repository/CMakeLists.txt")
# Whatever tells a time tells the one of the commit, so that the same tree makes the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

say() { printf '\n=== %s (after %s s)\n' "$*" "$SECONDS"; }
fail() { echo "cross: $*" >&2; exit 1; }

# What the compilers bring has to be what the sysroots have.
# shellcheck disable=SC1091
builds_here() { (. /etc/os-release && [[ $ID-$VERSION_ID-$(dpkg --print-architecture) == debian-12-amd64 ]]); }

need_target() {
  [[ -n ${triplet[${1:-}]:-} ]] || fail "\"${1:-}\" is no target; there are: ${all_targets[*]}"
}

# quietly LOG COMMAND...: shows the log only when it failed.
quietly() {
  local log=$1
  shift
  mkdir -p "${log%/*}"
  "$@" >"$log" 2>&1 || { tail -n 60 "$log" >&2; fail "failed: $*"; }
}

# archive_uri LABEL: where the machine's own sources get Debian, or Debian-Security; empty if nowhere.
archive_uri() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" | sort -u | sed -n 1p
}

# Machines made of an image often come without the lists that say what an archive is.
need_archive() {
  local as_root=()
  [[ -z $(archive_uri Debian) ]] || return 0
  [[ $EUID -eq 0 ]] || as_root=(sudo)
  "${as_root[@]}" apt-get -qq update
  [[ -n $(archive_uri Debian) ]] || fail 'the sources of apt name no archive of Debian'
}

# private_apt DIR ARCH LINE...: an apt with these sources and nothing installed; sets APT_CONFIG for
# what is run as "APT_CONFIG=DIR/apt.conf apt-get ...".
private_apt() {
  local dir=$1 arch=$2
  shift 2
  rm -rf "$dir"
  mkdir -p "$dir"/{parts,preferences,state/lists/partial,cache/archives/partial}
  : >"$dir/status"
  printf '%s\n' "$@" >"$dir/sources.list"
  cat >"$dir/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "$dir/parts";
Dir::Etc::PreferencesParts "$dir/preferences";
Dir::State "$dir/state";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
CONF
}

# archive_lines TYPE SUITE ARCH: the lines for deb or deb-src that can be fetched now. Only the suite
# itself is a must: mirrors do serve broken indexes of updates for rare architectures. What is left
# out is told on stderr, and ends in the list of what is frozen.
archive_lines() {
  local type=$1 suite=$2 arch=$3 main security line dir=$work/apt/probe-$1-$2-$3
  local key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  main=$(archive_uri Debian)
  security=$(archive_uri Debian-Security)
  [[ -n $main ]] || fail 'the sources of apt name no archive of Debian'
  echo "$type $key $main $suite main"
  if [[ -z $security ]]; then echo "without $suite-security: the sources of apt do not name it" >&2; fi
  for line in "$main $suite-updates main" ${security:+"$security $suite-security main"}; do
    private_apt "$dir" "$arch" "$type $key $line"
    # A suite that does not know the architecture has no index for it, and that is no error.
    if APT_CONFIG=$dir/apt.conf apt-get update -qq --error-on=any >"$dir/log" 2>&1 &&
      compgen -G "$dir/state/lists/*_$([[ $type == deb ]] && echo Packages || echo Sources)*" >"$dir/log"; then
      echo "$type $key $line"
    else
      echo "without ${line#* }: there is no index for $arch, or a broken one" >&2
    fi
  done
}

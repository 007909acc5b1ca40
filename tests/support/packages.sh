# To be sourced: the one list of the Debian packages (12 or 13) that this project needs, and how to
# get them.
# shellcheck shell=bash disable=SC2034

build_packages=(
  g++ cmake ninja-build pkg-config ca-certificates
  libcurl4-openssl-dev libssl-dev libsqlite3-dev libinih-dev libexpat1-dev zlib1g-dev libxxhash-dev
  nlohmann-json3-dev libcli11-dev libfmt-dev libexpected-dev
  libarchive-dev libseccomp-dev libzstd-dev liblzma-dev libbz2-dev liblz4-dev  # without them nothing is opened
)
test_packages=(
  catch2 ccache curl openssl python3 procps
  clang libclang-rt-dev clang-tidy clang-format shellcheck  # with the sanitizers and libFuzzer
  mandoc man-db groff bsdextrautils zsh  # the manual, and what the shells complete
  e2fsprogs mount                        # a disk of its own, in a file
  strace                                 # what an archive costs in system calls
  xfsprogs btrfs-progs dosfstools exfatprogs exfat-fuse ntfs-3g fusefat  # and of every kind
  util-linux msmtp-mta bsd-mailx python3-aiosmtpd  # what holdfast-setup sets up, and where mail goes
  ceph-mon ceph-osd radosgw ceph-common  # a real S3 server
  swift-proxy swift-account swift-container swift-object memcached  # and another one
  rclone s3cmd awscli                    # uploaders that are not ours, and what they mirror
  prometheus                             # promtool, for the metrics and the alert rules
  mosquitto mosquitto-clients            # a recipe of the manual
  tar gzip pigz bzip2 pbzip2 xz-utils pixz zstd lz4 zip p7zip-full cpio squashfs-tools  # what makes backups
  gnupg age sqlite3 qemu-utils redis-server postgresql mariadb-server                   # likewise
)
package_packages=(lintian mmdebstrap fakeroot dpkg-dev)  # for tests/package_test.sh
# For cross/: on Debian 12 for amd64.
cross_packages=(
  g++ g++-aarch64-linux-gnu g++-arm-linux-gnueabi g++-arm-linux-gnueabihf
  cmake ninja-build pkg-config dpkg-dev file xz-utils openssl catch2 git perl tcl gperf time
  mmdebstrap arch-test qemu-user-static debian-archive-keyring
)
bench_packages=(rclone s3cmd awscli time)

# One for another architecture, as for a cross build, does not count.
is_installed() {
  dpkg-query -W -f '${db:Status-Status} ${Architecture}\n' "$1" 2>/dev/null |
    grep -Eqx "installed (all|$(dpkg --print-architecture))"
}

# need_packages NAME...: installs those that are missing; touches nothing where none is.
need_packages() {
  local name missing=() as_root=()
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "As root, please: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get -qq update
  # Somebody else who installs something is waited for.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install \
    --no-install-recommends "${missing[@]}" >/dev/null
}

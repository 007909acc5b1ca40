#!/bin/bash
# tests/package_test.sh DEB FAKE_S3 [SUITE]: the package does in a fresh Debian (bookworm, or SUITE) what a
# package should: it is installed, pulls as root and as its own user, is installed again, removed and
# purged, and the archives stay; and lintian has nothing to say. Makes the root filesystem with
# mmdebstrap from this machine's own mirror; needs root. Prints "ok - " and "not ok - " lines.
# shellcheck disable=SC2317  # a trap calls it
set -euo pipefail
shopt -s inherit_errexit
deb=$(realpath "$1")
fake_s3=$(realpath "$2")
suite=${3:-bookworm}
if [[ $EUID -ne 0 ]]; then
  echo 'SKIPPED a root filesystem is made by root only'
  exit 0
fi
work=$(mktemp -d)
root=$work/root
server=''
clean_up() {
  if [[ -n $server ]]; then kill "$server" || true; fi
  umount -q "$root/proc" || true
  # Not what is mounted there still.
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
status=0
holds() {  # holds CLAIM COMMAND...
  local claim=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    echo "ok - $claim"
  else
    echo "not ok - $claim"
    sed 's/^/  /' "$work/out"
    status=1
  fi
}
inside() { LC_ALL=C.UTF-8 chroot "$root" "$@"; }
says_nothing() {
  local said
  said=$("$@" 2>/dev/null) || true
  echo "$said"
  [[ -z $said ]]
}
is_absent() { [[ ! -e $root$1 && ! -L $root$1 ]]; }
mode_of() { inside stat -c '%a %U %G' "$1"; }
has_mode() { mode_of "$1" && [[ $(mode_of "$1") == "$2" ]]; }

holds 'lintian has nothing to say' says_nothing lintian "$deb"

base=$(sed -n 's/^URIs: \(.*\/debian\)$/\1/p' /etc/apt/sources.list.d/debian.sources | head -n 1)
depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/ //g')
mmdebstrap --quiet --variant=minbase --include="$depends" "$suite" "$root" \
  "deb $base $suite main" "deb $base $suite-updates main" >"$work/made" 2>&1 ||
  { cat "$work/made"; exit 1; }
# Only now, so that nothing of this machine is mounted there while it is made.
mount -t proc proc "$root/proc"
cp "$deb" "$root/holdfast.deb"

mkdir -p "$work/cloud/my-backups/db"
head -c 300000 /dev/urandom | gzip -1 >"$work/cloud/my-backups/db/a.tar.gz"
exec {out}< <(exec "$fake_s3" --root "$work/cloud" --port 0 --user AKIAEXAMPLE:secret:ro)
server=$!
read -r url <&"$out"

holds "it is installed in $suite" inside dpkg -i /holdfast.deb
holds 'its program runs' inside holdfast --version
holds 'its user has no shell' inside grep -q '^holdfast:.*:/usr/sbin/nologin$' /etc/passwd
holds '/etc/holdfast is for its group only' has_mode /etc/holdfast '750 root holdfast'
holds '/var/lib/holdfast is its own' has_mode /var/lib/holdfast '755 holdfast holdfast'
holds 'the timer is not turned on' is_absent /etc/systemd/system/timers.target.wants/holdfast.timer
holds 'nor is cron' is_absent /etc/cron.d/holdfast

mkdir -p "$root/mnt/backup"
holds 'init writes the configuration' inside holdfast init /mnt/backup --write
sed -i "s|^bucket =.*|bucket = my-backups\nendpoint = $url|; s|^path = .*|&\nmin_free = 0|" \
  "$root/etc/holdfast/holdfast.conf"
printf '[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n' \
  >"$root/etc/holdfast/credentials"
inside chown root:holdfast /etc/holdfast/credentials
chmod 640 "$root/etc/holdfast/credentials"
holds 'the configuration is for its group only' has_mode /etc/holdfast/holdfast.conf '640 root holdfast'
holds 'root pulls' inside holdfast pull
echo more | gzip >"$work/cloud/my-backups/db/b.tar.gz"
holds 'and so does its user' inside setpriv --reuid holdfast --regid holdfast --clear-groups holdfast pull
same() { diff -r "$work/cloud/my-backups" "$root/mnt/backup/site/archives"; }
holds 'what the bucket has is held' same
holds 'the status is for all to read' has_mode /var/lib/holdfast/status.json '644 holdfast holdfast'

holds 'it is installed once more over itself' inside dpkg -i /holdfast.deb
holds 'and still pulls' inside holdfast pull
holds 'it is removed' inside dpkg -r holdfast
holds 'the configuration stays then' test -s "$root/etc/holdfast/holdfast.conf"
holds 'it is purged' inside dpkg -P holdfast
holds 'the key is gone then' is_absent /etc/holdfast
holds 'and the status' is_absent /var/lib/holdfast
holds 'and the archives stay, as they were' same
exit "$status"

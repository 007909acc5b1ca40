#!/bin/bash
# tests/package_test.sh DEB FAKE_S3 [SUITE]: the package does in a fresh Debian (bookworm, or SUITE) what a
# package should: it is installed, pulls as root and as its own user, is installed again, removed, installed
# once more and purged, and the archives stay; and lintian has nothing to say. Makes the root filesystem with
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
inside() {
  LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}
# What the package's scripts see of a systemd that runs: a timer is enabled where its link is.
wants=/etc/systemd/system/timers.target.wants
stand_in_for_systemd() {
  mkdir -p "$root/run/systemd/system" "$root$wants"
  cat >"$root/usr/local/sbin/systemctl" <<END
#!/bin/sh
case "\$*" in *is-enabled*) for last; do :; done; test -L "$wants/\$last" ;; esac
END
  printf '#!/bin/sh\necho "$*" >>/told\n' >"$root/usr/local/sbin/deb-systemd-invoke"
  chmod 755 "$root"/usr/local/sbin/*
  : >"$root/told"
}
was_told() { cat "$root/told" && grep -qx -- "$1" "$root/told"; }
was_not_told() { ! was_told "$1"; }
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

stand_in_for_systemd
holds "it is installed in $suite" inside dpkg -i /holdfast.deb
holds 'its program runs' inside holdfast --version
holds 'its user has no shell' inside grep -q '^holdfast:.*:/usr/sbin/nologin$' /etc/passwd
holds '/etc/holdfast is for its group only' has_mode /etc/holdfast '750 root holdfast'
holds '/var/lib/holdfast is its own' has_mode /var/lib/holdfast '755 holdfast holdfast'
holds 'the timer is not turned on' is_absent "$wants/holdfast.timer"
holds 'nor started' was_not_told 'start holdfast.timer'
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
# As `systemctl enable` links it.
ln -s /lib/systemd/system/holdfast.timer "$root$wants/"
holds 'it is removed' inside dpkg -r holdfast
holds 'the configuration stays then' test -s "$root/etc/holdfast/holdfast.conf"
holds 'the timer was stopped' was_told 'stop holdfast.timer .*'
: >"$root/told"
holds 'it is installed again' inside dpkg -i /holdfast.deb
holds 'and the timer that was turned on goes on' was_told 'start holdfast.timer'
holds 'but not the one that was not' was_not_told 'start holdfast-drill.timer'

# What a longer life leaves: a run that failed, another disk, a page, both timers, drop-ins.
sed -i 's|^\[agent\]|&\non_failure = true\nhtml_file = /var/lib/holdfast/page.html|' "$root/etc/holdfast/holdfast.conf"
sed -i 's/^aws_secret_access_key = .*/&, but wrong/' "$root/etc/holdfast/credentials"
fails() { ! "$@"; }
holds 'a pull fails with a wrong key' fails inside holdfast pull
holds 'and what was told of it is noted' test -s "$root/var/lib/holdfast/status.json.told"
holds 'and the page is written' test -s "$root/var/lib/holdfast/page.html"
touch "$root/var/lib/holdfast/status.json.67335f47-0cea-4e75-a71d-cfbdcf94c9c0"
ln -s /lib/systemd/system/holdfast-drill.timer "$root$wants/"
mkdir -p "$root/etc/systemd/system/holdfast.service.d"
cp "$root/usr/share/doc/holdfast/examples/disk.conf" "$root/etc/systemd/system/holdfast.service.d/"
printf '[Service]\nNice=5\n' >"$root/etc/systemd/system/holdfast.service.d/mine.conf"

holds 'it is purged' inside dpkg -P holdfast
holds 'the key is gone then' is_absent /etc/holdfast
holds 'and the status, with what lay beside it' is_absent /var/lib/holdfast
holds 'and the link of the timer' is_absent "$wants/holdfast.timer"
holds 'and that of the drills' is_absent "$wants/holdfast-drill.timer"
holds 'and what named the disk' is_absent /etc/systemd/system/holdfast.service.d/disk.conf
holds 'what somebody else wrote for the unit stays' test -s "$root/etc/systemd/system/holdfast.service.d/mine.conf"
holds 'and the archives stay, as they were' same
exit "$status"

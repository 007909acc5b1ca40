#!/bin/bash
# tests/readme_test.sh PREFIX FAKE_S3: does what the README, deploy/guide.md and deploy/monitoring/README.md say
# to a new user, as it stands there and as an ordinary user with sudo: every block of commands and every
# example of a configuration, in order, with a disk in a file and a server of ours in the provider's place.
# PREFIX is what `cmake --install --prefix` filled. Runs as root, in a mount namespace of its own: /etc,
# /var/lib, /var/www and /mnt of this machine are not touched. Prints "ok - " and "not ok - " lines.
# shellcheck disable=SC2317  # a trap calls it
set -euo pipefail
shopt -s inherit_errexit
umask 022
here=$(cd "$(dirname "$0")/.." && pwd)
prefix=$(realpath "$1")
fake_s3=$(realpath "$2")
if [[ $EUID -ne 0 ]]; then
  echo 'SKIPPED the README is tried by root only'
  exit 0
fi
if [[ ${IN_NAMESPACE:-} != yes ]]; then
  IN_NAMESPACE=yes exec unshare --mount --propagation private "$0" "$@"
fi

work=$(mktemp -d)
server=''
loop=''
second=''
third=''
made_www=no
clean_up() {
  if [[ -n $server ]]; then kill "$server" || true; fi
  cd /
  umount -q /mnt/backup || true
  local device
  for device in "$loop" "$second" "$third"; do
    if [[ -n $device ]]; then losetup -d "$device" || true; fi
  done
  if [[ $made_www == yes ]]; then
    umount -q /var/www || true
    rmdir /var/www || true
  fi
  umount -q "$work" || true
  # Not what is mounted there still.
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
mount -t tmpfs none "$work"
status=0
tell() {  # tell GOOD CLAIM
  if [[ $1 == yes ]]; then echo "ok - $2"; else echo "not ok - $2"; status=1; fi
}
holds() {  # holds CLAIM COMMAND...
  local claim=$1
  shift
  if "$@"; then tell yes "$claim"; else tell no "$claim"; fi
}

# A machine of our own: its /etc, its users, its disk.
own_machine() {
  mkdir -p "$work"/{etc,lib,mnt,bin,doc,home,www/html}
  cp -a /etc/. "$work/etc"
  mount --bind "$work/etc" /etc
  mount --bind "$work/lib" /var/lib
  mount --bind "$work/mnt" /mnt
  if [[ ! -d /var/www ]]; then
    mkdir /var/www
    made_www=yes
  fi
  mount --bind "$work/www" /var/www
  rm -rf /etc/holdfast /etc/cron.d/holdfast
  : >/etc/fstab
  mkdir -p /etc/cron.d /etc/systemd/system
  grep -q ^holdfast: /etc/group || echo 'holdfast:x:64999:' >>/etc/group
  grep -q ^holdfast: /etc/passwd ||
    echo 'holdfast:x:64999:64999::/var/lib/holdfast:/usr/sbin/nologin' >>/etc/passwd
  # Who types what the page says.
  echo 'reader:x:64998:' >>/etc/group
  echo "reader:x:64998:64998::$work/home:/bin/bash" >>/etc/passwd
  chown reader:reader "$work/home"
  # What the package's script makes.
  install -d -m 0750 -g holdfast /etc/holdfast
  install -d -m 0755 -o holdfast -g holdfast /var/lib/holdfast
  mkdir -p /usr/share/doc
  cp -a /usr/share/doc/. "$work/doc" 2>/dev/null || true
  cp -a "$prefix/share/doc/holdfast" "$work/doc/"
  mount --bind "$work/doc" /usr/share/doc
  truncate -s 2G "$work/disk"
  loop=$(losetup -f --show "$work/disk")
  truncate -s 2G "$work/disk-2" "$work/disk-3"
  second=$(losetup -f --show "$work/disk-2")
  third=$(losetup -f --show "$work/disk-3")
}

# Commands of the page that would reach the machine or the world are told, and do nothing; an editor
# writes what the page shows next.
stub() {  # stub NAME SCRIPT
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod 755 "$work/bin/$1"
}
stubs() {
  # The commands are those of an ordinary user, who is root by this alone.
  install -m 4755 "$(command -v setpriv)" "$work/bin/become"
  # shellcheck disable=SC2016  # for the stub
  stub sudo 'exec "$(dirname "$0")/become" --reuid 0 --regid 0 --clear-groups -- "$@"'
  : >"$work/told"
  chmod 666 "$work/told"
  local name
  # What holdfast-setup asks is answered in setup_test.py.
  for name in apt apt-get holdfast-setup systemctl cmake systemd-sysusers systemd-tmpfiles; do
    stub "$name" "echo \"$name \$*\" >>'$work/told'"
  done
  # shellcheck disable=SC2016  # for the stub
  stub nano '
case $1 in
  */holdfast.conf)
    sed -i "/^\[source /,\$d" "$1"
    sed "s|^endpoint = .*|endpoint = $TEST_URL|; /^region/d" "$TEST_NEXT" >>"$1" ;;
  *) cat "$TEST_NEXT" >"$1" ;;
esac'
  PATH=$work/bin:$prefix/bin:$PATH:/usr/sbin
}

serve() {
  mkdir -p "$work/cloud/my-backups/db"
  head -c 300000 /dev/urandom | gzip -1 >"$work/cloud/my-backups/site.tar.gz"
  head -c 100000 /dev/urandom | zstd -q -1 >"$work/cloud/my-backups/db/db-2026-11-28.sql.zst"
  local out
  exec {out}< <(exec "$fake_s3" --root "$work/cloud" --port 0 \
    --user 'AKIAEXAMPLE:the-secret-that-came-with-it:ro')
  server=$!
  read -r TEST_URL <&"$out"
  export TEST_URL
}

# The fenced blocks of the pages, in order: $work/blocks/NN.sh, NN.ini, NN.text or NN.console.
extract() {
  mkdir "$work/blocks"
  monitoring=$here/deploy/monitoring/README.md
  # As the package brings it, where only that is there.
  [[ -r $monitoring ]] || monitoring=$prefix/share/doc/holdfast/examples/monitoring/README.md
  awk -v into="$work/blocks" '
    /^ *```/ { if (open) { open = 0; close(file) } else { match($0, /^ */); indent = RLENGTH
      kind = substr($0, indent + 4); file = sprintf("%s/%02d.%s", into, ++n, kind); open = 1 } next }
    open { print substr($0, indent + 1) > file }' \
    "$here/README.md" "$here/deploy/guide.md" "$monitoring"
}

# A mirror of another tool, which has an archive that was not pulled yet.
old_mirror() {
  head -c 200000 /dev/urandom | zstd -q -1 >"$work/cloud/my-backups/db/db-2026-11-29.sql.zst"
  cp -r "$work/cloud/my-backups" /mnt/backup/rclone
}

# What somebody may have who comes to a block, and not by the blocks before it.
come_to() {  # come_to FILE
  if grep -q '^sudo holdfast adopt' "$1"; then
    old_mirror
  elif grep -q '^sudo mkfs.* /dev/sdb1' "$1"; then
    # A disk that was formatted elsewhere.
    # Not while it is mounted: an emulated kernel cannot do that.
    umount /mnt/backup
    e2label "$loop" ''
    mount "$loop" /mnt/backup
  elif grep -q '/mnt/new' "$1"; then
    # One disk that never took turns.
    sed -i "s|^LABEL=backup |UUID=$(blkid -s UUID -o value "$second") |" /etc/fstab
  elif grep -q '^sudo chown -R' "$1"; then
    # A disk of another machine.
    chown -R 64997:64997 /mnt/backup
  fi
}
mounted_after_a_restart() {
  umount /mnt/backup
  mount /mnt/backup
  findmnt -n -o SOURCE /mnt/backup
}

reader=(setpriv --reuid reader --regid reader --clear-groups env "HOME=$work/home")
as_reader() { "${reader[@]}" "$@"; }
run_block() {  # run_block FILE: as it stands, but for the disks' names
  sed "s|/dev/sda1|$loop|g; s|/dev/sdb1|$second|g; s|/dev/sdc1|$third|g" "$1" >"$work/block"
  (cd "$work/home" && as_reader bash -euo pipefail "$work/block") >"$work/out" 2>&1 </dev/null
}

own_machine
stubs
serve
extract
cd "$work"
blocks=("$work"/blocks/*)
if [[ $(as_reader sudo id -u 2>/dev/null) == 0 ]]; then
  holds 'an ordinary user does what the pages say' test "$(as_reader id -u)" = 64998
else
  echo 'Here no program gains rights, as on an emulated processor: root does what the pages say'
  reader=()
fi
holds "the pages have ${#blocks[@]} blocks" test "${#blocks[@]}" -ge 12
for at in "${!blocks[@]}"; do
  block=${blocks[at]}
  export TEST_NEXT=${blocks[at + 1]:-/dev/null}
  case $block in
    *.sh)
      come_to "$block"
      if run_block "$block"; then
        if grep -q '^sudo holdfast adopt' "$block"; then cp "$work/out" "$work/adopted"; fi
        tell yes "$(grep -c . "$block") lines go through, from: $(head -n 1 "$block")"
        if grep -q '/mnt/new' "$block"; then
          holds 'after a restart the larger disk is mounted' test "$(mounted_after_a_restart)" = "$third"
        fi
      else
        tell no "$(head -n 1 "$block") ... goes through"
        sed 's/^/  /' "$work/out"
      fi ;;
    # tests/terminal_test.py has the session at a terminal once more.
    *.ini | *.text | *.console) ;;
    *) tell no "$(basename "$block") says what it is: sh, ini, text or console" ;;
  esac
done

holds 'a disk that is moved is given to the user of the timer there' \
  grep -q '^sudo chown -R holdfast:' "$work"/blocks/*.sh
holds 'what the bucket has lies on the disk' diff -r "$work/cloud/my-backups" /mnt/backup/site/archives
holds 'what another tool had mirrored was adopted' \
  grep -q 'site: 1 archive adopted from /mnt/backup/rclone' "$work/adopted"
holds 'the disk is mounted where the page says' mountpoint -q /mnt/backup
holds 'and it is the larger one' test "$(findmnt -n -o SOURCE /mnt/backup)" = "$third"
holds 'the first of two disks has got the label of the second' \
  test "$(blkid -p -s LABEL -o value "$loop")" = "$(blkid -p -s LABEL -o value "$second")"
holds 'the configuration names two disks' grep -Eqx 'id = [0-9a-f-]+, [0-9a-f-]+' /etc/holdfast/holdfast.conf
holds 'and the status remembers both' test "$(grep -c '"last_seen_at": "' /var/lib/holdfast/status.json)" = 2
holds 'the archives were taken along' diff -r "$work/cloud/my-backups" /mnt/archives
strangers=$(find /mnt/backup -mindepth 1 ! -name lost+found ! -user holdfast -print -quit)
holds 'all on the disk belongs to the user of the timer' test -z "$strangers"
holds 'that user can pull with the configuration of the page' \
  setpriv --reuid holdfast --regid holdfast --clear-groups holdfast pull
page=$(sed -n 's/^html_file = //p' "$monitoring")
sed -i "s|^\\[agent\\]|&\nhtml_file = $page|" /etc/holdfast/holdfast.conf
holds 'the page lies where the unit may write' test "${page%/*}" = /var/lib/holdfast
holds 'and where that user may' setpriv --reuid holdfast --regid holdfast --clear-groups holdfast pull
holds 'and a web server finds it' as_reader grep -q '<h1 id="word">OK</h1>' /var/www/html/holdfast.html
holds 'and the status says so' grep -q '"state": "ok"' /var/lib/holdfast/status.json
holds 'nobody else can read the key' test "$(stat -c %a%G /etc/holdfast/credentials)" = 640holdfast
holds 'that user can read how mail leaves, and nobody else' \
  test "$(stat -c %a%G /etc/msmtprc)" = 640holdfast
holds 'the timer was enabled' grep -q '^systemctl enable --now holdfast.timer' "$work/told"
holds 'the line of cron names the program that was installed' \
  grep -q "holdfast pull" /etc/cron.d/holdfast
exit "$status"

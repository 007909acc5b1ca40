#!/bin/bash
# tests/booted_test.sh DEB FAKE_S3 [SUITE]: the package in a Debian that was booted (bookworm, or SUITE), in
# a container with systemd and cron in it: set up as the README says, the timer starts a pull, and makes
# up for what was missed; then cron does, and not while the timer is active; and what fails is told, by mail,
# also where the disk is away. Makes the root filesystem with mmdebstrap from this machine's own mirror; needs root and systemd-nspawn. Prints "ok - " and "not ok - "
# lines. With HOLDFAST_EXPOSURE=FILE what systemd-analyze says of the unit goes there.
# shellcheck disable=SC2317  # a trap calls it
set -euo pipefail
shopt -s inherit_errexit
deb=$(realpath "$1")
fake_s3=$(realpath "$2")
suite=${3:-bookworm}
if [[ $EUID -ne 0 ]] || ! type -p systemd-nspawn >/dev/null || ! type -p mmdebstrap >/dev/null; then
  echo 'SKIPPED a container is booted by root, with mmdebstrap and systemd-nspawn'
  exit 0
fi
work=$(mktemp -d)
root=$work/root
server='' container='' leader=''
clean_up() {
  if [[ -n $server ]]; then kill "$server" || true; fi
  if [[ -n $container ]]; then
    kill "$container" || true
    wait "$container" || true
  fi
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
inside() { nsenter --target "$leader" --all -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

make_root() {
  local base depends
  base=$(sed -n 's/^URIs: \(.*\/debian\)$/\1/p' /etc/apt/sources.list.d/debian.sources | head -n 1)
  depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/ //g')
  mmdebstrap --quiet --variant=minbase --include="$depends,systemd,systemd-sysv,dbus,cron,bsd-mailx,msmtp-mta" \
    "$suite" "$root" "deb $base $suite main" "deb $base $suite-updates main" >"$work/made" 2>&1 ||
    { cat "$work/made"; exit 1; }
  cp "$deb" "$root/holdfast.deb"
  # In the place of msmtp, which has nobody to send it to.
  rm -f "$root/usr/sbin/sendmail"
  printf '#!/bin/sh\ncat >>/var/lib/holdfast/mailed\n' >"$root/usr/sbin/sendmail"
  chmod 755 "$root/usr/sbin/sendmail"
}

# The container shares the network, so that it reaches the server; the disk is mounted there.
boot() {
  local try
  mkdir -p "$work/disk" "$root/mnt/backup"
  systemd-nspawn --quiet --directory="$root" --machine=holdfast-booted --register=no --keep-unit \
    --bind="$work/disk:/mnt/backup" --resolv-conf=off --boot >"$work/console" 2>&1 </dev/null &
  container=$!
  for ((try = 0; try < 300; ++try)); do
    leader=$(pgrep -P "$container" | head -n 1 || true)
    if [[ -n $leader ]] && inside systemctl is-system-running 2>/dev/null | grep -Eqx 'running|degraded'; then
      return 0
    fi
    sleep 1
  done
  tail -n 30 "$work/console"
  return 1
}

serve() {
  mkdir -p "$work/cloud/my-backups/db"
  head -c 300000 /dev/urandom | gzip -1 >"$work/cloud/my-backups/db/a.tar.gz"
  exec {out}< <(exec "$fake_s3" --root "$work/cloud" --port 0 --user AKIAEXAMPLE:secret:ro)
  server=$!
  read -r url <&"$out"
}

configure() {
  inside dpkg -i /holdfast.deb && inside holdfast init /mnt/backup --write || return 1
  sed -i "s|^bucket =.*|bucket = my-backups\nendpoint = $url|; s|^path = .*|&\nmin_free = 0|" \
    "$root/etc/holdfast/holdfast.conf"
  inside install -m 0640 -g holdfast /dev/null /etc/holdfast/credentials
  printf '[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n' \
    >"$root/etc/holdfast/credentials"
  inside mkdir -p /etc/systemd/system/holdfast.service.d
  inside cp /usr/share/doc/holdfast/examples/disk.conf /etc/systemd/system/holdfast.service.d/
}

# The timer as it is, but that it does not wait for up to a quarter of an hour; and it did run, two days ago.
start_timer() {
  mkdir -p "$root/etc/systemd/system/holdfast.timer.d" "$root/var/lib/systemd/timers"
  printf '[Timer]\nRandomizedDelaySec=0\n' >"$root/etc/systemd/system/holdfast.timer.d/at-once.conf"
  touch -d '2 days ago' "$root/var/lib/systemd/timers/stamp-holdfast.timer"
  inside systemctl daemon-reload && inside systemctl enable --now holdfast.timer
}
same() { diff -r "$work/cloud/my-backups" "$work/disk/site/archives"; }
comes_within() {  # comes_within SECONDS
  local second
  for ((second = 0; second < $1; ++second)); do
    if same >/dev/null 2>&1; then return 0; fi
    sleep 1
  done
  same
  inside journalctl --no-pager -u holdfast.service -u cron | tail -n 30
  return 1
}
ended_well() {  # and it did run: a unit that never ran has a good result too
  inside systemctl show holdfast.service -p Result -p ExecMainStatus -p ExecMainExitTimestamp | tee "$work/shown"
  grep -qx 'Result=success' "$work/shown" && grep -qx 'ExecMainStatus=0' "$work/shown" &&
    grep -q '^ExecMainExitTimestamp=.' "$work/shown"
}
timer_did_it() {
  inside systemctl show holdfast.timer -p LastTriggerUSec -p Result | tee "$work/shown"
  inside journalctl --no-pager -o cat -u holdfast.service | tee -a "$work/shown"
  grep -q '^LastTriggerUSec=.' "$work/shown" && grep -q '^Finished holdfast.service' "$work/shown"
}
idle_and_nice() {
  inside systemctl show holdfast.service -p Nice -p IOSchedulingClass | tee "$work/shown"
  grep -qx 'Nice=10' "$work/shown" && grep -qx 'IOSchedulingClass=3' "$work/shown"
}
status_tells() { inside holdfast status | tee "$work/told" && grep -q '^ *site: ok' "$work/told"; }
runs_told() { cat "$root/var/lib/holdfast/status.json"; }
exposure_of_drills() {
  inside systemd-analyze security --no-pager holdfast-drill.service >"$work/exposure-drill" || true
  tail -n 1 "$work/exposure-drill"
  sed -nE 's/.*Overall exposure level for holdfast-drill.service: ([0-9.]+).*/\1/p' "$work/exposure-drill" |
    awk '{ found = 1; bad = $1 > 2.0 } END { exit !found || bad }'
}
exposure() {
  inside systemd-analyze security --no-pager holdfast.service >"$work/exposure" || true
  if [[ -n ${HOLDFAST_EXPOSURE:-} ]]; then cp "$work/exposure" "$HOLDFAST_EXPOSURE"; fi
  tail -n 1 "$work/exposure"
  sed -nE 's/.*Overall exposure level for holdfast.service: ([0-9.]+).*/\1/p' "$work/exposure" |
    awk '{ good = $1 <= 2.0 } END { exit !good }'
}

# Cron as it is, but every minute.
use_cron() {
  inside sed 's/^17 \* /* * /' /usr/share/doc/holdfast/examples/holdfast.cron >"$root/etc/cron.d/holdfast"
  grep -q '^\* \* ' "$root/etc/cron.d/holdfast"
}
cron_line_does_nothing() {
  local before
  before=$(runs_told) && [[ -n $before ]] || return 1
  inside setpriv --reuid holdfast --regid holdfast --clear-groups sh -c \
    "$(sed -nE 's/^[*] [*] [*] [*] [*] holdfast //p' "$root/etc/cron.d/holdfast")"
  [[ $(runs_told) == "$before" ]]
}

# ---- what fails is told ----

# The unit's own pull, and that it ended with this exit status.
pull_ends_with() {  # pull_ends_with STATUS
  inside systemctl start holdfast.service || true
  inside systemctl show holdfast.service -p Result -p ExecMainStatus | tee "$work/shown"
  inside journalctl --no-pager -n 20 -o cat -u holdfast.service
  grep -qx "ExecMainStatus=$1" "$work/shown"
}
tell_by_mail() {
  rm -f "$root/etc/cron.d/holdfast"
  # shellcheck disable=SC2016  # holdfast's shell fills it in
  printf 'on_failure = %s\n' 'echo "$HOLDFAST_STATE: $HOLDFAST_MESSAGE" | mail -s holdfast root' >"$work/hook"
  sed -i "/^\[agent\]/r $work/hook" "$root/etc/holdfast/holdfast.conf"
  # Which also warns of what is not set up here.
  { inside holdfast doctor || true; } | grep '"on_failure" is told'
}
take_key_away() { mv "$root/etc/holdfast/credentials" "$root/etc/holdfast/away"; }
give_key_back() { mv "$root/etc/holdfast/away" "$root/etc/holdfast/credentials"; }
is_mailed() {  # is_mailed TEXT
  cat "$root/var/lib/holdfast/mailed"
  grep -q -- "$1" "$root/var/lib/holdfast/mailed"
}
# As it is when somebody has pulled the plug: systemd knows how to mount it, and cannot.
lose_disk() {
  printf '[Mount]\nWhat=/absent.img\nWhere=/mnt/backup\nType=ext4\nOptions=loop\n' \
    >"$root/etc/systemd/system/mnt-backup.mount"
  inside umount /mnt/backup && inside systemctl daemon-reload
}
says_absent() { runs_told | grep -Eq '"state": *"absent"'; }

make_root
serve
holds "$suite boots in a container" boot
[[ $status -eq 0 ]] || exit 1
holds 'the package is installed, and set up as the README says' configure
[[ $status -eq 0 ]] || exit 1
holds 'the timer is turned on' start_timer
holds 'what it missed it makes up for: a pull brings what the bucket has' comes_within 90
holds 'that pull ended well' ended_well
holds 'it was the unit that the timer starts' timer_did_it
holds 'it is idle and nice' idle_and_nice
holds 'its status is there for all to read' inside test -r /var/lib/holdfast/status.json
holds 'and told' status_tells
holds 'the exposure of the unit is 2.0 at most' exposure
holds 'and that of the drills likewise' exposure_of_drills
holds 'a cron file is there' use_cron
holds 'its line does nothing while the timer is active' cron_line_does_nothing
holds 'the timer is turned off' inside systemctl disable --now holdfast.timer
echo more | gzip >"$work/cloud/my-backups/db/b.tar.gz"
holds 'then cron pulls' comes_within 150
holds 'failures are told by mail' tell_by_mail
take_key_away
holds 'without a key the unit runs, and ends as a pull by hand does' pull_ends_with 77
holds 'which is mailed, through what the unit allows' is_mailed 'failed: .*/etc/holdfast/credentials'
give_key_back
holds 'with the key it is well again' pull_ends_with 0
holds 'the disk goes away' lose_disk
holds 'then the unit runs all the same' pull_ends_with 75
holds 'the status says that the disk is away' says_absent
holds 'and so does a mail' is_mailed '^absent: '
exit "$status"

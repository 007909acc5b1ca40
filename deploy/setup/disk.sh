# shellcheck shell=bash disable=SC2154  # holdfast-setup sets what they share
# Part of holdfast-setup: which disk, formatted where the person says so, in /etc/fstab, and mounted.

about() { lsblk -dnro "$2" -- "$1" 2>/dev/null | sed 's/\\x20/ /g' | tr -cd '[:print:]' | sed 's/^ *//; s/ *$//'; }
volumes_of() { lsblk -nrpo NAME,TYPE -- "$1" | awk '$2 ~ /^(disk|part|loop)$/ { print $1 }'; }
is_leaf() { [[ $(lsblk -nrpo NAME -- "$1" | wc -l) -eq 1 ]]; }
# Also where only a part of the disk does. Below /media/root-ro Raspberry Pi OS has the system that its
# overlay covers.
holds_this_system() {
  lsblk -nro MOUNTPOINTS -- "$1" | sed 's/\\x0a/\n/g' |
    grep -qxE '/|/boot(/.*)?|/(usr|var|home|opt|root)(/.*)?|/media/root-r[ow]|\[SWAP\]'
}
disk_of() {
  local parent
  parent=$(about "$1" PKNAME)
  printf '%s\n' "${parent:+/dev/}${parent:-$1}"
}
# Of a partition its whole disk counts.
on_system_disk() { holds_this_system "$(disk_of "$1")"; }
where_it_is() {
  local disk
  disk=$(disk_of "$1")
  if [[ $disk == "$1" ]]; then printf '%s\n' "$1"; else printf '%s is on %s, which\n' "$1" "$disk"; fi
}
# What only somebody who looks at this disk types.
name_to_type() {
  local disk what word
  disk=$(disk_of "$1")
  for what in SERIAL MODEL; do
    word=$(about "$disk" "$what")
    if [[ -n $word ]]; then
      printf '%s\n' "$word"
      return
    fi
  done
  printf '%s\n' "$1"
}
usb_volumes() {
  local disk volume
  while read -r disk; do
    if on_system_disk "$disk"; then
      say "  $(where_it_is "$disk") holds this system, and is left alone." >&2
      continue
    fi
    while read -r volume; do
      ! is_leaf "$volume" || printf '%s\n' "$volume"
    done < <(volumes_of "$disk")
  done < <(lsblk -dnrpo NAME,TRAN | awk '$2 == "usb" { print $1 }'; printf '%s' "${extra_disk:+$extra_disk$'\n'}")
}
kind_of() { blkid -p -s TYPE -o value -- "$1" 2>/dev/null; }
show_volume() {
  local disk kind
  disk=$(disk_of "$1")
  kind=$(kind_of "$1")
  printf '%-12s %8s  %-8s %s\n' "$1" "$(about "$1" SIZE)" "${kind:-empty}" \
    "$(about "$1" LABEL) $(about "$disk" MODEL) $(about "$disk" SERIAL)"
}

format() {  # format DEVICE: true when it was formatted
  local word
  word=$(name_to_type "$1")
  say "Formatting ERASES all that is on $1 ($(about "$1" SIZE))."
  ask "To erase it, type exactly: $word    (anything else leaves it as it is)"
  if [[ $answer != "$word" ]]; then
    did "$1 is left as it is"
    return 1
  fi
  # It may have been plugged out while the question stood.
  [[ $(name_to_type "$1") == "$word" ]] || leave 1 "$1 is another disk now; nothing was formatted."
  ! on_system_disk "$1" || leave 1 "$(where_it_is "$1") holds this system; nothing was formatted."
  unmount "$1"
  # Once begun it is better ended.
  (trap '' INT TERM HUP; mkfs.ext4 -F -q -m 0 -L backup "$1") || leave 1 "$1 could not be formatted; the lines above say why."
  udevadm settle --timeout=5 2>/dev/null || true
  did "$1 has an ext4 filesystem now"
}
unmount() {
  local where
  # Which place is for the person only: how findmnt writes its name, umount may not read. The last is first.
  while where=$(LC_ALL=C.UTF-8 findmnt -nfo TARGET -d backward --source "$1"); do
    umount -- "$1" || leave 1 "$1 is in use at $where. Close what uses it, and run holdfast-setup again."
    did "$1 is no longer mounted at $where"
  done
}
choose_volume() {
  local list
  while true; do
    mapfile -t list < <(usb_volumes)
    if [[ ${#list[@]} -eq 0 ]]; then
      say 'There is no USB disk. Plug it in; a disk that is not on USB is named by --disk DEVICE.'
      ask 'Enter looks again, q ends'
      [[ $answer != q ]] || leave 1 'Nothing was changed.'
      continue
    fi
    local i
    for i in "${!list[@]}"; do printf '  %d) %s\n' $((i + 1)) "$(show_volume "${list[i]}")"; done
    choose 'Which one is for the backups' "${#list[@]}" ''
    device=${list[answer - 1]}
    if [[ -z $(kind_of "$device") ]]; then
      say "$device has no filesystem yet."
      ! format "$device" || return 0
    elif yes_to "Keep what is on $device? With n it is formatted" y || format "$device"; then
      return 0
    fi
  done
}
fstab_field() {  # fstab_field FIELD-TO-COMPARE VALUE FIELD-TO-SHOW
  awk -v at="$1" -v value="$2" -v show="$3" '!/^[ \t]*#/ && $at == value { print $show; exit }' /etc/fstab
}
write_fstab() {
  local uuid kind options=nofail,x-systemd.automount,nodev,nosuid,noexec pass=0
  uuid=$(blkid -p -s UUID -o value -- "$device")
  kind=$(kind_of "$device")
  [[ $uuid =~ ^[0-9A-Za-z-]+$ ]] || leave 1 "$device has no filesystem with a UUID; nothing was changed."
  # By whatever name.
  mount_point=$(LC_ALL=C.UTF-8 findmnt -snfeo TARGET -S "$device" || fstab_field 1 "UUID=$uuid" 2)
  if [[ $mount_point == /* ]]; then
    did "/etc/fstab has $device already, at $mount_point"
    return
  fi
  case $kind in
    ext4) pass=2 ;;
    xfs | btrfs) ;;
    vfat | exfat | ntfs) options+=,uid=$(id -u holdfast),gid=$(id -g holdfast),umask=0027 ;;
    *) leave 1 "$device has $kind, which is no filesystem for archives; nothing was changed." ;;
  esac
  [[ $kind != ntfs ]] || kind=ntfs-3g
  while true; do
    ask_fitting 'Where is it to be mounted' /mnt/backup '^/(mnt|media|srv)(/[A-Za-z0-9_-]+)+$' \
      'Below /mnt, /media or /srv, please, of letters, digits, - and _.'
    mount_point=$answer
    if [[ -n $(fstab_field 2 "$mount_point" 1) ]] || mountpoint -q "$mount_point" ||
      [[ -n $(ls -A "$mount_point" 2>/dev/null) ]]; then
      say "  $mount_point is taken; another name, please."
    else
      break
    fi
  done
  # The last line may lack its end.
  { awk 1 /etc/fstab && printf 'UUID=%s %s %s %s 0 %d\n' "$uuid" "$mount_point" "$kind" "$options" "$pass"; } |
    stage /etc/fstab 0644 root || leave 1 '/etc/fstab cannot be written; it is as it was.'
  place /etc/fstab
  did "/etc/fstab has it by its UUID, so that it is mounted whenever it is plugged in"
}
mount_disk() {
  unmount "$device"
  mkdir -p -- "$mount_point"
  reload_systemd
  mount -- "$mount_point" || leave 1 "$mount_point cannot be mounted; the lines above say why."
  did "$device is mounted at $mount_point"
}
# Each machine gives its user holdfast a number of its own, and the disk has that of the machine where it was
# marked. The marker comes last: ended half-way this is done again.
own_mirror() {
  local marker=$mount_point/.holdfast/disk.json owner
  owner=$(stat -c %u -- "$marker" 2>/dev/null) || return 0
  [[ $owner != "$(id -u holdfast)" ]] || return 0
  say "The mirror on $mount_point belongs to user $owner, as on another machine; it is given to the user holdfast now."
  if find "$mount_point" -xdev -uid "$owner" ! -path "$marker" -exec chown -h -- holdfast: {} + &&
    chown -h -- holdfast: "$marker"; then
    did 'it belongs to holdfast'
  else
    say 'That did not work; the lines above say why, and the timer may not be able to write there.'
  fi
}
needs_no_disk() { [[ -d $mount_point && $(value_of disk require_mount) =~ ^(no|off|false|0)$ ]]; }
set_up_disk() {
  head_line '1. The disk'
  mount_point=$(value_of disk path)
  if needs_no_disk; then
    did "$config names $mount_point, which need not be a disk of its own (require_mount = no)"
    own_mirror
    return
  fi
  # Looking at it is what mounts it.
  if [[ -n $mount_point ]] && ls "$mount_point" >/dev/null 2>&1 && mountpoint -q "$mount_point"; then
    did "$config names $mount_point, which is mounted"
    own_mirror
    return
  fi
  choose_volume
  write_fstab
  if mountpoint -q "$mount_point"; then did "it is mounted at $mount_point"; else mount_disk; fi
  own_mirror
}


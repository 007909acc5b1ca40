# shellcheck shell=bash disable=SC2154  # holdfast-setup sets what they share
# Part of holdfast-setup: when it runs, and who is told.

schedule=none

# ---- the timer or cron --------------------------------------------------------------------------------

# As in the example disk.conf: the disk is wanted and not required, so that the service runs without it too
# and tells that it is missing. A blank needs quotes, and "%" is for systemd a sign of its own.
disk_drop_in() {
  local mounted unit path=-${mount_point//%/%%}
  mounted=$(LC_ALL=C.UTF-8 findmnt -nfo TARGET -T "$mount_point")
  unit=$(systemd-escape -p --suffix=mount "${mounted:-$mount_point}")
  [[ $path != *[[:space:]]* ]] || path="\"$path\""
  printf '[Unit]\nWants=%s\nAfter=%s\n\n[Service]\nReadWritePaths=%s\n' "$unit" "$unit" "$path"
}
write_disk_drop_in() {
  mkdir -p -- "$(dirname "$drop_in")"
  disk_drop_in | stage "$drop_in" 0644 root
  place "$drop_in"
  did "the service waits for $mount_point, and may write there"
}
# Of earlier versions: without its disk the service would not even start.
mend_disk_drop_in() {
  if has_systemd && grep -qs '^RequiresMountsFor=' "$drop_in"; then
    write_disk_drop_in
    systemctl daemon-reload
  fi
}
# The other one ends only when this one is there.
use_timer() {
  write_disk_drop_in
  systemctl daemon-reload
  systemctl enable --now holdfast.timer || leave 1 'The timer cannot be turned on; the lines above say why.'
  did 'the timer pulls every hour; systemctl list-timers holdfast.timer says when'
  if [[ -e $cron_file ]]; then
    rm -f -- "$cron_file"
    did "$cron_file is gone"
  fi
  schedule=timer
}
use_cron() {
  mkdir -p /etc/cron.d
  stage "$cron_file" 0644 root <<'END'
# /etc/cron.d/holdfast: for those who prefer cron to the systemd timer. Only one of the two is wanted,
# so the line does nothing while the timer is active.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# To whom trouble is mailed; a clean run prints nothing.
MAILTO=root

17 * * * * holdfast ! command -v holdfast >/dev/null || systemctl -q is-active holdfast.timer 2>/dev/null || nice -n 10 ionice -c 3 holdfast pull
# The restore drills that are due; as root, so that their commands can run as nobody.
41 4 * * * root ! command -v holdfast >/dev/null || systemctl -q is-active holdfast-drill.timer 2>/dev/null || holdfast drill --due
END
  place "$cron_file"
  did "cron pulls every hour, by $cron_file"
  if has_systemd && systemctl -q is-enabled holdfast.timer 2>/dev/null; then
    systemctl disable --now holdfast.timer
    did 'the timer is turned off'
  fi
  schedule=cron
}
set_up_schedule() {
  local default=1
  head_line '6. Every hour from now on'
  mend_disk_drop_in
  say '  1) by the systemd timer'
  say '  2) by cron, which mails what a run prints'
  say '  3) not yet'
  if ! has_systemd || [[ -e $cron_file ]]; then default=2; fi
  choose 'Which' 3 "$default"
  case $answer in
    1) if has_systemd; then use_timer; else say '  This system has no systemd.'; fi ;;
    2) use_cron ;;
    *) did 'nothing is scheduled' ;;
  esac
}

# ---- mail ---------------------------------------------------------------------------------------------

set_key() {  # set_key SECTION KEY VALUE
  local text
  text=$(with_key "$1" "$2" "$3" <"$config")
  take_config "$text"
}
is_msmtp() { [[ $(readlink -f /usr/sbin/sendmail) == */msmtp ]]; }
install_msmtp() {
  if [[ -x /usr/sbin/sendmail ]] && command -v mail >/dev/null; then return 0; fi
  yes_to 'That takes the packages msmtp-mta and bsd-mailx. Install them' y || return 1
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y msmtp-mta bsd-mailx ||
    { say 'They cannot be installed; the lines above say why.'; return 1; }
  did 'msmtp-mta and bsd-mailx are installed'
}
write_msmtprc() {  # write_msmtprc ADDRESS
  local host port user password starttls=on
  ask_fitting 'Mail server (SMTP) of that mailbox' "smtp.${1#*@}" '^[A-Za-z0-9.-]+$' 'The name of a host.'
  host=$answer
  ask_fitting 'Port' 587 '^[0-9]{1,5}$' 'A number.'
  port=$answer
  [[ $port != 465 ]] || starttls=off
  ask_fitting 'User' "$1" '^[[:graph:]]+$' 'It has blanks in it.'
  user=$answer
  ask_secret 'Password'
  password=$answer answer=''
  printf '%s\n' defaults 'tls on' "tls_starttls $starttls" 'account default' "host $host" "port $port" 'auth on' \
    "user $user" "password $password" "from $1" 'aliases /etc/aliases' | stage /etc/msmtprc 0640 holdfast
  place /etc/msmtprc
  did '/etc/msmtprc has it, for root and the group holdfast only'
}
write_alias() {  # write_alias ADDRESS
  if grep -qs '^root:' /etc/aliases; then
    did "root's mail goes where /etc/aliases says: $(sed -n 's/^root:[[:space:]]*//p' /etc/aliases)"
    return
  fi
  touch /etc/aliases
  # The last line may lack its end.
  { awk 1 /etc/aliases && printf 'root: %s\n' "$1"; } | stage /etc/aliases 0644 root ||
    leave 1 '/etc/aliases cannot be written; it is as it was.'
  place /etc/aliases
  did "root's mail goes to $1"
  if ! is_msmtp && command -v newaliases >/dev/null; then newaliases; fi
}
# shellcheck disable=SC2016  # holdfast's shell fills it in
mail_an_alarm='printf "%s\n" "$HOLDFAST_ALARM_MESSAGE" |'
# shellcheck disable=SC2016
mail_an_alarm+=' mail -s "holdfast: $HOLDFAST_ALARM_KIND of $HOLDFAST_ALARM_SOURCE" root'
# shellcheck disable=SC2016
mail_a_failure='printf "%s\n" "$HOLDFAST_MESSAGE" | mail -s "holdfast on $HOLDFAST_HOST: $HOLDFAST_EVENT" root'
# What the unit forbids its programs: its settings, but for those of when it runs and what it writes.
unit_limits() {
  systemctl cat holdfast.service 2>/dev/null | sed -nE \
    '/^(UMask|Protect|Private|Device|Proc|Capability|Ambient|NoNew|Restrict|Lock|Memory|Keyring|SystemCall)[A-Za-z]*=/p'
}
# Where on_alarm will run: as the user of the unit, and with its limits, so that what they forbid is seen now.
as_alarm() {
  local line limits=()
  if [[ $schedule != timer ]]; then
    as_service env "$@"
    return
  fi
  while read -r line; do limits+=(-p "$line"); done < <(unit_limits)
  systemd-run --quiet --pipe --wait --collect -p User=holdfast -p Group=holdfast -p NoNewPrivileges=yes \
    "${limits[@]}" -- /usr/bin/env "$@"
}
send_test_mail() {
  if as_alarm HOLDFAST_ALARM_KIND='a test' HOLDFAST_ALARM_SOURCE=holdfast-setup \
    HOLDFAST_ALARM_MESSAGE='This machine can send mail; holdfast will, when there is trouble.' \
    /bin/sh -c "$mail_an_alarm" </dev/null; then
    did 'a test mail was sent; look whether it comes'
  else
    say 'The test mail was refused; the line above says why. Run holdfast-setup again to change what is wrong.'
  fi
}
set_up_mail() {
  head_line '7. Mail, when there is trouble'
  ask_fitting 'Address (Enter: none)' '' '^([^@[:space:]:,|"]+@[A-Za-z0-9.-]+)?$' 'As in me@example.org.'
  local address=$answer
  if [[ -z $address ]]; then
    did 'no mail is set up'
    return
  fi
  install_msmtp || return 0
  if is_msmtp && { [[ ! -e /etc/msmtprc ]] || ! yes_to '/etc/msmtprc is there already. Keep it' y; }; then
    write_msmtprc "$address"
  fi
  write_alias "$address"
  # cron mails by itself.
  if [[ $schedule == timer && -z $(value_of agent on_alarm) ]]; then
    set_key agent on_alarm "$mail_an_alarm" &&
      did "each new alarm is mailed, by on_alarm in $config"
  fi
  if [[ $schedule == timer && -z $(value_of agent on_failure) ]]; then
    set_key agent on_failure "$mail_a_failure" &&
      did "and so is it when pulls begin to fail, and when that is over, by on_failure"
  fi
  send_test_mail
}

# ---- a ping -------------------------------------------------------------------------------------------

knows_ping_url() {
  local status=0
  printf '[disk]\npath = /\n[agent]\nping_url = https://localhost/\n[source a]\nbucket = b\n' | stage "$config" 0640 holdfast
  holdfast --config "$staged" status >/dev/null 2>&1 || status=$?
  rm -f -- "$staged"
  staged=''
  [[ $status -ne 78 ]]
}
set_up_ping() {
  knows_ping_url || return 0
  head_line '8. A ping after each run, for a service that tells when none comes'
  ask_fitting 'Its URL, such as https://hc-ping.com/... (Enter: none)' "$(value_of agent ping_url)" '^(https?://[^[:space:]]+)?$' 'A URL.'
  if [[ -z $answer ]]; then
    did 'nothing is pinged'
  else
    set_key agent ping_url "$answer" && did "$config has ping_url"
  fi
}

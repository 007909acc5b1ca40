# shellcheck shell=bash disable=SC2154  # holdfast-setup sets what they share
# Part of holdfast-setup: when it runs, and who is told.

schedule=none

# ---- the timer or cron --------------------------------------------------------------------------------

write_disk_drop_in() {
  mkdir -p -- "$(dirname "$drop_in")"
  printf '[Unit]\nRequiresMountsFor=%s\n\n[Service]\nReadWritePaths=%s\n' "$mount_point" "$mount_point" |
    stage "$drop_in" 0644 root
  place "$drop_in"
  did "the service waits for $mount_point, and may write there only"
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
send_test_mail() {
  if printf 'To: root\nSubject: holdfast: a test\n\nThis machine can send mail; holdfast will, when there is trouble.\n' |
    as_service /usr/sbin/sendmail root; then
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
    # shellcheck disable=SC2016  # holdfast's shell fills it in
    set_key agent on_alarm \
      'printf "%s\n" "$HOLDFAST_ALARM_MESSAGE" | mail -s "holdfast: $HOLDFAST_ALARM_KIND of $HOLDFAST_ALARM_SOURCE" root' &&
      did "each new alarm is mailed, by on_alarm in $config"
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

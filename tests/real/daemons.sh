# To be sourced by the scripts that begin a real server in a directory: what ends it again. They say in
# daemons() which processes are its own, and keep its logs in $dir/log.
# shellcheck shell=bash disable=SC2154  # $dir is theirs

down() {
  local pids signal
  for signal in TERM KILL; do
    for _ in $(seq 50); do
      mapfile -t pids < <(daemons)
      [[ ${#pids[@]} -gt 0 ]] || return 0
      kill "-$signal" "${pids[@]}" 2>/dev/null || true
      sleep 0.1
    done
  done
  echo "${0##*/}: still running: ${pids[*]}" >&2
  return 1
}

fail() {
  echo "${0##*/}: start-up failed; the ends of $dir/log/*.log and up.log:" >&2
  tail -n 20 "$dir"/log/*.log "$dir/up.log" >&2 || true
  down || true
  exit 1
}

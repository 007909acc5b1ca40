#!/bin/bash
# tests/monitoring_test.sh PROGRAM FAKE_S3: promtool accepts the metrics that the program writes, of runs
# that go well, fail and are refused; the alert rules and the dashboard ask for metrics that there are; and
# a runner of monitoring plugins gets its line and exit status. Prints "ok - " and "not ok - " lines.
# shellcheck disable=SC2317  # most is called by verdict()
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "$1")
fake_s3=$(realpath "$2")
monitoring=$here/deploy/monitoring
work=$(mktemp -d)
server=''
clean_up() {
  if [[ -n $server ]]; then kill "$server" || true; fi
  rm -rf "$work"
}
trap clean_up EXIT
status=0
verdict() {  # verdict CLAIM COMMAND...
  local claim=$1
  shift
  if "$@"; then echo "ok - $claim"; else echo "not ok - $claim"; status=1; fi
}

mkdir -p "$work"/{cloud/backups/db,disk}
for night in 01 02 03; do echo "night $night" >"$work/cloud/backups/db/shop-2026-11-$night.sql"; done
exec {out}< <(exec "$fake_s3" --root "$work/cloud" --port 0 --user 'AKIAEXAMPLE:a-secret-of-the-test:ro')
server=$!
read -r url <&"$out"
export AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=a-secret-of-the-test
cat >"$work/conf" <<CONF
[disk]
path = $work/disk
require_mount = no
min_free = 0
[agent]
status_file = $work/status.json
metrics_file = $work/holdfast.prom
html_file = $work/page.html
[source site]
bucket = backups
endpoint = $url
soundness = off
CONF
holdfast() { "$program" --config "$work/conf" "$@"; }
ends_with() {  # ends_with STATUS COMMAND...
  local wanted=$1 got=0
  shift
  "$@" >"$work/said" 2>&1 || got=$?
  [[ $got -eq $wanted ]] || { echo "  ended with $got, not $wanted:"; sed 's/^/  /' "$work/said"; return 1; }
}
promtool_accepts() { promtool check metrics <"$work/holdfast.prom" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
  [[ ! -s $work/said ]] || { sed 's/^/  /' "$work/said"; return 1; }; }
# A line as plugins write it: words, a bar, and numbers with their units.
is_plugin_line() {
  local lines number="'[a-z_]+'=[0-9]+(s|B)?;[0-9]*;[0-9]*;[0-9]*(;[0-9]*)?"
  lines=$(wc -l <"$work/said")
  if [[ $lines -eq 1 ]] && grep -Eqx "HOLDFAST $1: [^|]+ \|( $number)+" "$work/said"; then return 0; fi
  sed 's/^/  /' "$work/said"
  return 1
}
metrics_of() { grep -ohE 'holdfast_[a-z_]+' "$@" | sort -u; }
all_are_written() {
  local strange
  strange=$(comm -13 <(metrics_of "$work/holdfast.prom") <(metrics_of "$@"))
  [[ -z $strange ]] || { echo "  nobody writes $strange"; return 1; }
}
# Every expression of the dashboard, as rules that promtool reads.
dashboard_parses() {
  python3 - "$monitoring/grafana-dashboard.json" >"$work/dashboard.yml" <<'PYTHON'
import json, sys
dashboard = json.load(open(sys.argv[1]))
print("groups:\n- name: dashboard\n  rules:")
targets = [t for panel in dashboard["panels"] for t in panel["targets"]]
assert len(targets) >= 10
for number, target in enumerate(targets):
    expression = target["expr"].replace("$instance", ".*")
    print(f"  - record: panel:{number}\n    expr: {json.dumps(expression)}")
PYTHON
  ends_with 0 promtool check rules "$work/dashboard.yml"
}

verdict 'the alert rules are right' ends_with 0 promtool check rules "$monitoring/holdfast.rules.yml"
verdict 'and say what they should, when they should' \
  ends_with 0 promtool test rules "$monitoring/holdfast.rules.test.yml"
verdict 'before anything ran, --check is unknown' ends_with 3 holdfast status --check
verdict 'and its line is one that plugins write' is_plugin_line UNKNOWN
verdict 'a pull without a holdfast disk fails' ends_with 75 holdfast pull
verdict 'promtool accepts the metrics of a run without a disk' promtool_accepts
ends_with 0 "$program" init "$work/disk"
verdict 'a pull goes well' ends_with 0 holdfast pull
verdict 'promtool accepts its metrics' promtool_accepts
verdict 'the rules and the dashboard ask only for what is written' \
  all_are_written "$monitoring/holdfast.rules.yml" "$monitoring/grafana-dashboard.json"
verdict 'the dashboard asks in the language of Prometheus' dashboard_parses
verdict 'the metrics can be read by everybody' test "$(stat -c %a "$work/holdfast.prom")" = 644
verdict '--check is content' ends_with 0 holdfast status --check
verdict 'and its line is one that plugins write, with numbers' is_plugin_line OK
verdict '--check of one source is content' ends_with 0 holdfast status site --check
sleep 2.1
verdict '--check notices that the last success is too old' \
  ends_with 2 holdfast status --check --max-age 1s
verdict 'and says so' is_plugin_line CRITICAL
verdict 'the page is written' grep -q '<h1 id="word">OK</h1>' "$work/page.html"
# What a key could do to the metrics or the page is in the tests of the agent; here it comes from a bucket.
echo x >"$work/cloud/backups/db/<script>alert(1)<\"x.sql"
verdict 'an archive with a hostile name comes' ends_with 0 holdfast pull
verdict 'promtool accepts that too' promtool_accepts
verdict 'a script in a name is text on the page' \
  test "$(grep -c '<script>' "$work/page.html")" = 1
AWS_SECRET_ACCESS_KEY=another-one verdict 'a wrong key is refused' ends_with 77 holdfast pull
verdict 'promtool accepts the metrics of a refused run' promtool_accepts
verdict 'the exit status is in them' grep -qx 'holdfast_exit_status 77' "$work/holdfast.prom"
verdict 'and --check is critical' ends_with 2 holdfast status --check
kill "$server"
server=''
exit "$status"

# To be sourced after lib.sh: a bucket of 2,500 archives, pulled with versions = current and with
# versions = all. The same sentences for every real server; $holdfast is the program.
# shellcheck shell=bash disable=SC2154

many_agent() {  # many_agent ARGUMENT...: runs holdfast off a terminal, sets $status and $said
  status=0 said=$work/said
  "$holdfast" --config "$conf" "$@" >"$said" 2>&1 </dev/null || status=$?
}
many_report() {  # many_report EXPRESSION: of the status (s) and its first source (site), in Python
  "$holdfast" --config "$conf" status --json | python3 -c '
import json, sys
s = json.load(sys.stdin); site = s["sources"][0]
print(eval(sys.argv[1]))' "$1"
}
succeeded_silently() {
  [[ $status == 0 && ! -s $said ]] || { echo "exit status $status"; cat "$said"; return 1; }
}
digests_below() { find "$disk/site/$1" -type f -exec sha256sum {} + 2>/dev/null | cut -c -64 | sort; }

current_ones_are_here() {
  digests_below archives | diff "$seeded/contents" - \
    && (cd "$disk/site/archives" && sha256sum -c --quiet "$seeded/paths")
}
earlier_ones_are_here() { digests_below superseded | diff "$seeded/earlier" -; }
many_sums_pass() { (cd "$disk/site" && sha256sum -c --quiet SHA256SUMS); }

# Where a server tells no part sizes, as of Debian 12 neither does, those of an upload whose last part is
# the larger one stay unknown.
proven_as_far_as_told() {
  local proofs
  proofs=$(many_report 'sorted(site["verified_by"].items())')
  [[ $proofs == "[('etag-md5', 2497), ('etag-multipart', 2), ('size', 1)]" ||
    $proofs == "[('etag-md5', 2497), ('etag-multipart', 3)]" ]] || { echo "$proofs"; return 1; }
}

pulled_many() {  # pulled_many NAME BUCKET VERSIONS
  local who="$1, versions = $3"
  conf=$work/$3-$2.conf disk=$work/$3-$2
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  write_config "$conf" "$disk" "$url" "$2" "versions = $3"
  many_agent pull
  check "$who: 2,500 archives are pulled without a word" succeeded_silently
  check "$who: all that is current is here, byte for byte and under its name" current_ones_are_here
  if [[ $3 == all ]]; then
    check "$who: all that was overwritten or deleted is here, byte for byte" earlier_ones_are_here
  else
    check "$who: and nothing else" same "$(digests_below superseded)" ''
  fi
  check "$who: SHA256SUMS agrees" many_sums_pass
  check "$who: each was proven as well as the server can tell" proven_as_far_as_told
  many_agent pull
  check "$who: a second pull says nothing" succeeded_silently
  check "$who: fetches nothing" \
    same "$(many_report 'site["run"]["new"], site["run"]["new_bytes"], site["run"]["changed"]')" \
    '(0, 0, 0)'
}

seed_many() {  # seed_many OWNER BUCKET LONGEST_KEY_BYTES: what it holds is told below $seeded
  seeded=$work/seeded-$2
  mkdir "$seeded"
  PYTHONPATH=$support python3 "$real/many.py" "$seeded" "$url" "$1" "$2" "$3"
}
